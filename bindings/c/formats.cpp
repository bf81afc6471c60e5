// Versions, formats, and the names of operations and modes.
#include <algorithm>

#include "arguments.hpp"
#include "halfulp/core/config.hpp"
#include "halfulp/rounding/name.hpp"

using namespace halfulp::c;

extern "C" {

std::uint32_t halfulp_abi_version(void) { return HALFULP_ABI_VERSION; }

#define HALFULP_TEXT_OF(x) #x
#define HALFULP_TEXT(x) HALFULP_TEXT_OF(x)
const char* halfulp_version(void) {
    return HALFULP_TEXT(HALFULP_VERSION_MAJOR) "." HALFULP_TEXT(HALFULP_VERSION_MINOR) "." HALFULP_TEXT(
        HALFULP_VERSION_PATCH);
}

halfulp_status halfulp_format_parse(const char* name, halfulp_format** out, const halfulp_message* message) {
    return guarded(message, [&] {
        given(out, "out") = nullptr;
        *out = new halfulp_format{halfulp::parse_format(&given(name, "name"))};
    });
}

void halfulp_format_free(halfulp_format* format) { delete format; }

int halfulp_format_bits(const halfulp_format* format) { return format == nullptr ? 0 : format->is.bits(); }

std::uint64_t halfulp_format_max_code(const halfulp_format* format) {
    return format == nullptr ? 0 : format->is.max_code();
}

std::size_t halfulp_format_name(const halfulp_format* format, char* text, std::size_t size) {
    std::size_t length = 0;
    write_text("", text, size);
    guarded(nullptr, [&] {
        const std::string name = halfulp::to_string(given(format, "format").is);
        write_text(name, text, size);
        length = name.size();
    });
    return length;
}

// The names are literals, so a zero follows them.
const char* halfulp_operation_name(int operation) {
    const char* out = nullptr;
    guarded(nullptr, [&] { out = row_of(operation_of(operation)).name.data(); });
    return out;
}

const char* halfulp_rounding_name(int rounding) {
    const char* out = nullptr;
    guarded(nullptr, [&] { out = to_string(rounding_of(rounding)).data(); });
    return out;
}

int halfulp_operation_operands(int operation) {
    int out = 0;
    guarded(nullptr, [&] { out = row_of(operation_of(operation)).operands; });
    return out;
}

halfulp_status halfulp_operation_parse(const char* name, int* operation, const halfulp_message* message) {
    return guarded(message, [&] {
        const std::string wanted = &given(name, "name");
        int& out = given(operation, "operation");
        std::string allowed;
        for (const halfulp::operation_row& row : halfulp::operations) {
            if (row.name == wanted) {
                out = static_cast<int>(row.op);
                return;
            }
            allowed += (allowed.empty() ? "" : ", ") + std::string(row.name);
        }
        throw std::invalid_argument("operation is '" + wanted + "', allowed: " + allowed);
    });
}

halfulp_status halfulp_rounding_parse(const char* name, int* rounding, const halfulp_message* message) {
    return guarded(message, [&] {
        given(rounding, "rounding") = static_cast<int>(halfulp::parse_rounding(&given(name, "name")));
    });
}

}  // extern "C"
