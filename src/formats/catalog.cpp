#include "halfulp/formats/catalog.hpp"

#include <array>
#include <string_view>

#include "halfulp/formats/codebooks.hpp"
#include "halfulp/formats/registry.hpp"

namespace halfulp {
namespace {

/// Members of families that have no table of their own: one row each.
struct family_row {
    std::string_view name;
    std::string_view source;
};

constexpr std::array<family_row, 18> family_rows{{
    {"int2", "two's complement"},
    {"int3", "two's complement"},
    {"int4", "two's complement; ONNX INT4, CUTLASS int4b_t"},
    {"int8", "two's complement; ONNX INT8, TensorFlow Lite 8-bit"},
    {"int16", "two's complement"},
    {"int4s", "-7 to 7: symmetric weights"},
    {"int8s", "-127 to 127: TensorFlow Lite 8-bit weights"},
    {"uint2", "integers from 0"},
    {"uint4", "integers from 0; ONNX UINT4"},
    {"uint8", "integers from 0; ONNX UINT8"},
    {"q2.6s", "MXINT8's element: OCP MX v1.0, 5.3.4"},
    {"q4.4", "8-bit fixed point"},
    {"q8.8", "16-bit fixed point"},
    {"q1.15", "16-bit fixed point below 1: DSP Q15"},
    {"posit8_0", "SoftPosit posit8"},
    {"posit8_2", "Posit Standard 2022, posit8"},
    {"posit16_2", "Posit Standard 2022, posit16"},
    {"posit32_2", "Posit Standard 2022, posit32"},
}};

}  // namespace

std::vector<catalog_row> catalog() {
    std::vector<catalog_row> rows;
    for (const registered_format& row : registry) {
        catalog_row& out =
            rows.emplace_back(catalog_row{std::string(row.name), {}, row.format, std::string(row.source)});
        for (const std::string_view alias : row.aliases) {
            if (!alias.empty()) out.aliases.emplace_back(alias);
        }
    }
    for (const family_row& row : family_rows)
        rows.push_back({std::string(row.name), {}, parse_format(row.name), std::string(row.source)});
    for (const named_codebook& row : named_codebooks()) {
        catalog_row& out =
            rows.emplace_back(catalog_row{std::string(row.name), {}, find_codebook(row.name), std::string(row.source)});
        for (const std::string_view alias : row.aliases) {
            if (!alias.empty()) out.aliases.emplace_back(alias);
        }
    }
    return rows;
}

}  // namespace halfulp
