#include "halfulp/kernels/elementary.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "halfulp/kernels/backend.hpp"

namespace {

/// Distance in units in the last place of the result, which the long double function rounds.
double ulps(double got, long double exact) {
    const auto nearest = static_cast<double>(exact);
    const double unit = std::nextafter(std::abs(nearest), std::numeric_limits<double>::infinity()) - std::abs(nearest);
    return static_cast<double>(std::abs(static_cast<long double>(got) - exact)) / unit;
}

}  // namespace

TEST_CASE("exponentials and logarithms of arrays are within two units in the last place on every backend") {
    std::vector<double> x, y;
    for (int i = 0; i < 2003; ++i) {
        x.push_back(-700 + 0.6987 * i);
        y.push_back(std::exp(-600 + 0.59931 * i));
    }
    for (const halfulp::backend b : halfulp::available_backends()) {
        halfulp::set_backend(b);
        const halfulp::elementary_functions f = halfulp::active_elementary();
        std::vector<double> e(x.size()), l(y.size());
        f.exp(x.data(), e.data(), x.size());
        f.log(y.data(), l.data(), y.size());
        double worst = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
            worst = std::max({worst, ulps(e[i], std::exp(static_cast<long double>(x[i]))),
                              ulps(l[i], std::log(static_cast<long double>(y[i])))});
        }
        INFO(halfulp::to_string(b));
        CHECK(worst < 2);
        // Lengths that fill no vector, in place, and what has no logarithm.
        for (std::size_t size = 0; size < 20; ++size) {
            std::vector<double> part(x.begin() + 1000, x.begin() + 1000 + static_cast<std::ptrdiff_t>(size));
            part.push_back(7);
            f.exp(part.data(), part.data(), size);
            CHECK(part[size] == 7);
            for (std::size_t i = 0; i < size; ++i)
                CHECK(ulps(part[i], std::exp(static_cast<long double>(x[1000 + i]))) < 2);
        }
        double odd[3] = {-1, 0, std::numeric_limits<double>::infinity()};
        f.log(odd, odd, 3);
        CHECK(std::isnan(odd[0]));
        CHECK(odd[1] == -std::numeric_limits<double>::infinity());
        CHECK(odd[2] == std::numeric_limits<double>::infinity());
    }
    halfulp::set_backend(std::nullopt);
}
