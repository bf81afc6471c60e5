// Gauss and Legendre's formulas: places and weights on [-1, 1], worked out once by Newton's method.
#pragma once

#include <cstddef>
#include <span>

namespace halfulp::detail {

struct gauss_point {
    double place;
    double weight;
};

inline constexpr std::size_t max_gauss_points = 24;

/// The formula with this many points, 1 to max_gauss_points.
std::span<const gauss_point> gauss_points(std::size_t count);

/// How many points integrate a density times a polynomial of low degree over a part of a panel (see distribution.hpp):
/// the error of the formula with n points falls as the 2n-th power of the part's length. `extra`: for a second opinion.
inline std::size_t points_for(double part, std::size_t extra) noexcept {
    const std::size_t n = part <= 0.015 ? 3 : part <= 0.08 ? 4 : part <= 0.2 ? 5 : part <= 0.5 ? 7 : 10;
    return n + extra;
}

/// ∫ f over [a, b].
template <class F>
double integrate(double a, double b, std::size_t points, F&& f) {
    const double half = (b - a) / 2;
    const double middle = a + half;
    double sum = 0;
    for (const gauss_point& g : gauss_points(points)) sum += g.weight * f(middle + half * g.place);
    return half * sum;
}

}  // namespace halfulp::detail
