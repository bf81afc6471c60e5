#include "halfulp/analysis/expected_error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "../../kernels/float_environment.hpp"
#include "../shown.hpp"
#include "affine_error.hpp"
#include "double_quant_error.hpp"
#include "expected_levels.hpp"
#include "halfulp/rounding/name.hpp"
#include "mean_error.hpp"
#include "sample_integral.hpp"
#include "scale_range.hpp"

namespace halfulp {
namespace {

using namespace detail;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

/// Schemes whose codes are counted one by one have at most so many.
constexpr double most_counted_codes = 4096;

[[noreturn]] void refuse(const scheme& s, const std::string& part, const std::string& why) {
    throw std::invalid_argument("scheme is " + to_string(s) + ", which has " + part + ": " + why);
}

void check(const scheme& s) {
    if (s.double_quant && s.scale_recipe != recipe::standard)
        refuse(s, "double_quant with recipe=bitsandbytes",
               "the mean of scales in that library's order of sums is not computed");
    if (s.search != scale_search::none) {
        refuse(s, "search=mse",
               "the chosen scale depends on all errors of a group together, which no integral of few variables gives");
    }
    if (is_four_over_six(s.scale_recipe)) {
        refuse(s, "recipe=" + std::string(find_recipe(s.scale_recipe, recipe_shape::nvfp4)->name),
               "the chosen scale depends on all errors of a group together, which no integral of few variables gives");
    }
}

/// The recipe llama_cpp rounds to the nearest, ties toward zero, and takes no mode.
expected_options with_own_mode(const scheme& s, expected_options options) {
    if (s.scale_recipe != recipe::llama_cpp) return options;
    if (options.rounding != rounding_mode::nearest_ties_to_even) {
        throw std::invalid_argument(
            "rounding is " + std::string(to_string(options.rounding)) +
            ", allowed: nearest_ties_to_even, the default; the recipe llama_cpp rounds in a way of its own");
    }
    options.rounding = rounding_mode::nearest_ties_to_zero;
    return options;
}

/// Recipes that divide in binary32.
bool divides_in_binary32(const scheme& s) {
    return is_binary32(s.scale_recipe) || s.scale_recipe == recipe::bitsandbytes || s.scale_recipe == recipe::bitnet ||
           s.scale_recipe == recipe::torch_ao;
}

/// How many elements share a scale of each level, innermost first.
std::vector<double> group_sizes(const scheme& s, const expected_options& options) {
    std::vector<double> out;
    double inside = 1;
    for (const scale_level& level : s.levels) {
        const scale_group& g = level.group;
        double count = 0;
        const char* argument = "size";
        if (g.is_tensor() || g.channel) {
            const std::uint64_t told = g.channel ? options.channel : options.size;
            argument = g.channel ? "channel" : "size";
            if (told == 0) {
                throw std::invalid_argument(std::string(argument) + " is None, allowed for " + to_string(s) +
                                            ": the number of elements of the " + (g.channel ? "channel" : "tensor") +
                                            ", on whose largest magnitude a scale depends");
            }
            count = static_cast<double>(told);
        } else {
            count = inside * static_cast<double>(g.length) * static_cast<double>(g.is_tile() ? g.rows : 1);
        }
        if (count < inside || std::fmod(count, inside) != 0) {
            throw std::invalid_argument(
                std::string(argument) + " is " + std::to_string(static_cast<std::uint64_t>(count)) + ", allowed for " +
                to_string(s) + ": multiples of " + std::to_string(static_cast<std::uint64_t>(inside)));
        }
        out.push_back(count);
        inside = count;
    }
    return out;
}

double entropy_of(const std::vector<double>& codes) {
    double sum = 0;
    for (const double p : codes) {
        if (p > 0) sum -= p * std::log2(p);
    }
    return sum;
}

expected_error result_of(const error_tally& sums, code_sums codes) {
    expected_error out;
    out.squared_error = sums.squared;
    out.bias = sums.error;
    out.saturated = std::max(sums.saturated, 0.0);
    out.zero = std::max(sums.zero, 0.0);
    out.entropy = codes == code_sums::none      ? no_number
                  : codes == code_sums::entropy ? sums.entropy
                                                : entropy_of(sums.codes);
    return out;
}

/// What expected_value() leaves out of the squared error, as a part of it: see there.
double left_out(const scheme& s) {
    double part = 1e-14;
    for (const scale_level& level : s.levels) {
        const int precision = level.format.precision();
        if (!is_power_of_two_scale(level.format) && precision > (s.zero_point ? 6 : most_stepped_precision))
            part += 8 * std::ldexp(1.0, -2 * precision);
    }
    return divides_in_binary32(s) ? part + 0x1p-22 : part;
}

code_sums codes_wanted(const scheme& s, const member_grid& grid, const expected_options& options) {
    if (!options.entropy) return code_sums::none;
    if (grid.count <= most_counted_codes || s.element.as_codebook() != nullptr) return code_sums::each;
    return s.levels.empty() ? code_sums::entropy : code_sums::none;
}

expected_error by_integrals(const scheme& s, const density& of, const expected_options& options, std::size_t extra) {
    const member_grid grid = grid_of(s.element);
    const gap_rule rule(options.rounding, options.random_bits);
    const code_sums codes = codes_wanted(s, grid, options);
    if (s.zero_point) return result_of(affine_tally(s, of, rule, group_sizes(s, options)[0], extra), code_sums::each);
    if (s.double_quant) {
        const std::vector<double> sizes = group_sizes(s, options);
        return result_of(double_quant_tally(s, of, rule, sizes[0], sizes[1] / sizes[0], extra), code_sums::each);
    }
    element_integral sum(of, grid, rule, codes, extra);
    if (s.levels.empty()) {
        const weight_step all{infinity, 1};
        sum.add(1, std::span(&all, 1));
        return result_of(sum.sums(), codes);
    }
    const magnitude_law law(of);
    level_sum levels(s, group_sizes(s, options), law, extra);
    add_terms(levels.terms(), sum);
    return result_of(sum.sums(), codes);
}

}  // namespace

expected_error expected_value(const scheme& s, const density& of, const expected_options& asked) {
    const float_environment environment;
    check(s);
    const expected_options options = with_own_mode(s, asked);
    const bool one_normal = of.parts().size() == 1 && of.parts()[0].kind == density_kind::normal && of.mean() == 0;
    if (s.hadamard != 0 && !one_normal) {
        refuse(s, "hadamard=" + std::to_string(s.hadamard),
               "transformed numbers are independent for one normal distribution with mean 0 alone");
    }
    expected_error out;
    if (scales_are_means(s)) {
        out = mean_error(s, of, options);
    } else {
        const expected_error rough = by_integrals(s, of, options, 0);
        out = by_integrals(s, of, options, 3);
        const double changed =
            s.levels.empty() ? 0 : out_of_scale_range(s, of, group_sizes(s, options), out.squared_error);
        require_scale_range(s, of, changed, out.squared_error);
        out.tolerance = std::fabs(out.squared_error - rough.squared_error) + changed;
    }
    const bool polynomial = std::all_of(of.parts().begin(), of.parts().end(),
                                        [](const density_part& p) { return p.kind == density_kind::uniform; });
    out.quadrature = !(polynomial && s.levels.empty());
    out.signal = of.second_moment();
    out.tolerance += left_out(s) * out.squared_error;
    return out;
}

expected_error expected_value(const scheme& s, std::span<const double> x, const expected_options& asked) {
    const float_environment environment;
    check(s);
    const expected_options options = with_own_mode(s, asked);
    if (divides_in_binary32(s)) {
        refuse(s, "a recipe that divides in binary32", "for samples, whose sums are exact, its ties are not computed");
    }
    if (s.hadamard != 0) {
        refuse(s, "hadamard=" + std::to_string(s.hadamard),
               "transformed numbers are independent for one normal distribution with mean 0 alone");
    }
    if (s.double_quant) refuse(s, "double_quant", "for samples, distributions of scales are not computed");
    if (s.zero_point) refuse(s, "zero_point", "for samples, means over pairs of extremes are not computed");
    if (x.empty()) throw std::invalid_argument("x has no elements, allowed: at least one number");
    std::vector<double> sorted(x.begin(), x.end());
    for (const double v : sorted) {
        if (!(std::fabs(v) <= 1e150))
            throw std::invalid_argument("x has an element " + shown(v) + ", allowed: magnitudes up to 1e150");
    }
    std::sort(sorted.begin(), sorted.end());
    const double one = 1 / static_cast<double>(sorted.size());
    sample_points points;
    double signal = 0;
    for (std::size_t i = 0; i < sorted.size();) {
        std::size_t end = i;
        while (end < sorted.size() && sorted[end] == sorted[i]) ++end;
        points.at.push_back(sorted[i]);
        points.probability.push_back(static_cast<double>(end - i) * one);
        signal += points.probability.back() * sorted[i] * sorted[i];
        i = end;
    }
    const member_grid grid = grid_of(s.element);
    code_sums codes = options.entropy && grid.count <= 65536 ? code_sums::each : code_sums::none;
    expected_error out;
    if (scales_are_means(s)) {
        out = mean_error(s, points, options);
    } else {
        sample_integral sum(points, s.element, options.rounding, options.random_bits, codes);
        if (s.levels.empty()) {
            const weight_step all{infinity, 1};
            sum.add(1, std::span(&all, 1));
        } else {
            std::vector<std::pair<double, double>> magnitudes;
            for (std::size_t i = 0; i < points.at.size(); ++i)
                magnitudes.emplace_back(std::fabs(points.at[i]), points.probability[i]);
            std::sort(magnitudes.begin(), magnitudes.end());
            std::vector<double> at;
            std::vector<double> probability;
            for (const auto& [v, p] : magnitudes) {
                if (!at.empty() && at.back() == v) {
                    probability.back() += p;
                } else {
                    at.push_back(v);
                    probability.push_back(p);
                }
            }
            if (at.size() > 4096) {
                throw std::invalid_argument("x has " + std::to_string(at.size()) +
                                            " distinct magnitudes, allowed for schemes with scales: 4096");
            }
            const magnitude_law law(std::move(at), probability);
            level_sum levels(s, group_sizes(s, options), law, 0);
            add_terms(levels.terms(), sum);
        }
        out = result_of(sum.sums(), codes);
    }
    out.quadrature = false;
    out.signal = signal;
    out.tolerance = left_out(s) * out.squared_error;
    return out;
}

}  // namespace halfulp
