#include "halfulp/sharpness/lyapunov.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>

#include "halfulp/sharpness/orthonormal_basis.hpp"
#include "halfulp/sharpness/probes.hpp"
#include "sharpness/running_mean.hpp"

namespace halfulp {
namespace {

void check(std::size_t size, const lyapunov_options& options) {
    if (options.count < 1 || options.count > size) {
        throw std::invalid_argument("count is " + std::to_string(options.count) + ", allowed: 1 to the state's size, " +
                                    std::to_string(size));
    }
    if (options.blocks < 2) {
        throw std::invalid_argument("blocks is " + std::to_string(options.blocks) + ", allowed: 2 or more");
    }
    if (options.steps < options.blocks) {
        throw std::invalid_argument("steps is " + std::to_string(options.steps) +
                                    ", allowed: " + std::to_string(options.blocks) + " or more, one for each block");
    }
}

void require_finite(std::span<const double> numbers, const char* what, std::size_t step) {
    for (const double x : numbers) {
        if (!std::isfinite(x)) {
            throw std::invalid_argument(std::string(what) + " holds " + (std::isnan(x) ? "nan" : "inf") +
                                        " after step " + std::to_string(step) + ", allowed: finite numbers");
        }
    }
}

/// Orthonormalizes the rows; what each keeps of its length beside those before it, 0 where nothing.
std::vector<double> orthonormalize(std::vector<double>& rows, std::size_t length, std::uint64_t seed) {
    const std::size_t count = rows.size() / length;
    orthonormal_basis basis(length, count);
    std::vector<double> out(count);
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = basis.append({rows.data() + i * length, length}, seed).remainder;
    }
    std::copy(basis.rows().begin(), basis.rows().end(), rows.begin());
    return out;
}

}  // namespace

lyapunov_result lyapunov_exponents(const tangent_step& step, std::span<const double> start,
                                   const lyapunov_options& options) {
    const std::size_t n = start.size();
    check(n, options);
    lyapunov_result out;
    out.state.assign(start.begin(), start.end());
    require_finite(out.state, "the state", 0);
    std::vector<double> rows(options.count * n);
    for (std::size_t i = 0; i < options.count; ++i) {
        fill_probe(probe_distribution::normal, options.seed, static_cast<std::uint32_t>(i), {rows.data() + i * n, n});
    }
    orthonormalize(rows, n, options.seed);
    const std::size_t block = options.steps / options.blocks;
    std::vector<detail::running_mean> means(options.count);
    std::vector<double> sums(options.count, 0.0);
    for (std::size_t i = 0; i < options.skip + block * options.blocks && !out.met; ++i) {
        step(out.state, rows);
        require_finite(out.state, "the state", i + 1);
        require_finite(rows, "a deviation", i + 1);
        const std::vector<double> kept = orthonormalize(rows, n, options.seed);
        if (i < options.skip) continue;
        for (std::size_t e = 0; e < options.count; ++e) sums[e] += std::log(kept[e]);
        if (++out.steps % block != 0) continue;
        out.met = options.stop.asked();
        for (std::size_t e = 0; e < options.count; ++e) {
            means[e].add(sums[e] / static_cast<double>(block));
            sums[e] = 0;
            out.met = out.met && options.stop.met(means[e].standard_error(), means[e].value(), means[e].count());
        }
    }
    std::vector<std::size_t> order(options.count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto value = [&](std::size_t e) {  // −∞ makes Welford's sums NaN
        return std::isnan(means[e].value()) ? -std::numeric_limits<double>::infinity() : means[e].value();
    };
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return value(a) > value(b); });
    for (const std::size_t e : order) {
        out.exponents.push_back(value(e));
        out.standard_errors.push_back(means[e].standard_error());
    }
    return out;
}

}  // namespace halfulp
