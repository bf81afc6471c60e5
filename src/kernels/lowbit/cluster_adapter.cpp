#include "halfulp/kernels/cluster_adapter.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/float_environment.hpp"
#include "kernels/lowbit/each_run.hpp"
#include "kernels/lowbit/exact_rounding.hpp"

namespace halfulp {
namespace {

// Fixed points in binary32, 2, 4, 8 and 16 levels one after another; the tests find them anew.
constexpr float medians[] = {
    -0x1.5956b8p-1f, 0x1.5956b8p-1f,   //
    -0x1.440640p+0f, -0x1.82d1fcp-2f, 0x1.82d1fcp-2f,  0x1.440640p+0f,   //
    -0x1.cac228p+0f, -0x1.1d1d56p+0f, -0x1.403704p-1f, -0x1.9ef93ap-3f,  //
    0x1.9ef93ap-3f,  0x1.403704p-1f,  0x1.1d1d56p+0f,  0x1.cac228p+0f,   //
    -0x1.21fb98p+1f, -0x1.b52e4ap+0f, -0x1.55467cp+0f, -0x1.08b4a4p+0f,  //
    -0x1.8ce5fap-1f, -0x1.148454p-1f, -0x1.46b160p-2f, -0x1.b05580p-4f,  //
    0x1.b05580p-4f,  0x1.46b160p-2f,  0x1.148454p-1f,  0x1.8ce5fap-1f,   //
    0x1.08b4a4p+0f,  0x1.55467cp+0f,  0x1.b52e4ap+0f,  0x1.21fb98p+1f,
};
constexpr float means_of_cells[] = {
    -0x1.988454p-1f, 0x1.988454p-1f,   //
    -0x1.82aabap+0f, -0x1.cfa592p-2f, 0x1.cfa592p-2f,  0x1.82aabap+0f,   //
    -0x1.1372f4p+1f, -0x1.580a70p+0f, -0x1.831320p-1f, -0x1.f5f3f0p-3f,  //
    0x1.f5f3f0p-3f,  0x1.831320p-1f,  0x1.580a70p+0f,  0x1.1372f4p+1f,   //
    -0x1.5dc57ep+1f, -0x1.08d58ep+1f, -0x1.9e384ap+0f, -0x1.41985ep+0f,  //
    -0x1.e27a72p-1f, -0x1.5042bcp-1f, -0x1.8d5c88p-2f, -0x1.06f3fap-3f,  //
    0x1.06f3fap-3f,  0x1.8d5c88p-2f,  0x1.5042bcp-1f,  0x1.e27a72p-1f,   //
    0x1.41985ep+0f,  0x1.9e384ap+0f,  0x1.08d58ep+1f,  0x1.5dc57ep+1f,
};

void check_statistics(std::size_t size, const value_runs& runs, std::size_t means, std::size_t deviations) {
    detail::check_runs(size, runs);
    const auto count = static_cast<std::size_t>(runs.count(size));
    detail::check_length("means", means, count);
    detail::check_length("deviations", deviations, count);
}

}  // namespace

std::span<const float> normal_centroids(centroid_kind kind, int bits) {
    if (bits < 1 || bits > 4) throw std::invalid_argument("bits is " + std::to_string(bits) + ", allowed: 1 to 4");
    const std::size_t levels = std::size_t{1} << bits;
    const std::span<const float> all = kind == centroid_kind::median ? std::span(medians) : std::span(means_of_cells);
    return all.subspan(levels - 2, levels);
}

template <carrier T>
void cluster_encode(std::span<const T> w, const value_runs& runs, int bits, centroid_kind kind, double epsilon,
                    std::span<std::uint8_t> codes, std::span<float> means, std::span<float> deviations) {
    const std::span<const float> centroids = normal_centroids(kind, bits);
    detail::check_length("codes", codes.size(), w.size());
    check_statistics(w.size(), runs, means.size(), deviations.size());
    if (!(epsilon >= 0 && epsilon < 0x1p500))
        throw std::invalid_argument("epsilon is " + std::to_string(epsilon) + ", allowed: 0 to 2^500");
    detail::check_finite("w", w);
    const detail::float_environment own;
    std::vector<double> values(w.size());
    for (std::size_t i = 0; i < w.size(); ++i) {
        values[i] = decode<double>(to_bits(w[i]), carrier_traits<T>::format);
        if (std::fabs(values[i]) >= 0x1p500)
            throw std::invalid_argument("w[" + std::to_string(i) + "] is " + std::to_string(values[i]) +
                                        ", allowed: magnitudes below 2^500");
    }
    detail::for_each_run(w.size(), runs, [&](std::size_t run, std::size_t first, std::size_t n) {
        const std::span<const double> part = std::span<const double>(values).subspan(first, n);
        exact_sum sum;
        for (const double x : part) sum.add(x);
        means[run] = detail::rounded_scale(sum, n);
        const double mean = means[run];
        exact_sum squares;
        for (const double x : part) squares.add((x - mean) * (x - mean));
        const double variance = n == 1 ? 0.0 : detail::rounded<double>(false, squares.quotient(n - 1));
        // sqrt is correctly rounded; the projection saturates what binary32 does not hold.
        exact_sum root;
        root.add(std::sqrt(variance));
        deviations[run] = detail::rounded_scale(root, 1);
        const double spread = double{deviations[run]} + epsilon;
        double boundaries[15];
        for (std::size_t i = 0; i + 1 < centroids.size(); ++i) {
            const double middle = (double{centroids[i]} + double{centroids[i + 1]}) / 2;  // exact
            const double scaled = middle * spread;
            boundaries[i] = mean + scaled;
        }
        const std::span<const double> below(boundaries, centroids.size() - 1);
        for (std::size_t i = 0; i < n; ++i)
            codes[first + i] =
                static_cast<std::uint8_t>(std::lower_bound(below.begin(), below.end(), part[i]) - below.begin());
    });
}

template <carrier T>
void cluster_decode(std::span<const std::uint8_t> codes, const value_runs& runs, int bits, centroid_kind kind,
                    std::span<const float> means, std::span<const float> deviations, std::span<T> out) {
    const std::span<const float> centroids = normal_centroids(kind, bits);
    detail::check_length("out", out.size(), codes.size());
    check_statistics(codes.size(), runs, means.size(), deviations.size());
    detail::check_finite("means", means);
    detail::check_finite("deviations", deviations);
    for (std::size_t i = 0; i < codes.size(); ++i) {
        if (codes[i] >= centroids.size())
            throw std::invalid_argument("codes[" + std::to_string(i) + "] is " + std::to_string(codes[i]) +
                                        ", allowed: 0 to " + std::to_string(centroids.size() - 1));
    }
    detail::for_each_run(codes.size(), runs, [&](std::size_t run, std::size_t first, std::size_t n) {
        T values[16]{};
        const detail::exact_term deviation = detail::term_of(deviations[run]);
        for (std::size_t code = 0; code < centroids.size(); ++code) {
            const detail::exact_term centroid = detail::term_of(centroids[code]);
            const auto sum = detail::add_exactly(
                {centroid.negative != deviation.negative, centroid.significand * deviation.significand,
                 centroid.exponent + deviation.exponent},
                detail::term_of(means[run]));
            values[code] = detail::rounded<T>(sum.negative, sum.value);
        }
        for (std::size_t i = first; i < first + n; ++i) out[i] = values[codes[i]];
    });
}

#define HALFULP_CLUSTER(T)                                                                             \
    template void cluster_encode(std::span<const T>, const value_runs&, int, centroid_kind, double,    \
                                 std::span<std::uint8_t>, std::span<float>, std::span<float>);         \
    template void cluster_decode(std::span<const std::uint8_t>, const value_runs&, int, centroid_kind, \
                                 std::span<const float>, std::span<const float>, std::span<T>);
HALFULP_CLUSTER(float16)
HALFULP_CLUSTER(bfloat16)
HALFULP_CLUSTER(float)
HALFULP_CLUSTER(double)
#undef HALFULP_CLUSTER

}  // namespace halfulp
