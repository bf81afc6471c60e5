#include "halfulp/reconstruct/error_norm.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "halfulp/matrices/cholesky.hpp"
#include "halfulp/matrices/orthonormal.hpp"
#include "halfulp/matrices/product.hpp"
#include "halfulp/matrices/symmetric_eigen.hpp"
#include "matrices/lapack.hpp"

namespace halfulp {
namespace {

/// Sums in binary32, as frameworks keep them, differ by this much from their mirror images.
constexpr double most_asymmetry = 1e-6;

std::string text_of(double x) {
    std::ostringstream out;
    out.precision(6);
    out << x;
    return out.str();
}

void check_scales(const char* name, const vector& scales) {
    for (std::size_t i = 0; i < scales.size(); ++i) {
        if (!(scales(i) >= 0) || std::isinf(scales(i))) {
            throw std::invalid_argument(std::string(name) + "[" + std::to_string(i) + "] is " + text_of(scales(i)) +
                                        ", allowed: finite numbers, 0 or more");
        }
    }
}

void check_symmetric(const matrix& r) {
    const std::size_t n = rows_of(r);
    if (columns_of(r) != n) {
        throw std::invalid_argument("second_moment has shape " + detail::shape_text(r) +
                                    ", allowed: as many rows as columns");
    }
    double largest = 0;
    for (std::size_t i = 0; i < r.size(); ++i) {
        if (!std::isfinite(r.data()[i])) {
            throw std::invalid_argument("second_moment[" + std::to_string(i / n) + ", " + std::to_string(i % n) +
                                        "] is " + text_of(r.data()[i]) + ", allowed: finite numbers");
        }
        largest = std::max(largest, std::fabs(r.data()[i]));
    }
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (std::fabs(r(i, j) - r(j, i)) > most_asymmetry * largest) {
                throw std::invalid_argument("second_moment is not symmetric: [" + std::to_string(i) + ", " +
                                            std::to_string(j) + "] is " + text_of(r(i, j)) + " and [" +
                                            std::to_string(j) + ", " + std::to_string(i) + "] is " + text_of(r(j, i)));
            }
        }
    }
}

double threshold_of(const vector& values) {
    const double largest = values.size() == 0 ? 0 : std::max(values(values.size() - 1), 0.0);
    return largest * static_cast<double>(values.size()) * std::numeric_limits<double>::epsilon();
}

moment_spectrum spectrum_of(const vector& values) {
    moment_spectrum out;
    if (values.size() == 0) return out;
    const double threshold = threshold_of(values);
    out.smallest = values(0);
    out.largest = values(values.size() - 1);
    if (out.smallest < -threshold) {
        throw std::invalid_argument("second_moment is not positive semidefinite: its most negative eigenvalue is " +
                                    text_of(out.smallest) +
                                    ", allowed: " + (threshold > 0 ? "-" + text_of(threshold) : "0") +
                                    " or more (sum it in float64, or add a ridge)");
    }
    for (std::size_t i = values.size(); i-- > 0 && values(i) > threshold;) {
        ++out.rank;
        out.smallest_counted = values(i);
    }
    return out;
}

/// 0 for 0.
vector inverse_of(vector scales) {
    for (double& x : scales) x = x == 0 ? 0 : 1 / x;
    return scales;
}

/// Of orthogonal rows: their eigenvalues.
vector squares_of_rows(const matrix& a) {
    vector out = xt::zeros<double>({rows_of(a)});
    for (std::size_t i = 0; i < rows_of(a); ++i) {
        for (std::size_t j = 0; j < columns_of(a); ++j) out(i) += a(i, j) * a(i, j);
    }
    return out;
}

void scale_rows(const vector& scales, matrix& a) {
    for (std::size_t i = 0; i < rows_of(a); ++i) {
        for (std::size_t j = 0; j < columns_of(a); ++j) a(i, j) *= scales(i);
    }
}

}  // namespace

error_norm error_norm::of_scales(vector scales) {
    check_scales("scales", scales);
    error_norm out(scales.size());
    out.kind_ = kind::scales;
    out.scales_ = std::move(scales);
    return out;
}

error_norm error_norm::of_second_moment(matrix second_moment, double ridge, bool spectrum) {
    check_symmetric(second_moment);
    const std::size_t n = rows_of(second_moment);
    for (std::size_t i = 0; i < n; ++i) {
        second_moment(i, i) += ridge;
        // One triangle is read by Cholesky's algorithm, the other by the eigensolver.
        for (std::size_t j = 0; j < i; ++j) {
            second_moment(i, j) = second_moment(j, i) = second_moment(i, j) / 2 + second_moment(j, i) / 2;
        }
    }
    error_norm out(n);
    if (spectrum) out.spectrum_ = spectrum_of(eigenvalues_of(second_moment));
    const bool regular = !out.spectrum_ || out.spectrum_->rank == n;
    if (regular) {
        if (auto factor = cholesky_of(second_moment)) {
            out.kind_ = kind::triangle;
            out.root_ = *std::move(factor);
            return out;
        }
    }
    symmetric_eigen eigen = eigen_of(std::move(second_moment));
    out.spectrum_ = spectrum_of(eigen.values);
    out.kind_ = kind::rows;
    const std::size_t rank = out.spectrum_->rank;
    out.root_ = matrix::from_shape({rank, n});
    std::copy_n(eigen.vectors.data() + (n - rank) * n, rank * n, out.root_.data());
    for (std::size_t i = 0; i < rank; ++i) {
        const double scale = std::sqrt(eigen.values(n - rank + i));
        for (std::size_t j = 0; j < n; ++j) out.root_(i, j) *= scale;
    }
    return out;
}

void error_norm::weigh_outputs(vector columns) {
    check_scales("columns", columns);
    columns_ = std::move(columns);
}

matrix error_norm::apply_root(matrix error) const {
    switch (kind_) {
        case kind::plain: return error;
        case kind::scales: scale_rows(scales_, error); return error;
        case kind::triangle:
            if (error.size() != 0) {
                cxxblas::trmm(cxxblas::RowMajor, cxxblas::Left, cxxblas::Lower, cxxblas::Trans, cxxblas::NonUnit,
                              detail::blas_size(rows_of(error)), detail::blas_size(columns_of(error)), 1.0,
                              root_.data(), detail::leading(channels_), error.data(),
                              detail::leading(columns_of(error)));
            }
            return error;
        case kind::rows: break;
    }
    return product(root_, error);
}

matrix error_norm::weighted(matrix error) const {
    if (rows_of(error) != channels_ || (columns_.size() != 0 && columns_.size() != columns_of(error))) {
        throw std::invalid_argument(
            "the error has shape " + detail::shape_text(error) + ", allowed: " + std::to_string(channels_) + " rows" +
            (columns_.size() == 0 ? "" : " and " + std::to_string(columns_.size()) + " columns"));
    }
    if (columns_.size() != 0) {
        for (std::size_t i = 0; i < rows_of(error); ++i) {
            for (std::size_t j = 0; j < columns_of(error); ++j) error(i, j) *= columns_(j);
        }
    }
    return apply_root(std::move(error));
}

matrix error_norm::times_moment(const matrix& error) const {
    matrix out = apply_root(error);
    switch (kind_) {
        case kind::plain: return out;
        case kind::scales: scale_rows(scales_, out); return out;
        case kind::triangle: return product(root_, out);
        case kind::rows: break;
    }
    return product_transposed_left(root_, out);
}

matrix error_norm::dual(matrix error) const {
    switch (kind_) {
        case kind::plain: return error;
        case kind::scales: scale_rows(inverse_of(scales_), error); return error;
        case kind::triangle: return solve_lower(root_, std::move(error));
        case kind::rows: break;
    }
    matrix out = product(root_, error);
    scale_rows(inverse_of(squares_of_rows(root_)), out);
    return out;
}

matrix error_norm::without_root(matrix weighted) const {
    switch (kind_) {
        case kind::plain: return weighted;
        case kind::scales: scale_rows(inverse_of(scales_), weighted); return weighted;
        case kind::triangle: return solve_lower_transposed(root_, std::move(weighted));
        case kind::rows: break;
    }
    scale_rows(inverse_of(squares_of_rows(root_)), weighted);
    return product_transposed_left(root_, weighted);
}

double error_norm::squared(matrix error) const { return squared_norm(weighted(std::move(error))); }

matrix error_norm::within_range(matrix error) const {
    if (kind_ == kind::scales) {
        for (std::size_t i = 0; i < rows_of(error); ++i) {
            if (scales_(i) == 0) std::fill_n(&error(i, 0), columns_of(error), 0.0);
        }
    }
    if (kind_ != kind::rows) return error;
    const matrix basis = orthonormal_rows(root_);
    return product_transposed_left(basis, product(basis, error));
}

}  // namespace halfulp
