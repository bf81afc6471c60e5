#include "halfulp/kernels/trained_ternary.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "kernels/lowbit/each_run.hpp"
#include "kernels/lowbit/exact_rounding.hpp"

namespace halfulp {
namespace {

/// The largest magnitude in T that is not above amax × threshold, as bits: a magnitude in T exceeds it just where it
/// exceeds the product.
template <carrier T>
std::uint64_t held_threshold(std::uint64_t amax, const ratio& threshold) {
    const dyadic value = carrier_traits<T>::format.magnitude_value(amax);
    if (value.significand == 0 || threshold.numerator == 0) return 0;
    detail::wide_integer product;
    product.set_shifted(value.significand, 192);  // at least 129 bits are left after the division
    product.multiply(threshold.numerator);
    const bool rest = product.divide(threshold.denominator) != 0;
    extended bound = product.leading();
    bound.exponent += value.exponent - 192;
    bound.sticky = bound.sticky || rest;
    return to_bits(detail::rounded<T>(false, bound, rounding_mode::toward_zero));
}

void check_scales(std::size_t size, const value_runs& runs, std::size_t negative, std::size_t positive) {
    detail::check_runs(size, runs);
    const auto count = static_cast<std::size_t>(runs.count(size));
    detail::check_length("negative", negative, count);
    detail::check_length("positive", positive, count);
}

}  // namespace

template <carrier T>
void encode_trained_ternary(std::span<const T> w, const value_runs& runs, const ratio& threshold,
                            std::span<std::uint8_t> codes, std::span<float> negative, std::span<float> positive) {
    detail::check_length("codes", codes.size(), w.size());
    check_scales(w.size(), runs, negative.size(), positive.size());
    if (threshold.denominator == 0 || threshold.numerator > threshold.denominator)
        throw std::invalid_argument("threshold is " + std::to_string(threshold.numerator) + "/" +
                                    std::to_string(threshold.denominator) + ", allowed: 0 to 1");
    detail::check_finite("w", w);
    constexpr float_format own = carrier_traits<T>::format;
    detail::for_each_run(w.size(), runs, [&](std::size_t run, std::size_t first, std::size_t n) {
        std::uint64_t amax = 0;
        for (const T x : w.subspan(first, n)) amax = std::max(amax, to_bits(x) & own.magnitude_mask());
        const std::uint64_t bound = held_threshold<T>(amax, threshold);
        exact_sum below;
        exact_sum above;
        std::uint64_t count_below = 0;
        std::uint64_t count_above = 0;
        for (std::size_t i = first; i < first + n; ++i) {
            const std::uint64_t bits = to_bits(w[i]);
            codes[i] = 1;
            if ((bits & own.magnitude_mask()) <= bound) continue;
            const bool is_below = (bits & own.sign_mask()) != 0;
            codes[i] = is_below ? 0 : 2;
            (is_below ? below : above).add_magnitude(w[i]);
            ++(is_below ? count_below : count_above);
        }
        negative[run] = count_below == 0 ? 0.0f : detail::rounded_scale(below, count_below);
        positive[run] = count_above == 0 ? 0.0f : detail::rounded_scale(above, count_above);
    });
}

template <carrier T>
void decode_trained_ternary(std::span<const std::uint8_t> codes, const value_runs& runs,
                            std::span<const float> negative, std::span<const float> positive, std::span<T> out) {
    detail::check_length("out", out.size(), codes.size());
    check_scales(codes.size(), runs, negative.size(), positive.size());
    for (std::size_t i = 0; i < codes.size(); ++i) {
        if (codes[i] > 2)
            throw std::invalid_argument("codes[" + std::to_string(i) + "] is " + std::to_string(codes[i]) +
                                        ", allowed: 0 to 2");
    }
    constexpr float_format binary32 = binary32_format;
    detail::for_each_run(codes.size(), runs, [&](std::size_t run, std::size_t first, std::size_t n) {
        const T values[] = {decode<T>(to_bits(negative[run]) ^ binary32.sign_mask(), binary32), T{},
                            decode<T>(to_bits(positive[run]), binary32)};
        for (std::size_t i = first; i < first + n; ++i) out[i] = values[codes[i]];
    });
}

template void encode_trained_ternary(std::span<const float16>, const value_runs&, const ratio&, std::span<std::uint8_t>,
                                     std::span<float>, std::span<float>);
template void encode_trained_ternary(std::span<const bfloat16>, const value_runs&, const ratio&,
                                     std::span<std::uint8_t>, std::span<float>, std::span<float>);
template void encode_trained_ternary(std::span<const float>, const value_runs&, const ratio&, std::span<std::uint8_t>,
                                     std::span<float>, std::span<float>);
template void encode_trained_ternary(std::span<const double>, const value_runs&, const ratio&, std::span<std::uint8_t>,
                                     std::span<float>, std::span<float>);
template void decode_trained_ternary(std::span<const std::uint8_t>, const value_runs&, std::span<const float>,
                                     std::span<const float>, std::span<float16>);
template void decode_trained_ternary(std::span<const std::uint8_t>, const value_runs&, std::span<const float>,
                                     std::span<const float>, std::span<bfloat16>);
template void decode_trained_ternary(std::span<const std::uint8_t>, const value_runs&, std::span<const float>,
                                     std::span<const float>, std::span<float>);
template void decode_trained_ternary(std::span<const std::uint8_t>, const value_runs&, std::span<const float>,
                                     std::span<const float>, std::span<double>);

}  // namespace halfulp
