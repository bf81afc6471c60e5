// next_up and next_down against a search through the list of all members.
#include <algorithm>

#include "arithmetic/support/judge.hpp"
#include "codecs/support/shapes.hpp"

using namespace oracle;

namespace {

/// What a format has besides NaN, each number once, with codes; in ascending order.
class members {
  public:
    explicit members(const either_format& f) {
        std::vector<either_operand> codes = all_codes(f);
        const auto* fixed = f.library.as_fixed();
        if (fixed != nullptr && fixed->symmetric)  // the code that is never produced
            codes.erase(codes.begin() + (std::ptrdiff_t{1} << (fixed->width - 1)));
        for (const either_operand& o : codes) {
            if (o.reference.x.is_nan()) continue;
            const bool known = std::any_of(all_.begin(), all_.end(),
                                           [&](const number& x) { return oracle::compare(x, o.reference.x) == 0; });
            if (!known) all_.push_back(o.reference.x);
        }
        std::sort(all_.begin(), all_.end(), [](const number& x, const number& y) { return oracle::compare(x, y) < 0; });
    }

    /// The least member above x, or the greatest below it; the last one on that side where there is none.
    number next(const number& x, bool up) const {
        if (up) {
            for (const number& m : all_)
                if (oracle::compare(m, x) > 0) return m;
            return all_.back();
        }
        for (auto m = all_.rbegin(); m != all_.rend(); ++m)
            if (oracle::compare(*m, x) < 0) return *m;
        return all_.front();
    }

  private:
    std::vector<number> all_;
};

void check(const either_format& to, const members& all, const either_operand& x, report& out) {
    for (const bool up : {true, false}) {
        const halfulp::operation op = up ? halfulp::operation::next_up : halfulp::operation::next_down;
        const halfulp::calculated got = halfulp::calculator(op, to.library, {})({x.library, {}, {}});
        const number has = to.reference.decode(halfulp::to_code(got.number, to.library)).x;
        const auto about = [&] {
            return std::string(halfulp::row_of(op).name) + " of " + x.text + " in " + to.name + ": code " +
                   hex(halfulp::to_code(got.number, to.library)) + " flags " + hex(got.flags);
        };
        // IEEE 754-2019, 5.3.1: nextUp raises nothing but for a signaling NaN; what has no place in the format is invalid as ever.
        int flags = x.reference.signaling ? flag::invalid : 0;
        if (x.reference.x.is_nan()) {
            if (!to.library.has_nan()) flags |= flag::invalid;
            out.check(has.is_nan() == to.library.has_nan(), about);
            out.check(got.number.missing_nan != to.library.has_nan(), about);
            out.check(got.flags == flags, about);
            continue;
        }
        const number want = all.next(x.reference.x, up);
        out.check(oracle::compare(has, want) == 0, about);
        out.check(got.flags == flags, about);
        // A zero has the sign of the side from which it is reached: nextUp of the largest negative number is -0.
        const bool zero = want.is_finite() && is_zero(want.magnitude);
        if (zero && oracle::compare(x.reference.x, want) != 0)
            out.check(has.negative == (x.reference.x.negative && to.library.has_negative_zero()), about);
    }
}

}  // namespace

TEST_CASE("the member after every member, of formats of up to 8 bits") {
    report out;
    std::vector<std::string> names;
    for (const named_format& f : registered(1, 8)) names.push_back(f.name);
    for (int k = 3; k <= 5; ++k)
        for (const named_format& f : p3109_family(k)) names.push_back(f.name);
    for (const char* name : {"Binary8p3ue", "e3m2_nosub", "e3m2u", "e3m2fnuz_nosub", "posit2_0", "posit5_1", "posit8_2",
                             "int8", "int4s", "uint8", "q4.4", "uint1"})
        names.emplace_back(name);
    for (const std::string& name : names) {
        const either_format f(name);
        const members all(f);
        for (const either_operand& x : all_codes(f)) check(f, all, x, out);
    }
    out.conclude();
}

TEST_CASE("the member after any number, whether a member or not") {
    report out;
    const either_format wide("binary16");
    const either_format fine("q8.8");
    const either_format huge("e6m3");
    for (const char* name : {"e4m3fn", "e5m2", "e2m1fn", "e8m0fnu", "e4m3fnuz", "e3m2u", "e3m2_nosub", "Binary8p3se",
                             "Binary6p2ue", "posit6_1", "posit8_2", "int4", "uint4", "q2.2s"}) {
        const either_format to(name);
        const members all(to);
        for (std::uint64_t code = 0; code < 65536; code += 61) check(to, all, from_code(code, wide), out);
        for (std::uint64_t code = 0; code < 65536; code += 127) check(to, all, from_code(code, fine), out);
        for (const either_operand& x : all_codes(huge)) check(to, all, x, out);
    }
    out.conclude();
}

TEST_CASE("a NaN without a place becomes what the NaN policy says") {
    const halfulp::format f = halfulp::parse_format("e2m1fn");
    const halfulp::operand nan = halfulp::operand_of_code(0x7E00, halfulp::parse_format("binary16"));
    for (const auto op : {halfulp::operation::next_up, halfulp::operation::next_down}) {
        const auto to_max = halfulp::calculator(op, f, {.nan = halfulp::nan_policy::to_max})({nan, {}, {}});
        const auto to_zero = halfulp::calculator(op, f, {.nan = halfulp::nan_policy::to_zero})({nan, {}, {}});
        CHECK(halfulp::to_code(to_max.number, f) == 0x7);
        CHECK(halfulp::to_code(to_zero.number, f) == 0x0);
        CHECK(to_zero.flags == halfulp::flag::invalid);
    }
}

TEST_CASE("neighbours of wide formats' members are their codes' neighbours") {
    report out;
    std::mt19937_64 random(7);
    for (const char* name : {"binary16", "binary32", "binary64", "e19m44", "e1m62fn", "Binary64p62se", "posit32_2",
                             "posit64_2", "int64", "q32.32"}) {
        const either_format f(name);
        const std::uint64_t top = f.library.max_code() >> 1;
        for (int i = 0; i < 2000; ++i) {
            const std::uint64_t code = 1 + random() % (top / 2);  // positive, and far from infinity and NaN
            const halfulp::operand x = halfulp::operand_of_code(code, f.library);
            for (const bool up : {true, false}) {
                const auto op = up ? halfulp::operation::next_up : halfulp::operation::next_down;
                const auto got = halfulp::calculator(op, f.library, {})({x, {}, {}});
                out.check(halfulp::to_code(got.number, f.library) == (up ? code + 1 : code - 1),
                          [&] { return f.name + " " + hex(code) + (up ? " up" : " down"); });
            }
        }
    }
    out.conclude();
}
