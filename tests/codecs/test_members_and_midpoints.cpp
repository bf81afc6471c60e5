// Every member and every midpoint, each with its neighbours in the carrier, in all fifteen modes.
#include "codecs/support/probes.hpp"
#include "codecs/support/shapes.hpp"

using namespace oracle;

namespace {

std::vector<paired> every_mode(int random_bits) {
    std::vector<paired> all;
    for (const auto& row : halfulp::rounding_modes)
        all.emplace_back(
            halfulp::projection{.rounding = row.mode, .random_bits = static_cast<std::uint8_t>(random_bits)});
    return all;
}

template <class T>
void check_edges(const named_format& f, const std::vector<paired>& hows, report& out) {
    const subject<T> s(f);
    for (const std::uint64_t magnitude : edges<T>(s.exact(), 0, s.exact().largest()))
        for (const std::uint64_t sign : {std::uint64_t{0}, carrier<T>::sign}) {
            const placed p = place(carrier<T>::exact(sign | magnitude), s.exact());
            for (const paired& how : hows) s.compare_turning_points(sign | magnitude, p, how, out);
        }
}

void check_all(const std::vector<named_format>& formats, int random_bits) {
    report out;
    const auto hows = every_mode(random_bits);
    for (const auto& f : formats) {
        check_edges<float>(f, hows, out);
        check_edges<double>(f, hows, out);
    }
    out.conclude();
}

}  // namespace

TEST_CASE("members and midpoints of registered formats up to 15 bits round as defined in every mode") {
    check_all(registered(1, 15), 32);
}

TEST_CASE("members and midpoints of binary16 round as defined in every mode", "[long]") {
    check_all({{"binary16", ieee_like(5, 10)}}, 32);
}

TEST_CASE("members and midpoints of bfloat16 round as defined in every mode", "[long]") {
    check_all({{"bfloat16", ieee_like(8, 7)}}, 13);
}

TEST_CASE("members and midpoints of the other registered 16-bit formats round as defined in every mode", "[long]") {
    auto rows = registered(16, 16);
    std::erase_if(rows, [](const named_format& f) { return f.name == "binary16" || f.name == "bfloat16"; });
    check_all(rows, 32);
}

TEST_CASE("members and midpoints of unregistered shapes round as defined in every mode") {
    check_all(small_shapes(), 24);
}

TEST_CASE("members and midpoints of P3109 formats of 3 to 8 bits round as defined in every mode") {
    for (int k = 3; k <= 8; ++k) check_all(p3109_family(k), 16);
}
