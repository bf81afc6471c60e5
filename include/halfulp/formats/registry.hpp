// Every named float format, one row each. Tests, bindings, documentation tables and the command line iterate over this
// array; to add a format, add its row here, its facts in tests/vectors/formats/ and a line in the changelog.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "halfulp/formats/float_format.hpp"

namespace halfulp {

struct registered_format {
    std::string_view name;
    std::array<std::string_view, 2> aliases;  ///< empty where there is none
    float_format format;
    std::string_view source;

    /// Is this the row's name or one of its aliases?
    [[nodiscard]] constexpr bool has_name(std::string_view text) const noexcept {
        if (text.empty()) return false;
        return text == name || text == aliases[0] || text == aliases[1];
    }
};

inline constexpr std::array<registered_format, 20> registry{{
    {"binary64", {"fp64", "float64"}, {1023, 11, 52}, "IEEE 754-2019, 3.6"},
    {"binary32", {"fp32", "float32"}, {127, 8, 23}, "IEEE 754-2019, 3.6"},
    {"tf32", {"", ""}, {127, 8, 10}, "NVIDIA PTX ISA 9.1; stored in 19 bits here"},
    {"binary16", {"fp16", "float16"}, {15, 5, 10}, "IEEE 754-2019, 3.6"},
    {"bfloat16", {"bf16", ""}, {127, 8, 7}, "binary32's upper half; ml_dtypes bfloat16"},
    {"dlfloat16", {"", ""}, {31, 6, 9, specials::dlfloat, true, false}, "Agrawal et al., ARITH 2019; US20190369960"},
    {"e5m2", {"float8_e5m2", ""}, {15, 5, 2}, "OCP OFP8 v1.0 E5M2"},
    {"e4m3fn", {"float8_e4m3fn", ""}, {7, 4, 3, specials::fn}, "OCP OFP8 v1.0 E4M3"},
    {"e4m3", {"float8_e4m3", ""}, {7, 4, 3}, "ml_dtypes float8_e4m3 (IEEE-like)"},
    {"e3m4", {"float8_e3m4", ""}, {3, 3, 4}, "ml_dtypes float8_e3m4 (IEEE-like)"},
    {"e5m2fnuz", {"float8_e5m2fnuz", ""}, {16, 5, 2, specials::fnuz}, "arXiv 2206.02915; ml_dtypes float8_e5m2fnuz"},
    {"e4m3fnuz", {"float8_e4m3fnuz", ""}, {8, 4, 3, specials::fnuz}, "arXiv 2206.02915; ml_dtypes float8_e4m3fnuz"},
    {"e4m3b11fnuz", {"float8_e4m3b11fnuz", ""}, {11, 4, 3, specials::fnuz}, "ml_dtypes float8_e4m3b11fnuz"},
    {"e8m0fnu", {"float8_e8m0fnu", ""}, {127, 8, 0, specials::fn, false}, "OCP MX v1.0, 5.4.1 E8M0"},
    {"microexponent", {"", ""}, {1, 1, 0, specials::finite, false, false}, "1 and 1/2: arXiv 2302.08007, 3.2"},
    {"e5m3fnu", {"ue5m3", ""}, {15, 5, 3, specials::fn, false}, "UE5M3: arXiv 2509.17791; amd/Quark"},
    {"e4m3fnu", {"ue4m3", ""}, {7, 4, 3, specials::fn, false}, "UE4M3: NVIDIA PTX ISA 9.1"},
    {"e3m2fn", {"float6_e3m2fn", ""}, {3, 3, 2, specials::finite}, "OCP MX v1.0, 5.3.2 FP6 E3M2"},
    {"e2m3fn", {"float6_e2m3fn", ""}, {1, 2, 3, specials::finite}, "OCP MX v1.0, 5.3.2 FP6 E2M3"},
    {"e2m1fn", {"float4_e2m1fn", ""}, {1, 2, 1, specials::finite}, "OCP MX v1.0, 5.3.3 FP4 E2M1"},
}};

/// The row with this name or alias, or a null pointer.
constexpr const registered_format* find_registered(std::string_view name) noexcept {
    for (const registered_format& row : registry) {
        if (row.has_name(name)) return &row;
    }
    return nullptr;
}

/// A registered format by name at compile time: `constexpr auto f = halfulp::named("e4m3fn");`. Other names do not compile.
consteval float_format named(std::string_view name) {
    for (const registered_format& row : registry) {
        if (row.has_name(name)) return row.format;
    }
    throw "no registered format has this name";
}

}  // namespace halfulp
