// The kernels of one architecture for posits, gathered in a table.
#pragma once

#include "posit_decode_kernel.hpp"

namespace halfulp::simd {

template <class A>
constexpr posit_kernels make_posit_kernels() {
    posit_kernels t{};
    t.round32 = convert_to_posits<A, float>;
    t.encode32_8 = convert_to_posits<A, std::uint8_t>;
    t.encode32_16 = convert_to_posits<A, std::uint16_t>;
    t.encode32_32 = convert_to_posits<A, std::uint32_t>;
    t.decode8 = is_sse2<A> ? nullptr : decode_posits<A, std::uint8_t>;
    t.decode16 = decode_posits<A, std::uint16_t>;
    t.decode32 = decode_posits<A, std::uint32_t>;
    return t;
}

}  // namespace halfulp::simd
