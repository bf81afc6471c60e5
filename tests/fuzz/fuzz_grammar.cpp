// Any bytes as a format, a scheme and a text with braces: refused with std::invalid_argument, or read back as they print.
#include <string_view>

#include "halfulp/blocks/scheme.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/formats/shape.hpp"
#include "halfulp/rounding/name.hpp"
#include "halfulp/rounding/presets.hpp"
#include "support.hpp"

using namespace halfulp;
using namespace halfulp::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    about = [&] { return "'" + std::string(text) + "'"; };
    refusal([&] {
        const float_format f = parse_float_format(text);
        validate(f);
        require(parse_float_format(to_string(f)) == f, "a format reads back as it prints");
        require(!describe(f).empty(), "a format is described");
        require(f.bits() >= 1 && f.bits() <= 64 && f.max_magnitude() <= f.magnitude_mask(),
                "a format has 1 to 64 bits");
    });
    refusal([&] {
        const scheme s = parse_scheme(text);
        validate(s);
        require(parse_scheme(to_string(s)) == s, "a scheme reads back as it prints");
        require(bits_per_element(s) >= s.element.bits(), "scales cost bits");
    });
    refusal([&] {
        require(!expand_braces(text, 1000).empty() && expand_braces(text, 1000).size() <= 1000,
                "braces stay below the limit");
    });
    refusal([&] { parse_rounding(text); });
    refusal([&] { parse_overflow(text); });
    refusal([&] { preset_projection(text, parse_float_format("e8m0fnu")); });
    return 0;
}
