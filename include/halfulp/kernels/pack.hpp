// Dense packing of arrays of codes: the bits and the errors of codecs/pack.hpp, by vectors where the active backend has any.
#pragma once

#include <cstdint>
#include <span>

#include "halfulp/codecs/pack.hpp"
#include "halfulp/kernels/convert.hpp"

namespace halfulp {

/// pack() on arrays. Throws std::invalid_argument as pack() does, and where HALFULP_BACKEND names no backend.
template <code_type C>
void pack_codes(std::span<const C> codes, int bits, std::span<std::uint8_t> out);

/// unpack() on arrays. Throws as pack_codes().
template <code_type C>
void unpack_codes(std::span<const std::uint8_t> packed, int bits, std::span<C> out);

}  // namespace halfulp
