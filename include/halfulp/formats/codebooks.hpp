// The codebooks that have names, families of them, and one's own tables.
//
// Codes are the index in ascending order of value, but for fp4_bnb (bitsandbytes' order), ternary and pm1 (the order is ascending too) and
// hif8 (the bits of HiFloat8). Values are binary32 numbers.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "halfulp/formats/codebook.hpp"

namespace halfulp {

/// A published table under its own name.
struct named_codebook {
    std::string_view name;
    std::array<std::string_view, 1> aliases;  ///< empty where there is none
    codebook (*make)();
    std::string_view source;
    std::string_view summary;

    /// Is this the row's name or its alias?
    [[nodiscard]] constexpr bool has_name(std::string_view text) const noexcept {
        return !text.empty() && (text == name || text == aliases[0]);
    }
};

/// Tables that differ by the width of a code: <prefix><bits><suffix>, bits from `least` to `most`.
struct codebook_family {
    std::string_view prefix;
    std::string_view suffix;
    int least;
    int most;
    codebook (*make)(int bits);
    std::string_view source;
    std::string_view summary;
};

/// One row for each table that a listing shows. Some are members of families, too: nf4, dynamic8, pot4 …
std::span<const named_codebook> named_codebooks();
std::span<const codebook_family> codebook_families();

/// The table of a name, an alias, a family's member ("nf3", "dynamic6u") or of make_codebook ("table:…"); null where the text is no such
/// name. A table is made when it is first asked for, and kept. Safe to call from several threads. Throws std::invalid_argument for
/// a family's member that there is none of, and for the hash of a table that has not been made in this process.
std::shared_ptr<const codebook> find_codebook(std::string_view name);

/// One's own table: code i is values[i]. Its name is "table:" and 16 hexadecimal digits, the 64-bit FNV-1a hash (offset basis
/// cbf29ce484222325, prime 100000001b3) of the values' binary64 bits, each least significant byte first, then one byte with the
/// number of `even`. find_codebook finds it by that name for the rest of the process. `label` becomes its source(). A table made
/// before from the same values and rule is returned as it is, with its first label.
/// Throws std::invalid_argument for what the constructor of codebook refuses, and for an `even` other than lower_value, upper_value
/// and smaller_magnitude.
std::shared_ptr<const codebook> make_codebook(std::span<const double> values, std::string label,
                                              even_rule even = even_rule::lower_value);

/// How a normal float's 2^bits values come from the quantiles of the normal distribution Φ. Both have 2^(bits-1) positive numbers, zero,
/// and 2^(bits-1) - 1 negative ones: Φ^-1 at points evenly spaced from 1/2 to the offset o = 0.9677083 on each side, over Φ^-1(o).
/// o is (29/30 + 31/32) / 2 to seven decimals, whatever the width. So they are the same reals and differ in the last bits.
enum class normal_float_construction : std::uint8_t {
    /// bitsandbytes' create_normal_map for QLoRA (arXiv 2305.14314), which has 4 bits, widened as LoftQ does (arXiv 2310.08659,
    /// yxli2123/LoftQ): evenly spaced in binary32 with fused multiply-adds, as PyTorch's linspace works on AVX2; quantiles in binary64,
    /// cast to binary32, divided in binary32. At 4 bits these are the numbers that bitsandbytes prints.
    qlora,
    /// LQ-LoRA's (arXiv 2311.12023, HanGuo97/lq-lora create_normal_float_scheme): the exact reals, rounded once to binary32. Its code
    /// works in binary32 throughout, whose erfinv differs between machines, and ends 1 ulp short of ±1.
    lq_lora,
};

/// Ascending. Throws std::invalid_argument unless 2 <= bits <= 8.
std::vector<double> normal_float_values(int bits, normal_float_construction construction);

/// bitsandbytes' create_dynamic_map(signed, max_exponent_bits = bits - 1, total_bits = bits), ascending: 0, 1 and, for e = 0 … bits - 2,
/// 10^(e + 2 - bits) × the midpoints of 2^e (unsigned: 2^(e+1)) equal parts of [0.1, 1], with both signs where signed. Binary32
/// throughout, with the fused multiply-adds of PyTorch's linspace on AVX2 (without them, a sixth of the 256 numbers is up to 2 ulp off).
/// Signed maps are the same for any max_exponent_bits from bits - 1 to 7. Throws std::invalid_argument unless 2 <= bits <= 8.
std::vector<double> dynamic_values(int bits, bool is_signed);

/// What the powers are of.
enum class power_base : std::uint8_t { two, square_root_of_two };

/// ±base^-first, ±base^-(first + 1) … , ±base^-(first + magnitudes - 1), and zero where `zero`, ascending, each to the nearest binary32.
/// `pot<W>` and `sqrt2pot<W>` take first = 0, magnitudes = 2^(W-1) - 1 and zero, which is what W bits with a sign hold.
/// APoT's authors give the same set for POT. POST (arXiv 2504.17263, SENGEL13/ASQ-POST) has one magnitude more, one number more
/// than its bits have codes: power_values(power_base::square_root_of_two, 1 << (W - 1), 0, true).
/// Throws std::invalid_argument unless first >= 0, magnitudes >= 1 and base^-(first + magnitudes - 1) >= 2^-126.
std::vector<double> power_values(power_base base, int magnitudes, int first, bool zero);

/// The same as a table of make_codebook, where a tie goes to the smaller magnitude.
std::shared_ptr<const codebook> power_codebook(power_base base, int magnitudes, int first, bool zero);

/// Additive powers of two with k = 2 (arXiv 1909.13144; yhhhli/APoT_Quantization build_power_value), both signs, ascending,
/// over the largest, to the nearest binary32. With n = ⌊(bits-1)/2⌋, a magnitude is the sum of one of {0, 2^-i, 2^-(i+n), 2^-(i+2n)}
/// for each i < n; for an odd number of magnitude bits the last of these is 2^-(i+2n+1) and one of {0, 2^-2n} is added. The
/// authors' code stops at 7 bits; 8 follows the same rule. 2 bits are {-1, 0, 1} there: `ternary`.
/// Throws std::invalid_argument unless 3 <= bits <= 8.
std::vector<double> additive_power_values(int bits);

}  // namespace halfulp
