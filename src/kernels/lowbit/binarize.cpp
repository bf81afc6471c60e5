#include "halfulp/kernels/binarize.hpp"

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/float_environment.hpp"
#include "kernels/lowbit/each_run.hpp"
#include "kernels/lowbit/exact_rounding.hpp"

namespace halfulp {
namespace {

void check_planes(std::size_t size, const value_runs& runs, int order, std::size_t codes, std::size_t scales) {
    detail::check_runs(size, runs);
    if (order < 1 || order > max_binary_order)
        throw std::invalid_argument("order is " + std::to_string(order) + ", allowed: 1 to " +
                                    std::to_string(max_binary_order));
    const auto planes = static_cast<std::size_t>(order);
    detail::check_length("codes", codes, planes * size);
    detail::check_length("scales", scales, planes * static_cast<std::size_t>(runs.count(size)));
}

}  // namespace

template <carrier T>
void residual_binarize(std::span<const T> w, const value_runs& runs, int order, std::span<std::uint8_t> codes,
                       std::span<float> scales) {
    check_planes(w.size(), runs, order, codes.size(), scales.size());
    detail::check_finite("w", w);
    const detail::float_environment own;
    const auto run_count = static_cast<std::size_t>(runs.count(w.size()));
    std::vector<double> rest;
    detail::for_each_run(w.size(), runs, [&](std::size_t run, std::size_t first, std::size_t n) {
        rest.resize(n);
        for (std::size_t i = 0; i < n; ++i) rest[i] = decode<double>(to_bits(w[first + i]), carrier_traits<T>::format);
        for (std::size_t plane = 0; plane < static_cast<std::size_t>(order); ++plane) {
            exact_sum sum;
            for (const double r : rest) sum.add_magnitude(r);
            const float scale = detail::rounded_scale(sum, n);
            scales[plane * run_count + run] = scale;
            for (std::size_t i = 0; i < n; ++i) {
                const bool positive = rest[i] >= 0;
                codes[plane * w.size() + first + i] = positive ? 1 : 0;
                rest[i] -= positive ? double{scale} : -double{scale};
            }
        }
    });
}

template <carrier T>
void residual_values(std::span<const std::uint8_t> codes, const value_runs& runs, int order,
                     std::span<const float> scales, std::span<T> out) {
    check_planes(out.size(), runs, order, codes.size(), scales.size());
    for (std::size_t i = 0; i < codes.size(); ++i) {
        if (codes[i] > 1)
            throw std::invalid_argument("codes[" + std::to_string(i) + "] is " + std::to_string(codes[i]) +
                                        ", allowed: 0 and 1");
    }
    detail::check_finite("scales", scales);
    const auto run_count = static_cast<std::size_t>(runs.count(out.size()));
    const auto planes = static_cast<std::size_t>(order);
    // A run has at most 2^order values; those that come are worked out once.
    std::vector<T> values(std::size_t{1} << order);
    std::vector<bool> known;
    detail::for_each_run(out.size(), runs, [&](std::size_t run, std::size_t first, std::size_t n) {
        known.assign(values.size(), false);
        for (std::size_t i = first; i < first + n; ++i) {
            std::size_t signs = 0;
            for (std::size_t plane = 0; plane < planes; ++plane)
                signs |= std::size_t{codes[plane * out.size() + i]} << plane;
            if (!known[signs]) {
                exact_sum sum;
                for (std::size_t plane = 0; plane < planes; ++plane) {
                    const detail::exact_term a = detail::term_of(scales[plane * run_count + run]);
                    const bool negative = a.negative != ((signs >> plane & 1) == 0);
                    sum.add(negative, static_cast<std::uint64_t>(a.significand), a.exponent);
                }
                values[signs] = detail::rounded<T>(sum.negative(), sum.quotient(1));
                known[signs] = true;
            }
            out[i] = values[signs];
        }
    });
}

template <carrier T>
float binarize_about_mean(std::span<const T> w, const value_runs& runs, std::span<std::uint8_t> codes,
                          std::span<float> scales) {
    if (w.empty()) throw std::invalid_argument("w is empty, allowed: at least one number");
    check_planes(w.size(), runs, 1, codes.size(), scales.size());
    detail::check_finite("w", w);
    const detail::float_environment own;
    exact_sum total;
    for (const T x : w) total.add(x);
    // w >= mean just where w >= the least number of T that is not below the mean.
    const T least = detail::rounded<T>(total.negative(), total.quotient(w.size()), rounding_mode::toward_positive);
    const double bound = decode<double>(to_bits(least), carrier_traits<T>::format);
    detail::for_each_run(w.size(), runs, [&](std::size_t run, std::size_t first, std::size_t n) {
        exact_sum sum;
        for (std::size_t i = first; i < first + n; ++i) {
            sum.add_magnitude(w[i]);
            codes[i] = decode<double>(to_bits(w[i]), carrier_traits<T>::format) >= bound ? 1 : 0;
        }
        scales[run] = detail::rounded_scale(sum, n);
    });
    return detail::rounded_scale(total, w.size());
}

#define HALFULP_BINARIZE(T)                                                                                      \
    template void residual_binarize(std::span<const T>, const value_runs&, int, std::span<std::uint8_t>,         \
                                    std::span<float>);                                                           \
    template void residual_values(std::span<const std::uint8_t>, const value_runs&, int, std::span<const float>, \
                                  std::span<T>);                                                                 \
    template float binarize_about_mean(std::span<const T>, const value_runs&, std::span<std::uint8_t>,           \
                                       std::span<float>);
HALFULP_BINARIZE(float16)
HALFULP_BINARIZE(bfloat16)
HALFULP_BINARIZE(float)
HALFULP_BINARIZE(double)
#undef HALFULP_BINARIZE

}  // namespace halfulp
