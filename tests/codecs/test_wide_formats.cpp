// Formats beyond 16 bits, up to the limits of the grammar: samples at members, midpoints, ends and at random.
#include <random>

#include "codecs/support/probes.hpp"
#include "codecs/support/shapes.hpp"

using namespace oracle;

namespace {

/// Numbers of the carrier whose exponents lie in the format's range or next to it, many with few significant bits.
template <class T>
magnitudes scattered(const format& f, int count, std::mt19937_64& random) {
    using c = carrier<T>;
    magnitudes all;
    const std::uint64_t low = c::floor_bits(scaled(f.value(f.smallest_positive()), -3));
    const std::uint64_t high = c::floor_bits(scaled(f.value(f.largest()), 3));
    for (int i = 0; i < count; ++i) {
        const std::uint64_t bits = low + random() % (high - low + 1);
        const int cleared = static_cast<int>(random() % static_cast<unsigned>(carrier_traits<T>::fraction_bits));
        all.push_back(bits);
        all.push_back(bits >> cleared << cleared);
        all.push_back(random() % (c::infinity));
    }
    return all;
}

template <class T>
magnitudes sample(const format& f, int count, std::mt19937_64& random) {
    magnitudes all = scattered<T>(f, count, random), more;
    // The member below each, and the midpoint above that one.
    for (std::size_t i = 0; i < all.size(); i += 2) {
        const rational x = carrier<T>::exact(all[i]).magnitude;
        if (is_zero(x)) continue;
        const gap where = f.locate(x);
        if (where.below_all) continue;
        for (const std::uint64_t bits : edges<T>(f, where.lower, where.lower)) more.push_back(bits);
    }
    all.insert(all.end(), more.begin(), more.end());
    for (const std::uint64_t bits : ends<T>(f)) all.push_back(bits);
    tidy(all);
    for (const std::uint64_t bits : specials_of<T>()) all.push_back(bits);
    return all;
}

template <class T>
void check_sample(const named_format& f, const std::vector<paired>& hows, std::mt19937_64& random, report& out) {
    const subject<T> s(f);
    // A value of a format with 19 exponent bits is an integer of half a million bits: fewer of those.
    const int count = f.data.exponent_bits > 16 || f.data.bias > 5000 || f.data.bias < -5000 ? 6 : 220;
    for (const std::uint64_t magnitude : sample<T>(s.exact(), count, random))
        for (const std::uint64_t sign : {std::uint64_t{0}, carrier<T>::sign}) {
            const placed p = place(carrier<T>::exact(sign | magnitude), s.exact());
            for (const paired& how : hows) s.compare_turning_points(sign | magnitude, p, how, out);
        }
}

void check_formats(const std::vector<named_format>& formats) {
    std::vector<paired> hows;
    for (const auto& row : halfulp::rounding_modes)
        for (const auto overflow : {halfulp::overflow_policy::native, halfulp::overflow_policy::sat_finite,
                                    halfulp::overflow_policy::unbounded})
            for (const auto ftz : {halfulp::ftz_policy::none, halfulp::ftz_policy::before, halfulp::ftz_policy::after})
                hows.emplace_back(halfulp::projection{.rounding = row.mode, .overflow = overflow, .ftz = ftz});
    std::mt19937_64 random(4);
    report out;
    for (const auto& f : formats) {
        check_sample<float>(f, hows, random, out);
        check_sample<double>(f, hows, random, out);
        check_sample<halfulp::bfloat16>(f, hows, random, out);
    }
    out.conclude();
}

}  // namespace

TEST_CASE("registered formats beyond 16 bits round as defined", "[long]") { check_formats(registered(17, 64)); }

TEST_CASE("formats at the limits of the grammar round as defined", "[long]") { check_formats(wide_shapes()); }
