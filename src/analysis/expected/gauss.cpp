#include "gauss.hpp"

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace halfulp::detail {
namespace {

std::vector<gauss_point> legendre(std::size_t n) {
    std::vector<gauss_point> out(n);
    for (std::size_t i = 0; i < n; ++i) {
        double x = std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (static_cast<double>(n) + 0.5));
        double slope = 1;
        for (int step = 0; step < 100; ++step) {
            double before = 1;
            double p = x;
            for (std::size_t k = 2; k <= n; ++k) {
                const auto d = static_cast<double>(k);
                const double next = ((2 * d - 1) * x * p - (d - 1) * before) / d;
                before = p;
                p = next;
            }
            slope = n == 1 ? 1 : static_cast<double>(n) * (x * p - before) / (x * x - 1);
            const double move = p / slope;
            x -= move;
            if (std::fabs(move) < 1e-16) break;
        }
        out[n - 1 - i] = {x, n == 1 ? 2 : 2 / ((1 - x * x) * slope * slope)};
    }
    return out;
}

}  // namespace

std::span<const gauss_point> gauss_points(std::size_t count) {
    static const auto all = [] {
        std::array<std::vector<gauss_point>, max_gauss_points + 1> tables;
        for (std::size_t n = 1; n <= max_gauss_points; ++n) tables[n] = legendre(n);
        return tables;
    }();
    return all[count];
}

}  // namespace halfulp::detail
