#include "halfulp/kernels/pack.hpp"

#include <type_traits>

#include "simd/tables.hpp"

namespace halfulp {
namespace {

/// Has every code at most 4 bits? Without a branch, so that compilers make vectors of it.
bool are_nibbles(std::span<const std::uint8_t> codes) noexcept {
    std::uint8_t all = 0;
    for (const std::uint8_t code : codes) all |= code;
    return all <= 0x0F;
}

}  // namespace

template <code_type C>
void pack_codes(std::span<const C> codes, int bits, std::span<std::uint8_t> out) {
    const simd::block_kernels* kernels = simd::active_blocks();
    if constexpr (std::is_same_v<C, std::uint8_t>) {
        // What is wrong with the arguments is left to the definition to say.
        if (kernels != nullptr && bits == 4 && out.size() == packed_size(codes.size(), bits) && are_nibbles(codes)) {
            const std::size_t pairs = codes.size() / 2;
            kernels->pack4(codes.data(), out.data(), 2 * pairs);
            if (codes.size() % 2 != 0) out[pairs] = codes.back();
            return;
        }
    }
    pack(codes, bits, out);
}

template <code_type C>
void unpack_codes(std::span<const std::uint8_t> packed, int bits, std::span<C> out) {
    const simd::block_kernels* kernels = simd::active_blocks();
    if constexpr (std::is_same_v<C, std::uint8_t>) {
        if (kernels != nullptr && bits == 4 && packed.size() >= packed_size(out.size(), bits)) {
            const std::size_t pairs = out.size() / 2;
            for (std::size_t i = 0; i < pairs; ++i) {
                out[2 * i] = packed[i] & 0x0F;
                out[2 * i + 1] = packed[i] >> 4;
            }
            if (out.size() % 2 != 0) out.back() = packed[pairs] & 0x0F;
            return;
        }
    }
    unpack(packed, bits, out);
}

#define HALFULP_PACK(C)                                                            \
    template void pack_codes<C>(std::span<const C>, int, std::span<std::uint8_t>); \
    template void unpack_codes<C>(std::span<const std::uint8_t>, int, std::span<C>);
HALFULP_PACK(std::uint8_t)
HALFULP_PACK(std::uint16_t)
HALFULP_PACK(std::uint32_t)
HALFULP_PACK(std::uint64_t)

}  // namespace halfulp
