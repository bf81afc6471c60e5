#include "halfulp/formats/codebook.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

#include "halfulp/formats/name.hpp"

namespace halfulp {
namespace {

constexpr int widest_midpoint = 120;
constexpr std::size_t most_values = 65536;

/// A finite binary64 number with an odd significand (or 0).
dyadic exact(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    constexpr float_format binary64{1023, 11, 52};
    dyadic out = binary64.finite_value(bits);
    while (out.significand != 0 && (out.significand & 1) == 0) {
        out.significand >>= 1;
        ++out.exponent;
    }
    if (out.significand == 0) out.exponent = 0;
    return out;
}

bool below(const dyadic& a, const dyadic& b) {
    const bool a_zero = a.significand == 0;
    const bool b_zero = b.significand == 0;
    const bool a_negative = a.negative && !a_zero;
    const bool b_negative = b.negative && !b_zero;
    if (a_negative != b_negative) return a_negative;
    const int order = detail::compare_magnitudes(a.significand, a.exponent, false, b.significand, b.exponent);
    return a_negative ? order > 0 : order < 0;
}

/// Bits from the first to the last that is set.
int significant_bits(uint128 x) {
    while (x != 0 && (x & 1) == 0) x >>= 1;
    const auto high = static_cast<std::uint64_t>(x >> 64);
    return high != 0 ? 64 + bit_length(high) : bit_length(static_cast<std::uint64_t>(x));
}

int top_of(const dyadic& x) { return x.exponent + bit_length(x.significand); }

codebook_gap gap_between(const std::string& name, const dyadic& a, const dyadic& b) {
    const std::int32_t quantum = a.significand == 0   ? b.exponent
                                 : b.significand == 0 ? a.exponent
                                                      : std::min(a.exponent, b.exponent);
    const int top = a.significand == 0 ? top_of(b) : b.significand == 0 ? top_of(a) : std::max(top_of(a), top_of(b));
    if (top - quantum >= widest_midpoint) {
        throw std::invalid_argument("the codebook " + name + " has the neighbours " + to_hex(a) + " and " + to_hex(b) +
                                    ", allowed: neighbours whose midpoint has at most " +
                                    std::to_string(widest_midpoint) + " bits");
    }
    const auto on_grid = [quantum](const dyadic& x) {
        return x.significand == 0 ? uint128{0} : uint128{x.significand} << (x.exponent - quantum);
    };
    const uint128 low = on_grid(a);
    const uint128 high = on_grid(b);
    const bool a_negative = a.negative && a.significand != 0;
    const bool b_negative = b.negative && b.significand != 0;
    const uint128 width = a_negative != b_negative ? low + high : a_negative ? low - high : high - low;
    return {quantum, a_negative, low, width};
}

}  // namespace

codebook::codebook(std::string name, std::span<const double> values, even_rule even, std::string source,
                   std::optional<codebook_specials> specials)
    : name_(std::move(name)), source_(std::move(source)), even_(even), specials_(specials) {
    if (values.size() < 2 || values.size() > most_values) {
        throw std::invalid_argument("values has " + std::to_string(values.size()) + " entries, allowed: 2 to " +
                                    std::to_string(most_values));
    }
    bits_ = bit_length(values.size() - 1);
    for (std::uint64_t code = 0; code < values.size(); ++code) {
        const bool special = specials_ && (code == specials_->nan_code || code == specials_->infinity_code ||
                                           code == specials_->negative_infinity_code);
        if (special) {
            values_.push_back({});
            continue;
        }
        if (!std::isfinite(values[code])) {
            throw std::invalid_argument("values[" + std::to_string(code) + "] is " + std::to_string(values[code]) +
                                        ", allowed: finite numbers");
        }
        const dyadic value = exact(values[code]);
        values_.push_back(value);
        if (value.significand == 0) {
            std::optional<std::uint64_t>& zero = value.negative ? negative_zero_ : zero_;
            if (zero) {
                throw std::invalid_argument("values[" + std::to_string(code) + "] is 0, which values[" +
                                            std::to_string(*zero) + "] is too, allowed: every number once");
            }
            zero = code;
            if (value.negative) continue;
        }
        members_.push_back({value, code});
    }
    if (negative_zero_ && !zero_)
        throw std::invalid_argument("values holds -0 and no 0, allowed: 0, or 0 and -0, or neither");
    std::stable_sort(members_.begin(), members_.end(),
                     [](const codebook_member& a, const codebook_member& b) { return below(a.value, b.value); });
    for (std::size_t i = 0; i + 1 < members_.size(); ++i) {
        if (!below(members_[i].value, members_[i + 1].value)) {
            throw std::invalid_argument("values[" + std::to_string(members_[i + 1].code) + "] is " +
                                        to_hex(members_[i].value) + ", which values[" +
                                        std::to_string(members_[i].code) + "] is too, allowed: every number once");
        }
        gaps_.push_back(gap_between(name_, members_[i].value, members_[i + 1].value));
    }
    if (members_.size() < 2) throw std::invalid_argument("values holds one number only, allowed: two or more");
    if (specials_) gaps_.push_back(gap_between(name_, members_.back().value, specials_->beyond));
    for (const codebook_gap& gap : gaps_) {
        // Twice the midpoint is 2 lower + width; it and the lower end lie on the gap's grid.
        const uint128 twice =
            gap.lower_is_negative ? gap.width - 2 * gap.lower_magnitude : gap.width + 2 * gap.lower_magnitude;
        const bool negative = gap.lower_is_negative && gap.width < 2 * gap.lower_magnitude;
        midpoint_bits_ = std::max(
            {midpoint_bits_, significant_bits(negative ? ~twice + 1 : twice), significant_bits(gap.lower_magnitude)});
    }
    for (const codebook_member& m : members_) value_bits_ = std::max(value_bits_, bit_length(m.value.significand));
    midpoint_bits_ = std::max(midpoint_bits_, value_bits_);
    const dyadic& low = members_.front().value;
    const dyadic& high = members_.back().value;
    largest_ = detail::compare_magnitudes(low.significand, low.exponent, false, high.significand, high.exponent) > 0
                   ? low
                   : high;
    largest_.negative = false;
}

std::uint64_t codebook::code_of(bool negative, std::uint64_t significand, std::int32_t exponent) const noexcept {
    if (significand == 0 && negative && negative_zero_) return *negative_zero_;
    const dyadic wanted{negative, significand, exponent};
    const auto at = std::lower_bound(members_.begin(), members_.end(), wanted,
                                     [](const codebook_member& m, const dyadic& x) { return below(m.value, x); });
    return at == members_.end() ? members_.back().code : at->code;
}

}  // namespace halfulp
