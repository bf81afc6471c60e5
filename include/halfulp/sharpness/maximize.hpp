// The largest value of a function near a point: in a box, or in an ellipsoid whose axes are those of the coordinates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace halfulp {

struct smooth_function {
    std::function<double(std::span<const double> x)> value;
    std::function<void(std::span<const double> x, std::span<double> gradient)> gradient;
};

enum class neighbourhood_shape : std::uint8_t {
    box,  ///< |x_i − centre_i| ≤ reach_i
    ellipsoid,  ///< Σ ((x_i − centre_i) ÷ reach_i)² ≤ 1
};

/// A coordinate whose reach is 0 stays where it is.
struct neighbourhood {
    neighbourhood_shape shape = neighbourhood_shape::box;
    std::vector<double> centre;
    std::vector<double> reach;
};

struct maximize_options {
    std::size_t starts = 4;  ///< the first at the centre, the others at random
    std::size_t iterations = 50;  ///< of each start at most; 0 only looks at the starts
    double tolerance = 1e-6;
    std::uint64_t seed = 0;
};

/// One ascent. `gap`: how much a linear function with the gradient at the end could still gain in the neighbourhood: 0
/// at a point that no direction improves; for a concave function a bound of what is missing.
struct ascent {
    double value = 0;
    double gap = 0;
    std::size_t iterations = 0;
    bool converged = false;
};

struct maximum {
    std::vector<double> point;
    double value = 0;
    double at_centre = 0;
    std::vector<ascent> ascents;
    std::size_t best = 0;  ///< the ascent that gave `point`
    std::size_t values = 0;
    std::size_t gradients = 0;
};

/// Conditional gradient ascent (Frank and Wolfe 1956): a step to the point of the neighbourhood that is best for the
/// linear function with the present gradient, whole where the value rises enough (always for a convex function, which
/// so climbs from corner to corner; on a sphere around the minimum of a quadratic this is the power method), else as
/// far as a parabola says. An ascent has converged when its gap is at most tolerance · (value − value at the centre),
/// or at the rounding of the value. The result is the best of several starts: a lower bound of the maximum, and the
/// maximum itself only where the function has no other. Throws std::invalid_argument for 0 starts, sizes that differ, a
/// negative reach, and where the function or its gradient is NaN or infinite: the message names the evaluation.
maximum maximize(const smooth_function& f, const neighbourhood& where, const maximize_options& options);

}  // namespace halfulp
