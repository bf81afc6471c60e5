#include "halfulp/sharpness/top_eigenvalues.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include "halfulp/sharpness/lanczos.hpp"
#include "halfulp/sharpness/probes.hpp"

namespace halfulp {
namespace {

/// A residual that is enough to see that nothing is further out: eigenvalues differ from Ritz values by its square.
constexpr double verifying_tolerance = 1e-2;

constexpr std::pair<std::string_view, spectrum_end> names[] = {
    {"largest", spectrum_end::largest}, {"smallest", spectrum_end::smallest}, {"magnitude", spectrum_end::magnitude}};

double rank_of(double value, spectrum_end end) {
    switch (end) {
        case spectrum_end::largest: return value;
        case spectrum_end::smallest: return -value;
        case spectrum_end::magnitude: break;
    }
    return std::fabs(value);
}

void check(const linear_operator& a, const eigenvalue_options& options) {
    if (options.count < 1 || options.count > a.size) {
        throw std::invalid_argument("k is " + std::to_string(options.count) + ", allowed: 1 to the operator's size, " +
                                    std::to_string(a.size));
    }
    if (options.steps < 1) throw std::invalid_argument("steps is 0, allowed: 1 or more");
}

struct pair {
    double value;
    double residual;
    std::vector<double> vector;
};

/// Pairs of one process, outermost first.
class ritz_pairs {
  public:
    ritz_pairs(const lanczos_process& process, spectrum_end end)
        : process_(process),
          eigen_(eigen_of_tridiagonal(process.diagonal(), process.off_diagonal())),
          order_(process.steps()) {
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        std::sort(order_.begin(), order_.end(), [&](std::size_t i, std::size_t j) {
            return rank_of(eigen_.values(i), end) > rank_of(eigen_.values(j), end);
        });
    }
    [[nodiscard]] std::size_t count() const { return order_.size(); }
    [[nodiscard]] double value(std::size_t i) const { return eigen_.values(order_[i]); }
    [[nodiscard]] double residual(std::size_t i) const {
        return process_.remainder() * std::fabs(eigen_.vectors(order_[i], count() - 1));
    }
    [[nodiscard]] std::vector<double> vector(std::size_t i) const {
        std::vector<double> out(process_.basis().length(), 0.0);
        for (std::size_t j = 0; j < count(); ++j) {
            const double factor = eigen_.vectors(order_[i], j);
            const std::span<const double> q = process_.basis().row(j);
            for (std::size_t e = 0; e < out.size(); ++e) out[e] += factor * q[e];
        }
        return out;
    }

  private:
    const lanczos_process& process_;
    tridiagonal_eigen eigen_;
    std::vector<std::size_t> order_;
};

class search {
  public:
    search(const linear_operator& a, const eigenvalue_options& options)
        : options_(options), multiply_(a), steps_(std::min(options.steps, a.size)) {}

    top_eigenvalues run() {
        bool enough = true;
        while (enough && found_.size() < options_.count) {
            enough = add(options_.count - found_.size(), options_.tolerance, nullptr);
        }
        bool verified = found_.size() == multiply_.size();
        while (enough && options_.verify && !verified) {
            const double least = rank_of(found_.back().value, options_.end);
            enough = add(1, options_.tolerance, &least);
            verified = enough && found_.size() <= options_.count;
            while (found_.size() > options_.count) found_.pop_back();
        }
        return result(verified);
    }

  private:
    [[nodiscard]] double allowed(double tolerance) const { return tolerance * scale_; }

    /// Adds `wanted` pairs of a process beside those found, or fewer where its subspace is smaller. With `least` it
    /// adds one, and only if it ranks above *least. False where steps ran out before residuals were small; what is
    /// there is added all the same.
    bool add(std::size_t wanted, double tolerance, const double* least) {
        orthonormal_basis locked(multiply_.size(), found_.size());
        for (const pair& p : found_) locked.append(p.vector, options_.seed);
        std::vector<double> start(multiply_.size());
        fill_probe(probe_distribution::normal, options_.seed, stream_++, start);
        const std::size_t room = multiply_.size() - locked.count();
        const std::size_t most = std::min(steps_, room);
        lanczos_process process(multiply_, start, most, &locked);
        for (std::size_t next = std::min(most, std::max<std::size_t>(wanted + 2, 8));;
             next = std::min(most, next + std::max<std::size_t>(4, next / 4))) {
            while (process.steps() < next && process.advance()) {
            }
            scale_ = std::max(scale_, process.scale());
            asymmetry_ = std::max(asymmetry_, process.asymmetry());
            const ritz_pairs ritz(process, options_.end);
            const std::size_t take = std::min(wanted, ritz.count());
            double worst = 0;
            for (std::size_t i = 0; i < take; ++i) worst = std::max(worst, ritz.residual(i));
            const bool complete = process.invariant() || (ritz.count() >= wanted && worst <= allowed(tolerance));
            if (least != nullptr) {
                const bool beyond = rank_of(ritz.value(0), options_.end) > *least + allowed(tolerance);
                if (!beyond && (process.invariant() || worst <= allowed(std::max(tolerance, verifying_tolerance)))) {
                    return true;
                }
            }
            if (complete || process.steps() == most) {
                for (std::size_t i = 0; i < take; ++i) {
                    found_.push_back({ritz.value(i), ritz.residual(i), ritz.vector(i)});
                }
                std::sort(found_.begin(), found_.end(), [&](const pair& a, const pair& b) {
                    return rank_of(a.value, options_.end) > rank_of(b.value, options_.end);
                });
                return complete;
            }
        }
    }

    top_eigenvalues result(bool verified) {
        top_eigenvalues out;
        out.vectors = matrix::from_shape({found_.size(), multiply_.size()});
        out.converged = found_.size() == options_.count;
        for (std::size_t i = 0; i < found_.size(); ++i) {
            out.values.push_back(found_[i].value);
            out.residuals.push_back(found_[i].residual);
            std::copy(found_[i].vector.begin(), found_[i].vector.end(), &out.vectors(i, 0));
            out.converged = out.converged && found_[i].residual <= allowed(options_.tolerance);
        }
        out.products = multiply_.products();
        out.scale = scale_;
        out.asymmetry = asymmetry_;
        out.verified = verified;
        return out;
    }

    const eigenvalue_options& options_;
    counted_operator multiply_;
    std::size_t steps_;
    std::vector<pair> found_;
    double scale_ = 0;
    double asymmetry_ = 0;
    std::uint32_t stream_ = 0;
};

}  // namespace

spectrum_end parse_spectrum_end(std::string_view text) {
    std::string allowed;
    for (const auto& [name, end] : names) {
        if (name == text) return end;
        allowed += (allowed.empty() ? "'" : ", '") + std::string(name) + "'";
    }
    throw std::invalid_argument("which is '" + std::string(text) + "', allowed: " + allowed);
}

top_eigenvalues lanczos_eigenvalues(const linear_operator& a, const eigenvalue_options& options) {
    check(a, options);
    return search(a, options).run();
}

top_eigenvalues power_eigenvalues(const linear_operator& a, const eigenvalue_options& options) {
    check(a, options);
    if (options.end != spectrum_end::magnitude) {
        throw std::invalid_argument(
            "which is another than 'magnitude', allowed "
            "with the power method: 'magnitude'");
    }
    counted_operator multiply(a);
    orthonormal_basis found(a.size, options.count);
    top_eigenvalues out;
    out.converged = true;
    std::vector<double> x(a.size), y(a.size);
    for (std::size_t i = 0; i < options.count; ++i) {
        fill_probe(probe_distribution::normal, options.seed, static_cast<std::uint32_t>(i), x);
        found.remove_from(x);
        const double first = euclidean_norm(x);
        for (double& e : x) e /= first;
        double value = 0;
        double residual = 0;
        for (std::size_t step = 0; step < options.steps; ++step) {
            multiply(x, y);
            out.scale = std::max(out.scale, euclidean_norm(y));
            found.remove_from(y);
            value = inner_product(x, y);
            double squares = 0;
            for (std::size_t e = 0; e < a.size; ++e) squares += (y[e] - value * x[e]) * (y[e] - value * x[e]);
            residual = std::sqrt(squares);
            const double length = euclidean_norm(y);
            if (residual <= options.tolerance * out.scale || length == 0 || step + 1 == options.steps) break;
            for (std::size_t e = 0; e < a.size; ++e) x[e] = y[e] / length;
        }
        out.values.push_back(value);
        out.residuals.push_back(residual);
        out.converged = out.converged && residual <= options.tolerance * out.scale;
        found.append(x, options.seed);
    }
    out.vectors = matrix::from_shape({options.count, a.size});
    std::copy(found.rows().begin(), found.rows().end(), out.vectors.begin());
    out.products = multiply.products();
    return out;
}

}  // namespace halfulp
