// Matrix products of 512 × 512 × 512 with every sum rounded: billions of rounded operations a second, so 1 stands for one of these.
#include <cmath>
#include <vector>

#include "floors/cases.hpp"
#include "halfulp/formats/format.hpp"
#include "halfulp/kernels/matmul.hpp"
#include "shared/checks.hpp"

namespace halfulp::benchmarks {

namespace {

constexpr std::size_t side = 512;

/// What is multiplied: members of the format, of variance 1 without outliers, so that no sum of 512 products overflows e4m3fn.
std::vector<float> factors(arena& arrays, std::size_t first, const format& f) {
    const std::span<const float> x = arrays.x();
    std::vector<float> out(side * side);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const float weight = x[(first + i) % x.size()];
        out[i] = std::abs(weight) > 4.0f ? weight / 16 : weight;
    }
    projection how;
    how.overflow = overflow_policy::sat_finite;
    round(std::span<const float>(out), std::span(out), f, how);
    return out;
}

struct product_case {
    std::string_view format;
    std::string_view accumulate;
    rounding_mode mode;
    std::string_view mode_name;
    double floor;  ///< billions of roundings a second, with AVX-512
};

/// Roundings for each product and sum.
double roundings(std::string_view accumulate) { return accumulate == "fma" ? 1 : 2; }

outcome measure_product(const floor_case& c, const plan& how, arena& arrays, const product_case& what) {
    const format f = parse_format(what.format);
    const std::vector<float> a = factors(arrays, 0, f);
    const std::vector<float> b = factors(arrays, side * side, f);
    std::vector<float> out(side * side);
    projection projected_by;
    projected_by.rounding = what.mode;
    const accumulator by = named_accumulator(what.accumulate, f, projected_by);
    const float zero = 0;
    const random_source source{7, 0, 0};
    const randomness random = is_stochastic(what.mode) ? randomness(source) : randomness();
    const auto values = [](const std::vector<float>& x) { return operand_array::values(std::span<const float>(x)); };
    const operand_array addend = operand_array::values(std::span<const float>(&zero, 1));
    const work subject = [&] {
        matmul(values(a), values(b), addend, result_array::values(std::span(out)), {side, side, side}, by, f,
               projected_by, random);
    };
    subject();
    // Some outputs by the definition.
    dot_product define(by, f, projected_by, 0, 0);
    std::vector<operand> row(side);
    std::vector<operand> column(side);
    for (const std::size_t i : {std::size_t{0}, side * side / 3, side * side - 1}) {
        for (std::size_t k = 0; k < side; ++k) {
            row[k] = operand_of(a[i / side * side + k]);
            column[k] = operand_of(b[k * side + i % side]);
        }
        const calculated expected = define(row, column, operand_of(zero),
                                           [&](std::uint32_t r, int bits) { return source.word(i, r) >> (32 - bits); });
        if (!same(out[i], to_nearest_value<float>(expected.number)))
            throw std::runtime_error(c.name + ": element " + std::to_string(i) + " is wrong: nothing to time");
    }
    timings taken = measure_in_turn([] {}, subject, how);
    const double nominal = roundings(what.accumulate) * static_cast<double>(side * side * side) / 1e9;
    taken.reference_s.assign(taken.subject_s.size(), nominal);
    return {taken, c.floor, ""};
}

}  // namespace

void add_product_cases(cases& to, const shared_arena& arrays, backend runs) {
    if (runs == backend::scalar) return;  // minutes
    constexpr auto even = rounding_mode::nearest_ties_to_even;
    constexpr auto down = rounding_mode::toward_negative;
    constexpr auto drawn = rounding_mode::stochastic_a;
    for (const std::string_view f : {"binary16", "bfloat16", "e4m3fn", "e5m2"}) {
        for (const product_case& c : {product_case{f, "sequential", even, "nearest_ties_to_even", 10},
                                      product_case{f, "fma", even, "nearest_ties_to_even", 8},
                                      product_case{f, "sequential", down, "toward_negative", 3},
                                      product_case{f, "sequential", drawn, "stochastic_a", 1.5}}) {
            to.push_back({.name = "product/" + std::string(to_string(runs)) + "/" + std::string(f) + "/" +
                                  std::string(c.accumulate) + "/" + std::string(c.mode_name),
                          .group = c.mode == drawn  ? "product_stochastic"
                                   : c.mode == down ? "product_directed"
                                   : c.floor == 8   ? "product_fused"
                                                    : "product",
                          .reference = "one billion roundings a second",
                          .ratio = "speedup",
                          .runs = runs,
                          .elements = side * side,
                          .bytes_per_element = 0,
                          .floor = on(runs, backend::avx512, c.floor),
                          .measure = [arrays, c](const floor_case& about, const plan& p) {
                              return measure_product(about, p, *arrays, c);
                          }});
        }
    }
}

}  // namespace halfulp::benchmarks
