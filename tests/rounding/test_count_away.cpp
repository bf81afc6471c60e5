// count_away: the exact probability of the neighbour away from zero, times 2^N, in every mode and carrier.
#include "codecs/support/probes.hpp"
#include "codecs/support/shapes.hpp"

using namespace oracle;

namespace {

template <class T>
void compare(const named_format& f, const format& exact, const magnitudes& all, report& out) {
    for (const std::uint64_t magnitude : all)
        for (const std::uint64_t sign : {std::uint64_t{0}, carrier<T>::sign}) {
            const std::uint64_t bits = sign | magnitude;
            const number x = carrier<T>::exact(bits);
            for (const auto& row : halfulp::rounding_modes)
                for (const int n : {1, 2, 8, 13, 31, 32}) {
                    const std::uint64_t want = count_away(translate(row.mode), x, exact, n);
                    const std::uint64_t got = halfulp::count_away(carrier_traits<T>::from(bits), f.data, row.mode, n);
                    out.check(got == want, [&] {
                        return "count_away(" + describe<T>(bits) + ", " + f.name + ", " + std::string(row.name) +
                               ", N=" + std::to_string(n) + "): " + std::to_string(got) + ", the oracle says " +
                               std::to_string(want);
                    });
                }
        }
}

template <class T>
void check_all(const std::vector<named_format>& formats) {
    report out;
    for (const auto& f : formats) {
        const format exact(f.data);
        compare<T>(f, exact, ends<T>(exact), out);
        compare<T>(f, exact, specials_of<T>(), out);
        if (exact.width() <= 8) {
            compare<T>(f, exact, edges<T>(exact, 0, exact.largest()), out);
        } else {
            const rung normal = exact.smallest_normal(), top = exact.largest();
            for (const rung r : {rung{0}, normal - 2, top / 2, top - 2})
                compare<T>(f, exact, edges<T>(exact, r, r + 2), out);
        }
    }
    out.conclude();
}

}  // namespace

TEST_CASE("count_away is exact for registered formats") {
    check_all<float>(registered(1, 64));
    check_all<double>(registered(1, 64));
}
TEST_CASE("count_away is exact in the 16-bit carriers") {
    check_all<halfulp::float16>(registered(1, 8));
    check_all<halfulp::bfloat16>(registered(1, 8));
}
TEST_CASE("count_away is exact for unregistered shapes") {
    check_all<double>(small_shapes());
    check_all<float>(p3109_family(5));
}
