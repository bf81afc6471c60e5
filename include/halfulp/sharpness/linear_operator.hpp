// A square matrix that is known by its products with vectors alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace halfulp {

/// Writes A x into y.
using matrix_vector_product = std::function<void(std::span<const double> x, std::span<double> y)>;

/// A of `size` rows and columns. Every function that takes one counts its products and looks at each: a NaN or an
/// infinity in a product is a std::invalid_argument that names the product's number, from 1, and the element.
struct linear_operator {
    std::size_t size = 0;
    matrix_vector_product multiply;
};

/// Multiplies, counts and checks.
class counted_operator {
  public:
    /// Refers to `a`, which has to outlive it. Throws std::invalid_argument for size 0.
    explicit counted_operator(const linear_operator& a);

    void operator()(std::span<const double> x, std::span<double> y);
    [[nodiscard]] std::size_t size() const noexcept { return a_.size; }
    [[nodiscard]] std::size_t products() const noexcept { return products_; }

  private:
    const linear_operator& a_;
    std::size_t products_ = 0;
};

/// How far A is from symmetric on two random vectors u and v: |u·Av − v·Au| ÷ (‖u‖ ‖Av‖ + ‖v‖ ‖Au‖), at most 1, the
/// largest of `pairs` pairs of normal probes. Rounding alone gives a few ε √n; 0 where both products are 0. Takes two
/// products for each pair.
double asymmetry_of(const linear_operator& a, std::size_t pairs, std::uint64_t seed);

}  // namespace halfulp
