// round: float32 and float64, out of cache and in it, deterministic and stochastic.
#include <cstring>

#include "floors/cases.hpp"
#include "halfulp/codecs/codec.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/kernels/convert.hpp"
#include "shared/checks.hpp"

namespace halfulp::benchmarks {

namespace {

constexpr std::size_t in_cache_elements = std::size_t{1} << 14;  // 64 KiB in, 64 KiB out: the second-level cache
const random_source source{2026};

template <class T>
outcome measure_round(const floor_case& c, const plan& how, std::span<const T> x, std::span<T> out,
                      std::string_view name, const projection& projected) {
    const float_format format = parse_float_format(name);
    const bool stochastic = is_stochastic(projected.rounding);
    const randomness random = stochastic ? randomness(source) : randomness();
    const work subject = [&] { round(x, out, format, projected, random); };
    const work reference = [&] { std::memcpy(out.data(), x.data(), x.size_bytes()); };
    subject();
    require_same<T>(
        out,
        [&](std::size_t i) {
            return round(x[i], format, projected,
                         stochastic ? source.word(i) >> (32 - projected.random_bits) : std::uint32_t{0});
        },
        c.name);
    return {measure_in_turn(reference, subject, how), c.floor, ""};
}

// Formats without infinity and NaN saturate by themselves: for them the two policies are one.
std::vector<overflow_policy> overflows(std::string_view name) {
    if (native_overflow(parse_float_format(name)) == overflow_policy::sat_finite) return {overflow_policy::native};
    return {overflow_policy::native, overflow_policy::sat_finite};
}

std::vector<std::string_view> formats() {
    std::vector<std::string_view> names(promised_formats.begin(), promised_formats.end());
    names.push_back(parametric_format);
    return names;
}

std::optional<double> by_backend(backend runs, double avx512, double avx2) {
    if (const auto floor = on(runs, backend::avx512, avx512)) return floor;
    return on(runs, backend::avx2, avx2);
}

std::string path(std::initializer_list<std::string_view> parts) {
    std::string joined;
    for (const std::string_view part : parts) {
        if (!joined.empty()) joined += '/';
        joined += part;
    }
    return joined;
}

void add_float32(cases& to, const shared_arena& arrays, backend runs, std::string_view format, const projection& how,
                 std::string_view group, std::optional<double> floor) {
    const std::string_view overflow = overflow_policy_names[static_cast<std::size_t>(how.overflow)];
    to.push_back({.name = path({group, to_string(runs), format,
                                rounding_modes[static_cast<std::size_t>(how.rounding)].name, overflow}),
                  .group = std::string(group),
                  .reference = "memcpy of the float32 array",
                  .ratio = "share",
                  .runs = runs,
                  .elements = arrays->elements(),
                  .bytes_per_element = 8,
                  .floor = floor,
                  .measure = [arrays, format, how](const floor_case& c, const plan& p) {
                      return measure_round<float>(c, p, arrays->x(), arrays->out(), format, how);
                  }});
}

void add_float64(cases& to, const shared_arena& arrays, backend runs, std::string_view format) {
    to.push_back({.name = path({"round_float64", to_string(runs), format, "nearest_ties_to_even"}),
                  .group = "round_float64",
                  .reference = "memcpy of the float64 array",
                  .ratio = "share",
                  .runs = runs,
                  .elements = arrays->doubles(),
                  .bytes_per_element = 16,
                  .floor = by_backend(runs, 0.9, 0.7),
                  .measure = [arrays, format](const floor_case& c, const plan& p) {
                      return measure_round<double>(c, p, arrays->x64(), arrays->out64(), format, {});
                  }});
}

void add_in_cache(cases& to, const shared_arena& arrays, backend runs, std::string_view format) {
    to.push_back({.name = path({"round_in_cache", to_string(runs), format, "nearest_ties_to_even"}),
                  .group = "round_in_cache",
                  .reference = "memcpy in the same cache",
                  .ratio = "share",
                  .runs = runs,
                  .elements = std::min(in_cache_elements, arrays->elements()),
                  .bytes_per_element = 8,
                  .floor = by_backend(runs, 0.4, 0.15),
                  .measure = [arrays, format](const floor_case& c, const plan& p) {
                      return measure_round<float>(c, p, arrays->x().first(c.elements), arrays->out().first(c.elements),
                                                  format, {});
                  }});
}

}  // namespace

void add_round_cases(cases& to, const shared_arena& arrays, backend runs) {
    const bool every_mode = runs == backend::avx512 || runs == backend::avx2 || runs == backend::neon;
    for (const std::string_view format : formats()) {
        for (const overflow_policy overflow : overflows(format)) {
            for (const rounding_mode mode : deterministic_modes()) {
                if (every_mode || (mode == rounding_mode::nearest_ties_to_even && overflow == overflow_policy::native))
                    add_float32(to, arrays, runs, format, {.rounding = mode, .overflow = overflow}, "round",
                                by_backend(runs, 0.95, 0.7));
            }
        }
    }
    for (const std::string_view format : formats())
        add_float32(to, arrays, runs, format, {.rounding = rounding_mode::stochastic_a}, "round_stochastic",
                    by_backend(runs, 0.6, 0.2));
    for (const std::string_view format : formats()) add_float64(to, arrays, runs, format);
    for (const std::string_view format : formats()) add_in_cache(to, arrays, runs, format);
}

}  // namespace halfulp::benchmarks
