// Linear algebra by the definitions, to judge the library's by: loops, and Jacobi's rotations for singular values. No
// BLAS, no LAPACK.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "halfulp/matrices/matrix.hpp"

namespace halfulp::test {

inline matrix random_matrix(std::size_t rows, std::size_t columns, unsigned seed) {
    std::mt19937_64 engine(seed);
    std::normal_distribution<double> normal;
    matrix out = matrix::from_shape({rows, columns});
    for (double& x : out) x = normal(engine);
    return out;
}

inline matrix times(const matrix& a, const matrix& b) {
    matrix out = xt::zeros<double>({rows_of(a), columns_of(b)});
    for (std::size_t i = 0; i < rows_of(a); ++i) {
        for (std::size_t k = 0; k < columns_of(a); ++k) {
            for (std::size_t j = 0; j < columns_of(b); ++j) out(i, j) += a(i, k) * b(k, j);
        }
    }
    return out;
}

inline matrix turned(const matrix& a) {
    matrix out = matrix::from_shape({columns_of(a), rows_of(a)});
    for (std::size_t i = 0; i < rows_of(a); ++i) {
        for (std::size_t j = 0; j < columns_of(a); ++j) out(j, i) = a(i, j);
    }
    return out;
}

/// What f's std::invalid_argument says; nothing where it throws none.
inline std::string message_of(auto&& f) {
    try {
        f();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

inline matrix minus(const matrix& a, const matrix& b) {
    matrix out = a;
    for (std::size_t i = 0; i < out.size(); ++i) out.data()[i] -= b.data()[i];
    return out;
}

inline double sum_of_squares(const matrix& a) {
    double out = 0;
    for (const double x : a) out += x * x;
    return out;
}

/// tr(Eᵀ R E).
inline double output_error(const matrix& e, const matrix& r) {
    const matrix moved = times(r, e);
    double out = 0;
    for (std::size_t i = 0; i < e.size(); ++i) out += e.data()[i] * moved.data()[i];
    return out;
}

/// E[xᵀx] of correlated inputs, some channels much larger than others.
inline matrix second_moment(std::size_t channels, std::size_t samples, unsigned seed) {
    matrix x = times(random_matrix(samples, channels, seed), random_matrix(channels, channels, seed + 1));
    for (std::size_t i = 0; i < samples; ++i) x(i, 1) *= 10;
    matrix r = times(turned(x), x);
    for (double& value : r) value /= static_cast<double>(samples);
    return r;
}

/// Singular values, descending: Jacobi's one-sided method (Hestenes, 1958), whose values are accurate to a few last
/// places of themselves.
inline std::vector<double> singular_values(matrix a) {
    if (rows_of(a) < columns_of(a)) a = turned(a);
    const std::size_t n = columns_of(a);
    for (int sweep = 0; sweep < 60; ++sweep) {
        bool rotated = false;
        for (std::size_t p = 0; p < n; ++p) {
            for (std::size_t q = p + 1; q < n; ++q) {
                double pp = 0;
                double qq = 0;
                double pq = 0;
                for (std::size_t i = 0; i < rows_of(a); ++i) {
                    pp += a(i, p) * a(i, p);
                    qq += a(i, q) * a(i, q);
                    pq += a(i, p) * a(i, q);
                }
                if (std::fabs(pq) <= 1e-16 * std::sqrt(pp * qq)) continue;
                rotated = true;
                const double zeta = (qq - pp) / (2 * pq);
                const double t = (zeta < 0 ? -1 : 1) / (std::fabs(zeta) + std::hypot(1.0, zeta));
                const double c = 1 / std::hypot(1.0, t);
                for (std::size_t i = 0; i < rows_of(a); ++i) {
                    const double x = a(i, p);
                    a(i, p) = c * (x - t * a(i, q));
                    a(i, q) = c * (t * x + a(i, q));
                }
            }
        }
        if (!rotated) break;
    }
    std::vector<double> out(n, 0.0);
    for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t i = 0; i < rows_of(a); ++i) out[j] += a(i, j) * a(i, j);
        out[j] = std::sqrt(out[j]);
    }
    std::sort(out.rbegin(), out.rend());
    return out;
}

/// Σ σ² beyond the first k.
inline double tail_of(const std::vector<double>& values, std::size_t k) {
    double out = 0;
    for (std::size_t i = values.size(); i-- > k;) out += values[i] * values[i];
    return out;
}

/// L of a positive definite a = L Lᵀ, turned: an S with SᵀS = a.
inline matrix cholesky_root(const matrix& a) {
    const std::size_t n = rows_of(a);
    matrix l = xt::zeros<double>({n, n});
    for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t i = j; i < n; ++i) {
            double x = a(i, j);
            for (std::size_t k = 0; k < j; ++k) x -= l(i, k) * l(j, k);
            l(i, j) = i == j ? std::sqrt(x) : x / l(j, j);
        }
    }
    return turned(l);
}

}  // namespace halfulp::test
