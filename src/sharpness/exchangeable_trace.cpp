// XTrace. Q is the range of all probes' products; leaving probe i out takes one direction from it, Q s_i with s_i ⟂
// every other column of R in Y = Q R, so all k ranges come from one factorization and k × k matrices.
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "halfulp/sharpness/orthonormal_basis.hpp"
#include "halfulp/sharpness/trace.hpp"
#include "sharpness/running_mean.hpp"

namespace halfulp {
namespace {

/// What has been computed of the probes so far; stacks of rows of length n.
struct sketch {
    explicit sketch(std::size_t length) : range(length) {}

    std::vector<double> probes;  // ω
    orthonormal_basis range;  // Q
    std::vector<double> images;  // A Q
    std::vector<std::vector<double>> r;  // column i of R: i coefficients and the remainder
};

/// s_i, the unit vector with Rᵀ s ∥ e_i. Where R is singular (A has a rank below k) a diagonal at the level of rounding
/// stands for zero: every range still holds A's, and the estimate stays exact.
std::vector<double> left_out_direction(const std::vector<std::vector<double>>& r, double floor, std::size_t i) {
    const std::size_t k = r.size();
    std::vector<double> s(k, 0.0);
    for (std::size_t row = i; row < k; ++row) {  // forward substitution, rows of Rᵀ are columns of R
        double sum = row == i ? 1 : 0;
        double largest = std::fabs(sum);
        for (std::size_t j = i; j < row; ++j) {
            sum -= r[row][j] * s[j];
            largest = std::max(largest, std::fabs(s[j]));
        }
        s[row] = sum / std::max(r[row][row], floor);
        largest = std::max(largest, std::fabs(s[row]));
        // Only the direction counts: kept from overflow, as quotients by the floor multiply.
        if (largest > 1e100) {
            for (std::size_t j = i; j <= row; ++j) s[j] /= largest;
        }
    }
    const double length = euclidean_norm(s);
    for (double& x : s) x /= length;
    return s;
}

trace_estimate estimate_from(const sketch& made, bool on_sphere) {
    const std::size_t n = made.range.length();
    const std::size_t k = made.range.count();
    const matrix w = inner_products(made.range.rows(), made.probes, n);  // Qᵀ Ω
    const matrix h = inner_products(made.range.rows(), made.images, n);  // Qᵀ A Q
    const matrix t = inner_products(made.images, made.probes, n);  // (A Q)ᵀ Ω
    double whole = 0;
    double largest = 0;
    for (std::size_t i = 0; i < k; ++i) {
        whole += h(i, i);
        largest = std::max(largest, made.r[i][i]);
    }
    double floor = largest * static_cast<double>(n) * std::numeric_limits<double>::epsilon();
    if (floor == 0) floor = 1;  // A is zero on every probe
    trace_estimate out;
    detail::running_mean mean;
    std::vector<double> p(k), hp(k), hs(k);
    const auto times_h = [&](const std::vector<double>& x, std::vector<double>& y) {
        for (std::size_t a = 0; a < k; ++a) {
            y[a] = 0;
            for (std::size_t b = 0; b < k; ++b) y[a] += h(a, b) * x[b];
        }
    };
    for (std::size_t i = 0; i < k; ++i) {
        const std::vector<double> s = left_out_direction(made.r, floor, i);
        double d = 0;  // s·w
        double length = 0;  // ‖w‖²
        double sr = 0;  // s·r
        for (std::size_t a = 0; a < k; ++a) {
            d += s[a] * w(a, i);
            length += w(a, i) * w(a, i);
            if (a <= i) sr += s[a] * made.r[i][a];
        }
        double tp = 0;
        for (std::size_t a = 0; a < k; ++a) {
            p[a] = w(a, i) - d * s[a];  // the probe's part in the range of the others
            tp += t(a, i) * p[a];
        }
        times_h(p, hp);
        times_h(s, hs);
        // ω̃ᵀ A ω̃ of the rest ω̃ = ω − Q p: ωᵀAω − pᵀQᵀAω = d (s·r), as Qᵀ A ω = r.
        double rest = d * sr - tp + inner_product(p, hp);
        if (on_sphere) {
            const double squared = static_cast<double>(n) - length + d * d;
            if (squared > 0) rest *= static_cast<double>(n - k + 1) / squared;
        }
        const double sample = detail::finite_sample(whole - inner_product(s, hs) + rest, i + 1);
        out.samples.push_back(sample);
        mean.add(sample);
    }
    out.value = mean.value();
    out.standard_error = mean.standard_error();
    return out;
}

}  // namespace

trace_estimate exchangeable_trace(const linear_operator& a, const trace_options& options) {
    counted_operator multiply(a);
    const std::size_t n = a.size;
    if (options.probes < 2 || options.probes > n) {
        throw std::invalid_argument("probes is " + std::to_string(options.probes) +
                                    ", allowed with 'xtrace': 2 to the operator's size, " + std::to_string(n));
    }
    sketch made(n);
    std::vector<double> z(n), az(n);
    trace_estimate out;
    const bool on_sphere = options.distribution == probe_distribution::sphere;
    // Samples all change with each new probe, so without a request they are worked out once, and with one at every
    // doubling.
    std::size_t next = options.stop.asked() ? std::max<std::size_t>(options.stop.least_samples, 2) : options.probes;
    while (true) {
        next = std::min(next, options.probes);
        for (std::size_t i = made.range.count(); i < next; ++i) {
            fill_probe(options.distribution, options.seed, static_cast<std::uint32_t>(i), z);
            made.probes.insert(made.probes.end(), z.begin(), z.end());
            multiply(z, az);
            auto [coefficients, remainder] = made.range.append(az, options.seed);
            coefficients.push_back(remainder);
            made.r.push_back(std::move(coefficients));
            multiply(made.range.row(i), az);
            made.images.insert(made.images.end(), az.begin(), az.end());
        }
        out = estimate_from(made, on_sphere);
        out.met = options.stop.met(out.standard_error, out.value, out.samples.size());
        if (out.met || next == options.probes) break;
        next *= 2;
    }
    out.products = multiply.products();
    return out;
}

}  // namespace halfulp
