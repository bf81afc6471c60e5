// Formats, projections, inputs and random integers at which a conversion by vectors may part from the scalar definition,
// and the definition itself with its constants worked out once.
#pragma once

#include <algorithm>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "backends.hpp"
#include "codecs/support/report.hpp"
#include "halfulp/codecs/codec.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/formats/registry.hpp"
#include "halfulp/formats/shape.hpp"
#include "halfulp/kernels/convert.hpp"

namespace halfulp::tests {

using generator = std::mt19937_64;

struct named_shape {
    std::string name;
    float_format format;
};

/// The registry, and shapes that nobody registered: a kernel that was written for the registry's rows alone fails on these.
inline const std::vector<named_shape>& all_shapes() {
    static const std::vector<named_shape> all = [] {
        std::vector<named_shape> list;
        for (const registered_format& row : registry) list.push_back({std::string(row.name), row.format});
        for (
            const char* text :
            {// Significands of every length that float32 has room for, and one more or less than its own.
             "e6m5", "e8m3", "e7m16", "e8m22", "e7m22", "e5m14", "e8m15", "e8m16", "e5m9", "e4m11",
             // Precision 1, one exponent bit, two.
             "e5m0f", "e8m0f", "e8m0fn", "e4m0fnuz", "e3m0fu", "e5m0b3fnu", "e8m0b126fnu", "e8m0b140fnu", "e1m0f",
             "e1m2f", "e1m3fn", "e1m2fnuz", "e1m7f", "e1m3fu", "e2m1", "e2m1b1fn", "e2m2fu",
             // No subnormals.
             "e4m3_nosub", "e4m3fn_nosub", "e5m2_nosub", "e2m1f_nosub", "e3m2fnuz_nosub", "e4m3fnu_nosub", "e8m7_nosub",
             "e5m10_nosub", "e8m23_nosub", "e6m9_nosub",
             // NaN at negative zero, unsigned, P3109.
             "e5m10fnuz", "e8m7fnuz", "e8m23fnuz", "e4m3u", "e5m10u", "e8m7fnu", "e8m23u", "Binary8p3se", "Binary8p3sf",
             "Binary8p3ue", "Binary8p3uf", "Binary8p1se", "Binary8p1ue", "Binary8p1uf", "Binary16p8se", "Binary16p11ue",
             "Binary4p2sf", "Binary3p1se", "Binary8p8uf",
             // Biases that put the format elsewhere: below float32's normal numbers, at its top, across its ends.
             "e8m9b141", "e7m3b0", "e7m16b0", "e4m3b20fn", "e4m3b-9", "e3m3b150f", "e4m3b140fn", "e5m2b150",
             "e4m2b-113", "e5m2b-100", "e4m3b130_nosub", "e4m3b135fn_nosub", "e8m7b134", "e8m7b120", "e8m3b127fn",
             "e5m1b-97f", "e3m2b24f", "e2m7b15f", "e3m3b-13f",
             // At the limits of adding a power of two: the smallest quantum, its half and the largest sum are still numbers of a lane,
             // or just not.
             "e4m3b122", "e4m3b123", "e4m3b124", "e4m3b125", "e4m3b126", "e4m3b-91", "e4m3b-92", "e4m3b-93",
             "e2m3b-101f", "e2m3b-103f", "e4m3b1019", "e4m3b1021", "e4m3b-957", "e4m3b-959", "e4m21", "e4m50",
             // float64 alone holds these.
             "e11m20", "e11m52", "e10m30", "e9m10", "e11m51", "e10m0f", "e9m0fnu", "e11m52fnuz", "e11m52_nosub",
             "e8m24", "e8m40", "e5m2b1070fn", "e11m7b1030", "e9m20b-700", "e11m3u", "e10m3b0",
             // No carrier holds these: they are encoded only.
             "e12m3", "e8m7f", "e8m7fn", "e8m23f", "e8m23fn", "e11m20f", "e11m20fn", "e11m0f", "e11m52f", "e8m7u",
             "e8m10f_nosub", "e4m53f", "e8m55", "e19m0fnu", "e19m44", "e2m61", "e1m62f", "e4m3b524287fn",
             "e4m3b-524287fn", "Binary64p63sf", "Binary32p20ue", "e14m50u", "e14m50b-361u", "e11m21u", "e10m22fu"})
            list.push_back({text, parse_float_format(text)});
        const auto dlfloat = [&](const char* name, int e, int m, int bias) {
            list.push_back({name, make_float_format(e, m, bias, specials::dlfloat, true, false)});
        };
        dlfloat("dlfloat e3m2b3", 3, 2, 3);
        dlfloat("dlfloat e8m7b127", 8, 7, 127);
        dlfloat("dlfloat e5m10b15", 5, 10, 15);
        dlfloat("dlfloat e3m2b900", 3, 2, 900);
        return list;
    }();
    return all;
}

/// Policies at random for a mode. `codes`: those alone that have codes. `quirks`: now and then what only presets ask for.
inline projection random_policies(rounding_mode mode, const float_format& format, bool codes, bool quirks,
                                  generator& random) {
    static constexpr overflow_policy overflow[] = {overflow_policy::native,        overflow_policy::sat_finite,
                                                   overflow_policy::sat_propagate, overflow_policy::sat_none,
                                                   overflow_policy::to_nan,        overflow_policy::unbounded};
    static constexpr nan_policy nan[] = {nan_policy::to_max, nan_policy::to_zero, nan_policy::negated_zero,
                                         nan_policy::keep};
    static constexpr ftz_policy ftz[] = {ftz_policy::none, ftz_policy::none, ftz_policy::before, ftz_policy::after};
    static constexpr std::uint8_t random_bits[] = {1, 2, 8, 13, 24, 31, 32};
    projection how{.rounding = mode};
    how.overflow = overflow[random() % (codes ? 5 : 6)];
    how.nan = nan[random() % (codes ? 3 : 4)];
    if (format.has_nan() && random() % 3 == 0) how.nan = nan_policy::raise;  // nothing to raise there
    how.ftz = ftz[random() % 4];
    how.random_bits = random_bits[random() % 7];
    if (quirks && random() % 4 == 0) {
        const std::uint64_t drawn = random();
        how.magnitude_if_unsigned = (drawn & 1) != 0;
        how.zero_to_nan_if_absent = (drawn & 2) != 0 && (format.has_nan() || how.nan != nan_policy::raise);
        how.infinity_to_nan = (drawn & 4) != 0;
        how.lowest_gap_up = (drawn & 8) != 0;
        how.lowest_binade_up = (drawn & 16) != 0;
        how.through_binary32 = (drawn & 32) != 0;
    }
    return how;
}

// ---- inputs

/// Edges of the bits that `kept` leading fraction bits leave over, in a carrier with `width` bits below the prefix.
inline std::vector<std::uint64_t> tails(int width, int fraction_bits, int kept) {
    const std::uint64_t all = low_ones(width);
    std::vector<std::uint64_t> list;
    const auto around = [&](std::uint64_t t) {
        for (const std::uint64_t u : {t - 1, t, t + 1}) list.push_back(u & all);
    };
    for (int i = 0; i < 8; ++i) {
        around(0);
        around(std::uint64_t{1} << (width - 1));
    }
    for (int k = 1; k < width - 1; ++k) {
        around(std::uint64_t{1} << k);  // half of some subnormal quantum
        around(all << k);
        around(std::uint64_t{3} << k);
    }
    // Half of the format's own quantum and of float32's (double rounding), weighted.
    const int half = fraction_bits - kept - 1;
    for (int i = 0; i < 12; ++i) {
        if (half >= 0 && half < width) {
            around(std::uint64_t{1} << half);
            around(std::uint64_t{3} << half);
        }
        if (width == 48) {
            around(std::uint64_t{1} << 28);
            around(std::uint64_t{3} << 28);
            if (half >= 0 && half < width) {
                around((std::uint64_t{1} << half) + (std::uint64_t{1} << 28));
                around((std::uint64_t{1} << half) - (std::uint64_t{1} << 28));
                around((std::uint64_t{3} << half) - (std::uint64_t{1} << 28));
            }
        }
    }
    return list;
}

/// Every leading half of 16 bits, each with one of the tails; 16-bit carriers whole. Orders alternate: ascending (neighbours
/// have one exponent) and scattered (every kind of number in one vector). `thin`: one of so many only.
template <carrier T>
std::vector<T> every_prefix(const float_format& format, generator& random, std::uint64_t thin = 1) {
    constexpr int width = carrier_traits<T>::format.bits() - 16;
    std::vector<T> out;
    out.reserve(0x10000);
    const std::uint64_t step = random() % 2 == 0 ? 1 : 40503;  // odd: a permutation of 2^16
    if constexpr (width == 0) {
        for (std::uint64_t i = random() % thin; i < 0x10000; i += thin)
            out.push_back(from_bits<T>((i * step) & 0xFFFF));
    } else {
        const std::vector<std::uint64_t> edges =
            tails(width, carrier_traits<T>::format.mantissa_bits, format.mantissa_bits);
        for (std::uint64_t i = random() % thin; i < 0x10000; i += thin) {
            const std::uint64_t drawn = random();
            const std::uint64_t tail =
                drawn % 8 == 0 ? drawn >> 16 & low_ones(width) : edges[(drawn >> 8) % edges.size()];
            out.push_back(from_bits<T>((i * step & 0xFFFF) << width | tail));
        }
    }
    return out;
}

/// Members, the points half-way between them, and the carrier's numbers beside both; the ends of the format's range. All members
/// of a small format, some of a large one.
template <carrier T>
std::vector<T> format_edges(const float_format& format, std::size_t members, generator& random) {
    constexpr float_format own = carrier_traits<T>::format;
    std::vector<T> out;
    const auto around = [&](std::uint64_t bits) {
        for (const std::uint64_t b : {bits - 1, bits, bits + 1}) {
            const std::uint64_t m = b & own.magnitude_mask();
            out.push_back(from_bits<T>(m));
            out.push_back(from_bits<T>(m | own.sign_mask()));
        }
    };
    const auto bits_of = [&](std::uint64_t magnitude) {
        return to_bits(decode<T>(magnitude, format)) & own.magnitude_mask();
    };
    const std::uint64_t most = format.max_magnitude();
    const bool whole = most < members;
    for (std::uint64_t i = 0; i < (whole ? most : members); ++i) {
        const std::uint64_t m = whole ? i : random() % (most == 0 ? 1 : most);
        const std::uint64_t a = bits_of(m);
        const std::uint64_t b = bits_of(m + 1);
        around(a);
        if (b > a) {
            around(a + (b - a) / 2);
            around(a + (b - a) / 4);
            around(a + (b - a) - (b - a) / 4);
        }
    }
    const std::uint64_t top = bits_of(most);
    const std::uint64_t below = most == 0 ? 0 : bits_of(most - 1);
    for (std::uint64_t eighths = 1; eighths <= 16; ++eighths) around(top + (top - below) / 8 * eighths);
    const std::uint64_t binade = std::uint64_t{1} << own.mantissa_bits;
    for (const std::uint64_t low : {bits_of(format.min_positive_magnitude()), bits_of(format.min_normal_magnitude())}) {
        for (std::uint64_t k = 0; k < 4; ++k) {
            around(low - k * binade);
            around(low - k * binade + binade / 2);
        }
        // Where rounding with the exponent unbounded below turns (ftz "after").
        for (std::uint64_t eighths = 1; eighths <= 8 && format.mantissa_bits < own.mantissa_bits; ++eighths)
            around(low - (binade >> format.mantissa_bits) / 16 * eighths);
    }
    around(0);
    around(own.infinity_magnitude());
    around(own.nan_code());
    around(own.magnitude_mask());
    return out;
}

/// Each unusual number alone among ordinary ones, farther from the next than any kernel takes at a time: what a whole vector is asked
/// for (is there a NaN? does any overflow?) must not be answered by a neighbour.
template <carrier T>
std::vector<T> lone_specials(const float_format& format, generator& random) {
    constexpr float_format own = carrier_traits<T>::format;
    constexpr std::uint64_t inf = own.infinity_magnitude();
    std::vector<std::uint64_t> unusual{inf,
                                       inf + 1,
                                       own.nan_code(),
                                       own.nan_code() | 1,
                                       own.magnitude_mask(),
                                       own.magnitude_mask() - 1,
                                       inf - 1,
                                       inf - 2,
                                       0,
                                       1,
                                       own.hidden_bit(),
                                       own.hidden_bit() - 1,
                                       inf + (random() & low_ones(own.mantissa_bits))};
    const std::uint64_t top = to_bits(decode<T>(format.max_magnitude(), format)) & own.magnitude_mask();
    const std::uint64_t below = to_bits(decode<T>(format.max_magnitude() - 1, format)) & own.magnitude_mask();
    const std::uint64_t low = to_bits(decode<T>(format.min_positive_magnitude(), format)) & own.magnitude_mask();
    const std::uint64_t normal = to_bits(decode<T>(format.min_normal_magnitude(), format)) & own.magnitude_mask();
    for (const std::uint64_t b :
         {top, top + (top - below) / 2, top + (top - below), low, low - own.hidden_bit(), normal})
        for (const std::uint64_t c : {b - 1, b, b + 1}) unusual.push_back(c & own.magnitude_mask());
    for (int i = 0; i < 3; ++i)
        unusual.push_back(top + random() % (inf - std::min(top, inf - 1)));  // overflows at any place
    // Ordinary: inside the format's normal range, inexact, negative only where the format is signed.
    const std::uint64_t first = std::min(normal, inf - 1);
    const std::uint64_t last = std::max(first + 1, std::min(below, inf - 1));
    std::vector<T> out;
    for (const std::uint64_t m : unusual) {
        for (const std::uint64_t sign : {std::uint64_t{0}, own.sign_mask()}) {
            for (std::uint64_t k = 0, n = 80 + random() % 7; k < n; ++k) {
                const std::uint64_t ordinary = first + random() % (last - first);
                out.push_back(from_bits<T>(ordinary | (format.is_signed ? random() & own.sign_mask() : 0)));
            }
            out.push_back(from_bits<T>((m & own.magnitude_mask()) | sign));
        }
    }
    return out;
}

template <carrier T>
std::vector<T> all_edges(const float_format& format, generator& random, std::uint64_t thin = 1) {
    std::vector<T> x = every_prefix<T>(format, random, thin);
    const std::vector<T> more = format_edges<T>(format, 300, random);
    x.insert(x.end(), more.begin(), more.end());
    return x;
}

// ---- random integers

/// The random integers of a call, as the call takes them and as the definition takes them.
struct random_integers {
    randomness call{};
    std::vector<std::uint32_t> r;  ///< empty in a deterministic mode

    [[nodiscard]] std::uint32_t at(std::size_t i) const { return r.empty() ? 0 : r[i]; }
};

/// Offsets at which the words' counter carries, and starts inside a block.
inline random_source random_place(std::size_t count, generator& random) {
    const std::uint64_t offsets[] = {0,
                                     1,
                                     3,
                                     7,
                                     (std::uint64_t{1} << 32) - 5,
                                     (std::uint64_t{1} << 34) - 5,  // the block's index carries into its upper word
                                     (std::uint64_t{1} << 34) - count / 2 - 3,
                                     ~std::uint64_t{0} - count,
                                     ~std::uint64_t{0} - count - 7};
    return {random(), static_cast<std::uint32_t>(random()), offsets[random() % 9]};
}

/// Drawn or given; those given are mostly R at which the decision about x[i] turns.
template <carrier T>
random_integers choose_random(std::span<const T> x, const float_format& format, const projection& how,
                              generator& random) {
    random_integers out;
    if (!is_stochastic(how.rounding)) return out;
    const int n = how.random_bits;
    out.r.resize(x.size());
    if (random() % 2 == 0) {
        const random_source source = random_place(x.size(), random);
        for (std::size_t i = 0; i < x.size(); ++i) out.r[i] = source.word(i) >> (32 - n);
        out.call = source;
        return out;
    }
    const std::uint64_t all = std::uint64_t{1} << n;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const std::uint64_t drawn = random();
        std::uint64_t r = drawn >> 8;
        if (drawn % 4 < 3) {
            const std::uint64_t turn = how.rounding == rounding_mode::stochastic_equal
                                           ? all / 2
                                           : all - count_away(x[i], format, how.rounding, n);
            r = turn - drawn % 3;  // two on the side of staying, one on the other
        }
        out.r[i] = static_cast<std::uint32_t>(r & (all - 1));
    }
    out.call = randomness(std::span<const std::uint32_t>(out.r));
    return out;
}

// ---- the definition

/// halfulp::round and halfulp::encode of one element, with the projector made once.
template <carrier T>
class definition {
  public:
    definition(const float_format& format, const projection& how) : projector_(format, how) {}

    [[nodiscard]] std::uint64_t value(T x, std::uint32_t r) const {
        const projected p = project(x, projector_, r);
        if (p.missing_nan && projector_.nan == nan_policy::keep) return carrier_traits<T>::format.nan_code();
        return to_bits(to_value<T>(p));
    }
    [[nodiscard]] std::uint64_t code(T x, std::uint32_t r) const {
        return to_code(project(x, projector_, r), projector_.grid);
    }
    [[nodiscard]] bool raises(T x, std::uint32_t r) const {
        return projector_.nan == nan_policy::raise && project(x, projector_, r).missing_nan;
    }

  private:
    projector projector_;
};

template <carrier T>
std::string about(const named_shape& f, const projection& how, backend b, T x, std::uint32_t r) {
    return std::string(to_string(b)) + " " + carrier_name<T>() + " " + f.name + " " + describe(how) + " bits " +
           hex(to_bits(x)) + " R=" + hex(r);
}

/// The array function on every backend against the definition.
template <carrier T>
void compare_round(const named_shape& f, const projection& how, std::span<const T> x, const random_integers& random,
                   std::span<const backend> backends, oracle::report& out) {
    const definition<T> defined(f.format, how);
    std::vector<std::uint64_t> want(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) want[i] = defined.value(x[i], random.at(i));
    for (std::size_t i = 0; i < x.size(); i += 509)  // that the projector made once is the public function's
        out.check(want[i] == to_bits(round(x[i], f.format, how, random.at(i))),
                  [&] { return "the tests' own reference: " + about(f, how, backend::scalar, x[i], random.at(i)); });
    std::vector<T> y(x.size());
    for (const backend b : backends) {
        const forced_backend forced(b);
        std::fill(y.begin(), y.end(), from_bits<T>(0x5A5A));
        round(x, std::span(y), f.format, how, random.call);
        for (std::size_t i = 0; i < x.size(); ++i) {
            out.check(to_bits(y[i]) == want[i], [&] {
                return "round " + about(f, how, b, x[i], random.at(i)) + " x[" + std::to_string(i) + "] got " +
                       hex(to_bits(y[i])) + " want " + hex(want[i]);
            });
        }
    }
}

template <code_type C, carrier T>
void compare_encode(const named_shape& f, const projection& how, std::span<const T> x, const random_integers& random,
                    std::span<const backend> backends, oracle::report& out) {
    const definition<T> defined(f.format, how);
    std::vector<C> want(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) want[i] = static_cast<C>(defined.code(x[i], random.at(i)));
    for (std::size_t i = 0; i < x.size(); i += 509)
        out.check(want[i] == encode(x[i], f.format, how, random.at(i)),
                  [&] { return "the tests' own reference: " + about(f, how, backend::scalar, x[i], random.at(i)); });
    std::vector<C> codes(x.size());
    for (const backend b : backends) {
        const forced_backend forced(b);
        std::fill(codes.begin(), codes.end(), static_cast<C>(0x5A5A5A5A5A5A5A5A));
        encode(x, std::span(codes), f.format, how, random.call);
        for (std::size_t i = 0; i < x.size(); ++i) {
            out.check(codes[i] == want[i], [&] {
                return "encode to uint" + std::to_string(8 * sizeof(C)) + " " + about(f, how, b, x[i], random.at(i)) +
                       " x[" + std::to_string(i) + "] got " + hex(codes[i]) + " want " + hex(want[i]);
            });
        }
    }
}

/// With the smallest code type that holds the codes, or (`wider` times) a wider one.
template <carrier T>
void compare_encode(const named_shape& f, const projection& how, std::span<const T> x, const random_integers& random,
                    std::span<const backend> backends, int wider, oracle::report& out) {
    const int bits = f.format.bits();
    const int smallest = bits <= 8 ? 0 : bits <= 16 ? 1 : bits <= 32 ? 2 : 3;
    switch (std::min(smallest + wider, 3)) {
        case 0: return compare_encode<std::uint8_t>(f, how, x, random, backends, out);
        case 1: return compare_encode<std::uint16_t>(f, how, x, random, backends, out);
        case 2: return compare_encode<std::uint32_t>(f, how, x, random, backends, out);
        default: return compare_encode<std::uint64_t>(f, how, x, random, backends, out);
    }
}

}  // namespace halfulp::tests
