// Posits of 16 bits: encode and round beside memcpy of the float32 array, decode beside a loop that does nothing but widen.
#include <cstring>

#include "floors/cases.hpp"
#include "halfulp/codecs/any_projector.hpp"
#include "halfulp/kernels/convert.hpp"
#include "shared/checks.hpp"
#include "shared/plain_loops.hpp"

namespace halfulp::benchmarks {

namespace {

constexpr double floor_of_posits = 0.2;
constexpr std::string_view posit = "posit16_2";

enum class direction { encode, round, decode };

outcome measure_posits(const floor_case& c, const plan& how, arena& arrays, direction what) {
    const format f = parse_format(posit);
    const std::span<const float> x = arrays.x();
    const std::span<float> out = arrays.out();
    const std::span<std::uint16_t> codes = arrays.codes<std::uint16_t>();
    const std::span<const std::uint16_t> source(codes);
    const work copy = [&] { std::memcpy(out.data(), x.data(), x.size_bytes()); };
    encode(x, codes, f);
    switch (what) {
        case direction::encode:
            require_same<std::uint16_t>(
                codes, [&](std::size_t i) { return static_cast<std::uint16_t>(encode(x[i], f)); }, c.name);
            return {measure_in_turn(copy, [&] { encode(x, codes, f); }, how), c.floor, ""};
        case direction::round:
            round(x, out, f);
            require_same<float>(out, [&](std::size_t i) { return round(x[i], f); }, c.name);
            return {measure_in_turn(copy, [&] { round(x, out, f); }, how), c.floor, ""};
        default:
            decode(source, out, f);
            require_same<float>(out, [&](std::size_t i) { return decode<float>(source[i], f); }, c.name);
            return {measure_in_turn([&] { widen(source, out); }, [&] { decode(source, out, f); }, how), c.floor, ""};
    }
}

}  // namespace

void add_posit_cases(cases& to, const shared_arena& arrays, backend runs) {
    const auto add = [&](const std::string& name, direction what, double bytes, std::optional<double> floor) {
        to.push_back({.name = name + "/" + std::string(to_string(runs)) + "/" + std::string(posit),
                      .group = name,
                      .reference = what == direction::decode ? "a plain widening loop" : "memcpy of the float32 array",
                      .ratio = "share",
                      .runs = runs,
                      .elements = arrays->elements(),
                      .bytes_per_element = bytes,
                      .floor = floor,
                      .measure = [arrays, what](const floor_case& c, const plan& p) {
                          return measure_posits(c, p, *arrays, what);
                      }});
    };
    add("encode_posit", direction::encode, 6, on(runs, backend::avx512, floor_of_posits));
    add("round_posit", direction::round, 8, on(runs, backend::avx512, floor_of_posits));
    add("decode_posit", direction::decode, 6, std::nullopt);
}

}  // namespace halfulp::benchmarks
