// A format under test in one carrier, and the comparison of one input under one projection.
#pragma once

#include <string>
#include <vector>

#include "codecs/support/carrier.hpp"
#include "codecs/support/report.hpp"
#include "codecs/support/translate.hpp"
#include "halfulp/codecs/codec.hpp"
#include "oracle/project.hpp"

namespace oracle {

struct named_format {
    std::string name;
    halfulp::float_format data;
};

template <class T>
class subject {
  public:
    explicit subject(const named_format& f) : name_(f.name), data_(f.data), exact_(f.data) {
        if (exact_.width() > 16) return;
        for (rung r = 0; r <= exact_.largest(); ++r)
            members_.push_back(carrier<T>::bits_of(number::finite(false, exact_.value(r))).value_or(none));
    }

    const std::string& name() const { return name_; }
    const halfulp::float_format& data() const { return data_; }
    const format& exact() const { return exact_; }

    /// The carrier's bits of an outcome of `round`; `none` where the carrier cannot hold it.
    std::uint64_t bits_of(const outcome& result, bool unbounded) const {
        using c = carrier<T>;
        const std::uint64_t sign = result.negative ? c::sign : 0;
        if (result.what == number::kind::nan) return c::quiet_nan;
        if (result.what == number::kind::infinity) return sign | c::infinity;
        if (static_cast<std::size_t>(result.index) < members_.size() && result.index <= exact_.largest() &&
            members_[static_cast<std::size_t>(result.index)] != none)
            return sign | members_[static_cast<std::size_t>(result.index)];
        const rational value = exact_.value(result.index);
        // Without an upper limit on the format's exponent the carrier's own limit remains.
        if (unbounded && compare(value, c::as_format().value(static_cast<rung>(c::largest))) > 0)
            return sign | c::infinity;
        return c::bits_of(number::finite(result.negative, value)).value_or(none);
    }
    static constexpr std::uint64_t none = ~std::uint64_t{0} >> 1;

    /// encode and round of one input under one projection and one R, against the oracle.
    void compare_one(std::uint64_t bits, const placed& p, const paired& how, std::uint32_t random, report& out) const {
        const T x = carrier_traits<T>::from(bits);
        const std::uint64_t want_code = code_of(project(p, how.reference, random, purpose::encode), exact_);
        const std::uint64_t got_code = halfulp::encode(x, data_, how.library, random);
        out.check(got_code == want_code, [&] {
            return "encode" + about(bits, how, random) + ": code " + hex(got_code) + ", the oracle says " +
                   hex(want_code);
        });
        const outcome want = project(p, how.reference, random, purpose::round);
        const std::uint64_t want_bits = bits_of(want, how.reference.overflow == overflow_policy::unbounded);
        if (want_bits == none) return out.skip();  // the carrier has no such number: Python refuses the pair
        const std::uint64_t got_bits = carrier_traits<T>::to(halfulp::round(x, data_, how.library, random));
        const bool both_nan = carrier<T>::is_nan(got_bits) && carrier<T>::is_nan(want_bits);
        out.check(got_bits == want_bits || both_nan, [&] {
            return "round" + about(bits, how, random) + ": " + describe<T>(got_bits) + ", the oracle says " +
                   describe<T>(want_bits);
        });
    }

    /// A stochastic mode is tried on both sides of the R at which the decision turns, and at both ends.
    void compare_turning_points(std::uint64_t bits, const placed& p, const paired& how, report& out) const {
        if (!halfulp::is_stochastic(how.library.rounding)) return compare_one(bits, p, how, 0, out);
        const std::uint64_t all = std::uint64_t{1} << how.library.random_bits;
        const bool has_gap = p.x.is_finite() && !is_zero(p.x.magnitude) && !p.where.below_all;
        const bool tiny = p.below_normal && how.reference.ftz == ftz_policy::after;
        const std::uint64_t away = has_gap ? count_away(how.reference.rounding, p.x.negative,
                                                        tiny ? p.tiny.where : p.where, how.library.random_bits)
                                           : 0;
        const std::uint64_t turn = all - away;  // for all but stochastic_equal R >= turn goes away; its turn is 2^(N-1)
        if (turn < all) compare_one(bits, p, how, static_cast<std::uint32_t>(turn), out);
        if (turn > 0) compare_one(bits, p, how, static_cast<std::uint32_t>(turn - 1), out);
    }

  private:
    std::string about(std::uint64_t bits, const paired& how, std::uint32_t random) const {
        return "(" + describe<T>(bits) + ", " + name_ + ", " + oracle::describe(how.library) + ", R=" + hex(random) +
               ")";
    }

    std::string name_;
    halfulp::float_format data_;
    format exact_;
    std::vector<std::uint64_t> members_;
};

}  // namespace oracle
