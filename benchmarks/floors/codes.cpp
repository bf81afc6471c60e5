// encode and decode beside a plain loop over the same types.
#include "floors/cases.hpp"
#include "halfulp/codecs/codec.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/kernels/convert.hpp"
#include "shared/checks.hpp"
#include "shared/plain_loops.hpp"

namespace halfulp::benchmarks {

namespace {

constexpr double floor_of_codes = 0.9;

template <class C>
outcome measure_encode(const floor_case& c, const plan& how, arena& arrays, std::string_view name) {
    const float_format format = parse_float_format(name);
    const std::span<const float> x = arrays.x();
    const std::span<C> codes = arrays.codes<C>();
    const work subject = [&] { encode(x, codes, format); };
    const work reference = [&] { narrow(x, codes); };
    subject();
    require_same<C>(codes, [&](std::size_t i) { return static_cast<C>(encode(x[i], format)); }, c.name);
    return {measure_in_turn(reference, subject, how), c.floor, ""};
}

template <class C>
outcome measure_decode(const floor_case& c, const plan& how, arena& arrays, std::string_view name) {
    const float_format format = parse_float_format(name);
    const std::span<C> codes = arrays.codes<C>();
    const std::span<float> out = arrays.out();
    encode(arrays.x(), codes, format);
    const std::span<const C> source(codes);
    const work subject = [&] { decode(source, out, format); };
    const work reference = [&] { widen(source, out); };
    subject();
    require_same<float>(out, [&](std::size_t i) { return decode<float>(source[i], format); }, c.name);
    return {measure_in_turn(reference, subject, how), c.floor, ""};
}

template <class C>
void add(cases& to, const shared_arena& arrays, backend runs, std::string_view format) {
    const std::string where = "/" + std::string(to_string(runs)) + "/" + std::string(format);
    const auto floor = on(runs, backend::avx512, floor_of_codes);
    to.push_back({.name = "encode" + where,
                  .group = "encode",
                  .reference = "a plain narrowing loop",
                  .ratio = "share",
                  .runs = runs,
                  .elements = arrays->elements(),
                  .bytes_per_element = sizeof(float) + sizeof(C),
                  .floor = floor,
                  .measure = [arrays, format](const floor_case& c, const plan& p) {
                      return measure_encode<C>(c, p, *arrays, format);
                  }});
    to.push_back({.name = "decode" + where,
                  .group = "decode",
                  .reference = "a plain widening loop",
                  .ratio = "share",
                  .runs = runs,
                  .elements = arrays->elements(),
                  .bytes_per_element = sizeof(float) + sizeof(C),
                  .floor = floor,
                  .measure = [arrays, format](const floor_case& c, const plan& p) {
                      return measure_decode<C>(c, p, *arrays, format);
                  }});
}

}  // namespace

void add_code_cases(cases& to, const shared_arena& arrays, backend runs) {
    for (const std::string_view format : promised_formats) {
        if (parse_float_format(format).bits() <= 8)
            add<std::uint8_t>(to, arrays, runs, format);
        else
            add<std::uint16_t>(to, arrays, runs, format);
    }
    add<std::uint16_t>(to, arrays, runs, parametric_format);
}

}  // namespace halfulp::benchmarks
