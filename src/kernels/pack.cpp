#include "halfulp/kernels/pack.hpp"

#include <bit>
#include <cstring>

#include "dense_packing.hpp"
#include "simd/tables.hpp"

namespace halfulp {
namespace {

/// Is C a type whose codes are packed by words?
template <class C>
constexpr bool by_words = sizeof(C) <= 2 && std::endian::native == std::endian::little;

/// Has every code at most so many bits? Without a branch, so that compilers make vectors of it.
template <class C>
bool are_narrow(std::span<const C> codes, int bits) noexcept {
    C all = 0;
    for (const C code : codes) all = static_cast<C>(all | code);
    return (std::uint64_t{all} & ~low_ones(bits)) == 0;
}

}  // namespace

template <code_type C>
void pack_codes(std::span<const C> codes, int bits, std::span<std::uint8_t> out) {
    const simd::block_kernels* kernels = simd::active_blocks();
    if constexpr (by_words<C>) {
        // What is wrong with the arguments is left to the definition to say.
        const bool sound = kernels != nullptr && bits >= 1 && bits <= static_cast<int>(sizeof(C)) * 8 &&
                           out.size() == packed_size(codes.size(), bits) && are_narrow(codes, bits);
        if constexpr (sizeof(C) == 1) {
            if (sound && bits == 4) {
                const std::size_t pairs = codes.size() / 2;
                kernels->pack4(codes.data(), out.data(), 2 * pairs);
                if (codes.size() % 2 != 0) out[pairs] = codes.back();
                return;
            }
        }
        if (sound) {
            const bool gaps = detail::with_width<C>(bits, [&]<int W>() { detail::pack_eights<W>(codes, out); });
            if (!gaps && !codes.empty()) std::memcpy(out.data(), codes.data(), out.size());
            return;
        }
    }
    pack(codes, bits, out);
}

template <code_type C>
void unpack_codes(std::span<const std::uint8_t> packed, int bits, std::span<C> out) {
    const simd::block_kernels* kernels = simd::active_blocks();
    if constexpr (by_words<C>) {
        if (kernels != nullptr && bits >= 1 && bits <= static_cast<int>(sizeof(C)) * 8 &&
            packed.size() >= packed_size(out.size(), bits)) {
            if constexpr (sizeof(C) == 1) {
                if (bits == 4) {
                    const std::size_t pairs = out.size() / 2;
                    for (std::size_t i = 0; i < pairs; ++i) {
                        out[2 * i] = packed[i] & 0x0F;
                        out[2 * i + 1] = packed[i] >> 4;
                    }
                    if (out.size() % 2 != 0) out.back() = packed[pairs] & 0x0F;
                    return;
                }
            }
            const bool gaps = detail::with_width<C>(bits, [&]<int W>() { detail::unpack_eights<W>(packed, out); });
            if (!gaps && !out.empty()) std::memcpy(out.data(), packed.data(), out.size_bytes());
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
