// What an error of a weight costs: the norms that low-rank corrections minimize.
#pragma once

#include <cstddef>
#include <optional>

#include "halfulp/matrices/matrix.hpp"

namespace halfulp {

/// What is known of a second moment's eigenvalues. Those of at most largest · n · ε count as zero.
struct moment_spectrum {
    double largest = 0;
    double smallest = 0;         ///< perhaps negative by rounding
    std::size_t rank = 0;        ///< eigenvalues that do not count as zero
    double smallest_counted = 0;  ///< of these; 0 where there is none
};

/// The norm ‖S E diag(columns)‖ of an error E (channels × outputs) of a weight in y = x W. With SᵀS = R = E[xᵀx] and
/// no columns its square is the mean squared error of the output, tr(Eᵀ R E), whichever such S is taken.
class error_norm {
  public:
    /// S = 1: the plain sum of squares.
    explicit error_norm(std::size_t channels) : channels_(channels) {}

    /// S = diag(scales). Throws std::invalid_argument for negative scales, NaN and infinities.
    static error_norm of_scales(vector scales);

    /// SᵀS = second_moment + ridge · 1: Cholesky's factor, or where that does not exist the eigenvectors whose
    /// eigenvalues do not count as zero, each times the root of its value. No eigenvalue is ever raised. spectrum:
    /// work it out in any case, which costs about what a product of such matrices does. Throws std::invalid_argument
    /// where the matrix is not square, not symmetric within 1e-6 of its largest element, holds a NaN or an infinity,
    /// or has an eigenvalue below −largest · n · ε.
    static error_norm of_second_moment(matrix second_moment, double ridge, bool spectrum);

    /// Weights of the outputs, beside S. Throws as of_scales.
    void weigh_outputs(vector columns);

    [[nodiscard]] std::size_t channels() const noexcept { return channels_; }
    /// Empty where all are 1.
    [[nodiscard]] const vector& output_weights() const noexcept { return columns_; }
    [[nodiscard]] const std::optional<moment_spectrum>& spectrum() const noexcept { return spectrum_; }

    /// S E diag(columns). Throws std::invalid_argument where E has other sizes.
    [[nodiscard]] matrix weighted(matrix error) const;
    /// R E, R without the columns' weights.
    [[nodiscard]] matrix times_moment(const matrix& error) const;
    /// (Sᵀ)⁺ E and S⁺ E, without the columns' weights.
    [[nodiscard]] matrix dual(matrix error) const;
    [[nodiscard]] matrix without_root(matrix weighted) const;
    /// ‖S E diag(columns)‖².
    [[nodiscard]] double squared(matrix error) const;
    /// The projection of the rows' space on the range of R: P E, P = S⁺ S. E itself where R counts as regular.
    [[nodiscard]] matrix within_range(matrix error) const;

  private:
    enum class kind { plain, scales, triangle, rows };

    matrix apply_root(matrix error) const;

    std::size_t channels_;
    kind kind_ = kind::plain;
    vector scales_;
    matrix root_;  ///< triangle: L with R = L Lᵀ, so S = Lᵀ; rows: S itself, whose rows are orthogonal
    vector columns_;
    std::optional<moment_spectrum> spectrum_;
};

}  // namespace halfulp
