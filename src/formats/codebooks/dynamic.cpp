// bitsandbytes' dynamic maps: decades of evenly spaced numbers, twice as many in each decade up.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "binary32.hpp"
#include "halfulp/formats/codebooks.hpp"
#include "tables.hpp"

namespace halfulp {
namespace {

/// The binary32 product of a positive number of the grid, below 1, and a positive binary32 number: 40 + 24 bits.
double times(double x, float factor) {
    int exponent = 0;
    const float fraction = std::frexp(factor, &exponent);
    constexpr int digits = 24;
    const auto significand = static_cast<std::uint64_t>(std::ldexp(fraction, digits));
    const auto product = static_cast<std::uint64_t>(detail::on_grid(x)) * significand;
    return detail::nearest_binary32(false, product, 1, exponent - digits - detail::grid_places);
}

}  // namespace

std::vector<double> dynamic_values(int bits, bool is_signed) {
    detail::check_codebook_bits("dynamic", bits, 2, 8);
    constexpr std::array<float, 7> decades{1.0f, 1e-1f, 1e-2f, 1e-3f, 1e-4f, 1e-5f, 1e-6f};
    std::vector<double> out{0, 1};
    for (int e = 0; e < bits - 1; ++e) {
        const int parts = 1 << (is_signed ? e : e + 1);
        const std::vector<double> bounds = detail::linspace_binary32(0.1f, 1, parts + 1);
        for (std::size_t i = 0; i + 1 < bounds.size(); ++i) {
            const std::int64_t sum = detail::on_grid(bounds[i]) + detail::on_grid(bounds[i + 1]);
            const double mean = detail::from_grid(sum) / 2;  // halving a normal number is exact
            const double value = times(mean, decades[static_cast<std::size_t>(bits - 2 - e)]);
            out.push_back(value);
            if (is_signed) out.push_back(-value);
        }
    }
    std::sort(out.begin(), out.end());
    return out;
}

codebook detail::make_dynamic(int bits) {
    return {"dynamic" + std::to_string(bits), dynamic_values(bits, true), even_rule::lower_value,
            std::string(dynamic_source)};
}

codebook detail::make_unsigned_dynamic(int bits) {
    return {"dynamic" + std::to_string(bits) + "u", dynamic_values(bits, false), even_rule::lower_value,
            std::string(dynamic_source)};
}

}  // namespace halfulp
