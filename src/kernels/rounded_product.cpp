#include "rounded_product.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <climits>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "float_environment.hpp"
#include "halfulp/kernels/convert.hpp"
#include "lane_arrays.hpp"
#include "parallel.hpp"
#include "simd/product_plan.hpp"

namespace halfulp::detail {
namespace {

constexpr int lane_bits = 24;  // a binary32 significand

/// What an array's numbers, all exact in binary32, have in common.
struct factor_range {
    bool finite = true;
    int bits = 0;  ///< the most significant bits that a number has
    int lowest = INT_MAX;  ///< the least exponent of a last significant bit
    int top = INT_MIN;  ///< the largest exponent of a leading bit
};

factor_range range_of(const std::vector<float>& x) {
    factor_range out;
    for (const float v : x) {
        const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(v) & 0x7FFFFFFFu;
        if (magnitude >= 0x7F800000u) {
            out.finite = false;
            continue;
        }
        if (magnitude == 0) continue;
        const std::uint32_t field = magnitude >> 23;
        const std::uint32_t significand = field == 0 ? magnitude : (magnitude & 0x7FFFFFu) | 0x800000u;
        const int last = static_cast<int>(field == 0 ? 1 : field) - 150 + std::countr_zero(significand);
        const int top = static_cast<int>(field == 0 ? 1 : field) - 150 + bit_length(significand) - 1;
        out.bits = std::max(out.bits, top - last + 1);
        out.lowest = std::min(out.lowest, last);
        out.top = std::max(out.top, top);
    }
    return out;
}

std::optional<direction> direction_of(rounding_mode mode) {
    switch (mode) {
        case rounding_mode::nearest_ties_to_even: return direction::nearest_even;
        case rounding_mode::toward_zero: return direction::toward_zero;
        case rounding_mode::toward_positive: return direction::upward;
        case rounding_mode::toward_negative: return direction::downward;
        default: return std::nullopt;
    }
}

/// The step that all roundings on the way share, where there is one and its format is a float that lanes can serve.
const rounding_step* shared_step(const accumulator& by) {
    if (by.group != 1 || by.inside == group_sum::aligned || !by.partial) return nullptr;
    if (by.overflow_to_infinity || by.positive_zeros || by.flush_inputs || by.nan) return nullptr;
    if (by.product && !(*by.product == *by.partial)) return nullptr;
    const float_format* is = by.partial->to.as_float();
    const bool fits = is != nullptr && is->is_signed && is->low() == low_binade::subnormals && is->mantissa_bits >= 1 &&
                      is->mantissa_bits < lane_bits && holds(binary32_format, *is);
    return fits && by.partial->how.ftz == ftz_policy::none ? &*by.partial : nullptr;
}

/// A number of a format as the lanes see it; nothing where it would need a NaN that the format does not have.
std::optional<float> lane_value(const projected& x) {
    if (x.missing_nan) return std::nullopt;
    return to_nearest_value<float>(x);
}

/// A kernel, its plan and its environment.
struct lane_product {
    simd::product_kernel kernel;
    simd::product_plan plan;
    direction environment;
};

/// Nothing where the kernels would not give the definition's bits.
///
/// Products are exact in binary32. A sum x + y of two members, p bits each, is rounded to binary32 and then to p bits: for the directed modes in
/// the same direction twice, which is that direction once; for nearest even without harm if 24 >= 2p + 2 (Figueroa, 1995), and below binary32's
/// normal range sums are exact. A fused sum, of a member and an exact product of q bits, goes to nearest even
///   - by way of round-to-odd, which is harmless if 24 >= p + 2 (Boldo and Melquiond, 2008), or
///   - as it is, if it is exact wherever the product is not far below the member: a product whose bits fall below a sum's last one is less than
///     2^(q - 24) of it, which moves no member to a midpoint if q + p + 3 <= 24; and a sum's members lie within its 24 bits where
///     the largest sum that does not overflow has an exponent of at most emax + 2 and the format's quantum is no less than its 24th bit.
std::optional<lane_product> lanes_for(const rounding_step& step, bool fused, const factor_range& a,
                                      const factor_range& b, const factor_range& c, bool negative_zero_addend) {
    const simd::product_kernels* table = simd::active_products();
    const std::optional<direction> environment = direction_of(step.how.rounding);
    if (table == nullptr || !environment) return std::nullopt;
    const float_format& f = *step.to.as_float();
    const int p = f.precision();
    const bool is_binary32 = f == binary32_format;
    const bool nearest = *environment == direction::nearest_even;
    const int product_bits = a.bits + b.bits;
    const bool products_exact = product_bits == 0 || a.bits == 0 || b.bits == 0 ||
                                (product_bits <= lane_bits && a.lowest + b.lowest >= -149 && a.top + b.top + 1 <= 127);
    if (!products_exact && !(is_binary32 && !fused)) return std::nullopt;
    const int quantum = f.emin() - f.mantissa_bits;
    const int product_reach = a.bits == 0 || b.bits == 0 ? quantum : a.top + b.top + 1;
    const bool plain_fused =
        product_bits + p + 3 <= lane_bits && std::min(f.emax(), product_reach) + 2 - quantum < lane_bits;
    const bool odd = fused && nearest && !plain_fused;
    if (fused && nearest && odd && p + 2 > lane_bits) return std::nullopt;
    if (fused && is_binary32) return std::nullopt;
    if (!fused && nearest && !is_binary32 && 2 * p + 2 > lane_bits) return std::nullopt;

    const projector to(f, step.how);
    const bool finite = a.finite && b.finite && c.finite;
    if (!finite && !f.has_nan()) return std::nullopt;

    lane_product out{};
    out.environment = *environment;
    simd::product_plan& plan = out.plan;
    plan.fused = fused;
    plan.odd = odd;
    // Otherwise only fused sums that end as zeros can have lost a sign on the way: a rounded product that vanished leaves no trace.
    plan.keeps_sign =
        negative_zero_addend || *environment == direction::downward || *environment == direction::toward_zero;
    const bool ieee = f.specials == specials::ieee && to.overflow == overflow_policy::sat_none;
    if (ieee && f == binary16_format && table->half != nullptr) {
        plan.engine = simd::product_engine::half;
        out.kernel = table->half;
        return out;
    }
    if (ieee && f.exponent_bits == 8 && f.bias == 127) {
        plan.engine = simd::product_engine::exponents;
        plan.dropped = static_cast<std::uint32_t>(23 - f.mantissa_bits);
        plan.nearest = nearest && plan.dropped != 0;
        const auto below_quantum = static_cast<std::uint32_t>(low_ones(23 - f.mantissa_bits));
        plan.add_positive = *environment == direction::upward ? below_quantum : 0;
        plan.add_negative = *environment == direction::downward ? below_quantum : 0;
        out.kernel = table->exponents;
        return out;
    }
    // The power of two that is added and subtracted has to exist for all sums, and for those of members just beyond the range.
    const int top = std::max(f.emax() + 1, product_reach) + 1;
    if (f.mantissa_bits > 21 || top - f.mantissa_bits + 23 > 126 || quantum + 23 < -126) return std::nullopt;
    plan.engine = simd::product_engine::grid;
    out.kernel = table->grid;
    plan.lowest = static_cast<std::uint32_t>(f.emin() + 127) << 23;
    plan.adder = (static_cast<std::uint32_t>(23 - f.mantissa_bits) << 23) | 0x400000u;
    const auto largest = f.magnitude_value(f.max_magnitude());
    const auto beyond = [&](bool negative) {
        return lane_value(to.finite(negative, std::uint64_t{1}, f.emax() + 3, false, 0));
    };
    const auto over_positive = beyond(false);
    const auto over_negative = beyond(true);
    const auto infinite_positive = lane_value(to.infinity(false));
    const auto infinite_negative = lane_value(to.infinity(true));
    if (!over_positive || !over_negative || !infinite_positive || !infinite_negative) return std::nullopt;
    plan.largest = std::ldexp(static_cast<float>(largest.significand), largest.exponent);
    plan.over_positive = *over_positive;
    plan.over_negative = *over_negative;
    plan.infinite_positive = *infinite_positive;
    plan.infinite_negative = *infinite_negative;
    plan.finite = finite;
    plan.replaces = !finite;
    return out;
}

/// Is one of the first `count` numbers of a row zero?
bool any_zero(const std::vector<float>& rows_of, std::size_t rows, std::size_t count, std::size_t width) {
    for (std::size_t i = 0; i < rows; ++i) {
        const std::span<const float> row = std::span(rows_of).subspan(i * width, count);
        if (std::ranges::find(row, 0.0f) != row.end()) return true;
    }
    return false;
}

/// Rows `first` to `last` of the product, one panel of columns after the other, into `sums` of rows × columns that hold the addends.
void multiply_rows(const lane_product& by, std::size_t width, const float* a, const float* b, float* sums,
                   const product_shape& shape, std::size_t first, std::size_t last) {
    const std::size_t rows = last - first;
    simd::product_plan plan = by.plan;
    std::vector<float> panel(shape.inner * width);
    std::vector<float> part(rows * width);
    for (std::size_t j = 0; j < shape.columns; j += width) {
        const std::size_t count = std::min(width, shape.columns - j);
        pack_panel(b, shape, j, count, panel.data(), width, 0.0f);
        const auto load = [&] {
            for (std::size_t i = 0; i < rows; ++i) {
                std::copy_n(sums + (first + i) * shape.columns + j, count, part.data() + i * width);
                std::fill_n(part.data() + i * width + count, width - count, 0.0f);
            }
        };
        const auto run = [&] {
            const float_environment environment(by.environment);
            return by.kernel(a + first * shape.inner, shape.inner, panel.data(), part.data(), rows, shape.inner, plan);
        };
        load();
        const float seen = run();
        const bool careless = plan.engine == simd::product_engine::grid && !plan.replaces;
        const bool overflowed = careless && !(seen <= plan.largest);
        if (overflowed || (careless && plan.fused && !plan.keeps_sign && any_zero(part, rows, count, width))) {
            plan.replaces = overflowed;
            plan.keeps_sign = true;  // once more with care, and so what follows
            load();
            run();
        }
        for (std::size_t i = 0; i < rows; ++i)
            std::copy_n(part.data() + i * width, count, sums + (first + i) * shape.columns + j);
    }
}

/// A stochastic kernel's plan; nothing where it would not give the definition's bits.
///
/// Products are exact in binary64, and sums are cut off toward zero at 53 bits: with p + 32 <= 53 that is below the last random bit, and stochastic_a looks no
/// further (floor(f 2^N) of what is cut off is floor(f 2^N) of the sum).
std::optional<simd::stochastic_product_plan> stochastic_plan_for(const rounding_step& step, bool fused,
                                                                 const factor_range& a, const factor_range& b,
                                                                 const factor_range& c, const randomness& random) {
    const float_format& f = *step.to.as_float();
    if (step.how.rounding != rounding_mode::stochastic_a || f.precision() + 32 > 53) return std::nullopt;
    if (!a.finite || !b.finite || !c.finite || !f.has_negative_zero()) return std::nullopt;
    const dyadic largest = f.magnitude_value(f.max_magnitude());
    simd::stochastic_product_plan plan{};
    plan.fused = fused;
    plan.least_normal = std::ldexp(1.0, f.emin());
    plan.largest = std::ldexp(static_cast<double>(largest.significand), largest.exponent);
    plan.word_shift = 52 - f.mantissa_bits - 32;
    plan.kept = ~low_ones(52 - f.mantissa_bits);
    const projector to(f, step.how);
    const auto beyond = [&](bool negative) { return to.finite(negative, std::uint64_t{1}, f.emax() + 3, false, 0); };
    if (beyond(false).missing_nan || beyond(true).missing_nan) return std::nullopt;
    plan.over_positive = to_nearest_value<double>(beyond(false));
    plan.over_negative = to_nearest_value<double>(beyond(true));
    plan.random_mask = ~static_cast<std::uint32_t>(low_ones(32 - step.how.random_bits));
    plan.seed = random.source.seed;
    plan.stream = random.source.stream;
    return plan;
}

/// As multiply_rows; false where words would cross the middle of their counter.
bool draw_rows(simd::stochastic_product_plan plan, const float* a, const float* b, float* sums,
               const product_shape& shape, std::uint64_t offset, std::size_t first, std::size_t last) {
    const simd::product_kernels& table = *simd::active_products();
    // Rows whose words do not start with a block leave up to three words unused.
    const bool aligned = offset % 4 == 0 && shape.columns % 4 == 0;
    const std::size_t width = aligned ? table.stochastic_width : table.stochastic_width - 4;
    constexpr std::size_t most_lanes = 8;
    const std::size_t stride = table.stochastic_width + most_lanes;
    std::vector<float> panel(shape.inner * stride);
    std::vector<double> part(stride);
    const float_environment environment(direction::toward_zero);
    for (std::size_t j = 0; j < shape.columns; j += width) {
        const std::size_t count = std::min(width, shape.columns - j);
        pack_panel(b, shape, j, count, panel.data(), stride, 0.0f);
        for (std::size_t i = first; i < last; ++i) {
            const std::uint64_t index = offset + i * shape.columns + j;
            if ((index / 4) >> 32 != ((index + count) / 4) >> 32) return false;
            float* const out = sums + i * shape.columns + j;
            const auto run = [&] {
                std::fill(part.begin(), part.end(), 0.0);
                std::copy_n(out, count, part.data());
                return table.stochastic(a + i * shape.inner, shape.inner, panel.data(), stride, part.data(), count,
                                        index, plan);
            };
            if (const double seen = run(); !plan.replaces && !(seen <= plan.largest)) {
                plan.replaces = true;  // something overflowed on the way, and so may what follows
                run();
            }
            for (std::size_t n = 0; n < count; ++n) out[n] = static_cast<float>(part[n]);
        }
    }
    return true;
}

}  // namespace

bool multiply_rounded(const operand_array& a, const operand_array& b, const operand_array& c, const result_array& out,
                      const product_shape& shape, const accumulator& by, const format& f, const projection& how,
                      const randomness& random, int threads) {
    const rounding_step* step = shared_step(by);
    if (step == nullptr || simd::active_products() == nullptr || random.from == randomness::kind::given) return false;
    // A last rounding that draws has nothing to draw for where sums are members already.
    if (is_stochastic(how.rounding) && !(step->to == f)) return false;
    const auto left = in_binary32(a, a.size);
    if (!left) return false;
    const auto right = in_binary32(b, b.size);
    if (!right) return false;
    auto sums = in_binary32(c, out.size);
    if (!sums) return false;
    const bool negative_zero =
        std::ranges::any_of(*sums, [](float x) { return std::bit_cast<std::uint32_t>(x) == 0x80000000u; });
    // Sums start from members: others would need bits that the proofs do not count.
    std::vector<float> members(sums->size());
    projection plain{};
    plain.overflow = overflow_policy::sat_finite;
    const float_format& partial = *step->to.as_float();
    round(std::span<const float>(*sums), std::span(members), partial, plain);
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (!(members[i] == (*sums)[i])) return false;
    }
    const factor_range of_a = range_of(*left);
    const factor_range of_b = range_of(*right);
    const factor_range of_c = range_of(*sums);
    constexpr std::size_t grain = 4;  // rows
    projection last = how;
    if (is_stochastic(how.rounding)) last.rounding = rounding_mode::toward_zero;
    if (is_stochastic(step->how.rounding)) {
        const auto plan = stochastic_plan_for(*step, !by.product, of_a, of_b, of_c, random);
        if (!plan) return false;
        std::atomic<bool> good = true;
        parallel_for(shape.rows, threads, grain, [&](std::size_t begin, std::size_t end) {
            if (!draw_rows(*plan, left->data(), right->data(), sums->data(), shape, random.source.offset, begin, end))
                good = false;
        });
        if (!good) return false;
    } else {
        const auto lanes = lanes_for(*step, !by.product, of_a, of_b, of_c, negative_zero);
        if (!lanes) return false;
        const std::size_t width = simd::active_products()->width;
        parallel_for(shape.rows, threads, grain, [&](std::size_t begin, std::size_t end) {
            multiply_rows(*lanes, width, left->data(), right->data(), sums->data(), shape, begin, end);
        });
    }
    give_sums(*sums, out, f, last, threads);
    return true;
}

}  // namespace halfulp::detail
