// Any bytes as a format, a scheme and a text with braces: refused with std::invalid_argument, or read back as they print.
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "halfulp/blocks/scheme.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/formats/shape.hpp"
#include "halfulp/rounding/name.hpp"
#include "halfulp/rounding/presets.hpp"

using namespace halfulp;

namespace {

/// Runs f; std::invalid_argument with a text is the only way out that is allowed.
template <class F>
void accept_or_refuse(const F& f) {
    try {
        f();
    } catch (const std::invalid_argument& error) {
        if (std::string_view(error.what()).empty()) std::abort();
    }
}

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    accept_or_refuse([&] {
        const float_format f = parse_float_format(text);
        validate(f);
        require(parse_float_format(to_string(f)) == f);
        require(!describe(f).empty());
        require(f.bits() >= 1 && f.bits() <= 64 && f.max_magnitude() <= f.magnitude_mask());
    });
    accept_or_refuse([&] {
        const scheme s = parse_scheme(text);
        validate(s);
        require(parse_scheme(to_string(s)) == s);
        require(bits_per_element(s) >= s.element.bits());
    });
    accept_or_refuse([&] { require(!expand_braces(text, 1000).empty() && expand_braces(text, 1000).size() <= 1000); });
    accept_or_refuse([&] { parse_rounding(text); });
    accept_or_refuse([&] { parse_overflow(text); });
    accept_or_refuse([&] { preset_projection(text, parse_float_format("e8m0fnu")); });
    return 0;
}
