#include "steps.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>

#include "checks.hpp"
#include "halfulp/codecs/any_projector.hpp"

namespace halfulp::detail {
namespace {

/// Bits of numbers as signed integers in the order of the numbers, -0 just below +0; and back.
template <class T>
using key_of = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
template <class T>
key_of<T> to_key(T x) noexcept {
    using key = key_of<T>;
    const auto bits = std::bit_cast<key>(x);
    return bits < 0 ? static_cast<key>(bits ^ std::numeric_limits<key>::max()) : bits;
}
template <class T>
T from_key(key_of<T> k) noexcept {
    return std::bit_cast<T>(k < 0 ? static_cast<key_of<T>>(k ^ std::numeric_limits<key_of<T>>::max()) : k);
}

/// The scalar definition of one call.
class definition {
  public:
    definition(const format& f, const projection& how)
        : format_(f), projector_(f, how), keeps_nan_(how.nan == nan_policy::keep) {}

    template <class T>
    [[nodiscard]] step_result operator()(T x) const {
        return result(project_value(x, projector_, 0));
    }
    [[nodiscard]] step_result finite(bool negative, uint128 significand, std::int32_t exponent, bool sticky) const {
        return result(projector_.finite(negative, significand, exponent, sticky, 0));
    }

  private:
    [[nodiscard]] step_result result(const projected& x) const {
        const bool nan = x.missing_nan && keeps_nan_;
        return {stored_code<std::uint8_t>(to_code(x, format_), format_.bits(), format_.has_signed_codes()),
                nan ? static_cast<std::uint32_t>(binary32_format.nan_code())
                    : static_cast<std::uint32_t>(to_bits(to_nearest_value<float>(x))),
                x.overflowed, x.missing_nan};
    }
    format format_;
    any_projector projector_;
    bool keeps_nan_;
};

/// The results of all finite numbers, in ascending order; of a monotonic function, that between equal ends is constant.
template <class T, class Function>
std::vector<run_of<T>> find_runs(const Function& f) {
    using key = key_of<T>;
    using ukey = std::make_unsigned_t<key>;
    struct span {
        key first, last;
        step_result at_first, at_last;
    };
    const T most = std::numeric_limits<T>::max();
    std::vector<run_of<T>> runs;
    std::vector<span> todo{{to_key(-most), to_key(most), f(-most), f(most)}};
    const step_result end = todo.back().at_last;
    while (!todo.empty()) {
        const span s = todo.back();
        todo.pop_back();
        if (s.at_first == s.at_last) continue;
        const auto distance = static_cast<ukey>(s.last) - static_cast<ukey>(s.first);
        if (distance == 1) {
            runs.push_back({from_key<T>(s.first), s.at_first});
            continue;
        }
        const key middle = static_cast<key>(static_cast<ukey>(s.first) + distance / 2);
        const step_result at_middle = f(from_key<T>(middle));
        todo.push_back({middle, s.last, at_middle, s.at_last});
        todo.push_back({s.first, middle, s.at_first, at_middle});
    }
    runs.push_back({most, end});
    return runs;
}

/// Is rounding with these policies monotonic, with results of at most 8 bits?
bool is_step_function(const format& f, const projection& how) {
    if (f.as_float() != nullptr || f.bits() > 8 || is_stochastic(how.rounding) || how.ftz != ftz_policy::none ||
        how.magnitude_if_unsigned)
        return false;
    // NaN for negative numbers would stand beside the smallest member.
    const bool saturates = how.overflow == overflow_policy::native || how.overflow == overflow_policy::sat_finite ||
                           how.overflow == overflow_policy::sat_propagate ||
                           (how.overflow == overflow_policy::sat_none && f.is_signed());
    return saturates || f.as_posit() != nullptr;
}

template <class Same>
std::vector<run_of<float>> merged(const std::vector<run_of<float>>& runs, const Same& same) {
    std::vector<run_of<float>> out;
    for (const auto& run : runs) {
        if (!out.empty() && same(out.back().result, run.result)) {
            out.back().last = run.last;
        } else {
            out.push_back(run);
        }
    }
    return out;
}

std::optional<few_steps> few_of(const std::vector<run_of<float>>& runs) {
    if (runs.size() > simd::few) return std::nullopt;
    few_steps out{};
    out.thresholds.fill(std::numeric_limits<float>::infinity());
    for (std::size_t j = 0; j < simd::few; ++j) {
        const run_of<float>& run = runs[std::min(j, runs.size() - 1)];
        if (j + 1 < runs.size()) {
            out.thresholds[j] = run.last;
            out.keyed = out.keyed || to_key(run.last) == -1;
        }
        out.values[j] = std::bit_cast<float>(run.result.value);
        out.codes[j] = j < runs.size() ? run.result.code : static_cast<std::uint8_t>(j);
    }
    return out;
}

/// None where two thresholds share a bucket, where one lies next to zero or among the smallest numbers, or where -0 differs.
std::optional<many_steps> many_of(const std::vector<run_of<float>>& runs) {
    struct change {
        std::uint32_t last;  ///< magnitude on the near side of zero
        std::uint8_t inner, outer;
    };
    std::array<std::vector<change>, 2> changes;
    std::array<std::uint8_t, 2> nearest{};  // to zero, of both signs
    std::uint8_t zero = 0;
    bool zero_found = false;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const std::int32_t k = to_key(runs[i].last);
        const std::uint8_t code = runs[i].result.code;
        const auto reaches = [&](std::int32_t key) { return k >= key && (i == 0 || to_key(runs[i - 1].last) < key); };
        if (k == -1) return std::nullopt;
        if (reaches(0)) {
            zero = code;
            zero_found = true;
        }
        if (reaches(1)) nearest[0] = code;
        if (reaches(-2)) nearest[1] = code;
        if (i + 1 == runs.size()) continue;
        const std::uint8_t next = runs[i + 1].result.code;
        if (k > 0) {
            changes[0].push_back({static_cast<std::uint32_t>(k), code, next});
        } else if (k < -2) {
            changes[1].insert(changes[1].begin(), {static_cast<std::uint32_t>(-2 - k), next, code});
        }
    }
    if (!zero_found) return std::nullopt;
    std::uint32_t first = 0x7F7F;
    std::uint32_t last = 0;
    for (const auto& side : changes) {
        if (side.empty()) continue;
        first = std::min(first, side.front().last >> 16);
        last = std::max(last, side.back().last >> 16);
    }
    if (first > last || first < 1) return std::nullopt;
    --first;
    ++last;
    many_steps out;
    bool edges = false;
    const std::uint32_t buckets = last - first + 1;
    for (std::size_t s = 0; s < 2; ++s) {
        std::uint32_t now = nearest[s];
        auto at = changes[s].begin();
        for (std::uint32_t b = first; b <= last; ++b) {
            if (at == changes[s].end() || at->last >> 16 != b) {
                // No threshold: the same code on both sides of a place that no round number has.
                out.entries.push_back(now << 24 | now << 16 | 0x5555u);
                continue;
            }
            out.entries.push_back(std::uint32_t{at->outer} << 24 | std::uint32_t{at->inner} << 16 |
                                  (at->last & 0xFFFFu));
            const std::uint32_t low = at->last & 0xFFFFu;
            edges = edges || low <= simd::doubt + 1 || low + simd::doubt + 1 >= 0xFFFFu;
            now = at->outer;
            ++at;
            if (at != changes[s].end() && at->last >> 16 == b) return std::nullopt;
        }
    }
    out.plan = {nullptr, first << 16 | 0x8000u, last << 16 | 0x8000u, buckets, zero, edges};
    return out;
}

std::shared_ptr<const number_steps> make_number_steps(const format& f, const projection& how) {
    if (!is_step_function(f, how)) return nullptr;
    const definition define(f, how);
    const auto runs = merged(find_runs<float>(define), [](const step_result& a, const step_result& b) {
        return a.code == b.code && a.value == b.value;
    });
    auto out = std::make_shared<number_steps>();
    out->runs = runs;
    out->few = few_of(runs);
    if (!out->few) out->many = many_of(runs);
    if (!out->few && !out->many) return nullptr;
    if (out->many) out->many->plan.entries = out->many->entries.data();
    for (const auto& run : runs) out->value_of[run.result.code] = std::bit_cast<float>(run.result.value);
    constexpr float infinity = std::numeric_limits<float>::infinity();
    out->infinity = define(infinity);
    out->negative_infinity = define(-infinity);
    out->nan = define(std::numeric_limits<float>::quiet_NaN());
    for (const step_result& r : {out->infinity, out->negative_infinity, out->nan}) {
        if (!r.missing_nan) out->value_of[r.code] = std::bit_cast<float>(r.value);
    }
    return out;
}

/// Out of the last binary64 number before the change and the first one after it. None where it is no binary64 number: it is proven
/// by the results 2^-122 beside it, as midpoints have at most 120 bits.
std::optional<boundary> boundary_between(double last, double next, const step_result& below, const step_result& above,
                                         const definition& define) {
    if (std::bit_cast<std::uint64_t>(last) == std::uint64_t{1} << 63) return boundary{last, false};  // -0 to +0
    constexpr float_format own = binary64_format;
    const auto significand_zeros = [](double x) {
        const dyadic value = binary64_format.magnitude_value(to_bits(x) & binary64_format.magnitude_mask());
        return value.significand == 0 ? 1000 : std::countr_zero(value.significand) + value.exponent;
    };
    const bool ties_up = significand_zeros(next) > significand_zeros(last);
    const double at = ties_up ? next : last;
    const std::uint64_t magnitude = to_bits(at) & own.magnitude_mask();
    const bool negative = std::signbit(at);
    if (magnitude == 0) {
        // Zero itself lies on one side; numbers next to it on the other.
        const bool holds =
            ties_up ? define.finite(true, 1, -4000, false) == below : define.finite(false, 1, -4000, false) == above;
        return holds ? std::optional(boundary{0.0, ties_up}) : std::nullopt;
    }
    if (std::fabs(at) < 0x1p-300 || std::fabs(at) > 0x1p300) return std::nullopt;
    const dyadic value = own.magnitude_value(magnitude);
    const int up = 123 - bit_length(value.significand);
    const uint128 wide = uint128{value.significand} << up;
    const step_result farther = define.finite(negative, wide, value.exponent - up, true);
    const step_result nearer = define.finite(negative, wide - 1, value.exponent - up, true);
    if ((negative ? nearer : farther) != above || (negative ? farther : nearer) != below) return std::nullopt;
    return boundary{at, ties_up};
}

void put(simd::few_boundaries& to, std::size_t j, const boundary& b) {
    const bool upward = b.ties_up;
    const std::uint64_t sign = std::uint64_t{1} << 63;
    to.boundary[j] = upward ? -b.at : b.at;
    to.flip[j] = upward ? sign : 0;
    // One unit down: +0 becomes the negative number next to it.
    to.step[j] = !upward ? 0 : b.at > 0 ? ~std::uint64_t{0} : b.at < 0 ? 1 : sign | 1;
}

/// Buckets of a linear function from the largest member on both sides, and room for scales that were rounded down; none where two
/// boundaries are too close together, or where the zeros differ.
std::optional<simd::few_line> line_through(const std::vector<boundary>& boundaries, double largest, bool keyed) {
    constexpr double room = 1.0 + 0x1p-4;
    constexpr double error = 0x1p-19;
    if (keyed || !(largest > 0x1p-20 && largest < 0x1p20)) return std::nullopt;
    simd::few_line out{};
    out.reach = largest * room;
    out.slope = static_cast<float>(15.49 / out.reach);  // buckets 1 to 31
    for (std::uint32_t j = 0; j < 2 * simd::few; ++j) {
        const double low = (static_cast<double>(j) - 16.5) / static_cast<double>(out.slope);
        const double high = (static_cast<double>(j) - 15.5) / static_cast<double>(out.slope);
        const double margin = out.reach * error;
        std::uint32_t below = 0;
        std::uint32_t within = 0;
        for (const boundary& b : boundaries) {
            below += b.at < low - margin;
            within += b.at >= low - margin && b.at <= high + margin;
        }
        if (within > 1) return std::nullopt;
        out.position[j] = below;
        out.threshold[j] = within == 1 ? below : static_cast<std::uint32_t>(simd::few - 1);
    }
    return out;
}

/// The boundaries between runs of binary32 numbers, each between two neighbours; none where some is not known.
std::vector<boundary> boundaries_between(const std::vector<run_of<float>>& runs, const definition& define) {
    std::vector<boundary> out;
    for (std::size_t i = 0; i + 1 < runs.size(); ++i) {
        std::int64_t first = to_key(static_cast<double>(runs[i].last));
        std::int64_t last = to_key(static_cast<double>(from_key<float>(to_key(runs[i].last) + 1)));
        const auto code_of = [&](std::int64_t key) { return define(from_key<double>(key)).code; };
        const std::uint8_t below = code_of(first);
        while (last - first > 1) {
            const std::int64_t middle = first + (last - first) / 2;
            (code_of(middle) == below ? first : last) = middle;
        }
        const double before = from_key<double>(first);
        const double after = from_key<double>(last);
        const auto at = boundary_between(before, after, define(before), define(after), define);
        if (!at) return {};
        out.push_back(*at);
    }
    return out;
}

std::shared_ptr<const quotient_steps> make_quotient_steps(const format& f, const projection& how) {
    if (!is_step_function(f, how) || how.overflow != overflow_policy::sat_finite) return nullptr;
    const definition define(f, how);
    auto out = std::make_shared<quotient_steps>();
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const boundary none{infinity, false};
    out->saturation = {};
    put(out->saturation, 0, {-infinity, false});
    put(out->saturation, 1, none);
    // Where the count of saturated elements changes.
    const auto over = find_runs<double>([&](double x) {
        const step_result r = define(x);
        return step_result{static_cast<std::uint8_t>(r.overflowed ? (x < 0 ? 0 : 2) : 1), 0, r.overflowed, false};
    });
    for (std::size_t i = 0; i + 1 < over.size(); ++i) {
        const double next = from_key<double>(to_key(over[i].last) + 1);
        const auto at = boundary_between(over[i].last, next, define(over[i].last), define(next), define);
        if (!at) return nullptr;
        put(out->saturation, over[i].result.overflowed ? 0 : 1, *at);
    }
    if (f.max_code() < simd::few) {
        auto runs = find_runs<double>([&](double x) {
            step_result r = define(x);
            r.overflowed = false;
            return r;
        });
        if (runs.size() <= simd::few) {
            quotient_steps::few_quotients few{};
            bool proven = true;
            std::vector<boundary> boundaries;
            double largest = 0;
            for (std::size_t j = 0; j < simd::few; ++j) {
                const auto& run = runs[std::min(j, runs.size() - 1)];
                few.values[j] = static_cast<double>(std::bit_cast<float>(run.result.value));
                few.codes[j] = j < runs.size() ? run.result.code : static_cast<std::uint8_t>(j);
                largest = std::max(largest, std::fabs(few.values[j]));
                put(few.boundaries, j, none);
                if (j + 1 >= runs.size()) continue;
                const double next = from_key<double>(to_key(run.last) + 1);
                const auto at = boundary_between(run.last, next, define(run.last), define(next), define);
                if (!at) {
                    proven = false;
                    break;
                }
                few.keyed = few.keyed || to_key(run.last) == -1;
                put(few.boundaries, j, *at);
                boundaries.push_back(*at);
            }
            if (proven) {
                few.line = line_through(boundaries, largest, few.keyed);
                out->few = few;
                return out;
            }
        }
    }
    out->many = find_number_steps(f, how);
    if (out->many == nullptr || !out->many->many) return nullptr;
    out->boundaries = boundaries_between(out->many->runs, define);
    for (const auto& run : out->many->runs) out->codes.push_back(run.result.code);
    return out;
}

/// What has been asked for last, whether there is such a thing or not.
template <class Steps>
class kept {
  public:
    template <class Make>
    std::shared_ptr<const Steps> find(const format& f, const projection& how, const Make& make) {
        {
            const std::scoped_lock lock(mutex_);
            for (auto& e : entries_) {
                if (e.f == f && e.how == how) {
                    std::swap(e, entries_.front());
                    return entries_.front().steps;
                }
            }
        }
        std::shared_ptr<const Steps> made = make(f, how);
        const std::scoped_lock lock(mutex_);
        if (entries_.size() == most) entries_.pop_back();
        entries_.insert(entries_.begin(), {f, how, made});
        return made;
    }

  private:
    static constexpr std::size_t most = 32;
    struct entry {
        format f;
        projection how;
        std::shared_ptr<const Steps> steps;
    };
    std::mutex mutex_;
    std::vector<entry> entries_;
};

}  // namespace

std::shared_ptr<const number_steps> find_number_steps(const format& f, const projection& how) {
    static kept<number_steps> known;
    return known.find(f, how, make_number_steps);
}

std::shared_ptr<const quotient_steps> find_quotient_steps(const format& f, const projection& how) {
    static kept<quotient_steps> known;
    return known.find(f, how, make_quotient_steps);
}

std::size_t worth_steps(const format& f) {
    return f.bits() > 8 ? std::numeric_limits<std::size_t>::max() : (f.max_code() + 1) * 32;
}

}  // namespace halfulp::detail
