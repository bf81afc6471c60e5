#include "halfulp/arithmetic/accumulator.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace halfulp {
namespace {

constexpr std::string_view allowed = "exact, sequential, fma, pairwise, blocked_<k> with k from 1 to 2^32 - 1";

std::uint32_t block_of(std::string_view name) {
    constexpr std::string_view prefix = "blocked_";
    std::uint32_t k = 0;
    if (name.starts_with(prefix)) {
        const std::string_view digits = name.substr(prefix.size());
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), k);
        if (error == std::errc() && end == digits.data() + digits.size() && !digits.starts_with('0') && k != 0)
            return k;
    }
    throw std::invalid_argument("accumulate is '" + std::string(name) + "', allowed: " + std::string(allowed) +
                                ", a matrix unit's name, or an Accumulator");
}

}  // namespace

accumulator named_accumulator(std::string_view name, const format& f, const projection& how) {
    if (name == "fp32" || name == "fp64" || name == "binary32" || name == "binary64" || name.ends_with("accumulate")) {
        throw std::invalid_argument("accumulate is '" + std::string(name) +
                                    "', which names a format and no order, allowed: " + std::string(allowed) +
                                    ", or an Accumulator with partial='binary32' and an order");
    }
    const rounding_step step{f, how};
    accumulator out;
    out.name = name;
    if (name == "exact") {
        out.group = 0;
    } else if (name == "fma") {
        out.partial = step;
    } else if (name == "sequential") {
        out.product = step;
        out.partial = step;
    } else if (name == "pairwise") {
        out.product = step;
        out.partial = step;
        out.group = 0;
        out.inside = group_sum::pairwise;
    } else {
        out.group = block_of(name);
        out.product = step;
        out.partial = step;
        out.inside = group_sum::sequential;
    }
    return out;
}

std::size_t roundings_of(const accumulator& how, std::size_t terms) {
    const std::size_t group = how.group == 0 ? std::max<std::size_t>(terms, 1) : how.group;
    const std::size_t joined = how.aligned.exact_terms;
    // Of one group of so many factors: its products, then its sums.
    const auto of_group = [&](std::size_t factors) -> std::size_t {
        const std::size_t products = (factors + joined - 1) / joined;
        std::size_t sums = products;  // one less inside, and one to the running sum
        if (how.inside == group_sum::exact || how.inside == group_sum::aligned) sums = 1;
        if (how.inside == group_sum::aligned && how.aligned.two_passes) sums = products > 2 ? 3 : 2;
        return (how.product ? products : 0) + (how.partial ? sums : 0);
    };
    const std::size_t rest = terms % group;
    return terms / group * of_group(group) + (rest == 0 ? 0 : of_group(rest)) + 1;
}

void validate(const accumulator& how) {
    const auto refuse = [&](const std::string& what) { throw std::invalid_argument(what); };
    const bool unrounded = how.inside == group_sum::exact || how.inside == group_sum::aligned;
    if (!how.partial && !(how.group == 0 && unrounded)) {
        refuse("partial is None, allowed: a format, unless group is 0 and inside is 'exact' or 'aligned'");
    }
    for (const auto* step : {&how.product, &how.partial}) {
        if (!*step) continue;
        if ((*step)->how.overflow == overflow_policy::unbounded)
            refuse("overflow is 'unbounded', allowed in an accumulator: policies that give members");
    }
    const alignment_rule& rule = how.aligned;
    if (rule.fraction_bits < 0 || rule.fraction_bits > 96)
        refuse("fraction_bits is " + std::to_string(rule.fraction_bits) + ", allowed: 0 to 96");
    if (rule.sum_bits < 0 || rule.sum_bits > 96)
        refuse("sum_bits is " + std::to_string(rule.sum_bits) + ", allowed: 0 to 96");
    if (rule.addend_bits < 0 || rule.addend_bits > 96)
        refuse("addend_bits is " + std::to_string(rule.addend_bits) + ", allowed: 0 to 96");
    if (rule.exact_terms == 0) refuse("exact_terms is 0, allowed: 1 or more");
    if (rule.exact_terms > 1 && how.inside != group_sum::aligned)
        refuse("exact_terms is " + std::to_string(rule.exact_terms) + ", allowed unless inside is 'aligned': 1");
    if (how.group % rule.exact_terms != 0) {
        refuse("group is " + std::to_string(how.group) + ", allowed: a multiple of exact_terms (" +
               std::to_string(rule.exact_terms) + ")");
    }
    if (rule.halves && rule.addend_inside)
        refuse("halves is true, allowed: only with the addend after the group's sum (addend_inside false)");
    if (rule.two_passes && (!rule.addend_inside || how.inside != group_sum::aligned))
        refuse("two_passes is true, allowed: only where inside is 'aligned' and the addend is inside");
    if (rule.addend_reach < 0) refuse("addend_reach is " + std::to_string(rule.addend_reach) + ", allowed: 0 or more");
    if (how.overflow_to_infinity && how.partial && !how.partial->to.has_infinity())
        refuse("overflow_to_infinity is true, allowed: only where the format of partial sums has infinities");
    constexpr std::int32_t widest = std::int32_t{1} << 24;
    if (rule.lowest_exponent < -widest || rule.lowest_exponent > widest)
        refuse("lowest_exponent is " + std::to_string(rule.lowest_exponent) + ", allowed: -2^24 to 2^24");
    if (how.nan) {
        const float_format* is = how.nan->of.as_float();
        if (is == nullptr || how.nan->code > how.nan->of.max_code() || !is->is_nan(how.nan->code))
            refuse("nan code is " + std::to_string(how.nan->code) + ", allowed: a NaN of " + to_string(how.nan->of));
    }
}

}  // namespace halfulp
