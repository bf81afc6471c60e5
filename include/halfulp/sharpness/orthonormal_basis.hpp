// An orthonormal set that grows vector by vector, and inner products.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "halfulp/matrices/matrix.hpp"

namespace halfulp {

double inner_product(std::span<const double> x, std::span<const double> y);
double euclidean_norm(std::span<const double> x);

/// Rows q₀, q₁ … of length n, orthonormal to working precision: each new one is projected twice (Gram and Schmidt;
/// twice is enough, Parlett, The Symmetric Eigenvalue Problem, 6.9).
class orthonormal_basis {
  public:
    /// most: room is taken for so many at once.
    explicit orthonormal_basis(std::size_t length, std::size_t most = 0);

    [[nodiscard]] std::size_t length() const noexcept { return length_; }
    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    [[nodiscard]] std::span<const double> row(std::size_t i) const { return {rows_.data() + i * length_, length_}; }
    [[nodiscard]] std::span<const double> rows() const { return rows_; }

    /// y −= Σ qᵢ (qᵢ·y); returns the coefficients taken off.
    std::vector<double> remove_from(std::span<double> y) const;

    /// What `append` has found: y = Σ coefficients[i] qᵢ + remainder · q_new.
    struct step {
        std::vector<double> coefficients;
        double remainder = 0;
    };
    /// Appends the direction that y has beside the set, so long as it is more than rounding: ‖rest‖ above n ε ‖y‖.
    /// Otherwise the remainder is 0, and a random direction from (seed, count) is appended in its place, which keeps
    /// the set orthonormal. Throws std::invalid_argument where the set is complete or the length is another.
    step append(std::span<const double> y, std::uint64_t seed);
    /// Appends y, which is known to be orthogonal to the set and of length 1.
    void append_unit(std::span<const double> y);

  private:
    std::size_t length_;
    std::size_t count_ = 0;
    std::vector<double> rows_;
};

/// a bᵀ of two stacks of rows of the same length.
matrix inner_products(std::span<const double> a, std::span<const double> b, std::size_t length);

}  // namespace halfulp
