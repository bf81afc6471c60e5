// The arithmetic of a dot product as data (the contract's section 8): how products are rounded, in what groups and how they are added.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "halfulp/formats/format.hpp"
#include "halfulp/rounding/projection.hpp"

namespace halfulp {

/// One kind of rounding on the way: into a format, by a projection.
struct rounding_step {
    format to;
    projection how;

    friend bool operator==(const rounding_step&, const rounding_step&) = default;
};

/// How the terms of a group are added.
enum class group_sum : std::uint8_t {
    exact,  ///< with the running sum, exactly, and rounded once
    sequential,  ///< one after the other, every sum rounded; then to the running sum
    pairwise,  ///< neighbours first, every sum rounded; then to the running sum
    aligned,  ///< cut to a number of bits below the largest exponent, then exactly: matrix units of GPUs
};
inline constexpr std::array<std::string_view, 4> group_sum_names{"exact", "sequential", "pairwise", "aligned"};

/// What becomes of the bits below the last one that an aligned sum keeps.
enum class alignment : std::uint8_t {
    truncate,  ///< cut off the magnitude
    floor,  ///< toward -∞
    nearest,  ///< to nearest even
};
inline constexpr std::array<std::string_view, 3> alignment_names{"truncate", "floor", "nearest"};

/// The parameters of group_sum::aligned. The exponent of a number is floor(log2 |x|) but at least the smallest normal exponent of its
/// format: a factor's, a scale's, or for the running sum that of partial sums. The exponent of a product is the sum of its factors' and
/// scales' exponents: significands of products lie in [0, 4), those of the running sum in [0, 2).
struct alignment_rule {
    std::int32_t fraction_bits = 24;  ///< n: terms are kept as multiples of 2^(largest exponent - n)
    alignment cut = alignment::truncate;
    /// The running sum takes part. Otherwise the group's own sum, whose exponent is the largest one of its terms, and the running sum are
    /// cut once more, below the larger exponent of the two: the group's sum to `sum_bits`, the running sum to `addend_bits`, both by
    /// floor; then they are added exactly and rounded once.
    bool addend_inside = true;
    std::int32_t sum_bits = 31;
    std::int32_t addend_bits = 24;
    /// The largest exponent of a group counts as no less than this.
    std::int32_t lowest_exponent = -(std::int32_t{1} << 22);
    /// A zero factor has this exponent, and zero products take part in the largest one. None: they do not.
    std::optional<std::int32_t> zero_factor_exponent{};
    /// A running sum of zero has this exponent and takes part in the largest one. None: it does not.
    std::optional<std::int32_t> zero_addend_exponent{};
    /// With the addend after: a running sum whose exponent is more than this below the larger one counts as zero.
    std::int32_t addend_reach = std::numeric_limits<std::int32_t>::max();
    /// Even and odd terms are aligned and summed apart; then both sums are cut by floor to `fraction_bits` below the larger exponent and
    /// added.
    bool halves = false;
    /// So many consecutive products are added exactly to one term. With more than one the term's exponent is the sum of its scales'
    /// exponents alone (0 where there are none), and it takes part even where the sum is zero.
    std::uint32_t exact_terms = 1;
    /// The group's terms are taken in two steps whose running sum starts at +0, first those whose place in the group leaves 0 or 1 when
    /// divided by 4, then the others; what comes out is added to the running sum and rounded to nearest even in the format of partial
    /// sums.
    bool two_passes = false;
    /// Terms of magnitude 2^n or more count as infinities, where every term and the running sum is finite.
    std::optional<std::int32_t> product_limit{};
    /// The smallest normal exponents of the factors' formats, where these are more than the arrays say: values in a wider carrier.
    std::optional<std::int32_t> a_emin{};
    std::optional<std::int32_t> b_emin{};

    friend constexpr bool operator==(const alignment_rule&, const alignment_rule&) = default;
};

struct nan_result {
    format of;
    std::uint64_t code;

    friend bool operator==(const nan_result&, const nan_result&) = default;
};

/// How d = c + Σ a_k b_k is computed; the contract's section 8 defines every part.
struct accumulator {
    std::string name;
    std::optional<rounding_step> product;  ///< none: products are exact
    std::uint32_t group = 1;  ///< terms in a group, 0 for all
    group_sum inside = group_sum::exact;
    std::optional<rounding_step>
        partial;  ///< of running sums; none: only where all terms are one exact or aligned group
    alignment_rule aligned{};
    /// A partial sum beyond the largest member becomes ±∞ in every rounding mode, where the format has infinities.
    bool overflow_to_infinity = false;
    /// Products that are zero, and terms of an aligned sum of which the cut leaves nothing, count as +0 whatever their signs.
    bool positive_zeros = false;
    /// Factors and the first addend below the smallest normal member of their formats (of the addend: of partial sums) count as +0.
    bool flush_inputs = false;
    /// The sign of a block's scale is not looked at.
    bool unsigned_scales = false;
    /// Results that are NaN and of this format have a code of their own instead of the canonical one.
    std::optional<nan_result> nan{};

    friend bool operator==(const accumulator&, const accumulator&) = default;
};

/// The accumulators that every format has: exact, sequential, fma, pairwise, blocked_<k>. Products and partial sums are rounded into `f`
/// by `how`. Throws std::invalid_argument for another name.
accumulator named_accumulator(std::string_view name, const format& f, const projection& how);

/// How many roundings one dot product of `terms` terms has, that of the result included: their ordinals are 0 to one less. Exact
/// products and sums that no step rounds are none.
std::size_t roundings_of(const accumulator& how, std::size_t terms);

/// Throws std::invalid_argument where parts do not fit together.
void validate(const accumulator& how);

}  // namespace halfulp
