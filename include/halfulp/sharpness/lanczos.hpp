// Lanczos' process with full reorthogonalization, and what its tridiagonal matrix says.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "halfulp/matrices/matrix.hpp"
#include "halfulp/sharpness/linear_operator.hpp"
#include "halfulp/sharpness/orthonormal_basis.hpp"

namespace halfulp {

/// A Q = Q T + remainder · q_{m+1} e_mᵀ, T tridiagonal, Q orthonormal from the start on.
class lanczos_process {
  public:
    /// Refers to `multiply` and `locked`, which have to outlive it. Everything stays orthogonal to the rows of
    /// `locked`, which are taken for eigenvectors. Throws std::invalid_argument where nothing of the start is left
    /// beside them.
    lanczos_process(counted_operator& multiply, std::span<const double> start, std::size_t most_steps,
                    const orthonormal_basis* locked = nullptr);

    /// One product more. False, and nothing done, where the vectors so far span an invariant subspace.
    bool advance();

    [[nodiscard]] std::size_t steps() const noexcept { return diagonal_.size(); }
    [[nodiscard]] const std::vector<double>& diagonal() const noexcept { return diagonal_; }
    /// One less than the diagonal.
    [[nodiscard]] std::span<const double> off_diagonal() const;
    /// The element of T that the next step would add: the residual of (θ, s) of T is this times |last element of s|.
    [[nodiscard]] double remainder() const noexcept { return off_diagonal_.empty() ? 0 : off_diagonal_.back(); }
    [[nodiscard]] bool invariant() const noexcept { return invariant_; }
    [[nodiscard]] const orthonormal_basis& basis() const noexcept { return basis_; }
    /// For a symmetric A, A q_j has nothing along q_1 … q_{j−2} and along q_{j−1} what the step before left. The
    /// largest norm of what differs, over the largest ‖A q‖: rounding of the products where A is symmetric, of the
    /// order of ‖A − Aᵀ‖ ÷ ‖A‖ where it is not.
    [[nodiscard]] double asymmetry() const noexcept { return scale_ > 0 ? deviation_ / scale_ : 0; }
    /// The largest ‖A q‖ so far, a lower bound of ‖A‖.
    [[nodiscard]] double scale() const noexcept { return scale_; }

  private:
    counted_operator& multiply_;
    const orthonormal_basis* locked_;
    orthonormal_basis basis_;
    std::vector<double> diagonal_;
    std::vector<double> off_diagonal_;  // remainders; the last belongs to no column yet
    std::vector<double> next_;  // the direction to take, of length remainder
    double deviation_ = 0;
    double scale_ = 0;
    bool invariant_ = false;
};

/// Eigenvalues of a symmetric tridiagonal matrix, ascending, with their vectors: row i of `vectors` belongs to
/// values[i]. By LAPACK's dstev; throws std::runtime_error where it gives up.
struct tridiagonal_eigen {
    vector values;
    matrix vectors;
};
tridiagonal_eigen eigen_of_tridiagonal(std::span<const double> diagonal, std::span<const double> off_diagonal);

/// Gauss' quadrature: Σ weights f(nodes) for the spectral measure of the start, with weights that add up to 1. Exact
/// for polynomials of degree up to 2 m − 1 (Golub and Welsch 1969): a weight is the square of an eigenvector's first
/// element.
struct gauss_rule {
    std::vector<double> nodes;
    std::vector<double> weights;
};
gauss_rule gauss_rule_of(const lanczos_process& process);

}  // namespace halfulp
