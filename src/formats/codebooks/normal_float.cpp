// Normal floats: quantiles of the normal distribution, scaled to a largest magnitude of 1.
#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "binary32.hpp"
#include "halfulp/formats/codebooks.hpp"
#include "tables.hpp"

namespace halfulp {
namespace {

constexpr int quantile_places = 60;

/// Φ^-1(o) is 1.848; up to here the products below stay under 16, so that 64 bits hold them.
constexpr std::uint64_t beyond_every_quantile = std::uint64_t{15} << (quantile_places - 3);

/// ∫ of e^(-t²/2) over [0, x], x in [0, 1.875], both times 2^60: the alternating series Σ (-1)^n x^(2n+1) / (n! 2^n (2n+1)), each term
/// cut off at 2^-60.
std::uint64_t normal_integral(std::uint64_t x) {
    const auto times = [](std::uint64_t a, std::uint64_t b) {
        return static_cast<std::uint64_t>((uint128{a} * b) >> quantile_places);
    };
    const std::uint64_t square = times(x, x);
    std::uint64_t term = x;
    std::uint64_t positive = 0;
    std::uint64_t negative = 0;
    for (std::uint64_t n = 0; term != 0; ++n) {
        (n % 2 == 0 ? positive : negative) += term / (2 * n + 1);
        term = times(term, square) / (2 * n + 2);
    }
    return positive - negative;
}

/// Φ^-1(1/2 + numerator / denominator) × 2^60, for a fraction from 0 to o - 1/2; good to about 2^-55.
std::uint64_t normal_quantile(std::uint64_t numerator, std::uint64_t denominator) {
    constexpr std::uint64_t root_of_two_pi = 2889945641877637932;  // × 2^-60
    const auto wanted = static_cast<std::uint64_t>(uint128{numerator} * root_of_two_pi / denominator);
    std::uint64_t low = 0;
    std::uint64_t high = beyond_every_quantile;
    while (high - low > 1) {
        const std::uint64_t middle = low + (high - low) / 2;
        (normal_integral(middle) <= wanted ? low : high) = middle;
    }
    return low;
}

/// The offset o less 1/2, as a fraction.
constexpr std::uint64_t half_range_numerator = 4677083;
constexpr std::uint64_t half_range_denominator = 10000000;

/// LQ-LoRA: the magnitudes at i/parts of the range, for i = 1 … parts.
std::vector<double> exact_side(std::uint64_t parts) {
    const std::uint64_t largest = normal_quantile(half_range_numerator, half_range_denominator);
    std::vector<double> out;
    for (std::uint64_t i = 1; i <= parts; ++i) {
        const std::uint64_t quantile = normal_quantile(half_range_numerator * i, half_range_denominator * parts);
        out.push_back(detail::nearest_binary32(false, quantile, largest, 0));
    }
    return out;
}

/// QLoRA: the same in its code's arithmetic. A quantile goes from binary64 to binary32 there; the real number rounds to the same.
std::vector<double> binary32_side(int parts) {
    const std::vector<double> points = detail::linspace_binary32(0.9677083f, 0.5, parts + 1);
    constexpr std::int64_t half = std::int64_t{1} << (detail::grid_places - 1);
    std::vector<double> quantiles;
    for (int i = parts - 1; i >= 0; --i) {
        const auto above = static_cast<std::uint64_t>(detail::on_grid(points[static_cast<std::size_t>(i)]) - half);
        const std::uint64_t quantile = normal_quantile(above, std::uint64_t{1} << detail::grid_places);
        quantiles.push_back(detail::nearest_binary32(false, quantile, 1, -quantile_places));
    }
    std::vector<double> out;
    const auto largest = static_cast<std::uint64_t>(detail::on_grid(quantiles.back()));
    for (const double q : quantiles) {
        out.push_back(detail::nearest_binary32(false, static_cast<std::uint64_t>(detail::on_grid(q)), largest, 0));
    }
    return out;
}

/// As bitsandbytes prints them (functional.py, get_4bit_type).
constexpr std::array<double, 16> nf4_values{
    -1.0,
    -0.6961928009986877,
    -0.5250730514526367,
    -0.39491748809814453,
    -0.28444138169288635,
    -0.18477343022823334,
    -0.09105003625154495,
    0.0,
    0.07958029955625534,
    0.16093020141124725,
    0.24611230194568634,
    0.33791524171829224,
    0.44070982933044434,
    0.5626170039176941,
    0.7229568362236023,
    1.0,
};

}  // namespace

std::vector<double> normal_float_values(int bits, normal_float_construction construction) {
    detail::check_codebook_bits("normal floats", bits, 2, 8);
    const int positive = 1 << (bits - 1);
    const auto side = [construction](int parts) {
        return construction == normal_float_construction::qlora ? binary32_side(parts)
                                                                : exact_side(static_cast<std::uint64_t>(parts));
    };
    std::vector<double> out = side(positive - 1);
    std::reverse(out.begin(), out.end());
    for (double& value : out) value = -value;
    out.push_back(0);
    const std::vector<double> upper = side(positive);
    out.insert(out.end(), upper.begin(), upper.end());
    return out;
}

codebook detail::make_normal_float(int bits) {
    const std::string name = "nf" + std::to_string(bits);
    if (bits == 4) return {name, nf4_values, even_rule::lower_value, std::string(nf4_source)};
    return {name, normal_float_values(bits, normal_float_construction::lq_lora), even_rule::lower_value,
            std::string(normal_float_source)};
}

}  // namespace halfulp
