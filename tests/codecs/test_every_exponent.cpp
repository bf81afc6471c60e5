// Every exponent of the carrier, with significands of zeros, of ones and of few bits: whatever the distance between the
// carrier's last bit and the format's, some input has it.
#include "codecs/support/probes.hpp"
#include "codecs/support/shapes.hpp"

using namespace oracle;

namespace {

template <class T>
magnitudes every_exponent() {
    using c = carrier<T>;
    const std::uint64_t one = c::smallest_normal;
    magnitudes all;
    for (std::uint64_t field = 0; field < c::infinity; field += one)
        for (const std::uint64_t fraction : {std::uint64_t{0}, std::uint64_t{1}, one - 1, one / 2, one / 2 + 1})
            all.push_back(field | fraction);
    for (std::uint64_t subnormal = 1; subnormal < one; subnormal *= 2) {
        all.push_back(subnormal);
        all.push_back(2 * subnormal - 1);
        if (subnormal > 2) all.push_back(subnormal + 1);
    }
    tidy(all);
    return all;
}

template <class T>
void check_formats(const std::vector<named_format>& formats) {
    std::vector<paired> hows;
    for (const auto& row : halfulp::rounding_modes)
        for (const auto ftz : {halfulp::ftz_policy::none, halfulp::ftz_policy::after})
            hows.emplace_back(halfulp::projection{.rounding = row.mode, .ftz = ftz});
    report out;
    const magnitudes all = every_exponent<T>();
    for (const auto& f : formats) {
        if (f.data.exponent_bits > 15 || f.data.bias > 5000 || f.data.bias < -5000)
            continue;  // huge integers in the oracle
        const subject<T> s(f);
        for (const std::uint64_t magnitude : all)
            for (const std::uint64_t sign : {std::uint64_t{0}, carrier<T>::sign}) {
                const placed p = place(carrier<T>::exact(sign | magnitude), s.exact());
                for (const paired& how : hows) s.compare_turning_points(sign | magnitude, p, how, out);
            }
    }
    out.conclude();
}

}  // namespace

TEST_CASE("inputs of every exponent round as defined in every mode (float64)", "[long]") {
    check_formats<double>(registered(1, 64));
}
TEST_CASE("inputs of every exponent round as defined in every mode (float32)") {
    check_formats<float>(registered(1, 64));
    check_formats<float>(small_shapes());
    check_formats<float>(wide_shapes());
}
