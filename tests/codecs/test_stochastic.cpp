// Stochastic rounding: every R of up to 8 bits against the definition, and the counts against the exact probability.
#include <random>

#include "codecs/support/probes.hpp"
#include "codecs/support/shapes.hpp"

using namespace oracle;
using halfulp::rounding_mode;

namespace {

constexpr auto stochastic_modes = {rounding_mode::stochastic_a, rounding_mode::stochastic_b,
                                   rounding_mode::stochastic_c, rounding_mode::stochastic_equal};

/// Fractions of the gap above a rung at which the first N bits, the bit after them and the sticky bits all change.
template <class T>
magnitudes within_gap(const format& f, rung r, int bits) {
    magnitudes all;
    const rational a = f.value(r), b = f.value(r + 1);
    const rational step{integer(b.num * a.den - a.num * b.den), integer(a.den * b.den)};
    const int parts = 4 << bits;  // quarters of the last random bit
    const int stride = bits <= 3 ? 1 : parts / 31;
    for (int part = 0; part < parts; part += stride) {
        const rational x = add(a, {integer(step.num * part), integer(step.den * parts)});
        const std::uint64_t at = carrier<T>::floor_bits(x);
        all.push_back(at);
        all.push_back(at + 1);
        if (at > 0) all.push_back(at - 1);
    }
    tidy(all);
    return all;
}

/// Compares all 2^N results, and holds their number against count_away and the closed form.
template <class T>
void every_r(const subject<T>& s, std::uint64_t bits, rounding_mode m, int n, report& out) {
    const T x = carrier_traits<T>::from(bits);
    const paired how(halfulp::projection{
        .rounding = m, .overflow = halfulp::overflow_policy::sat_finite, .random_bits = static_cast<std::uint8_t>(n)});
    const placed p = place(carrier<T>::exact(bits), s.exact());
    halfulp::projection down = how.library;
    down.rounding = rounding_mode::toward_zero;
    const std::uint64_t stay = halfulp::encode(x, s.data(), down);
    std::uint64_t went = 0;
    for (std::uint32_t r = 0; r < 1u << n; ++r) {
        s.compare_one(bits, p, how, r, out);
        went += halfulp::encode(x, s.data(), how.library, r) != stay;
    }
    const std::uint64_t counted = halfulp::count_away(x, s.data(), m, n);
    const std::uint64_t exact = count_away(translate(m), p.x, s.exact(), n);
    // Beyond the largest, below a format without a zero and below an unsigned format the result hides the decision.
    const bool visible = p.x.is_finite() && !is_zero(p.x.magnitude) && !p.where.below_all &&
                         p.where.lower < s.exact().largest() && (s.data().is_signed || !p.x.negative);
    out.check(counted == exact && (!visible || went == exact), [&] {
        return s.name() + " " + describe<T>(bits) + " " + oracle::describe(how.library) + ": " + std::to_string(went) +
               " results away, count_away " + std::to_string(counted) + ", exact " + std::to_string(exact);
    });
}

template <class T>
void check_small(const std::vector<named_format>& formats) {
    report out;
    for (const auto& f : formats) {
        const subject<T> s(f);
        const rung top = s.exact().largest();
        // Every gap with up to 3 bits; with more, the ends, the subnormals' border and two in the middle.
        for (int n = 1; n <= 8; ++n)
            for (rung r = 0; r <= top; ++r) {
                const rung normal = s.exact().smallest_normal();
                if (n > 3 && r > 1 && r < top && r != normal && r != normal - 1 && r != top / 2 && r != top / 2 + 1)
                    continue;
                for (const std::uint64_t magnitude : within_gap<T>(s.exact(), r, n))
                    for (const rounding_mode m : stochastic_modes) {
                        every_r(s, magnitude, m, n, out);
                        if (magnitude % 4 == 0) every_r(s, magnitude | carrier<T>::sign, m, n, out);
                    }
            }
    }
    out.conclude();
}

}  // namespace

TEST_CASE("every R of 1 to 8 bits decides as defined, and as often as count_away says (float64)", "[long]") {
    check_small<double>(registered(1, 8));
}
TEST_CASE("every R of 1 to 8 bits decides as defined, and as often as count_away says (float32)", "[long]") {
    check_small<float>(
        {{"e4m3fn", shape(4, 3, 7, halfulp::specials::fn)}, {"e5m2", shape(5, 2, 15, halfulp::specials::ieee)}});
}
TEST_CASE("every R of 1 to 8 bits decides as defined in unregistered shapes", "[long]") {
    auto some = small_shapes();
    std::erase_if(some, [](const named_format& f) {
        return (width_of(f.data) > 6 && f.name != "e4m3fn_nosub") || f.data.bias > 100;
    });
    check_small<double>(some);
}

TEST_CASE("with 9 to 32 bits the decision turns at exactly one R") {
    report out;
    std::mt19937_64 random(5);
    auto formats = registered(1, 64);
    for (const auto& f : small_shapes()) formats.push_back(f);
    for (const auto& f : formats) {
        const subject<double> s(f);
        const rung top = s.exact().largest();
        for (int i = 0; i < 300; ++i) {
            const rung r = static_cast<rung>(random() % static_cast<std::uint64_t>(top + 1));
            std::uint64_t bits = carrier<double>::floor_bits(s.exact().value(r));
            const std::uint64_t next = carrier<double>::floor_bits(s.exact().value(r + 1));
            if (next > bits) bits += random() % (next - bits + 1);
            if (i % 3 == 0) bits = bits >> 20 << 20;  // short fractions, where RNE(f 2^N) ties
            if (i % 2 == 0) bits |= carrier<double>::sign;
            const placed p = place(carrier<double>::exact(bits), s.exact());
            for (const rounding_mode m : stochastic_modes)
                for (const int n : {9, 13, 16, 20, 31, 32}) {
                    const paired how(halfulp::projection{.rounding = m, .random_bits = static_cast<std::uint8_t>(n)});
                    s.compare_turning_points(bits, p, how, out);
                    s.compare_one(bits, p, how, 0, out);
                    s.compare_one(bits, p, how, static_cast<std::uint32_t>((std::uint64_t{1} << n) - 1), out);
                }
        }
    }
    out.conclude();
}
