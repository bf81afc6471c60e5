#include "halfulp/analysis/difference.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "../kernels/checks.hpp"
#include "../kernels/float_environment.hpp"
#include "../kernels/parallel.hpp"

namespace halfulp {
namespace {

constexpr std::size_t block_size = 4096;
constexpr std::size_t lanes =
    8;  // independent partial sums: a loop that the compiler may vectorize without reordering anything

template <class T>
difference measure_block(const T* x, const T* y, std::size_t n) {
    double error[lanes]{}, xx[lanes]{}, yy[lanes]{}, xy[lanes]{}, most[lanes]{};
    std::uint64_t zeros[lanes]{};
    const auto add = [&](std::size_t i, std::size_t lane) {
        const double a = static_cast<double>(x[i]);
        const double b = static_cast<double>(y[i]);
        const double e = a - b;
        error[lane] += e * e;
        xx[lane] += a * a;
        yy[lane] += b * b;
        xy[lane] += a * b;
        const double size = std::fabs(e);
        most[lane] = size > most[lane] ? size : most[lane];
        zeros[lane] += b == 0 ? 1 : 0;
    };
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        for (std::size_t lane = 0; lane < lanes; ++lane) add(i + lane, lane);
    }
    for (; i < n; ++i) add(i, i % lanes);
    difference out;
    out.count = n;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
        out.zeros += zeros[lane];
        out.squared_error += error[lane];
        out.squared_x += xx[lane];
        out.squared_y += yy[lane];
        out.product += xy[lane];
        out.max_absolute_error = std::max(out.max_absolute_error, most[lane]);
    }
    return out;
}

}  // namespace

template <class T>
difference measure_difference(std::span<const T> x, std::span<const T> y, int threads) {
    detail::check_sizes(x.size(), y.size());
    detail::check_threads(threads);
    std::vector<difference> blocks((x.size() + block_size - 1) / block_size);
    detail::parallel_for(blocks.size(), threads, 1, [&](std::size_t begin, std::size_t end) {
        const detail::float_environment environment;
        for (std::size_t b = begin; b < end; ++b) {
            const std::size_t start = b * block_size;
            blocks[b] = measure_block(x.data() + start, y.data() + start, std::min(block_size, x.size() - start));
        }
    });
    const detail::float_environment environment;
    difference out;
    for (const difference& block : blocks) {
        out.count += block.count;
        out.zeros += block.zeros;
        out.squared_error += block.squared_error;
        out.squared_x += block.squared_x;
        out.squared_y += block.squared_y;
        out.product += block.product;
        out.max_absolute_error = std::max(out.max_absolute_error, block.max_absolute_error);
    }
    return out;
}

template difference measure_difference<float>(std::span<const float>, std::span<const float>, int);
template difference measure_difference<double>(std::span<const double>, std::span<const double>, int);

}  // namespace halfulp
