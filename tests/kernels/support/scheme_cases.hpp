// Schemes, options and arrays at which quantization by vectors may part from the definition, and the definition itself:
// section 2.9 of the contract word for word, in exact rational arithmetic (tests/oracle), element by element.
#pragma once

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "backends.hpp"
#include "codecs/support/carrier.hpp"
#include "codecs/support/report.hpp"
#include "codecs/support/translate.hpp"
#include "conversion_cases.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "oracle/project.hpp"

namespace halfulp::tests {

// ---- the definition

struct quantized {
    std::vector<std::uint64_t> codes;
    scale_planes scales;
    std::uint64_t zero_scales = 0;
    std::uint64_t saturated = 0;
    std::vector<std::uint64_t> values;  ///< fake_quantize, as bits of the carrier
};

/// One level's format and its decoded scales.
inline oracle::number scale_number(const oracle::format& f, std::uint64_t code) { return f.decode(code); }

inline oracle::rational times(const oracle::rational& a, const oracle::rational& b) {
    return {oracle::integer(a.num * b.num), oracle::integer(a.den * b.den)};
}
inline oracle::rational over(const oracle::rational& a, const oracle::rational& b) {
    return {oracle::integer(a.num * b.den), oracle::integer(a.den * b.num)};
}

template <carrier T>
class exact_scheme {
  public:
    exact_scheme(const scheme& s, const axis_view& view) : scheme_(s), view_(view), element_(*s.element.as_float()) {
        for (const scale_level& level : s.levels) formats_.emplace_back(level.format);
        for (std::size_t k = 0; k < s.levels.size(); ++k) {
            const std::uint64_t length = s.levels[k].group.length;
            if (s.levels[k].group.is_tensor()) {
                counts_.push_back(1);
            } else if (k == 0) {
                groups_ = (view.length + length - 1) / length;
                counts_.push_back(view.outer * groups_ * view.inner);
            } else {
                counts_.push_back((counts_[k - 1] + length - 1) / length);
            }
        }
    }

    [[nodiscard]] const std::vector<std::uint64_t>& counts() const { return counts_; }

    [[nodiscard]] quantized quantize(std::span<const T> x, const quantize_options& options) const {
        using own = oracle::carrier<T>;
        quantized out;
        const std::size_t levels = formats_.size();
        // The largest finite magnitude under every scale of every level, from the elements themselves.
        std::vector<std::vector<std::uint64_t>> most(levels);
        std::vector<bool> nonfinite(levels == 0 ? 0 : counts_[0]);
        for (std::size_t k = 0; k < levels; ++k) most[k].assign(counts_[k], 0);
        for (std::uint64_t i = 0; i < x.size() && levels > 0; ++i) {
            const std::uint64_t magnitude = to_bits(x[i]) & (own::sign - 1);
            const std::vector<std::uint64_t> path = path_of(i);
            if (magnitude >= own::infinity) {
                nonfinite[path[0]] = true;
                continue;
            }
            for (std::size_t k = 0; k < levels; ++k) most[k][path[k]] = std::max(most[k][path[k]], magnitude);
        }
        // Scales, from the outermost level inward.
        out.scales.resize(levels);
        for (std::size_t k = levels; k-- > 0;) {
            oracle::rational reach = element_.value(element_.largest());
            for (std::size_t j = 0; j < k; ++j) reach = times(reach, formats_[j].value(formats_[j].largest()));
            for (std::uint64_t i = 0; i < counts_[k]; ++i) {
                const oracle::number amax = own::exact(most[k][i]);
                out.scales[k].push_back(scale_code(k, i, amax.magnitude, reach, k == 0 && nonfinite[i], out, options));
            }
        }
        // Elements.
        for (std::uint64_t i = 0; i < x.size(); ++i) element(i, x[i], options, out);
        return out;
    }

    /// The exact product of an element's code and its scales, rounded once to nearest even.
    [[nodiscard]] std::uint64_t value(std::uint64_t i, std::uint64_t code, const scale_planes& scales) const {
        oracle::number e = element_.decode(code);
        bool zero = e.is_finite() && oracle::is_zero(e.magnitude);
        bool infinite = e.what == oracle::number::kind::infinity;
        bool nan = e.is_nan();
        oracle::rational product = e.is_finite() ? e.magnitude : oracle::rational{1, 1};
        bool negative = e.negative;
        const std::vector<std::uint64_t> path = path_of(i);
        for (std::size_t k = 0; k < formats_.size(); ++k) {
            const oracle::number scale = formats_[k].decode(scales[k][path[k]]);
            nan = nan || scale.is_nan();
            infinite = infinite || scale.what == oracle::number::kind::infinity;
            zero = zero || (scale.is_finite() && oracle::is_zero(scale.magnitude));
            negative = negative != scale.negative;
            if (scale.is_finite()) product = times(product, scale.magnitude);
        }
        if (nan || (zero && infinite)) return oracle::carrier<T>::quiet_nan;
        if (infinite) return (negative ? oracle::carrier<T>::sign : 0) | oracle::carrier<T>::infinity;
        return to_carrier(oracle::number::finite(negative, product));
    }

  private:
    /// Which scale of every level an element is under.
    [[nodiscard]] std::vector<std::uint64_t> path_of(std::uint64_t i) const {
        std::vector<std::uint64_t> path;
        const std::uint64_t k = i % view_.inner;
        const std::uint64_t j = i / view_.inner % view_.length;
        const std::uint64_t o = i / view_.inner / view_.length;
        for (std::size_t level = 0; level < formats_.size(); ++level) {
            const std::uint64_t length = scheme_.levels[level].group.length;
            if (scheme_.levels[level].group.is_tensor()) {
                path.push_back(0);
            } else if (level == 0) {
                path.push_back((o * groups_ + j / length) * view_.inner + k);
            } else {
                path.push_back(path.back() / length);
            }
        }
        return path;
    }

    [[nodiscard]] static std::uint64_t to_carrier(const oracle::number& x) {
        const oracle::format& own = oracle::carrier<T>::as_format();
        return oracle::code_of(oracle::project(x, own, oracle::projection{}, 0, oracle::purpose::encode), own);
    }

    [[nodiscard]] std::uint64_t scale_code(std::size_t k, std::uint64_t i, const oracle::rational& amax,
                                           const oracle::rational& reach, bool nonfinite, quantized& out,
                                           const quantize_options& options) const {
        const oracle::format& f = formats_[k];
        const float_format& data = scheme_.levels[k].format;
        if (nonfinite && f.has_nan()) return f.nan_code();
        oracle::projection how;
        how.overflow = oracle::overflow_policy::sat_finite;
        how.random_bits = options.random_bits;
        std::uint32_t r = 0;
        if (options.scale_rounding) {
            how.rounding = oracle::translate(*options.scale_rounding);
            if (is_stochastic(*options.scale_rounding))
                r = options.random.source.word(i, 0x80000000u + static_cast<std::uint32_t>(k)) >>
                    (32 - options.random_bits);
        }
        const auto code = [&](const oracle::rational& q) {
            return oracle::code_of(
                oracle::project(oracle::number::finite(false, q), f, how, r, oracle::purpose::encode), f);
        };
        if (oracle::is_zero(amax)) return code({0, 1});
        oracle::rational divisor = reach;
        std::uint64_t index = i;
        for (std::size_t above = k + 1; above < formats_.size(); ++above) {
            const std::uint64_t length = scheme_.levels[above].group.length;
            index = scheme_.levels[above].group.is_tensor() ? 0 : index / length;
            divisor = times(divisor, formats_[above].decode(out.scales[above][index]).magnitude);
        }
        if (!f.has_zero() && !options.scale_rounding) {  // the divisor is a power of two times the reach
            const int wanted = oracle::floor_log2(amax) - oracle::floor_log2(divisor) + data.bias;
            const int last = (1 << data.exponent_bits) - (f.has_nan() ? 2 : 1);
            return static_cast<std::uint64_t>(wanted < 0 ? 0 : wanted > last ? last : wanted);
        }
        if (oracle::is_zero(divisor)) return code({0, 1});  // inside a zero scale: zero as well, and not counted again
        const std::uint64_t found = code(over(amax, divisor));
        if (oracle::is_zero(f.decode(found).magnitude)) ++out.zero_scales;
        return found;
    }

    void element(std::uint64_t i, T x, const quantize_options& options, quantized& out) const {
        oracle::projection how{.rounding = oracle::translate(options.rounding),
                               .overflow = oracle::overflow_policy::sat_finite,
                               .nan = oracle::translate(options.nan),
                               .ftz = oracle::translate(options.ftz),
                               .random_bits = options.random_bits};
        std::uint32_t r = 0;
        if (is_stochastic(options.rounding))
            r = options.random.from == randomness::kind::given
                    ? options.random.given[i]
                    : options.random.source.word(i) >> (32 - options.random_bits);
        const oracle::number exact = oracle::carrier<T>::exact(to_bits(x));
        const std::vector<std::uint64_t> path = path_of(i);
        const auto code_of_number = [&](const oracle::number& n) {
            return oracle::code_of(oracle::project(n, element_, how, r, oracle::purpose::encode), element_);
        };
        const std::uint64_t zero_code = code_of_number(oracle::number::finite(false, {0, 1}));
        oracle::rational divisor{1, 1};
        for (std::size_t k = 0; k < formats_.size(); ++k) {
            const oracle::number scale = formats_[k].decode(out.scales[k][path[k]]);
            if (scale.is_nan()) {
                out.codes.push_back(zero_code);
                out.values.push_back(oracle::carrier<T>::quiet_nan);
                return;
            }
            divisor = times(divisor, scale.magnitude);
        }
        std::uint64_t code = zero_code;
        if (!exact.is_finite()) {
            const bool bare_infinity = formats_.empty() && !exact.is_nan();
            code = code_of_number(bare_infinity ? exact : oracle::number::nan(exact.negative));
            if (bare_infinity && !(exact.negative && !scheme_.element.is_signed())) ++out.saturated;
            if (!bare_infinity && !element_.has_nan() && options.nan == nan_policy::keep) {
                out.codes.push_back(code);
                out.values.push_back(to_bits(x));  // as it is, payload and all
                return;
            }
        } else if (!oracle::is_zero(divisor)) {
            const oracle::number quotient = oracle::number::finite(exact.negative, over(exact.magnitude, divisor));
            code = code_of_number(quotient);
            oracle::projection open = how;
            open.overflow = oracle::overflow_policy::unbounded;
            const oracle::outcome reached = oracle::project(quotient, element_, open, r, oracle::purpose::round);
            if (reached.index > element_.largest()) ++out.saturated;
        }
        out.codes.push_back(code);
        out.values.push_back(value(i, code, out.scales));
    }

    scheme scheme_;
    axis_view view_;
    oracle::format element_;
    std::vector<oracle::format> formats_;
    std::vector<std::uint64_t> counts_;
    std::uint64_t groups_ = 1;
};

// ---- schemes and arrays

/// The published schemes, generic ones, and those whose scales overflow, underflow or have odd shapes.
inline const std::vector<std::string>& scheme_texts() {
    static const std::vector<std::string> all{
        "mxfp4",
        "mxfp6_e3m2",
        "mxfp6_e2m3",
        "mxfp8_e4m3",
        "mxfp8_e5m2",
        "nvfp4",
        // One level, general scales.
        "e3m2fn/64:bfloat16",
        "e2m1fn/16:e4m3fn",
        "e4m3fn/128:binary32",
        "e2m3fn/7:binary16",
        "e2m1fn/17:e5m3fnu",
        "e4m3fn/100:dlfloat16",
        "e5m2/33:bfloat16",
        "e2m1fn/2:binary32",
        "e2m1fn/1:binary64",
        "e4m3fnuz/5:tf32",
        "e5m2fnuz/16:binary16",
        "e2m1fn/1000:e5m2",
        "e4m3fn/3:e4m3fnuz",
        "e4m3b11fnuz/16:e6m5",
        "e3m4/16:binary32",
        // One scale for everything.
        "e2m1fn/tensor:binary32",
        "e4m3fn/tensor:binary32",
        "e4m3fn/tensor:e8m0fnu",
        "e5m2/tensor:bfloat16",
        "e2m3fn/tensor:e4m3fn",
        // None.
        "e2m1fn",
        "e4m3fn",
        "e5m2",
        "bfloat16",
        "e8m0fnu",
        "e4m3fnu",
        // Nested.
        "e2m1fn/16:e4m3fnu/tensor:binary32",
        "e4m3fn/16:e4m3fn/tensor:binary32",
        "e2m1fn/8:e4m3fn/4:e5m2/tensor:binary32",
        "e2m1fn/16:e4m3fn/tensor:e4m3fn",
        "e4m3fn/8:e4m3fn/tensor:bfloat16",
        "e2m1fn/32:e5m3fnu/tensor:binary16",
        "e2m1fn/4:e4m3fn/3:binary16",
        "e2m1fn/2:e3m2fn/2:e4m3fn/2:bfloat16/2:binary32",
        "e3m2fn/16:e5m3fnu/5:binary32",
        "e2m1fn/16:e4m3fn/7:e8m0fnu",
        "e4m3fn/1:e4m3fn/tensor:e5m2",
        // Powers of two other than E8M0.
        "e2m1fn/32:e5m0b3fnu",
        "e4m3fn/16:e8m0b120fnu",
        "e2m1fn/5:e4m0b7fnu",
        "e2m1fn/32:e8m0b140fnu",
        "e2m3fn/32:e9m0fnu",
        "e2m1fn/32:Binary8p1uf",
        "e2m1fn/16:e8m0f",
        // Powers of two inside powers of two.
        "mx9",
        "mx6",
        "mx4",
        "msfp12",
        "e2m1fn/4:e8m0fnu/3:e8m0fnu",
        "e4m3fn/2:microexponent/tensor:e8m0fnu",
        "e3m2fn/8:e4m0b9fnu/2:e8m0fnu",
        // Scales with few bits: they overflow, and round to zero.
        "e2m1fn/4:e2m1fn",
        "e2m1fn/16:e3m2fn",
        "e2m1fn/16:e1m2f",
        "e4m3fn/33:Binary8p3ue",
        "e2m1fn/3:e2m1f_nosub",
        "e4m3fn/16:e5m2_nosub",
        "e2m1fn/16:e4m3b20fn",
        // Elements of other shapes.
        "e4m3fnu/8:bfloat16",
        "e2m1f_nosub/16:bfloat16",
        "e5m2_nosub/32:e8m0fnu",
        "e5m0f/16:bfloat16",
        "e1m2f/16:binary32",
        "Binary8p4se/32:e8m0fnu",
        "Binary8p3ue/16:binary16",
        "dlfloat16/32:e8m0fnu",
        "e8m0fnu/16:binary32",
        "binary16/32:e8m0fnu",
        "bfloat16/16:binary32",
        "tf32/32:e8m0fnu",
        "e5m14/16:bfloat16",
        "binary32/32:e8m0fnu",
        "binary32/8:binary32",
        "binary64/16:binary32",
        "e4m3b140fn/32:e8m0fnu",
        "e11m20/7:binary64",
    };
    return all;
}

struct shaped {
    scheme s;
    axis_view view;
};

/// A scheme put together at random: every element with every group length and scale format.
inline scheme random_scheme(generator& random) {
    static constexpr const char* elements[] = {"e2m1fn",       "e2m3fn",      "e3m2fn",   "e4m3fn",     "e5m2",
                                               "e4m3fnuz",     "e3m4",        "bfloat16", "e5m3",       "e2m2fu",
                                               "e4m3fn_nosub", "Binary6p3se", "e1m2f",    "Binary8p3sf"};
    static constexpr const char* scales[] = {"binary32", "bfloat16", "binary16", "e4m3fn",      "e5m3fnu", "e5m2",
                                             "tf32",     "e6m5",     "e4m3fnu",  "Binary8p5ue", "e3m3",    "binary64"};
    static constexpr const char* last[] = {"e8m0fnu", "microexponent", "e7m0fnu", "e8m0b100fnu"};
    static constexpr std::uint64_t lengths[] = {1, 2, 3, 5, 8, 16, 17, 32, 33, 64, 100, 128, 1000, 0};
    scheme s{parse_float_format(elements[random() % std::size(elements)]), {}};
    const std::uint64_t levels = random() % 8 < 5 ? 1 : random() % 4;
    for (std::uint64_t k = 0; k < levels; ++k) {
        const bool power = k + 1 == levels && random() % 2 == 0;
        s.levels.push_back({{k == 0 ? lengths[random() % 14] : random() % 6},
                            parse_float_format(power ? last[random() % 4] : scales[random() % std::size(scales)])});
    }
    return s;
}

/// About `size` elements along the last, the first or a middle axis; the last group often short.
inline axis_view random_view(const scheme& s, std::size_t size, generator& random) {
    const std::uint64_t group = s.levels.empty() || s.levels[0].group.is_tensor() ? 32 : s.levels[0].group.length;
    const std::uint64_t length = random() % 3 == 0   ? group * (1 + random() % 3)
                                 : random() % 2 == 0 ? group * (random() % 3) + 1 + random() % group
                                                     : 1 + random() % 70;
    const std::uint64_t others = std::max<std::uint64_t>(1, size / length);
    switch (random() % 4) {
        case 0: return {others, length, 1};
        case 1: return {1, length, others};
        case 2: {
            const std::uint64_t inner = 1 + random() % 20;
            return {std::max<std::uint64_t>(1, others / inner), length, inner};
        }
        default: {
            const std::uint64_t outer = 1 + random() % 5;
            return {outer, length, std::max<std::uint64_t>(1, others / outer)};
        }
    }
}

/// Lines along the axis in runs of one kind each: around 1, ties under a scale, ends of the carrier, zeros, specials, amax at boundaries.
template <carrier T>
std::vector<T> random_array(const scheme& s, const axis_view& view, bool specials_too, generator& random) {
    constexpr float_format own = carrier_traits<T>::format;
    constexpr std::uint64_t fraction = low_ones(own.mantissa_bits);
    const std::uint64_t group = s.levels.empty() || s.levels[0].group.is_tensor() ? 32 : s.levels[0].group.length;
    const std::uint64_t top = (std::uint64_t{1} << own.exponent_bits) - 2;
    const projector to_own(own, {});
    // Of the whole array; now and then where the outermost scale rounds to zero or to its smallest member.
    const bool at_the_bottom = !s.levels.empty() && random() % 6 == 0;
    std::int64_t middle = own.bias + static_cast<std::int64_t>(random() % 20) - 10;
    if (at_the_bottom) {
        middle = own.bias + s.element.as_float()->emax() + static_cast<std::int64_t>(random() % 12) - 8;
        for (std::size_t k = 0; k + 1 < s.levels.size(); ++k) middle += s.levels[k].format.emax();
        middle += s.levels.back().format.emin() - s.levels.back().format.mantissa_bits;
    }
    const auto centre = static_cast<std::uint64_t>(std::clamp<std::int64_t>(middle, 0, static_cast<std::int64_t>(top)));
    const bool zeros_only = random() % 40 == 0;
    const auto field_near = [&](std::uint64_t spread) {
        const std::uint64_t field = centre - spread / 2 + random() % spread;
        return std::min<std::uint64_t>(field > (std::uint64_t{1} << 40) ? 0 : field, top);
    };
    std::vector<T> x(view.size());
    for (std::uint64_t line = 0; line < view.outer * view.inner; ++line) {
        const std::uint64_t start = line / view.inner * view.length * view.inner + line % view.inner;
        std::uint64_t kind = 0;
        std::int32_t exponent = 0;
        std::uint64_t top_of_group = 0;
        for (std::uint64_t j = 0; j < view.length; ++j) {
            if (j % group == 0) {
                kind = zeros_only ? 3 : at_the_bottom ? 4 + random() % 2 * 9 : random() % 16;
                exponent = static_cast<std::int32_t>(random() % 12) - 6;
            }
            std::uint64_t bits = 0;
            switch (kind) {
                case 0:  // any bits of the carrier, finite
                    bits = random() & own.magnitude_mask();
                    break;
                case 1:  // subnormals and the smallest normal numbers
                    bits = random() & fraction;
                    if (random() % 4 == 0) bits >>= random() % static_cast<std::uint64_t>(own.mantissa_bits);
                    if (random() % 8 == 0) bits |= fraction + 1;
                    break;
                case 2:  // the largest
                    bits = (top - random() % 3) << own.mantissa_bits | (random() & fraction);
                    if (random() % 16 == 0) bits = own.infinity_magnitude() - 1;
                    break;
                case 3: bits = 0; break;  // zeros of both signs
                case 4:  // few numbers among zeros
                    bits = random() % 8 == 0 ? field_near(4) << own.mantissa_bits | (random() & fraction) : 0;
                    break;
                case 5:
                case 6: {  // members and ties of the element format under a power of two
                    const std::uint64_t m = random() % (s.element.as_float()->max_magnitude() + 1);
                    dyadic v = s.element.as_float()->magnitude_value(m);
                    v.significand = 2 * v.significand + random() % 2;
                    v.exponent += exponent - 1;
                    if (random() % 16 == 0) {
                        v.significand = 4 * v.significand + 1;
                        v.exponent -= 2;
                    }
                    bits = to_bits(to_value<T>(to_own.finite(false, v.significand, v.exponent, false, 0)));
                    if (bits >= own.infinity_magnitude()) bits = own.infinity_magnitude() - 1;
                    break;
                }
                case 7: {  // amax at a boundary: the element format's largest, a power of two, one carrier step beside
                    const dyadic v = s.element.as_float()->magnitude_value(s.element.as_float()->max_magnitude());
                    bits =
                        j % group == 0
                            ? to_bits(to_value<T>(to_own.finite(false, v.significand, v.exponent + exponent, false, 0)))
                            : field_near(3) << own.mantissa_bits;
                    if (j % group == 0) bits += random() % 3 - 1;
                    if (bits >= own.infinity_magnitude()) bits = own.infinity_magnitude() - 1;
                    break;
                }
                case 14:
                case 15: {  // amax whose quotient by the reach lies at or next to a midpoint of the scale format
                    if (!s.levels.empty() && j % group == 0) {
                        const float_format& f = s.levels[0].format;
                        const std::uint64_t one = static_cast<std::uint64_t>(std::max(f.bias, 1)) << f.mantissa_bits;
                        const std::uint64_t m =
                            std::min(one + random() % (8 * f.hidden_bit()) - 4 * f.hidden_bit(), f.max_magnitude() - 1);
                        const double midpoint = (decode<double>(m, f) + decode<double>(m + 1, f)) / 2;
                        const double amax = midpoint * decode<double>(s.element.as_float()->max_magnitude(), s.element);
                        bits = encode(amax, own) + random() % 3 - 1;
                        bits = std::min(bits & own.magnitude_mask(), own.infinity_magnitude() - 1);
                        top_of_group = bits;
                    } else if (!s.levels.empty()) {
                        bits = random() % (top_of_group + 1);
                    }
                    break;
                }
                case 8:  // powers of two and their neighbours
                    bits = (field_near(6) << own.mantissa_bits) + random() % 3 - 1;
                    bits = std::min(bits & own.magnitude_mask(), own.infinity_magnitude() - 1);
                    break;
                default: bits = field_near(12) << own.mantissa_bits | (random() & fraction); break;
            }
            if (bits >= own.infinity_magnitude()) bits = field_near(4) << own.mantissa_bits;
            if (specials_too && random() % 97 == 0)
                bits =
                    random() % 2 == 0 ? own.infinity_magnitude() : own.infinity_magnitude() | 1 | (random() & fraction);
            x[start + j * view.inner] = from_bits<T>(bits | (random() & own.sign_mask()));
        }
    }
    return x;
}

/// Moves most elements to midpoints of the element format under the scales that their groups have, or one step of the carrier beside them:
/// where a quotient that is not exact decides wrongly. Elements near the largest member stay, and with them the scales.
template <carrier T>
void sharpen(std::vector<T>& x, const scheme& s, const axis_view& view, generator& random) {
    constexpr float_format own = carrier_traits<T>::format;
    const forced_backend scalar(backend::scalar);
    std::vector<std::uint64_t> codes(x.size());
    scale_planes scales;
    quantize(std::span<const T>(x), view, s, std::span(codes), scales);
    const std::uint64_t most = s.element.as_float()->max_magnitude();
    if (most < 4) return;
    std::vector<std::uint64_t> lower(x.size());
    std::vector<std::uint64_t> upper(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        lower[i] = random() % (most - 2);
        upper[i] = lower[i] + 1;
    }
    std::vector<double> a(x.size()), b(x.size());
    dequantize(std::span<const std::uint64_t>(lower), view, s, scales, std::span(a));
    dequantize(std::span<const std::uint64_t>(upper), view, s, scales, std::span(b));
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double middle = a[i] / 2 + b[i] / 2;
        if ((codes[i] & s.element.as_float()->magnitude_mask()) + 2 > most || !(middle > 0) || random() % 8 == 0)
            continue;
        const std::uint64_t bits = encode(middle, own) + random() % 3 - 1;
        if ((bits & own.magnitude_mask()) < own.infinity_magnitude())
            x[i] = from_bits<T>((bits & own.magnitude_mask()) | (to_bits(x[i]) & own.sign_mask()));
    }
}

inline quantize_options random_options(rounding_mode mode, generator& random) {
    static constexpr nan_policy nan[] = {nan_policy::to_max, nan_policy::to_zero};
    static constexpr ftz_policy ftz[] = {ftz_policy::none, ftz_policy::none, ftz_policy::none, ftz_policy::before,
                                         ftz_policy::after};
    static constexpr int random_bits[] = {1, 2, 8, 13, 24, 31, 32};
    quantize_options options;
    options.rounding = mode;
    if (random() % 4 == 0) options.scale_rounding = rounding_modes[random() % 15].mode;
    options.nan = nan[random() % 2];
    options.ftz = ftz[random() % 5];
    options.random_bits = random_bits[random() % 7];
    const bool draws = is_stochastic(mode) || (options.scale_rounding && is_stochastic(*options.scale_rounding));
    if (draws) options.random = random_place(100000, random);
    return options;
}

inline std::string describe(const scheme& s, const axis_view& view, const quantize_options& options) {
    static constexpr const char* nan[] = {"raise", "to_max", "to_zero", "keep", "negated_zero"};
    return to_string(s) + " view {" + std::to_string(view.outer) + "," + std::to_string(view.length) + "," +
           std::to_string(view.inner) + "} " + std::string(to_string(options.rounding)) +
           " scale_rounding=" + (options.scale_rounding ? std::string(to_string(*options.scale_rounding)) : "recipe") +
           " nan=" + nan[static_cast<int>(options.nan)] + " ftz=" + std::string(to_string(options.ftz)) +
           " N=" + std::to_string(options.random_bits) + " threads=" + std::to_string(options.threads);
}

}  // namespace halfulp::tests
