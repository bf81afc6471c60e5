// The scalar definition of arithmetic against the oracle: one operation on given operands, under many projections.
#pragma once

#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "codecs/support/report.hpp"
#include "codecs/support/translate.hpp"
#include "halfulp/arithmetic/calculate.hpp"
#include "halfulp/formats/format.hpp"
#include "oracle/arithmetic.hpp"
#include "oracle/target.hpp"

namespace oracle {

inline operation translate(halfulp::operation op) {
    using from = halfulp::operation;
    switch (op) {
        case from::add: return operation::add;
        case from::sub: return operation::sub;
        case from::mul: return operation::mul;
        case from::div: return operation::div;
        case from::fma: return operation::fma;
        case from::faa: return operation::faa;
        case from::sqrt: return operation::sqrt;
        case from::recip: return operation::recip;
        case from::rsqrt: return operation::rsqrt;
        case from::remainder: return operation::remainder;
        case from::minimum: return operation::minimum;
        case from::maximum: return operation::maximum;
        case from::minimum_number: return operation::minimum_number;
        case from::maximum_number: return operation::maximum_number;
        case from::minimum_magnitude: return operation::minimum_magnitude;
        case from::maximum_magnitude: return operation::maximum_magnitude;
        case from::minimum_magnitude_number: return operation::minimum_magnitude_number;
        case from::maximum_magnitude_number: return operation::maximum_magnitude_number;
        case from::abs: return operation::abs;
        case from::negate: return operation::negate;
        case from::copysign: return operation::copysign;
        case from::round_to_integral: return operation::round_to_integral;
        case from::scalb: return operation::scalb;
        case from::convert: return operation::convert;
        case from::next_up:
        case from::next_down: break;  // no exact results: test_neighbours.cpp
    }
    throw std::logic_error("translate: not an operation of the oracle");
}

/// A format on both sides. Not to be moved: places among its members point to it.
struct either_format {
    std::string name;
    halfulp::format library;
    target reference;

    explicit either_format(std::string_view text)
        : name(text), library(halfulp::parse_format(text)), reference(library) {}
    either_format(const either_format&) = delete;
    either_format& operator=(const either_format&) = delete;
};

/// A number on both sides.
struct either_operand {
    halfulp::operand library;
    operand reference;
    std::string text;
};

inline either_operand from_code(std::uint64_t code, const either_format& f) {
    return {halfulp::operand_of_code(code, f.library), f.reference.decode(code), f.name + " " + hex(code)};
}
inline either_operand from_integer(std::int64_t n) {
    const integer whole = n;
    return {halfulp::operand_of_integer(n), {number::finite(n < 0, {abs(whole), 1})}, std::to_string(n)};
}
inline std::vector<either_operand> all_codes(const either_format& f) {
    std::vector<either_operand> all;
    for (std::uint64_t code = 0; code < std::uint64_t{1} << f.reference.width(); ++code)
        all.push_back(from_code(code, f));
    return all;
}

/// A way to round and to judge tininess. Its calculators are made when they are first needed.
class way {
  public:
    way(const halfulp::projection& how, halfulp::tininess when, const halfulp::format& to)
        : how_(how), when_(when), to_(to), calculators_(halfulp::operations.size()) {}

    const paired& how() const { return how_; }
    halfulp::tininess when() const { return when_; }
    const halfulp::calculator& calculator(halfulp::operation op) const {
        auto& found = calculators_[static_cast<std::size_t>(op)];
        if (!found) found.emplace(op, to_, how_.library, halfulp::arithmetic_options{.tininess = when_});
        return *found;
    }

  private:
    paired how_;
    halfulp::tininess when_;
    halfulp::format to_;
    mutable std::vector<std::optional<halfulp::calculator>> calculators_;
};

/// Every mode; the stochastic ones with few and with all random bits. One kind of tininess after the other, or both for all.
inline std::vector<way> every_mode(const halfulp::format& to, halfulp::projection how = {}, bool both_kinds = false) {
    std::vector<way> all;
    for (const auto& row : halfulp::rounding_modes) {
        how.rounding = row.mode;
        for (const std::uint8_t bits : {std::uint8_t{3}, std::uint8_t{32}}) {
            how.random_bits = bits;
            const bool odd = all.size() % 2 != 0;
            const auto one = odd ? halfulp::tininess::before : halfulp::tininess::after;
            const auto other = odd ? halfulp::tininess::after : halfulp::tininess::before;
            all.emplace_back(how, one, to);
            if (both_kinds) all.emplace_back(how, other, to);
            if (!halfulp::is_stochastic(row.mode)) break;
        }
    }
    return all;
}

class judge {
  public:
    judge(const either_format& to, report& out) : to_(&to), out_(&out) {}

    /// Rounds the operation's result in each of these ways.
    template <class Ways>
    void check(halfulp::operation op, std::span<const either_operand> x, const Ways& ways) {
        const operation known = translate(op);
        circumstances given;
        given.zero_divisor_is_nan = to_->reference.zero_divisor_is_nan();
        given.sign_of_nan_is_nan = to_->reference.is_p3109();
        std::array<operand, 3> operands;
        for (std::size_t i = 0; i < x.size(); ++i) operands[i] = x[i].reference;
        const std::span<const operand> reference = std::span(operands).first(x.size());
        if (known == operation::round_to_integral) return check_integral(op, x, reference, given, ways);
        const exact_value exact = evaluate(known, reference, given);
        const spot at = to_->reference.place(exact.x);
        const bool is_zero_sum = exact.x.is_finite() && is_zero(exact.x.magnitude);
        given.negative_zero_sum = true;
        const exact_value downward = is_zero_sum ? evaluate(known, reference, given) : exact;
        const spot downward_at = is_zero_sum ? to_->reference.place(downward.x) : at;
        for (const way& w : ways) {
            const bool down = w.how().reference.rounding == mode::toward_negative;
            check_turns(op, x, down ? downward : exact, down ? downward_at : at, w);
        }
    }

  private:
    template <class Ways>
    void check_integral(halfulp::operation op, std::span<const either_operand> x, std::span<const operand> reference,
                        circumstances given, const Ways& ways) {
        for (const way& w : ways) {
            given.rounding = w.how().reference.rounding;
            given.random_bits = w.how().reference.random_bits;
            const bool stochastic = halfulp::is_stochastic(w.how().library.rounding);
            for (std::uint32_t top = 0; top < (stochastic ? 8u : 1u); ++top) {
                given.random = given.random_bits == 3 ? top : (top << 29) | (top * 0x1234567u >> 4);
                const exact_value exact = evaluate(translate(op), reference, given);
                check_one(op, x, exact, to_->reference.place(exact.x), w, given.random);
            }
        }
    }

    /// A stochastic mode is tried on both sides of the R at which the decision turns.
    void check_turns(halfulp::operation op, std::span<const either_operand> x, const exact_value& exact, const spot& at,
                     const way& w) {
        const projection& how = w.how().reference;
        if (!halfulp::is_stochastic(w.how().library.rounding)) return check_one(op, x, exact, at, w, 0);
        const std::uint64_t turn = to_->reference.turning_point(at, how.rounding, how.random_bits);
        if (turn >> how.random_bits == 0) check_one(op, x, exact, at, w, static_cast<std::uint32_t>(turn));
        if (turn > 0) check_one(op, x, exact, at, w, static_cast<std::uint32_t>(turn - 1));
    }

    void check_one(halfulp::operation op, std::span<const either_operand> x, const exact_value& exact, const spot& at,
                   const way& w, std::uint32_t random) {
        const landing want = to_->reference.project(at, w.how().reference, random);
        const std::uint8_t want_flags = flags_of(exact, want, w.when() == halfulp::tininess::before);
        std::array<halfulp::operand, 3> operands{};
        for (std::size_t i = 0; i < x.size(); ++i) operands[i] = x[i].library;
        const halfulp::calculated got = w.calculator(op)(operands, random);
        const std::uint64_t code = halfulp::to_code(got.number, to_->library);
        const bool missing = want.wants_nan && !want.is_nan;
        out_->check(code == want.code && got.flags == want_flags && got.number.missing_nan == missing, [&] {
            std::string text{halfulp::row_of(op).name};
            for (const either_operand& o : x) text += ", " + o.text;
            return text + " in " + to_->name + ", " + describe(w.how().library) + " R=" + hex(random) + " tininess " +
                   std::string(halfulp::tininess_names[static_cast<std::size_t>(w.when())]) + ": " + hex(code) +
                   " flags " + hex(got.flags) + (got.number.missing_nan ? " missing NaN" : "") + ", the oracle says " +
                   hex(want.code) + " flags " + hex(want_flags) + (missing ? " missing NaN" : "");
        });
    }

    const either_format* to_;
    report* out_;
};

inline constexpr std::array two_operand_operations{halfulp::operation::add, halfulp::operation::sub,
                                                   halfulp::operation::mul, halfulp::operation::div,
                                                   halfulp::operation::remainder};
inline constexpr std::array one_operand_operations{halfulp::operation::sqrt,   halfulp::operation::recip,
                                                   halfulp::operation::rsqrt,  halfulp::operation::round_to_integral,
                                                   halfulp::operation::abs,    halfulp::operation::negate,
                                                   halfulp::operation::convert};

}  // namespace oracle
