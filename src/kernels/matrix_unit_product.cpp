#include "matrix_unit_product.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "array_elements.hpp"
#include "float_environment.hpp"
#include "lane_arrays.hpp"
#include "parallel.hpp"
#include "simd/matrix_unit_plan.hpp"

namespace halfulp::detail {
namespace {

/// Factors taken apart (matrix_unit_plan.hpp).
struct factor_lanes {
    std::vector<float> significands;
    std::vector<std::int32_t> exponents;
    int bits = 0;  ///< the most significant bits that a factor has
    std::int32_t top = -(1 << 20);  ///< the largest exponent
    bool finite = true;
};

factor_lanes lanes_of(const operand_array& x, std::size_t size, const format& target, std::int32_t emin) {
    factor_lanes out;
    out.significands.resize(size);
    out.exponents.resize(size);
    constexpr std::size_t block = 512;
    std::array<operand, block> taken;
    const operand_reader from(x, target, false);
    for (std::size_t begin = 0; begin < size; begin += block) {
        const std::size_t end = std::min(size, begin + block);
        from.read(begin, end, taken.data());
        for (std::size_t i = begin; i < end; ++i) {
            const operand& v = taken[i - begin];
            out.finite = out.finite && v.kind == number_class::finite;
            const int length = bit_length(v.significand);
            if (length == 0 || !out.finite) {
                out.significands[i] = v.negative ? -0.0f : 0.0f;
                out.exponents[i] = simd::no_exponent;
                continue;
            }
            const std::int32_t exponent = std::max(emin, v.exponent + length - 1);
            out.bits = std::max(out.bits, length - std::countr_zero(v.significand));
            out.top = std::max(out.top, exponent);
            out.exponents[i] = exponent;
            // Longer significands than the kernels cover may round here: `bits` tells.
            const float magnitude = std::ldexp(static_cast<float>(v.significand), v.exponent - exponent);
            out.significands[i] = v.negative ? -magnitude : magnitude;
        }
    }
    return out;
}

/// The kernel's plan, where it gives the definition's bits: a unit that cuts all terms and the running sum and rounds toward zero into binary32 or
/// its leading bits, or to nearest even into binary16.
bool plan_for(const accumulator& by, simd::matrix_unit_plan& plan) {
    const alignment_rule& rule = by.aligned;
    if (by.inside != group_sum::aligned || by.product || !by.partial || rule.cut != alignment::truncate ||
        !rule.addend_inside || rule.halves || rule.two_passes || rule.exact_terms != 1 || rule.zero_factor_exponent ||
        by.flush_inputs || rule.fraction_bits > 28)
        return false;
    const float_format* partial = by.partial->to.as_float();
    if (partial == nullptr || partial->specials != specials::ieee || by.partial->how.ftz != ftz_policy::none ||
        (by.partial->how.overflow != overflow_policy::native && by.partial->how.overflow != overflow_policy::sat_none))
        return false;
    const bool single = partial->exponent_bits == 8 && partial->bias == 127 && partial->mantissa_bits <= 23 &&
                        by.partial->how.rounding == rounding_mode::toward_zero;
    plan.half = *partial == binary16_format && by.partial->how.rounding == rounding_mode::nearest_ties_to_even;
    if (!single && !plan.half) return false;
    plan.kept = plan.half ? ~0u : ~static_cast<std::uint32_t>(low_ones(23 - partial->mantissa_bits));
    plan.group = by.group;
    plan.negative_zeros = !by.positive_zeros;
    // A cut product is below 2^(n + 2) in magnitude.
    plan.chunk = 1u << std::min(29 - rule.fraction_bits, 24);
    plan.fraction_bits = rule.fraction_bits;
    plan.lowest_exponent = std::max(rule.lowest_exponent, -1000);
    plan.sum_emin = partial->emin();
    plan.zero_addend_exponent = rule.zero_addend_exponent.value_or(simd::no_exponent);
    return true;
}

/// Rows `first` to `last`; false where a running sum became infinite.
bool multiply_rows(const simd::matrix_unit_plan& plan, const factor_lanes& a, const factor_lanes& b,
                   std::vector<float>& sums, const product_shape& shape, std::size_t first, std::size_t last) {
    const simd::matrix_unit_kernels& table = *simd::active_matrix_units();
    const std::size_t width = table.width;
    std::vector<float> panel(shape.inner * width);
    std::vector<std::int32_t> exponents(shape.inner * width);
    std::vector<float> part(width);
    const float_environment environment(direction::toward_zero);
    for (std::size_t j = 0; j < shape.columns; j += width) {
        const std::size_t count = std::min(width, shape.columns - j);
        pack_panel(b.significands.data(), shape, j, count, panel.data(), width, 0.0f);
        pack_panel(b.exponents.data(), shape, j, count, exponents.data(), width, simd::no_exponent);
        for (std::size_t i = first; i < last; ++i) {
            float* const out = sums.data() + i * shape.columns + j;
            std::fill(part.begin(), part.end(), 0.0f);
            std::copy_n(out, count, part.data());
            const float seen = table.run(a.significands.data() + i * shape.inner, a.exponents.data() + i * shape.inner,
                                         panel.data(), exponents.data(), part.data(), shape.inner, plan);
            if (!(seen <= std::numeric_limits<float>::max())) return false;
            std::copy_n(part.data(), count, out);
        }
    }
    return true;
}

}  // namespace

bool multiply_aligned(const operand_array& a, const operand_array& b, const operand_array& c, const result_array& out,
                      const product_shape& shape, const accumulator& by, const format& f, const projection& how,
                      std::int32_t a_emin, std::int32_t b_emin, int threads) {
    simd::matrix_unit_plan plan{};
    if (simd::active_matrix_units() == nullptr || is_stochastic(how.rounding) || !plan_for(by, plan)) return false;
    if (plan.group == 0) plan.group = static_cast<std::uint32_t>(std::max<std::size_t>(shape.inner, 1));
    const factor_lanes left = lanes_of(a, a.size, f, by.aligned.a_emin.value_or(a_emin));
    const factor_lanes right = lanes_of(b, b.size, f, by.aligned.b_emin.value_or(b_emin));
    auto sums = in_binary32(c, out.size);
    if (!sums || !std::ranges::all_of(*sums, [](float x) { return std::isfinite(x); })) return false;
    // Products have to be exact in binary32, and exponents of numbers in the reach of the kernel's powers of two.
    if (!left.finite || !right.finite || left.bits + right.bits > 24 || left.top + right.top > 300) return false;
    if (by.aligned.product_limit && left.top + right.top + 2 > *by.aligned.product_limit) return false;
    std::atomic<bool> good = true;
    constexpr std::size_t grain = 4;  // rows
    parallel_for(shape.rows, threads, grain, [&](std::size_t first, std::size_t last) {
        if (!multiply_rows(plan, left, right, *sums, shape, first, last)) good = false;
    });
    if (!good) return false;
    give_sums(*sums, out, f, how, threads);
    return true;
}

}  // namespace halfulp::detail
