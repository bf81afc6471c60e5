#include "halfulp/sharpness/lanczos.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "matrices/lapack.hpp"

namespace halfulp {

lanczos_process::lanczos_process(counted_operator& multiply, std::span<const double> start, std::size_t most_steps,
                                 const orthonormal_basis* locked)
    : multiply_(multiply), locked_(locked), basis_(multiply.size(), most_steps), next_(start.begin(), start.end()) {
    if (start.size() != multiply.size()) {
        throw std::invalid_argument("start has " + std::to_string(start.size()) +
                                    " elements, allowed: " + std::to_string(multiply.size()));
    }
    const double before = euclidean_norm(next_);
    if (locked_ != nullptr) locked_->remove_from(next_);
    const double length = euclidean_norm(next_);
    if (!(length > before * 1e-8) || !std::isfinite(length)) {
        throw std::invalid_argument(
            "start has nothing beside the vectors that are "
            "locked, allowed: another vector");
    }
    for (double& x : next_) x /= length;
}

std::span<const double> lanczos_process::off_diagonal() const {
    return {off_diagonal_.data(), diagonal_.empty() ? 0 : diagonal_.size() - 1};
}

bool lanczos_process::advance() {
    if (invariant_) return false;
    const std::size_t n = multiply_.size();
    basis_.append_unit(next_);
    const std::size_t m = basis_.count();
    multiply_(basis_.row(m - 1), next_);
    scale_ = std::max(scale_, euclidean_norm(next_));
    if (locked_ != nullptr) locked_->remove_from(next_);
    const std::vector<double> along = basis_.remove_from(next_);
    double squares = 0;
    for (std::size_t i = 0; i + 1 < m; ++i) {
        const double expected = i + 2 == m ? off_diagonal_.back() : 0;
        squares += (along[i] - expected) * (along[i] - expected);
    }
    deviation_ = std::max(deviation_, std::sqrt(squares));
    diagonal_.push_back(along[m - 1]);
    const double rest = euclidean_norm(next_);
    const std::size_t taken = m + (locked_ == nullptr ? 0 : locked_->count());
    invariant_ = taken == n || !(rest > static_cast<double>(n) * std::numeric_limits<double>::epsilon() * scale_);
    off_diagonal_.push_back(invariant_ ? 0 : rest);
    if (!invariant_) {
        for (double& x : next_) x /= rest;
        // What division has magnified of the rounding along the vectors so far.
        basis_.remove_from(next_);
        if (locked_ != nullptr) locked_->remove_from(next_);
        const double length = euclidean_norm(next_);
        for (double& x : next_) x /= length;
    }
    return true;
}

tridiagonal_eigen eigen_of_tridiagonal(std::span<const double> diagonal, std::span<const double> off_diagonal) {
    const std::size_t n = diagonal.size();
    if (off_diagonal.size() + 1 != std::max<std::size_t>(n, 1)) {
        throw std::invalid_argument("off_diagonal has " + std::to_string(off_diagonal.size()) +
                                    " elements, allowed: one less than diagonal");
    }
    tridiagonal_eigen out{vector::from_shape({n}), matrix::from_shape({n, n})};
    std::copy(diagonal.begin(), diagonal.end(), out.values.begin());
    if (n == 0) return out;
    std::vector<double> between(off_diagonal.begin(), off_diagonal.end());
    between.push_back(0);
    for (const double x : out.values) {
        if (!std::isfinite(x)) throw std::invalid_argument("diagonal holds a NaN or an infinity");
    }
    for (const double x : between) {
        if (!std::isfinite(x)) throw std::invalid_argument("off_diagonal holds a NaN or an infinity");
    }
    std::vector<double> work(std::max<std::size_t>(1, 2 * n));
    const detail::blas_index_t size = detail::blas_size(n);
    // LAPACK's columns are our rows.
    detail::require_success("dstev", cxxlapack::stev<detail::blas_index_t>('V', size, out.values.data(), between.data(),
                                                                           out.vectors.data(), size, work.data()));
    return out;
}

gauss_rule gauss_rule_of(const lanczos_process& process) {
    const tridiagonal_eigen e = eigen_of_tridiagonal(process.diagonal(), process.off_diagonal());
    gauss_rule out;
    for (std::size_t i = 0; i < e.values.size(); ++i) {
        out.nodes.push_back(e.values(i));
        out.weights.push_back(e.vectors(i, 0) * e.vectors(i, 0));
    }
    return out;
}

}  // namespace halfulp
