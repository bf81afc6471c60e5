#include "halfulp/sharpness/trace.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "halfulp/sharpness/orthonormal_basis.hpp"
#include "sharpness/running_mean.hpp"

namespace halfulp {
namespace {

using detail::finite_sample;
using detail::running_mean;

void require_probes(std::size_t probes, std::size_t least, std::size_t most) {
    if (probes >= least && probes <= most) return;
    throw std::invalid_argument("probes is " + std::to_string(probes) + ", allowed: " + std::to_string(least) + " to " +
                                std::to_string(most));
}

constexpr std::size_t most_probes = 0x7fffffff;  // streams beyond are the basis' own

/// Adds samples of `draw` until the error is met or all probes are used.
template <class Draw>
trace_estimate sampled(double exact, const trace_options& options, Draw&& draw) {
    trace_estimate out;
    out.exact = exact;
    running_mean mean;
    while (out.samples.size() < options.probes && !out.met) {
        const std::size_t index = out.samples.size();
        const double sample = finite_sample(draw(static_cast<std::uint32_t>(index)), index + 1);
        out.samples.push_back(sample);
        mean.add(sample);
        out.met = options.stop.met(mean.standard_error(), exact + mean.value(), out.samples.size());
    }
    out.value = exact + mean.value();
    out.standard_error = mean.standard_error();
    return out;
}

}  // namespace

bool requested_error::met(double standard_error, double value, std::size_t samples) const {
    if (!asked() || samples < least_samples) return false;
    return standard_error <= std::max(absolute.value_or(0), relative.value_or(0) * std::fabs(value));
}

trace_estimate hutchinson_trace(const linear_operator& a, const trace_options& options) {
    require_probes(options.probes, 1, most_probes);
    counted_operator multiply(a);
    std::vector<double> z(a.size), az(a.size);
    trace_estimate out = sampled(0, options, [&](std::uint32_t index) {
        fill_probe(options.distribution, options.seed, index, z);
        multiply(z, az);
        return inner_product(z, az);
    });
    out.products = multiply.products();
    return out;
}

trace_estimate hutch_plus_plus_trace(const linear_operator& a, std::size_t sketch, const trace_options& options) {
    require_probes(options.probes, 1, most_probes / 2);
    counted_operator multiply(a);
    if (sketch < 1 || sketch > a.size) {
        throw std::invalid_argument("sketch is " + std::to_string(sketch) + ", allowed: 1 to " +
                                    std::to_string(a.size));
    }
    std::vector<double> z(a.size), az(a.size);
    orthonormal_basis range(a.size, sketch);
    for (std::size_t i = 0; i < sketch; ++i) {
        fill_probe(options.distribution, options.seed, static_cast<std::uint32_t>(i), z);
        multiply(z, az);
        range.append(az, options.seed);
    }
    double exact = 0;
    for (std::size_t i = 0; i < sketch; ++i) {
        multiply(range.row(i), az);
        exact += inner_product(range.row(i), az);
    }
    trace_estimate out = sampled(exact, options, [&](std::uint32_t index) {
        fill_probe(options.distribution, options.seed, static_cast<std::uint32_t>(sketch) + index, z);
        range.remove_from(z);
        multiply(z, az);
        return inner_product(z, az);
    });
    out.products = multiply.products();
    return out;
}

std::vector<trace_estimate> block_traces(const linear_operator& a, const std::vector<std::size_t>& starts,
                                         const trace_options& options) {
    require_probes(options.probes, 1, most_probes);
    counted_operator multiply(a);
    if (starts.size() < 2 || starts.front() != 0 || starts.back() != a.size ||
        !std::is_sorted(starts.begin(), starts.end())) {
        throw std::invalid_argument("blocks do not divide the " + std::to_string(a.size) + " rows of the operator");
    }
    const std::size_t blocks = starts.size() - 1;
    std::vector<trace_estimate> out(blocks);
    std::vector<running_mean> means(blocks);
    std::vector<double> z(a.size), az(a.size);
    bool all = false;
    for (std::size_t probe = 0; probe < options.probes && !all; ++probe) {
        fill_probe(options.distribution, options.seed, static_cast<std::uint32_t>(probe), z);
        multiply(z, az);
        all = true;
        for (std::size_t b = 0; b < blocks; ++b) {
            const std::size_t length = starts[b + 1] - starts[b];
            const double sample = finite_sample(
                inner_product({z.data() + starts[b], length}, {az.data() + starts[b], length}), probe + 1);
            out[b].samples.push_back(sample);
            means[b].add(sample);
            out[b].met = options.stop.met(means[b].standard_error(), means[b].value(), probe + 1);
            all = all && out[b].met;
        }
    }
    for (std::size_t b = 0; b < blocks; ++b) {
        out[b].value = means[b].value();
        out[b].standard_error = means[b].standard_error();
        out[b].products = multiply.products();
    }
    return out;
}

diagonal_estimate estimate_diagonal(const linear_operator& a, const trace_options& options) {
    require_probes(options.probes, 1, most_probes);
    if (options.distribution != probe_distribution::rademacher) {
        throw std::invalid_argument("distribution is another than 'rademacher', allowed: 'rademacher'");
    }
    counted_operator multiply(a);
    const std::size_t n = a.size;
    std::vector<double> z(n), az(n);
    std::vector<running_mean> means(n);
    diagonal_estimate out{vector::from_shape({n}), vector::from_shape({n}), 0, false};
    for (std::size_t probe = 0; probe < options.probes && !out.met; ++probe) {
        fill_probe(options.distribution, options.seed, static_cast<std::uint32_t>(probe), z);
        multiply(z, az);
        double errors = 0;
        double values = 0;
        for (std::size_t i = 0; i < n; ++i) {
            means[i].add(z[i] * az[i]);
            const double error = means[i].standard_error();
            errors += error * error;
            values += means[i].value() * means[i].value();
        }
        const auto length = static_cast<double>(n);
        out.met = options.stop.met(std::sqrt(errors / length), std::sqrt(values / length), probe + 1);
    }
    for (std::size_t i = 0; i < n; ++i) {
        out.values(i) = means[i].value();
        out.standard_errors(i) = means[i].standard_error();
    }
    out.products = multiply.products();
    return out;
}

}  // namespace halfulp
