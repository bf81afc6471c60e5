#include "halfulp/blocks/ggml.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace halfulp {

std::string_view to_string(ggml_type type) noexcept {
    switch (type) {
        case ggml_type::q4_0: return "Q4_0";
        case ggml_type::q4_1: return "Q4_1";
        case ggml_type::q5_0: return "Q5_0";
        case ggml_type::q5_1: return "Q5_1";
        case ggml_type::q8_0: return "Q8_0";
        case ggml_type::q4_k: return "Q4_K";
        case ggml_type::q6_k: return "Q6_K";
        case ggml_type::iq4_nl: return "IQ4_NL";
        case ggml_type::tq1_0: return "TQ1_0";
        case ggml_type::tq2_0: return "TQ2_0";
        case ggml_type::mxfp4: return "MXFP4";
        case ggml_type::nvfp4: return "NVFP4";
    }
    return "";
}

ggml_type parse_ggml_type(std::string_view name) {
    const auto capital = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
    std::string allowed;
    for (const ggml_type type : ggml_types) {
        if (std::ranges::equal(name, to_string(type), {}, capital)) return type;
        allowed += (allowed.empty() ? "" : ", ") + std::string(to_string(type));
    }
    throw std::invalid_argument("type is '" + std::string(name) + "', allowed: " + allowed);
}

}  // namespace halfulp
