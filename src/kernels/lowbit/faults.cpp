#include "halfulp/kernels/faults.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <stdexcept>
#include <string>

#include "halfulp/rounding/round_magnitude.hpp"
#include "kernels/checks.hpp"

namespace halfulp {
namespace {

constexpr std::size_t chunk = 1024;
using words = std::array<std::uint32_t, chunk>;

/// rate × 2^32 to nearest even, from the bits of the rate.
std::uint64_t threshold_of(double rate) {
    if (!(rate >= 0.0 && rate <= 1.0))
        throw std::invalid_argument("rate is " + std::to_string(rate) + ", allowed: 0 to 1");
    const dyadic value = binary64_format.magnitude_value(to_bits(rate) & binary64_format.magnitude_mask());
    const auto parts = detail::split(value.significand, -(value.exponent + 32), false);
    const bool up =
        parts.fraction > std::uint64_t{1} << 63 || (parts.fraction == std::uint64_t{1} << 63 && (parts.kept & 1) != 0);
    return parts.kept + (up ? 1 : 0);
}

/// The n-th set bit of a mask, n counted from 0 at the lowest.
constexpr int set_bit(std::uint64_t mask, std::uint32_t n) noexcept {
    for (; n > 0; --n) mask &= mask - 1;
    return std::countr_zero(mask);
}

void check(const code_bits& stand, int digits, std::uint64_t mask) {
    if (stand.width < 1 || stand.width > digits)
        throw std::invalid_argument("width is " + std::to_string(stand.width) + ", allowed: 1 to " +
                                    std::to_string(digits));
    if (mask == 0) throw std::invalid_argument("mask is 0, allowed: at least one bit");
    if ((mask & ~low_ones(stand.width)) != 0)
        throw std::invalid_argument("mask is " + std::to_string(mask) + ", allowed: bits below 2^" +
                                    std::to_string(stand.width));
}

}  // namespace

template <code_type C>
fault_count flip_bits(std::span<const C> codes, const code_bits& stand, std::uint64_t mask, double rate,
                      fault_kind kind, const random_source& source, std::span<C> out) {
    detail::check_sizes(codes.size(), out.size());
    check(stand, std::numeric_limits<C>::digits, mask);
    detail::check_offset(source.offset, codes.size());
    const std::uint64_t threshold = threshold_of(rate);
    fault_count count;
    words drawn;
    words place;
    std::array<std::uint64_t, chunk> flips;
    for (std::size_t first = 0; first < codes.size(); first += chunk) {
        const std::size_t n = std::min(chunk, codes.size() - first);
        const auto draw = [&](words& to, int ordinal) {
            fill_words(source, first, static_cast<std::uint32_t>(ordinal), std::span(to).first(n));
        };
        flips.fill(0);
        if (kind == fault_kind::one_bit_per_code) {
            draw(drawn, 0);
            draw(place, 1);
            const auto choices = static_cast<std::uint64_t>(std::popcount(mask));
            for (std::size_t i = 0; i < n; ++i) {
                const auto chosen = static_cast<std::uint32_t>((place[i] * choices) >> 32);
                if (drawn[i] < threshold) flips[i] = std::uint64_t{1} << set_bit(mask, chosen);
            }
        } else {
            for (std::uint64_t left = mask; left != 0; left &= left - 1) {
                const int bit = std::countr_zero(left);
                draw(drawn, bit);
                for (std::size_t i = 0; i < n; ++i) flips[i] |= std::uint64_t{drawn[i] < threshold} << bit;
            }
        }
        for (std::size_t i = 0; i < n; ++i) {
            const std::uint64_t code = (codes[first + i] ^ flips[i]) & low_ones(stand.width);
            count.codes += flips[i] != 0;
            count.bits += static_cast<std::uint64_t>(std::popcount(flips[i]));
            // What is above the width of an unsigned code is not for us to change; above a signed one stands its sign.
            out[first + i] = stand.is_signed ? detail::stored_code<C>(code, stand.width, true)
                                             : static_cast<C>(codes[first + i] ^ flips[i]);
        }
    }
    return count;
}

std::uint64_t flip_mask(const float_format& f, std::string_view part) {
    std::uint64_t mask = 0;
    if (part == "significand") {
        mask = low_ones(f.mantissa_bits);
    } else if (part == "exponent") {
        mask = f.magnitude_mask() & ~low_ones(f.mantissa_bits);
    } else if (part == "sign") {
        mask = f.sign_mask();
    } else if (part == "all") {
        mask = f.code_mask();
    } else {
        throw std::invalid_argument("mask is '" + std::string(part) +
                                    "', allowed: 'significand', 'exponent', 'sign', 'all', or bits");
    }
    if (mask == 0) throw std::invalid_argument("mask is '" + std::string(part) + "', but the format has no such bits");
    return mask;
}

template fault_count flip_bits(std::span<const std::uint8_t>, const code_bits&, std::uint64_t, double, fault_kind,
                               const random_source&, std::span<std::uint8_t>);
template fault_count flip_bits(std::span<const std::uint16_t>, const code_bits&, std::uint64_t, double, fault_kind,
                               const random_source&, std::span<std::uint16_t>);
template fault_count flip_bits(std::span<const std::uint32_t>, const code_bits&, std::uint64_t, double, fault_kind,
                               const random_source&, std::span<std::uint32_t>);
template fault_count flip_bits(std::span<const std::uint64_t>, const code_bits&, std::uint64_t, double, fault_kind,
                               const random_source&, std::span<std::uint64_t>);

}  // namespace halfulp
