// Ternary and binary elements whose scales are means of magnitudes: recipes paper, clamp, bitnet, twn and xnor (recipe.hpp). Means are exact;
// a deterministic mode then only asks on which side of two numbers an element lies, and those are found once for a group.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <mutex>
#include <optional>

#include "checks.hpp"
#include "find_scales.hpp"
#include "float_environment.hpp"
#include "halfulp/arithmetic/exact_sum.hpp"
#include "halfulp/blocks/scaled_element.hpp"
#include "halfulp/rounding/name.hpp"
#include "parallel.hpp"
#include "scheme_layout.hpp"
#include "streaming.hpp"

namespace halfulp::detail {

inline constexpr std::uint32_t inverse_epsilon = 100000;  ///< of 1e-5, the number that the recipes add or clamp at

inline constexpr std::uint64_t summed_at_once = 1024;  ///< by sum_of_magnitudes

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

    /// The finite elements whose magnitude's bits are at least `from`: by sums that binary64 holds, where it does.
    template <carrier T>
    void include_from(std::span<const T> x, const piece& at, std::uint64_t lane, std::uint64_t from) {
        const auto keep = [from](std::uint64_t m) { return m >= from; };
        const simd::block_kernels* kernels = simd::active_blocks();
        if constexpr (std::is_same_v<T, float>) {
            if (kernels != nullptr && at.lanes == 1 && at.stride == 1) {
                for (std::uint64_t done = 0; done < at.count; done += summed_at_once) {
                    const piece part{at.first + done, std::min(summed_at_once, at.count - done), 1, 1, at.group};
                    const std::span<const T> own = x.subspan(part.first, part.count);
                    double sum = 0;
                    std::uint64_t summed = 0;
                    std::uint32_t most = 0;
                    if (kernels->sum_of_magnitudes(own.data(), own.size(), static_cast<std::uint32_t>(from), &sum,
                                                   &summed)) {
                        magnitudes.add(sum);
                        count += summed;
                        continue;
                    }
                    kernels->largest_of_groups(own.data(), 1, own.size(), &most);
                    if (from == 0 && most < carrier_traits<T>::format.infinity_magnitude()) {
                        magnitudes.add_magnitudes(own);
                        count += own.size();
                    } else {
                        include(x, part, 0, keep);
                    }
                }
                return;
            }
        }
        include(x, at, lane, keep);
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
    std::optional<exact_sum> divisor;
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
          to_scale_(s.levels[0].format, {.rounding = scale_mode(options),
                                         .overflow = overflow_policy::sat_finite,
                                         .random_bits = static_cast<std::uint8_t>(options.random_bits)}) {
        if (s.scale_recipe == recipe::twn && options.rounding != rounding_mode::nearest_ties_to_even) {
            throw std::invalid_argument("rounding is " + std::string(to_string(options.rounding)) +
                                        ", allowed: nearest_ties_to_even, the default; the recipe twn has a threshold "
                                        "of its own");
        }
        find_boundaries();
        nearly_ = simd::active_blocks() != nullptr && s.scale_recipe != recipe::bitnet &&
                  !is_stochastic(options.rounding) && !is_stochastic(scale_mode(options)) &&
                  s.levels[0].format.precision() < decided_bits;
        narrows_scales_ = narrows_scales(s, options);
        for (int v = -1; v <= 1; ++v) {
            const projected number{number_class::finite, v < 0, v == 0 ? 0u : 1u, 0, false, false, false};
            own_codes_[static_cast<std::size_t>(v + 1)] = binary_ && v == 0 ? 1 : to_code(number, s.element);
        }
    }

    quantize_report run(Out* out, scale_planes* scales) {
        stream_ = !codes && should_stream(x_.data(), out, x_.size());
        std::vector<std::uint64_t> own_codes(layout_.counts()[0]);
        std::atomic<std::uint64_t> zero_scales{0};
        if (layout_.whole()) {
            const group_steps steps = steps_of(sum_all(), 0, [&](std::uint64_t from) { return sum_all(from); });
            own_codes[0] = steps.scale_code;
            zero_scales = steps.rounded_to_zero;
            parallel_for(layout_.pieces(), options_.threads, 1, [&](std::size_t begin, std::size_t end) {
                const float_environment environment;
                for (std::size_t p = begin; p < end; ++p) convert(layout_.piece_at(p), 0, steps, out);
                fence_streams(stream_);
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
                            s.include_from(x_, at, k, from);
                            return s;
                        };
                        group_steps steps;
                        if (!near_steps(at, at.group + k, steps)) steps = steps_of(sum(0), at.group + k, sum);
                        own_codes[at.group + k] = steps.scale_code;
                        zeros += steps.rounded_to_zero;
                        convert(at, k, steps, out);
                    }
                }
                zero_scales += zeros;
                fence_streams(stream_);
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
            for (std::size_t p = begin; p < end; ++p) part.include_from(x_, layout_.piece_at(p), 0, from);
            const std::lock_guard guard(lock);
            all.include(part);
        });
        return all;
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
                    steps.divisor.emplace();
                    steps.divisor->add(false, 1, 0);
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
                steps.divisor->add(false, n, 0);
                steps.divisor_count = n * inverse_epsilon;
        }
        if (scheme_.scale_recipe != recipe::twn && !binary_ && !is_stochastic(options_.rounding)) {
            for (std::size_t sign = 0; sign < 2; ++sign)
                steps.above[sign] = limit(boundaries_[sign], *steps.divisor, steps.divisor_count);
        }
        const extended mean = total.quotient(count);
        store(steps, mean.significand == 0, mean, sum.nonfinite, group);
        return steps;
    }

    /// The same out of means that are off by at most 2^-40 of themselves, where that decides: for groups of moderate length. False, and
    /// nothing said, where it does not.
    bool near_steps(const piece& at, std::uint64_t group, group_steps& steps) const {
        if constexpr (!std::is_same_v<T, float>) {
            return false;
        } else {
            if (!nearly_ || at.lanes != 1 || at.stride != 1) return false;
            double sum = 0;
            std::uint64_t n = 0;
            if (!near_sum(at, 0, sum, n) || n == 0) return false;
            double mean = sum / static_cast<double>(n);
            double divisor = mean;
            if (scheme_.scale_recipe == recipe::twn) {
                const double delta = 7 * sum / static_cast<double>(10 * n);
                if (!decides(delta)) return false;
                const std::uint32_t bits = bits_below(delta);
                steps.above = {bits, bits};
                if (!near_sum(at, bits + 1, sum, n) || n == 0) return false;
                mean = sum / static_cast<double>(n);
            } else if (scheme_.scale_recipe == recipe::clamp) {
                if (!(mean > 1.001 / inverse_epsilon)) return false;
            } else {
                divisor += 1.0 / inverse_epsilon;
            }
            if (scheme_.scale_recipe != recipe::twn && !binary_) {
                for (std::size_t sign = 0; sign < 2; ++sign) {
                    if (boundaries_[sign] == boundary::above_zero) continue;
                    const double at_sign = boundaries_[sign] == boundary::from_one ? divisor : divisor / 2;
                    if (!decides(at_sign)) return false;
                    steps.above[sign] = bits_below(at_sign);
                }
            }
            if (!decides(mean)) return false;
            steps.all_finite = true;
            if (narrows_scales_) {
                steps.scale_code = std::bit_cast<std::uint32_t>(static_cast<float>(mean));
                return true;
            }
            const dyadic value = binary64_format.magnitude_value(to_bits(mean));
            store(steps, false, {uint128{value.significand}, value.exponent, true}, false, group);
            return true;
        }
    }

    /// The sum of magnitudes whose bits are at least `from`, off by at most 2^-43 of itself.
    bool near_sum(const piece& at, std::uint32_t from, double& sum, std::uint64_t& count) const {
        constexpr std::uint64_t most_parts = 512;
        if (at.count > most_parts * summed_at_once) return false;
        sum = 0;
        count = 0;
        for (std::uint64_t done = 0; done < at.count; done += summed_at_once) {
            double part = 0;
            std::uint64_t counted = 0;
            if (!simd::active_blocks()->sum_of_magnitudes(reinterpret_cast<const float*>(x_.data()) + at.first + done,
                                                          std::min(summed_at_once, at.count - done), from, &part,
                                                          &counted))
                return false;
            sum += part;
            count += counted;
        }
        return true;
    }

    /// A number that lies between two neighbours of so many bits rounds alike in every mode to all that have fewer.
    static constexpr int decided_bits = 26;

    /// Does every number within 2^-40 of x lie between the same two neighbours among numbers of 26 bits, well within binary32's range?
    static bool decides(double x) noexcept {
        constexpr std::uint64_t margin = std::uint64_t{1} << 13;
        const std::uint64_t rest = std::bit_cast<std::uint64_t>(x) & low_ones(27);
        return x > 0x1p-120 && x < 0x1p120 && rest > margin && rest < low_ones(27) - margin;
    }
    /// Of the last binary32 number below such an x.
    static std::uint32_t bits_below(double x) noexcept {
        constexpr std::uint64_t bias = std::uint64_t{1023 - 127} << 23;
        return static_cast<std::uint32_t>((std::bit_cast<std::uint64_t>(x) >> 29) - bias);
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
        const bool zero_group = steps.scale_is_nan || steps.scale_is_zero;
        const bool plain = !is_stochastic(options_.rounding) && !zero_group;
        const std::array<Out, 3> members = members_under(steps);
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

    /// -1, 0, 1 as they stand in `out`.
    std::array<Out, 3> members_under(const group_steps& steps) const {
        std::array<Out, 3> members;
        if constexpr (codes) {
            for (std::size_t k = 0; k < 3; ++k) members[k] = static_cast<Out>(own_codes_[k]);
            return members;
        } else {
            if constexpr (std::is_same_v<Out, float>) {
                if (narrows_scales_ && !steps.scale_is_nan) {
                    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(steps.scale_code));
                    return {-value, 0.0f, value};
                }
            }
            const scaled_decoder<T> decode_element;
            group_scales scale;
            scale.include(scheme_.levels[0].format, steps.scale_code);
            for (int v = -1; v <= 1; ++v) {
                const projected number{number_class::finite, v < 0, v == 0 ? 0u : 1u, 0, false, false, false};
                members[static_cast<std::size_t>(v + 1)] = decode_element(number, scale);
            }
            return members;
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
                const bool aligned = reinterpret_cast<std::uintptr_t>(out + at.first) % 64 == 0;
                kernels->values_by_sign(x_.data() + at.first, out + at.first, at.count, limits, chosen.data(),
                                        stream_ && aligned);
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
            if (!part.minus(*steps.divisor).negative()) return negative ? 0 : 2;
            const std::uint64_t fraction = steps.divisor->fraction_of(value, steps.divisor_count);
            number = element_.finite(negative, fraction, -64, false, element_random(options_, i));
        }
        return number.significand == 0 ? 1 : number.negative ? 0 : 2;
    }

    /// Nearest modes ask for the sign; the others divide by the scale as it is stored.
    std::size_t binary_place(std::uint64_t i, bool negative, std::uint64_t magnitude, const group_steps& steps) const {
        const dyadic stored = scheme_.levels[0].format.finite_value(steps.scale_code);
        const dyadic value = own.magnitude_value(magnitude);
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
    std::array<std::uint64_t, 3> own_codes_{};  ///< of -1, 0, 1
    bool nearly_;  ///< near_steps may decide
    bool narrows_scales_;  ///< scales are binary32, to nearest even
    bool stream_ = false;
};

}  // namespace halfulp::detail
