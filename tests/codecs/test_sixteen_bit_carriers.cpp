// Every one of the 65,536 inputs of the two 16-bit carriers, in every mode.
#include "codecs/support/probes.hpp"
#include "codecs/support/shapes.hpp"

using namespace oracle;

namespace {

template <class T>
void check_every_input(const std::vector<named_format>& formats) {
    report out;
    std::vector<paired> hows;
    for (const auto& row : halfulp::rounding_modes)
        hows.emplace_back(halfulp::projection{.rounding = row.mode, .random_bits = 9});
    for (const auto& f : formats) {
        const subject<T> s(f);
        for (std::uint64_t bits = 0; bits < 65536; ++bits) {
            const placed p = place(carrier<T>::exact(bits), s.exact());
            for (const paired& how : hows) s.compare_turning_points(bits, p, how, out);
        }
    }
    out.conclude();
}

}  // namespace

TEST_CASE("every float16 rounds as defined to every registered format up to 8 bits, in every mode", "[long]") {
    check_every_input<halfulp::float16>(registered(1, 8));
}
TEST_CASE("every bfloat16 rounds as defined to every registered format up to 8 bits, in every mode", "[long]") {
    check_every_input<halfulp::bfloat16>(registered(1, 8));
}
TEST_CASE("every float16 and bfloat16 rounds as defined to the registered formats of 16 bits, in every mode",
          "[long]") {
    check_every_input<halfulp::float16>(registered(16, 16));
    check_every_input<halfulp::bfloat16>(registered(16, 16));
}
TEST_CASE("every float16 and bfloat16 rounds as defined to wider formats, in every mode", "[long]") {
    const std::vector<named_format> some = {{"tf32", ieee_like(8, 10)},
                                            {"e5m2b1070fn", shape(5, 2, 1070, halfulp::specials::fn)},
                                            {"e4m3b-9", shape(4, 3, -9, halfulp::specials::ieee)}};
    check_every_input<halfulp::float16>(some);
    check_every_input<halfulp::bfloat16>(some);
}
