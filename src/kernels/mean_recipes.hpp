// Ternary and binary elements whose scales are means of magnitudes: recipes paper, clamp, bitnet, twn and xnor (recipe.hpp). Means are exact;
// a deterministic mode then only asks on which side of two numbers an element lies, and those are found once for a group.
#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>

#include "checks.hpp"
#include "find_scales.hpp"
#include "float_environment.hpp"
#include "halfulp/arithmetic/exact_sum.hpp"
#include "halfulp/blocks/scaled_element.hpp"
#include "halfulp/rounding/name.hpp"
#include "parallel.hpp"
#include "scheme_layout.hpp"

namespace halfulp::detail {

inline constexpr std::uint32_t inverse_epsilon = 100000;  ///< of 1e-5, the number that the recipes add or clamp at

/// What is summed of a group: its finite elements.
struct group_sum {
    exact_sum magnitudes;
    std::uint64_t count = 0;
    bool nonfinite = false;

    template <carrier T, class Keep>
    void include(std::span<const T> x, const piece& at, std::uint64_t lane, const Keep& keep) {
        constexpr float_format own = carrier_traits<T>::format;
        const auto take = [&](T value) {
            const std::uint64_t magnitude = to_bits(value) & own.magnitude_mask();
            if (magnitude >= own.infinity_magnitude()) {
                nonfinite = true;
            } else if (keep(magnitude)) {
                magnitudes.add_magnitude(value);
                ++count;
            }
        };
        for (std::uint64_t j = 0; j < at.count; ++j) take(x[at.first + j * at.stride + lane]);
    }

    /// Every finite element of neighbours: by sums that binary64 holds, where it does.
    template <carrier T>
    void include_all(std::span<const T> x, const piece& at, std::uint64_t lane) {
        const auto every = [](std::uint64_t) { return true; };
        const simd::block_kernels* kernels = simd::active_blocks();
        if constexpr (std::is_same_v<T, float>) {
            if (kernels != nullptr && at.lanes == 1 && at.stride == 1) {
                constexpr std::uint64_t chunk = 1024;
                for (std::uint64_t done = 0; done < at.count; done += chunk) {
                    const piece part{at.first + done, std::min(chunk, at.count - done), 1, 1, at.group};
                    double sum = 0;
                    if (kernels->sum_of_magnitudes(x.data() + part.first, part.count, &sum)) {
                        magnitudes.add(sum);
                        count += part.count;
                    } else {
                        include(x, part, 0, every);
                    }
                }
                return;
            }
        }
        include(x, at, lane, every);
    }

    void include(const group_sum& other) {
        magnitudes.add(other.magnitudes);
        count += other.count;
        nonfinite = nonfinite || other.nonfinite;
    }
};

/// How the elements of one group become codes: a magnitude above `above[sign]`, as bits of the carrier, is the outer member of that sign.
struct group_steps {
    std::uint64_t scale_code = 0;
    bool scale_is_nan = false;
    bool scale_is_zero = false;
    bool rounded_to_zero = false;
    bool all_finite = false;
    std::array<std::uint64_t, 2> above{};
    // Where random bits decide: |x| / divisor, the divisor a sum over a whole number.
    exact_sum divisor;
    std::uint64_t divisor_count = 1;
    float reciprocal = 0;  ///< bitnet
};

template <carrier T, class Out>
class mean_quantizer {
    static constexpr float_format own = carrier_traits<T>::format;
    static constexpr bool codes = !std::is_same_v<T, Out>;

  public:
    mean_quantizer(std::span<const T> x, const scheme& s, const scheme_layout& layout, const quantize_options& options)
        : x_(x),
          scheme_(s),
          layout_(layout),
          options_(options),
          binary_(shape_for_recipes(s) == recipe_shape::binary),
          element_(s.element, {.rounding = options.rounding,
                               .overflow = overflow_policy::sat_finite,
                               .nan = options.nan,
                               .random_bits = static_cast<std::uint8_t>(options.random_bits)}),
          to_scale_(s.levels[0].format,
                    {.rounding = options.scale_rounding.value_or(rounding_mode::nearest_ties_to_even),
                     .overflow = overflow_policy::sat_finite,
                     .random_bits = static_cast<std::uint8_t>(options.random_bits)}) {
        if (s.scale_recipe == recipe::twn && options.rounding != rounding_mode::nearest_ties_to_even) {
            throw std::invalid_argument("rounding is " + std::string(to_string(options.rounding)) +
                                        ", allowed: nearest_ties_to_even, the default; the recipe twn has a threshold "
                                        "of its own");
        }
        find_boundaries();
    }

    quantize_report run(Out* out, scale_planes* scales) const {
        std::vector<std::uint64_t> own_codes(layout_.counts()[0]);
        std::atomic<std::uint64_t> zero_scales{0};
        if (layout_.whole()) {
            const group_steps steps = steps_of(sum_all(), 0, [&](std::uint64_t from) { return sum_all(from); });
            own_codes[0] = steps.scale_code;
            zero_scales = steps.rounded_to_zero;
            parallel_for(layout_.pieces(), options_.threads, 1, [&](std::size_t begin, std::size_t end) {
                const float_environment environment;
                for (std::size_t p = begin; p < end; ++p) convert(layout_.piece_at(p), 0, steps, out);
            });
        } else {
            parallel_for(layout_.pieces(), options_.threads, 1, [&](std::size_t begin, std::size_t end) {
                const float_environment environment;
                std::uint64_t zeros = 0;
                for (std::size_t p = begin; p < end; ++p) {
                    const piece at = layout_.piece_at(p);
                    for (std::uint64_t k = 0; k < at.lanes; ++k) {
                        const auto sum = [&](std::uint64_t from) {
                            group_sum s;
                            add_from(s, at, k, from);
                            return s;
                        };
                        const group_steps steps = steps_of(sum(0), at.group + k, sum);
                        own_codes[at.group + k] = steps.scale_code;
                        zeros += steps.rounded_to_zero;
                        convert(at, k, steps, out);
                    }
                }
                zero_scales += zeros;
            });
        }
        if (scales != nullptr) *scales = {std::move(own_codes)};
        return {zero_scales, 0};
    }

  private:
    enum class boundary : std::uint8_t { above_zero, from_half, above_half, from_one };

    /// Where, in units of the divisor, a magnitude of each sign becomes the outer member.
    void find_boundaries() {
        if (binary_ || is_stochastic(options_.rounding)) return;
        for (const bool negative : {false, true}) {
            const auto outer = [&](std::uint64_t quarters) {
                return element_.finite(negative, quarters, -2, false, 0).significand != 0;
            };
            boundaries_[negative] = outer(1)   ? boundary::above_zero
                                    : outer(2) ? boundary::from_half
                                    : outer(3) ? boundary::above_half
                                               : boundary::from_one;
        }
    }

    /// Of elements whose magnitude's bits are at least `from`.
    group_sum sum_all(std::uint64_t from = 0) const {
        group_sum all;
        std::mutex lock;
        parallel_for(layout_.pieces(), options_.threads, 1, [&](std::size_t begin, std::size_t end) {
            group_sum part;
            const float_environment environment;
            for (std::size_t p = begin; p < end; ++p) add_from(part, layout_.piece_at(p), 0, from);
            const std::lock_guard guard(lock);
            all.include(part);
        });
        return all;
    }

    void add_from(group_sum& to, const piece& at, std::uint64_t lane, std::uint64_t from) const {
        if (from == 0) {
            to.include_all(x_, at, lane);
        } else {
            to.include(x_, at, lane, [&](std::uint64_t m) { return m >= from; });
        }
    }

    /// The largest number of the carrier that is no larger, as bits, and whether it is the number itself.
    static std::pair<std::uint64_t, bool> rounded_down(const extended& x) noexcept {
        const projector down(own, {.rounding = rounding_mode::toward_zero, .overflow = overflow_policy::sat_finite});
        const projected out = down.finite(false, x.significand, x.exponent, x.sticky, 0);
        return {to_code(out, down.grid), !out.inexact && !out.overflowed};
    }

    /// Above which bits of a magnitude an element is the outer member.
    static std::uint64_t limit(boundary b, const exact_sum& divisor, std::uint64_t count) noexcept {
        if (b == boundary::above_zero) return 0;
        const bool half = b != boundary::from_one;
        const auto [bits, exact] = rounded_down(divisor.quotient(half ? 2 * count : count));
        return b == boundary::above_half || !exact ? bits : bits - 1;
    }

    template <class SumFrom>
    group_steps steps_of(const group_sum& sum, std::uint64_t group, const SumFrom& sum_from) const {
        group_steps steps;
        const std::uint64_t n = std::max<std::uint64_t>(sum.count, 1);
        exact_sum total = sum.magnitudes;
        std::uint64_t count = n;
        switch (scheme_.scale_recipe) {
            case recipe::clamp:
                steps.divisor = total;
                steps.divisor_count = n;
                if (less_than_epsilon(total, n)) {
                    steps.divisor = {};
                    steps.divisor.add(false, 1, 0);
                    steps.divisor_count = inverse_epsilon;
                }
                break;
            case recipe::twn: {
                const std::uint64_t delta = rounded_down(total.times(7).quotient(10 * n)).first;
                steps.above = {delta, delta};
                const group_sum beyond = sum_from(steps.above[0] + 1);
                total = beyond.magnitudes;
                count = std::max<std::uint64_t>(beyond.count, 1);
                break;
            }
            case recipe::bitnet: return bitnet_steps(sum, n, group);
            default:
                if (binary_) break;  // elements ask for their sign, or divide by the scale as it is stored
                steps.divisor = total.times(inverse_epsilon);
                steps.divisor.add(false, n, 0);
                steps.divisor_count = n * inverse_epsilon;
        }
        if (scheme_.scale_recipe != recipe::twn && !binary_ && !is_stochastic(options_.rounding)) {
            for (std::size_t sign = 0; sign < 2; ++sign)
                steps.above[sign] = limit(boundaries_[sign], steps.divisor, steps.divisor_count);
        }
        const extended mean = total.quotient(count);
        store(steps, mean.significand == 0, mean, sum.nonfinite, group);
        return steps;
    }

    static bool less_than_epsilon(const exact_sum& total, std::uint64_t n) noexcept {
        exact_sum one;
        one.add(false, n, 0);
        return total.times(inverse_epsilon).minus(one).negative();
    }

    void store(group_steps& steps, bool none, const extended& scale, bool nonfinite, std::uint64_t group) const {
        steps.all_finite = !nonfinite;
        if (nonfinite && to_scale_.grid.has_nan) {
            steps.scale_code = to_scale_.grid.nan_code;
            steps.scale_is_nan = true;
            return;
        }
        const std::uint32_t random = scale_random(options_, 0, group);
        const projected rounded =
            none ? to_scale_.zero(false)
                 : to_scale_.finite(false, scale.significand, scale.exponent, scale.sticky, random);
        steps.scale_code = to_code(rounded, to_scale_.grid);
        steps.scale_is_zero = rounded.significand == 0;
        steps.rounded_to_zero = !none && steps.scale_is_zero;
    }

    /// The released code's steps in binary32; elements, scaled, meet the grid as binary32 numbers.
    group_steps bitnet_steps(const group_sum& sum, std::uint64_t n, std::uint64_t group) const {
        const float gamma = to_binary32(sum.magnitudes.quotient(n));
        group_steps steps;
        steps.reciprocal = 1.0f / std::max(gamma, 1e-5f);
        const dyadic inverse = binary32_format.magnitude_value(to_bits(1.0f / steps.reciprocal));
        store(steps, gamma == 0, {uint128{inverse.significand}, inverse.exponent, false}, sum.nonfinite, group);
        if (is_stochastic(options_.rounding)) return steps;
        for (std::size_t sign = 0; sign < 2; ++sign) {
            std::uint64_t stays = 0;
            std::uint64_t goes = own.infinity_magnitude();
            while (goes - stays > 1) {
                const std::uint64_t middle = stays + (goes - stays) / 2;
                (scaled(middle, sign != 0, steps.reciprocal, 0).significand != 0 ? goes : stays) = middle;
            }
            steps.above[sign] = stays;
        }
        return steps;
    }

    projected scaled(std::uint64_t magnitude, bool negative, float reciprocal, std::uint32_t random) const noexcept {
        dyadic value = own.magnitude_value(magnitude);
        value.negative = negative;
        return project_value(to_binary32(value) * reciprocal, element_, random);
    }

    /// Converts lane `lane` of a piece. Nothing counts as saturated: that magnitudes lie beyond a mean is what means are.
    void convert(const piece& at, std::uint64_t lane, const group_steps& steps, Out* out) const {
        const bool zero_group = steps.scale_is_nan || (steps.scale_is_zero && !binary_);
        const bool plain = !is_stochastic(options_.rounding) && !zero_group;
        const scaled_decoder<T> decode_element;
        group_scales scale;
        scale.include(scheme_.levels[0].format, steps.scale_code);
        // -1, 0, 1 as they stand in `out`.
        std::array<Out, 3> members;
        for (int v = -1; v <= 1; ++v) {
            const projected number{number_class::finite, v < 0, v == 0 ? 0u : 1u, 0, false, false, false};
            if constexpr (codes) {
                members[static_cast<std::size_t>(v + 1)] =
                    static_cast<Out>(binary_ && v == 0 ? 1 : to_code(number, scheme_.element));
            } else {
                members[static_cast<std::size_t>(v + 1)] = decode_element(number, scale);
            }
        }
        const bool by_sign = zero_group || (binary_ ? options_.rounding == rounding_mode::nearest_ties_to_even : plain);
        if (by_sign && (steps.all_finite || steps.scale_is_nan) && convert_by_sign(at, steps, zero_group, members, out))
            return;
        for (std::uint64_t j = 0; j < at.count; ++j) {
            const std::uint64_t i = at.first + j * at.stride + lane;
            const std::uint64_t bits = to_bits(x_[i]);
            const std::uint64_t magnitude = bits & own.magnitude_mask();
            const bool negative = (bits & own.sign_mask()) != 0;
            if (magnitude >= own.infinity_magnitude() && !steps.scale_is_nan) {
                out[i] = nonfinite(i, negative, members);
                continue;
            }
            std::size_t place = 1;
            if (binary_) {
                place = zero_group ? 2 : binary_place(i, negative, magnitude, steps);
            } else if (plain) {
                place = magnitude > steps.above[negative] ? (negative ? 0 : 2) : 1;
            } else if (!zero_group) {
                place = random_place(i, negative, magnitude, steps);
            }
            out[i] = members[place];
        }
    }

    /// Vector kernels for neighbours in binary32; false where there are none for them.
    bool convert_by_sign(const piece& at, const group_steps& steps, bool zero_group, const std::array<Out, 3>& members,
                         Out* out) const {
        if constexpr (std::is_same_v<T, float> && (std::is_same_v<Out, float> || std::is_same_v<Out, std::uint8_t>)) {
            const simd::block_kernels* kernels = simd::active_blocks();
            if (kernels == nullptr || at.lanes != 1 || at.stride != 1) return false;
            std::array<Out, 3> chosen = members;
            simd::sign_limits limits{static_cast<std::int32_t>(steps.above[0]),
                                     static_cast<std::int32_t>(steps.above[1])};
            if (zero_group) {
                chosen.fill(members[binary_ ? 2 : 1]);
            } else if (binary_) {
                chosen[1] = members[2];  // zero is +1
                limits = {0, 0};
            }
            if constexpr (std::is_same_v<Out, float>) {
                kernels->values_by_sign(x_.data() + at.first, out + at.first, at.count, limits, chosen.data());
            } else {
                kernels->codes_by_sign(x_.data() + at.first, out + at.first, at.count, limits, chosen.data());
            }
            return true;
        } else {
            return false;
        }
    }

    std::size_t random_place(std::uint64_t i, bool negative, std::uint64_t magnitude, const group_steps& steps) const {
        projected number;
        if (scheme_.scale_recipe == recipe::bitnet) {
            number = scaled(magnitude, negative, steps.reciprocal, element_random(options_, i));
        } else {
            const dyadic value = own.magnitude_value(magnitude);
            // |x| / (divisor / count): 1 or more is 1.
            exact_sum part;
            const uint128 product = uint128{value.significand} * steps.divisor_count;
            part.add(false, static_cast<std::uint64_t>(product), value.exponent);
            part.add(false, static_cast<std::uint64_t>(product >> 64), value.exponent + 64);
            if (!part.minus(steps.divisor).negative()) return negative ? 0 : 2;
            const std::uint64_t fraction = steps.divisor.fraction_of(value, steps.divisor_count);
            number = element_.finite(negative, fraction, -64, false, element_random(options_, i));
        }
        return number.significand == 0 ? 1 : number.negative ? 0 : 2;
    }

    /// Nearest modes ask for the sign; the others divide by the scale as it is stored.
    std::size_t binary_place(std::uint64_t i, bool negative, std::uint64_t magnitude, const group_steps& steps) const {
        const dyadic stored = scheme_.levels[0].format.finite_value(steps.scale_code);
        const dyadic value = own.magnitude_value(magnitude);
        if (stored.significand == 0) return 2;
        const std::array<dyadic, 1> divisor{stored};
        const extended q = value.significand == 0 ? extended{0, 0, false} : exact_quotient(value, divisor);
        const projected number =
            element_.finite(negative, q.significand, q.exponent, q.sticky, element_random(options_, i));
        return number.negative ? 0 : 2;
    }

    Out nonfinite(std::uint64_t i, bool negative, const std::array<Out, 3>& members) const {
        if (options_.nan == nan_policy::raise) throw_missing_nan(i, scheme_.element);
        if constexpr (!codes) {
            if (options_.nan == nan_policy::keep) return x_[i];
        }
        const projected number = element_.nan_result(negative);
        return members[number.significand == 0 ? 1 : number.negative ? 0 : 2];
    }

    std::span<const T> x_;
    const scheme& scheme_;
    const scheme_layout& layout_;
    const quantize_options& options_;
    bool binary_;
    any_projector element_;
    projector to_scale_;
    std::array<boundary, 2> boundaries_{};
};

}  // namespace halfulp::detail
