#include "halfulp/sharpness/orthonormal_basis.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "halfulp/sharpness/probes.hpp"
#include "matrices/lapack.hpp"

namespace halfulp {
namespace {

using detail::blas_size;

// Directions in place of dependent vectors come from streams that no probe uses.
constexpr std::uint32_t first_spare_stream = 0x80000000u;

void require_length(std::size_t given, std::size_t length) {
    if (given != length) {
        throw std::invalid_argument("a vector has " + std::to_string(given) +
                                    " elements, allowed: " + std::to_string(length));
    }
}

}  // namespace

orthonormal_basis::orthonormal_basis(std::size_t length, std::size_t most) : length_(length) {
    rows_.reserve(length * std::min(most, length));
}

double inner_product(std::span<const double> x, std::span<const double> y) {
    require_length(y.size(), x.size());
    double out = 0;
    cxxblas::dot(blas_size(x.size()), x.data(), detail::blas_index_t{1}, y.data(), detail::blas_index_t{1}, out);
    return out;
}

double euclidean_norm(std::span<const double> x) {
    double out = 0;
    cxxblas::nrm2(blas_size(x.size()), x.data(), detail::blas_index_t{1}, out);
    return out;
}

std::vector<double> orthonormal_basis::remove_from(std::span<double> y) const {
    require_length(y.size(), length_);
    std::vector<double> out(count_, 0.0);
    if (count_ == 0) return out;
    std::vector<double> part(count_);
    for (int pass = 0; pass < 2; ++pass) {
        const auto multiply = [&](cxxblas::Transpose turn, double alpha, const double* x, double beta, double* to) {
            cxxblas::gemv(cxxblas::RowMajor, turn, blas_size(count_), blas_size(length_), alpha, rows_.data(),
                          blas_size(length_), x, detail::blas_index_t{1}, beta, to, detail::blas_index_t{1});
        };
        multiply(cxxblas::NoTrans, 1.0, y.data(), 0.0, part.data());
        multiply(cxxblas::Trans, -1.0, part.data(), 1.0, y.data());
        for (std::size_t i = 0; i < count_; ++i) out[i] += part[i];
    }
    return out;
}

orthonormal_basis::step orthonormal_basis::append(std::span<const double> y, std::uint64_t seed) {
    require_length(y.size(), length_);
    if (count_ == length_) {
        throw std::invalid_argument("the basis has " + std::to_string(count_) +
                                    " vectors of as many elements: no more are independent");
    }
    const double rounding = static_cast<double>(length_) * std::numeric_limits<double>::epsilon();
    std::vector<double> rest(y.begin(), y.end());
    const double before = euclidean_norm(rest);
    step out;
    out.coefficients = remove_from(rest);
    double after = euclidean_norm(rest);
    if (after > rounding * before) {
        out.remainder = after;
    } else {
        // A random direction is almost surely not within the set; a few are drawn where the set is nearly complete.
        auto stream = first_spare_stream + static_cast<std::uint32_t>(count_);
        do {
            fill_probe(probe_distribution::sphere, seed, stream, rest);
            remove_from(rest);
            after = euclidean_norm(rest);
            stream += 0x10000u;
        } while (!(after > 1e-8));
        for (double& x : rest) x /= after;
        remove_from(rest);
        after = euclidean_norm(rest);
    }
    for (double& x : rest) x /= after;
    append_unit(rest);
    return out;
}

void orthonormal_basis::append_unit(std::span<const double> y) {
    require_length(y.size(), length_);
    rows_.insert(rows_.end(), y.begin(), y.end());
    ++count_;
}

matrix inner_products(std::span<const double> a, std::span<const double> b, std::size_t length) {
    if (length == 0 || a.size() % length != 0 || b.size() % length != 0) {
        throw std::invalid_argument("rows of " + std::to_string(length) + " elements do not divide the stacks");
    }
    const std::size_t rows = a.size() / length;
    const std::size_t columns = b.size() / length;
    matrix out = xt::zeros<double>({rows, columns});
    if (out.size() == 0) return out;
    cxxblas::gemm(cxxblas::RowMajor, cxxblas::NoTrans, cxxblas::Trans, blas_size(rows), blas_size(columns),
                  blas_size(length), 1.0, a.data(), blas_size(length), b.data(), blas_size(length), 0.0, out.data(),
                  blas_size(columns));
    return out;
}

}  // namespace halfulp
