// The scalar definition of a dot product by an accumulator (the contract's section 8).
#pragma once

#include <algorithm>
#include <bit>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

#include "halfulp/arithmetic/accumulator.hpp"
#include "halfulp/arithmetic/calculate.hpp"
#include "halfulp/arithmetic/long_sum.hpp"

namespace halfulp {

/// The scales of block formats: a_k stands for a_k · a[k / block], b_k for b_k · b[k / block].
struct block_scales {
    std::span<const operand> a;
    std::span<const operand> b;
    std::size_t block = 0;  ///< factors that share a scale; a multiple of alignment_rule::exact_terms
    std::int32_t a_emin = 0;  ///< the smallest normal exponents of the scales' formats
    std::int32_t b_emin = 0;

    [[nodiscard]] bool empty() const noexcept { return block == 0; }
};

/// d = c + Σ a_k b_k. One object serves one thread.
class dot_product {
  public:
    /// The result goes into `f` by `how`. `a` and `b` are the formats of the factors, whose smallest normal exponents aligned sums look at.
    dot_product(accumulator by, const format& f, const projection& how, std::int32_t a_emin, std::int32_t b_emin)
        : by_(std::move(by)),
          result_(f, how),
          result_how_(how),
          a_emin_(by_.aligned.a_emin.value_or(a_emin)),
          b_emin_(by_.aligned.b_emin.value_or(b_emin)) {
        if (by_.product) product_.emplace(*by_.product);
        if (by_.partial) {
            partial_.emplace(*by_.partial);
            if (const float_format* is = by_.partial->to.as_float()) sum_emin_ = is->emin();
            rounding_step nearest = *by_.partial;
            nearest.how.rounding = rounding_mode::nearest_ties_to_even;
            nearest_.emplace(nearest);
        }
    }

    /// `draw(r, n)` gives the random integer R of the r-th rounding, below 2^n; roundings_of counts them. Throws std::invalid_argument where factors and scales have so many
    /// bits that a product is not exact in 128.
    template <class Draw>
    [[nodiscard]] calculated operator()(std::span<const operand> a, std::span<const operand> b, const operand& c,
                                        const Draw& draw, const block_scales& scales = {}) {
        flags_ = detail::signaling_flag(c);
        ordinal_ = 0;
        missing_nan_ = false;
        exact_result sum = exact_result::of(by_.flush_inputs ? flushed(c, sum_emin_) : c);
        const std::size_t size = a.size();
        const std::size_t group = by_.group == 0 ? std::max<std::size_t>(size, 1) : by_.group;
        for (std::size_t k = 0; k < size; k += group) {
            take_terms(a, b, k, std::min(group, size - k), scales, draw);
            sum = with_group(sum, draw);
        }
        const rounding_spec spec = spec_of(result_how_, ftz_policy::none);
        const std::uint32_t random = is_stochastic(spec.mode) ? draw(ordinal_, spec.random_bits) : 0;
        projected out = project_exact(sum, result_, random);
        const float_format* is = result_.target().as_float();
        std::optional<float_grid> grid;
        if (is != nullptr) grid.emplace(*is);
        flags_ |= flags_of(sum, out, grid ? &*grid : nullptr, spec, tininess::after, random);
        out.missing_nan = out.missing_nan || missing_nan_;  // one on the way counts
        return {out, flags_};
    }

  private:
    /// A rounding step made ready.
    struct ready_step {
        any_projector to;
        rounding_spec spec;
        std::optional<float_grid> grid;

        explicit ready_step(const rounding_step& step)
            : to(step.to, step.how), spec(spec_of(step.how, ftz_policy::none)) {
            if (const float_format* is = step.to.as_float()) grid.emplace(*is);
        }
    };

    template <class Draw>
    exact_result rounded(const exact_result& x, const std::optional<ready_step>& step, const Draw& draw) {
        if (!step) {
            flags_ |= x.flags;
            return x;
        }
        std::uint32_t random = 0;
        if (is_stochastic(step->spec.mode)) random = draw(ordinal_, step->spec.random_bits);
        ++ordinal_;
        const projected out = project_exact(x, step->to, random);
        missing_nan_ = missing_nan_ || out.missing_nan;
        flags_ |= flags_of(x, out, step->grid ? &*step->grid : nullptr, step->spec, tininess::after, random);
        if (by_.overflow_to_infinity && &step == &partial_ && x.kind == number_class::finite && out.overflowed)
            return exact_result::infinity(x.negative);
        exact_result member = exact_result::number(out.negative, out.significand, out.exponent);
        member.kind = out.kind;
        return member;
    }

    // ---- terms
    struct term {
        exact_result value;
        std::int32_t exponent = 0;  // of aligned sums
        bool takes_part = false;  // in the largest exponent
    };

    static operand flushed(const operand& x, std::int32_t emin) noexcept {
        const bool stays = x.significand != 0 && x.exponent + bit_length(x.significand) > emin;
        return x.kind != number_class::finite || stays ? x : operand{};
    }

    /// The terms of the factors k to k + count, and their exponents.
    template <class Draw>
    void take_terms(std::span<const operand> a, std::span<const operand> b, std::size_t k, std::size_t count,
                    const block_scales& scales, const Draw& draw) {
        terms_.clear();
        exponents_.clear();
        const std::size_t joined = by_.aligned.exact_terms;
        for (std::size_t i = k; i < k + count; i += joined) {
            const std::size_t here = std::min(joined, k + count - i);
            term next = joined == 1 ? product(a[i], b[i]) : exact_terms(a.subspan(i, here), b.subspan(i, here));
            if (!scales.empty()) scale(next, scales, i);
            terms_.push_back(rounded(next.value, product_, draw));
            if (by_.inside == group_sum::aligned) exponents_.push_back(next.takes_part ? next.exponent : no_exponent);
        }
    }

    term product(operand a, operand b) const {
        if (by_.flush_inputs) {
            a = flushed(a, a_emin_);
            b = flushed(b, b_emin_);
        }
        term out{exact_mul(a, b), exponent_of(a, a_emin_) + exponent_of(b, b_emin_), true};
        if (out.value.is_zero()) {
            out.takes_part = by_.aligned.zero_factor_exponent.has_value();
            if (by_.positive_zeros) out.value.negative = false;
        }
        return out;
    }
    term exact_terms(std::span<const operand> a, std::span<const operand> b) {
        joined_.clear();
        for (std::size_t i = 0; i < a.size(); ++i) joined_.push_back(product(a[i], b[i]).value);
        return {exactly(joined_), 0, true};
    }
    void scale(term& x, const block_scales& scales, std::size_t k) const {
        const operand& left = scales.a[k / scales.block];
        const operand& right = scales.b[k / scales.block];
        x.value = times(times(x.value, left), right);
        x.exponent += exponent_of(left, scales.a_emin) + exponent_of(right, scales.b_emin);
        if (left.is_zero() || right.is_zero()) x.takes_part = by_.aligned.zero_factor_exponent.has_value();
    }
    static int trailing_zeros(uint128 x) noexcept {
        const auto low = static_cast<std::uint64_t>(x);
        return low != 0 ? std::countr_zero(low) : 64 + std::countr_zero(static_cast<std::uint64_t>(x >> 64));
    }
    [[nodiscard]] exact_result times(const exact_result& x, const operand& by) const {
        const bool negative = x.negative != (by.negative && !by_.unsigned_scales);
        if (is_nan(x) || by.is_nan())
            return exact_result::nan(static_cast<std::uint8_t>(x.flags | detail::signaling_flag(by)));
        if (x.kind == number_class::infinity || by.is_infinite()) {
            if (x.is_zero() || by.is_zero()) return exact_result::nan(flag::invalid);
            return exact_result::infinity(negative);
        }
        if (x.is_zero() || by.is_zero()) return exact_result::zero(negative && !by_.positive_zeros);
        const int low_x = trailing_zeros(x.significand);
        const int low_by = std::countr_zero(by.significand);
        const uint128 significand = x.significand >> low_x;
        const std::uint64_t factor = by.significand >> low_by;
        if (x.sticky || detail::bit_length_of(significand) + bit_length(factor) > 128)
            throw std::invalid_argument(
                "scaled products need more than 128 bits, allowed: factors and scales whose products have at most 128");
        return exact_result::number(negative, significand * factor, x.exponent + low_x + by.exponent + low_by);
    }

    [[nodiscard]] bool negative_zero() const noexcept {
        return (partial_ ? partial_->spec.mode : result_how_.rounding) == rounding_mode::toward_negative;
    }

    static bool is_nan(const exact_result& x) noexcept { return x.kind == number_class::nan; }

    /// Terms and running sum exactly; NaN where one of them is.
    exact_result exactly(std::span<const exact_result> terms) {
        if (terms.size() == 2) return exactly(terms[0], terms[1]);
        if (std::ranges::any_of(terms, is_nan)) return exact_result::nan();
        return long_sum_(terms, negative_zero());
    }
    exact_result exactly(const exact_result& x, const exact_result& y) {
        if (is_nan(x) || is_nan(y)) return exact_result::nan();
        operation_rules rules;
        rules.negative_zero_sum = negative_zero();
        return detail::sum_of_numbers(std::array{x, y}, rules);
    }

    template <class Draw>
    exact_result with_group(const exact_result& sum, const Draw& draw) {
        switch (terms_.size() == 1 && by_.inside != group_sum::aligned ? group_sum::exact : by_.inside) {
            case group_sum::exact: {
                terms_.push_back(sum);
                return rounded(exactly(terms_), partial_, draw);
            }
            case group_sum::sequential: {
                exact_result group = terms_.front();
                for (std::size_t i = 1; i < terms_.size(); ++i)
                    group = rounded(exactly(group, terms_[i]), partial_, draw);
                return rounded(exactly(sum, group), partial_, draw);
            }
            case group_sum::pairwise: {
                for (std::size_t left = terms_.size(); left > 1; left = (left + 1) / 2) {
                    for (std::size_t i = 0; i + 1 < left; i += 2)
                        terms_[i / 2] = rounded(exactly(terms_[i], terms_[i + 1]), partial_, draw);
                    if (left % 2 != 0) terms_[left / 2] = terms_[left - 1];
                }
                return rounded(exactly(sum, terms_.front()), partial_, draw);
            }
            case group_sum::aligned:
                if (by_.aligned.two_passes) return two_passes(sum, draw);
                return rounded(aligned(sum), partial_, draw);
        }
        return sum;
    }

    // ---- aligned sums
    static constexpr std::int32_t no_exponent = std::numeric_limits<std::int32_t>::min() / 2;

    [[nodiscard]] std::int32_t exponent_of(const operand& x, std::int32_t emin) const noexcept {
        if (x.kind != number_class::finite) return emin;
        if (x.significand == 0) return by_.aligned.zero_factor_exponent.value_or(emin);
        return std::max(emin, x.exponent + bit_length(x.significand) - 1);
    }
    /// Of the running sum, or no_exponent.
    [[nodiscard]] std::int32_t exponent_of(const exact_result& sum) const noexcept {
        if (sum.is_zero()) return by_.aligned.zero_addend_exponent.value_or(no_exponent);
        return std::max(sum_emin_, top_of(sum));
    }
    static std::int32_t top_of(const exact_result& x) noexcept {
        return x.exponent + detail::bit_length_of(x.significand) - 1;
    }

    /// x as a multiple of 2^last.
    exact_result cut(const exact_result& x, std::int32_t last, alignment by) noexcept {
        const std::int32_t drop = last - x.exponent;
        if (x.is_zero() || (drop <= 0 && !x.sticky)) return x;
        const uint128 kept = drop <= 0 ? x.significand : drop < 128 ? x.significand >> drop : 0;
        const uint128 rest = drop <= 0 ? 0 : drop < 128 ? x.significand - (kept << drop) : x.significand;
        const bool inexact = rest != 0 || x.sticky;
        if (inexact) flags_ |= flag::inexact;
        bool away = by == alignment::floor && x.negative && inexact;
        if (by == alignment::nearest && drop > 0 && drop <= 128) {
            const uint128 half = uint128{1} << (drop - 1);
            away = rest > half || (rest == half && (x.sticky || (kept & 1) != 0));
        }
        const uint128 whole = kept + (away ? 1 : 0);
        return exact_result::number(x.negative && (whole != 0 || !by_.positive_zeros), whole,
                                    std::max(last, x.exponent));
    }

    /// A sum of terms, and the exponent that they were aligned to.
    struct aligned_sum {
        exact_result value;
        std::int32_t exponent;
    };

    /// The terms first, first + step … and, where given, the running sum.
    aligned_sum aligned_terms(std::size_t first, std::size_t step, const exact_result* sum) {
        const alignment_rule& rule = by_.aligned;
        std::int32_t largest = rule.lowest_exponent;
        for (std::size_t i = first; i < terms_.size(); i += step) largest = std::max(largest, exponents_[i]);
        if (sum != nullptr) largest = std::max(largest, exponent_of(*sum));
        const std::int32_t last = largest - rule.fraction_bits;
        cut_.clear();
        for (std::size_t i = first; i < terms_.size(); i += step) cut_.push_back(cut(terms_[i], last, rule.cut));
        if (sum != nullptr) cut_.push_back(cut(*sum, last, rule.cut));
        return {exactly(cut_), largest};
    }

    exact_result aligned(const exact_result& sum) {
        const alignment_rule& rule = by_.aligned;
        const auto special = [](const exact_result& t) { return t.kind != number_class::finite; };
        if (std::ranges::any_of(terms_, special) || special(sum)) {
            terms_.push_back(sum);
            return exactly(terms_);
        }
        if (rule.product_limit) {
            bool any = false;
            for (exact_result& t : terms_) {
                if (t.is_zero() || top_of(t) < *rule.product_limit) continue;
                t = exact_result::infinity(t.negative);
                any = true;
            }
            if (any) return exactly(terms_);
        }
        if (rule.addend_inside) return aligned_terms(0, 1, &sum).value;
        aligned_sum group = aligned_terms(0, rule.halves ? 2 : 1, nullptr);
        if (rule.halves && terms_.size() > 1) {
            const aligned_sum odd = aligned_terms(1, 2, nullptr);
            const std::int32_t larger = std::max(group.exponent, odd.exponent);
            const std::int32_t last = larger - rule.fraction_bits;
            group = {exactly(cut(group.value, last, alignment::floor), cut(odd.value, last, alignment::floor)), larger};
        }
        const std::int32_t own = exponent_of(sum);
        const std::int32_t larger = std::max(group.exponent, own);
        const bool reached = own >= larger - std::int64_t{rule.addend_reach};
        return exactly(cut(group.value, larger - rule.sum_bits, alignment::floor),
                       reached ? cut(sum, larger - rule.addend_bits, alignment::floor) : exact_result::zero(false));
    }

    template <class Draw>
    exact_result two_passes(const exact_result& sum, const Draw& draw) {
        const std::vector<exact_result> terms = terms_;
        const std::vector<std::int32_t> exponents = exponents_;
        exact_result own = exact_result::zero(false);
        for (const std::size_t pass : {0U, 2U}) {
            terms_.clear();
            exponents_.clear();
            for (std::size_t i = pass; i < terms.size(); i += i % 2 == 0 ? 1 : 3) {
                terms_.push_back(terms[i]);
                exponents_.push_back(exponents[i]);
            }
            if (!terms_.empty()) own = rounded(aligned(own), partial_, draw);
        }
        return rounded(exactly(sum, own), nearest_, draw);
    }

    accumulator by_;
    any_projector result_;
    projection result_how_;
    std::int32_t a_emin_;
    std::int32_t b_emin_;
    std::optional<ready_step> product_;
    std::optional<ready_step> partial_;
    std::optional<ready_step> nearest_;  // partial_, to nearest even
    std::int32_t sum_emin_ = std::numeric_limits<std::int32_t>::min() / 2;
    std::vector<exact_result> terms_;
    std::vector<std::int32_t> exponents_;
    std::vector<exact_result> joined_;  // into one term
    std::vector<exact_result> cut_;
    long_sum long_sum_;
    std::uint8_t flags_ = 0;
    bool missing_nan_ = false;
    std::uint32_t ordinal_ = 0;
};

}  // namespace halfulp
