// Between values and codes: conversions from and to binary64 and binary32.
#include <bit>

#include "calculator.hpp"
#include "halfulp/formats/registry.hpp"

using namespace halfulp;
using namespace halfulp::c;

namespace {

template <class T>
halfulp_calculator::coded encoded(const halfulp_format* to, T value, const halfulp_projection* how,
                                  std::uint32_t random) {
    const halfulp_format from{carrier_traits<T>::format};
    const halfulp_format* const from_it = &from;
    const halfulp_calculator convert(operation::convert, &from_it, &given(to, "format"), how, nullptr);
    const std::uint64_t bits = to_bits(value);
    return convert(&bits, random);
}

double decoded(std::uint64_t code, const format& f) { return to_nearest_value<double>(projected_from_code(code, f)); }

}  // namespace

extern "C" {

halfulp_status halfulp_encode_double(const halfulp_format* format, double value, const halfulp_projection* projection,
                                     std::uint32_t random, std::uint64_t* code, std::uint8_t* flags,
                                     const halfulp_message* message) {
    return guarded(message, [&] {
        std::uint64_t& out = given(code, "code");
        const halfulp_calculator::coded found = encoded(format, value, projection, random);
        out = found.code;
        if (flags != nullptr) *flags = found.flags;
    });
}

halfulp_status halfulp_encode_float(const halfulp_format* format, float value, const halfulp_projection* projection,
                                    std::uint32_t random, std::uint64_t* code, std::uint8_t* flags,
                                    const halfulp_message* message) {
    return guarded(message, [&] {
        std::uint64_t& out = given(code, "code");
        const halfulp_calculator::coded found = encoded(format, value, projection, random);
        out = found.code;
        if (flags != nullptr) *flags = found.flags;
    });
}

halfulp_status halfulp_decode_double(const halfulp_format* format, std::uint64_t code, double* value,
                                     const halfulp_message* message) {
    return guarded(message, [&] {
        double& out = given(value, "value");
        const halfulp::format& f = given(format, "format").is;
        out = decoded(checked_code(code, f, "code"), f);
    });
}

halfulp_status halfulp_round_double(const halfulp_format* format, double value, const halfulp_projection* projection,
                                    std::uint32_t random, double* member, std::uint8_t* flags,
                                    const halfulp_message* message) {
    return guarded(message, [&] {
        double& out = given(member, "member");
        const halfulp_calculator::coded found = encoded(format, value, projection, random);
        out = decoded(checked_code(found.code, format->is, "code"), format->is);
        if (flags != nullptr) *flags = found.flags;
    });
}

}  // extern "C"
