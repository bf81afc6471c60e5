#include "halfulp/matrices/truncated_svd.hpp"

#include <algorithm>
#include <cmath>

#include "halfulp/matrices/orthonormal.hpp"
#include "halfulp/matrices/product.hpp"
#include "halfulp/matrices/random_matrix.hpp"
#include "halfulp/matrices/singular_values.hpp"
#include "halfulp/matrices/symmetric_eigen.hpp"
#include "lapack.hpp"

namespace halfulp {
namespace {

constexpr std::pair<std::string_view, svd_route> names[] = {{"auto", svd_route::automatic},
                                                            {"eigen", svd_route::eigen},
                                                            {"full", svd_route::full},
                                                            {"randomized", svd_route::randomized}};

/// Below this ratio of eigenvalues of the Gram matrix (of singular values: 1e-6) the rounding of the product aᵀ a, a
/// multiple of ε times the largest, begins to show in the vectors.
constexpr double least_ratio = 1e-12;

matrix first_rows(const matrix& a, std::size_t count) {
    matrix out = matrix::from_shape({count, columns_of(a)});
    std::copy_n(a.data(), out.size(), out.data());
    return out;
}

/// What the rows of `right` leave of a.
double residual_of(const matrix& a, const matrix& right) {
    matrix rest = a;
    subtract_product(product_transposed_right(a, right), right, rest);
    return squared_norm(rest);
}

truncated_svd by_decomposition(const matrix& a, std::size_t count, double total) {
    const singular_value_decomposition all = decompose(a);
    truncated_svd out{vector::from_shape({count}), first_rows(all.right, count), total, 0, 0, svd_route::full};
    std::copy_n(all.values.begin(), count, out.values.begin());
    double tail = 0;
    for (std::size_t i = all.values.size(); i-- > count;) tail += all.values(i) * all.values(i);  // small ones first
    out.optimum = tail;
    out.residual = residual_of(a, out.right);
    return out;
}

/// Nothing where the values asked for reach down to where the Gram matrix is noise, unless `whatever`.
std::optional<truncated_svd> by_eigenvectors(const matrix& a, std::size_t count, double total, bool whatever) {
    const bool wide = rows_of(a) < columns_of(a);
    symmetric_eigen top = largest_eigen_of(wide ? outer_gram(a) : gram(a), count);
    if (!whatever && count > 0 && !(top.values(0) > least_ratio * top.values(count - 1))) return std::nullopt;
    truncated_svd out{vector::from_shape({count}), {}, total, 0, 0, svd_route::eigen};
    double kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const double value = std::max(top.values(count - 1 - i), 0.0);
        out.values(i) = std::sqrt(value);
        kept += value;
    }
    for (std::size_t i = 0; i < count / 2; ++i) {
        std::swap_ranges(&top.vectors(i, 0), &top.vectors(i, 0) + columns_of(top.vectors),
                         &top.vectors(count - 1 - i, 0));
    }
    // Left vectors give right ones only up to rounding, which the QR factorization takes away.
    out.right = wide ? orthonormal_rows(product(top.vectors, a)) : std::move(top.vectors);
    out.residual = residual_of(a, out.right);
    // The difference of sums is off by ε · total: where little is left, the residual itself is closer to the optimum,
    // which it exceeds by the square of the vectors' error alone.
    const double difference = total - kept;
    out.optimum = difference > 1e-4 * total ? std::min(out.residual, difference) : out.residual;
    return out;
}

truncated_svd by_random_range(const matrix& a, std::size_t count, double total, const truncated_svd_options& options) {
    const std::size_t sketch = std::min({count + options.oversampling, rows_of(a), columns_of(a)});
    matrix basis = orthonormal_rows(product(normal_matrix(sketch, rows_of(a), options.seed), a));
    for (std::size_t i = 0; i < options.power_iterations; ++i) {
        basis = orthonormal_rows(product(orthonormal_rows(product_transposed_right(basis, a)), a));
    }
    const singular_value_decomposition small = decompose(product_transposed_right(a, basis));
    truncated_svd out{vector::from_shape({count}),
                      orthonormal_rows(product(first_rows(small.right, count), basis)),
                      total,
                      0,
                      std::nullopt,
                      svd_route::randomized};
    std::copy_n(small.values.begin(), count, out.values.begin());
    out.residual = residual_of(a, out.right);
    return out;
}

}  // namespace

svd_route parse_svd_route(std::string_view text) {
    std::string allowed;
    for (const auto& [name, route] : names) {
        if (name == text) return route;
        allowed += (allowed.empty() ? "'" : ", '") + std::string(name) + "'";
    }
    throw std::invalid_argument("algorithm is '" + std::string(text) + "', allowed: " + allowed);
}

std::string_view to_string(svd_route route) {
    return std::find_if(std::begin(names), std::end(names), [&](const auto& entry) { return entry.second == route; })
        ->first;
}

truncated_svd truncate(const matrix& a, std::size_t count, const truncated_svd_options& options) {
    detail::require_finite(a);
    const std::size_t most = std::min(rows_of(a), columns_of(a));
    if (count > most) {
        throw std::invalid_argument("rank is " + std::to_string(count) + ", allowed: 0 to " + std::to_string(most));
    }
    const double total = squared_norm(a);
    if (count == 0) {
        return {xt::zeros<double>({std::size_t{0}}),
                xt::zeros<double>({std::size_t{0}, columns_of(a)}),
                total,
                total,
                total,
                options.route == svd_route::automatic ? svd_route::eigen : options.route};
    }
    switch (options.route) {
        case svd_route::full: return by_decomposition(a, count, total);
        case svd_route::randomized: return by_random_range(a, count, total, options);
        case svd_route::eigen: return *by_eigenvectors(a, count, total, true);
        case svd_route::automatic: break;
    }
    if (auto out = by_eigenvectors(a, count, total, false)) return *std::move(out);
    return by_decomposition(a, count, total);
}

}  // namespace halfulp
