// Powers of two and of its square root, and sums of powers of two.
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "binary32.hpp"
#include "halfulp/formats/codebooks.hpp"
#include "tables.hpp"

namespace halfulp {
namespace {

constexpr float square_root_of_two =
    0x1.6a09e6p+0f;  // the nearest binary32; its product with a power of two is the nearest, too

double power(power_base base, int exponent) {
    if (base == power_base::two) return std::ldexp(1.0, -exponent);
    // √2^-k = √2 × 2^-(k+1)/2 for odd k
    return exponent % 2 == 0 ? std::ldexp(1.0, -exponent / 2) : std::ldexp(square_root_of_two, -(exponent + 1) / 2);
}

/// Both signs of magnitudes, ascending.
std::vector<double> mirrored(const std::vector<double>& magnitudes) {
    std::vector<double> out;
    for (const double m : magnitudes) {
        out.push_back(m);
        if (m != 0) out.push_back(-m);
    }
    std::sort(out.begin(), out.end());
    return out;
}

codebook power_table(const std::string& family, power_base base, int bits, std::string_view source) {
    return {family + std::to_string(bits), power_values(base, (1 << (bits - 1)) - 1, 0, true),
            even_rule::smaller_magnitude, std::string(source)};
}

}  // namespace

std::vector<double> power_values(power_base base, int magnitudes, int first, bool zero) {
    constexpr int lowest_normal = 126;
    const int most = base == power_base::two ? lowest_normal : 2 * lowest_normal;
    if (first < 0 || first > most) {
        throw std::invalid_argument("first is " + std::to_string(first) + ", allowed: 0 to " + std::to_string(most));
    }
    if (magnitudes < 1 || magnitudes > most + 1 - first) {
        throw std::invalid_argument("magnitudes is " + std::to_string(magnitudes) + ", allowed: 1 to " +
                                    std::to_string(most + 1 - first));
    }
    std::vector<double> out;
    if (zero) out.push_back(0);
    for (int i = 0; i < magnitudes; ++i) out.push_back(power(base, first + i));
    return mirrored(out);
}

std::shared_ptr<const codebook> power_codebook(power_base base, int magnitudes, int first, bool zero) {
    const std::string label = std::string(base == power_base::two ? "powers of 2" : "powers of the square root of 2") +
                              ", exponents " + std::to_string(-first) + " to " +
                              std::to_string(-(first + magnitudes - 1)) + (zero ? " and zero" : "");
    return make_codebook(power_values(base, magnitudes, first, zero), label, even_rule::smaller_magnitude);
}

std::vector<double> additive_power_values(int bits) {
    detail::check_codebook_bits("apot", bits, 3, 8);
    const int n = (bits - 1) / 2;
    const bool odd = (bits - 1) % 2 != 0;
    const int lowest = 3 * n - 1 + (odd ? 1 : 0);
    const auto bit = [lowest](int exponent) { return std::uint64_t{1} << (lowest - exponent); };
    // Exponents are distinct, so no sum occurs twice: there are 2^(bits-1) of them.
    std::vector<std::uint64_t> sums{0};
    const auto add_one_of = [&sums](std::initializer_list<std::uint64_t> choices) {
        const std::vector<std::uint64_t> before = sums;
        for (const std::uint64_t choice : choices) {
            for (const std::uint64_t sum : before) sums.push_back(sum + choice);
        }
    };
    for (int i = 0; i < n; ++i) add_one_of({bit(i), bit(i + n), bit(i + 2 * n + (odd ? 1 : 0))});
    if (odd) add_one_of({bit(2 * n)});
    const std::uint64_t largest = *std::max_element(sums.begin(), sums.end());
    std::vector<double> magnitudes;
    for (const std::uint64_t sum : sums) magnitudes.push_back(detail::nearest_binary32(false, sum, largest, 0));
    return mirrored(magnitudes);
}

codebook detail::make_powers_of_two(int bits) { return power_table("pot", power_base::two, bits, pot_source); }

codebook detail::make_powers_of_square_root_of_two(int bits) {
    return power_table("sqrt2pot", power_base::square_root_of_two, bits, sqrt2pot_source);
}

codebook detail::make_additive_powers_of_two(int bits) {
    return {"apot" + std::to_string(bits), additive_power_values(bits), even_rule::smaller_magnitude,
            std::string(apot_source)};
}

}  // namespace halfulp
