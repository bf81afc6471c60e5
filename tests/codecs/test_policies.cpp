// Each mode with each overflow, NaN and flush policy: the full cross product for formats of at most 8 bits.
#include "codecs/support/probes.hpp"
#include "codecs/support/shapes.hpp"

using namespace oracle;

namespace {

constexpr auto overflow_policies = {halfulp::overflow_policy::native,        halfulp::overflow_policy::sat_finite,
                                    halfulp::overflow_policy::sat_propagate, halfulp::overflow_policy::sat_none,
                                    halfulp::overflow_policy::to_nan,        halfulp::overflow_policy::wrap,
                                    halfulp::overflow_policy::unbounded};
constexpr auto nan_policies = {halfulp::nan_policy::raise, halfulp::nan_policy::to_max, halfulp::nan_policy::to_zero,
                               halfulp::nan_policy::keep, halfulp::nan_policy::negated_zero};
constexpr auto ftz_policies = {halfulp::ftz_policy::none, halfulp::ftz_policy::before, halfulp::ftz_policy::after};

std::vector<paired> every_projection(bool with_flags) {
    std::vector<paired> all;
    for (const auto& row : halfulp::rounding_modes)
        for (const auto overflow : overflow_policies)
            for (const auto nan : nan_policies)
                for (const auto ftz : ftz_policies)
                    for (int flags = 0; flags < (with_flags ? 4 : 1); ++flags)
                        all.emplace_back(halfulp::projection{.rounding = row.mode,
                                                             .overflow = overflow,
                                                             .nan = nan,
                                                             .ftz = ftz,
                                                             .random_bits = 20,
                                                             .magnitude_if_unsigned = (flags & 1) != 0,
                                                             .zero_to_nan_if_absent = (flags & 2) != 0});
    return all;
}

template <class T>
void check_magnitudes(const subject<T>& s, const magnitudes& all, const std::vector<paired>& hows, report& out) {
    for (const std::uint64_t magnitude : all)
        for (const std::uint64_t sign : {std::uint64_t{0}, carrier<T>::sign}) {
            const placed p = place(carrier<T>::exact(sign | magnitude), s.exact());
            for (const paired& how : hows) s.compare_turning_points(sign | magnitude, p, how, out);
        }
}

template <class T>
void check_ends(const std::vector<named_format>& formats, bool with_flags) {
    report out;
    const auto hows = every_projection(with_flags);
    for (const auto& f : formats) {
        const subject<T> s(f);
        check_magnitudes(s, ends<T>(s.exact()), hows, out);
        check_magnitudes(s, specials_of<T>(), hows, out);
    }
    out.conclude();
}

template <class T>
void check_everywhere(const std::vector<named_format>& formats) {
    report out;
    const auto hows = every_projection(false);
    for (const auto& f : formats) {
        const subject<T> s(f);
        check_magnitudes(s, edges<T>(s.exact(), 0, s.exact().largest()), hows, out);
    }
    out.conclude();
}

}  // namespace

TEST_CASE("overflow, underflow, infinities and NaN of registered formats follow every policy (float32)") {
    check_ends<float>(registered(1, 16), false);
}
TEST_CASE("overflow, underflow, infinities and NaN of registered formats follow every policy (float64)") {
    check_ends<double>(registered(1, 16), false);
}
TEST_CASE("overflow, underflow, infinities and NaN of registered formats follow every policy (16-bit carriers)") {
    check_ends<halfulp::float16>(registered(1, 8), false);
    check_ends<halfulp::bfloat16>(registered(1, 8), false);
}
TEST_CASE("overflow, underflow, infinities and NaN of unregistered shapes follow every policy", "[long]") {
    check_ends<float>(small_shapes(), false);
    check_ends<double>(small_shapes(), false);
}
TEST_CASE("overflow, underflow, infinities and NaN of P3109 formats follow every policy", "[long]") {
    for (int k = 3; k <= 6; ++k) check_ends<float>(p3109_family(k), false);
    check_ends<double>(p3109_family(8), false);
}
TEST_CASE("unsigned formats drop the sign and refuse zero where a projection says so", "[long]") {
    const auto is_signed = [](const named_format& f) { return f.data.is_signed; };
    auto rows = registered(1, 8);
    for (const auto& f : small_shapes()) rows.push_back(f);
    std::erase_if(rows, is_signed);
    check_ends<float>(rows, true);
    check_ends<double>({{"e2m1fn", shape(2, 1, 1, halfulp::specials::finite)}}, true);  // the flags change nothing here
}
TEST_CASE("every member and midpoint of registered formats up to 8 bits follows every policy", "[long]") {
    check_everywhere<float>(registered(1, 8));
    check_everywhere<double>(registered(1, 8));
}
TEST_CASE("every member and midpoint of unregistered shapes follows every policy", "[long]") {
    check_everywhere<double>(small_shapes());
}
