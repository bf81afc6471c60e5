// The levels of a distribution. By symmetry the positive ones are enough: unknowns c_1 < … < c_m, cell i from b_(i-1) to b_i, inner bounds
// midway between levels. b_0 is 0 for an even number of levels, and c_1 / 2 for an odd one, whose middle level is 0; b_m is infinite.
// A level is the mean of its cell: c_i - M(b_(i-1), b_i) = 0. Newton's equations are tridiagonal.
#include "halfulp/analysis/lloyd_max.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "../kernels/float_environment.hpp"

namespace halfulp {
namespace {

constexpr double root_of_two = 1.4142135623730950488;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// What a cell [a, b], 0 <= a, holds: its mean, the derivatives of the mean by a and b, and the integral of (x - mean)² p(x).
struct cell {
    double mean;
    double by_lower;
    double by_upper;
    double squared_error;
};

double density(distribution of, double x) {
    if (of == distribution::laplace) return std::exp(-root_of_two * x) / root_of_two;
    constexpr double density_at_zero = 0.39894228040143267794;  // 1 / √(2π)
    return density_at_zero * std::exp(-x * x / 2);
}

cell tail(distribution of, double a) {
    if (of == distribution::laplace) return {a + 1 / root_of_two, 1, 0, std::exp(-root_of_two * a) / 4};
    const double probability = std::erfc(a / root_of_two) / 2;
    const double mean = density(of, a) / probability;
    return {mean, mean * (mean - a), 0, probability * (1 + mean * (a - mean))};
}

/// Integrals of p(x), y p(x) and y² p(x) over [a, b], where y = x - middle: nothing cancels however narrow the cell is.
struct moments {
    double middle;
    double mass;
    double first;
    double second;
};

/// Gauss and Legendre's formula with ten points. Cells are at most 1.2 wide, where that is exact to binary64.
moments moments_between(distribution of, double a, double b) {
    constexpr std::array<double, 5> places{0.14887433898163121, 0.43339539412924719, 0.67940956829902441,
                                           0.86506336668898451, 0.97390652851717172};
    constexpr std::array<double, 5> weights{0.29552422471475287, 0.26926671930999636, 0.21908636251598204,
                                            0.14945134915058059, 0.06667134430868814};
    const double half = (b - a) / 2;
    moments out{a + half, 0, 0, 0};
    for (std::size_t k = 0; k < places.size(); ++k) {
        const double place = half * places[k];
        const double right = half * weights[k] * density(of, out.middle + place);
        const double left = half * weights[k] * density(of, out.middle - place);
        out.mass += right + left;
        out.first += place * (right - left);
        out.second += place * place * (right + left);
    }
    return out;
}

cell finite_cell(distribution of, double a, double b) {
    const moments m = moments_between(of, a, b);
    const double offset = m.first / m.mass;
    const double mean = m.middle + offset;
    return {mean, density(of, a) * (mean - a) / m.mass, density(of, b) * (b - mean) / m.mass,
            m.second - offset * m.first};
}

cell cell_between(distribution of, double a, double b) { return b == infinity ? tail(of, a) : finite_cell(of, a, b); }

/// Positive levels spread as the cube root of the density is (Panter and Dite 1951): nearly right for many levels. The cube root of
/// either density is the same density, √3 or 3 times as wide.
std::vector<double> first_guess(distribution of, int levels) {
    const int half = levels / 2;
    std::vector<double> out;
    for (int i = 0; i < half; ++i) {
        const double above = (levels % 2 == 0 ? 2 * i + 1 : 2 * i + 2) / (2.0 * levels);  // probability beyond 1/2
        if (of == distribution::laplace) {
            out.push_back(-3 / root_of_two * std::log1p(-2 * above));
            continue;
        }
        double low = 0;
        double high = 16;
        for (int step = 0; step < 60; ++step) {
            const double middle = (low + high) / 2;
            (std::erf(middle / root_of_two) / 2 < above ? low : high) = middle;
        }
        out.push_back(std::sqrt(3.0) * low);
    }
    return out;
}

struct positive_levels {
    distribution of;
    bool has_middle;
    std::vector<double> at;

    [[nodiscard]] double lower_bound(std::size_t i) const {
        if (i == 0) return has_middle ? at[0] / 2 : 0;
        return (at[i - 1] + at[i]) / 2;
    }
    [[nodiscard]] double upper_bound(std::size_t i) const {
        return i + 1 == at.size() ? infinity : (at[i] + at[i + 1]) / 2;
    }
    [[nodiscard]] cell cell_of(std::size_t i) const { return cell_between(of, lower_bound(i), upper_bound(i)); }

    /// One step of Newton's method, the equations solved by Thomas's algorithm; how far it goes, relative to the largest level.
    double improve() {
        const std::size_t n = at.size();
        std::vector<double> above(n);
        std::vector<double> step(n);
        for (std::size_t i = 0; i < n; ++i) {
            const cell c = cell_of(i);
            const double below = i == 0 ? 0 : -c.by_lower / 2;
            const double own = 1 - (i == 0 && !has_middle ? 0 : c.by_lower / 2) - c.by_upper / 2;
            const double pivot = own - (i == 0 ? 0 : below * above[i - 1]);
            above[i] = -c.by_upper / 2 / pivot;
            step[i] = (c.mean - at[i] - (i == 0 ? 0 : below * step[i - 1])) / pivot;
        }
        for (std::size_t i = n - 1; i-- > 0;) step[i] -= above[i] * step[i + 1];
        double farthest = 0;
        for (std::size_t i = 0; i < n; ++i) {
            at[i] += step[i];
            farthest = std::fmax(farthest, std::fabs(step[i]));
        }
        return farthest / at.back();
    }
};

optimal_levels uniform_levels(int levels) {
    const double end = std::sqrt(3.0);
    optimal_levels out{{}, 1.0 / levels / levels};
    for (int i = 0; i < levels; ++i) out.levels.push_back(end * (2 * i + 1 - levels) / levels);
    return out;
}

}  // namespace

optimal_levels lloyd_max(distribution of, int levels) {
    if (levels < 2 || levels > 65536) {
        throw std::invalid_argument("levels is " + std::to_string(levels) + ", allowed: 2 to 65536");
    }
    const detail::float_environment environment;
    if (of == distribution::uniform) return uniform_levels(levels);
    positive_levels half{of, levels % 2 != 0, first_guess(of, levels)};
    // Convergence is quadratic: the step after one of 10^-8 is the last that changes anything but rounding errors.
    for (double step = 1; step > 1e-8;) step = half.improve();
    half.improve();
    optimal_levels out{{}, 0};
    for (std::size_t i = half.at.size(); i-- > 0;) {
        out.levels.push_back(-half.at[i]);
        out.squared_error += 2 * half.cell_of(i).squared_error;
    }
    if (half.has_middle) {
        out.levels.push_back(0);
        const moments m = moments_between(of, 0, half.lower_bound(0));
        out.squared_error += 2 * (m.second + m.middle * (2 * m.first + m.middle * m.mass));
    }
    out.levels.insert(out.levels.end(), half.at.begin(), half.at.end());
    return out;
}

}  // namespace halfulp
