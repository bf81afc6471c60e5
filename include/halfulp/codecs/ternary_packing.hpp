// Dense packing of trits, five in a byte, as llama.cpp's TQ1_0 does it: the five digits c0 … c4 of base 3, first digit most
// significant, are the number v = Σ c_k 3^(4-k) below 243, and the byte is ⌈256 v / 243⌉. The byte over 256 is then a binary
// fraction just above v / 243, so that multiplying it by 3 brings out one digit after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace halfulp {

/// Trits in a byte.
inline constexpr int trits_per_byte = 5;

/// Bytes that `count` trits take.
constexpr std::uint64_t packed_base3_size(std::uint64_t count) noexcept {
    return count / trits_per_byte + (count % trits_per_byte != 0);
}

/// The byte of v, a number from 0 to 242 whose five digits of base 3 are the trits.
constexpr std::uint8_t base3_byte(int v) noexcept { return static_cast<std::uint8_t>((v * 256 + 242) / 243); }

/// Trit k (0 to 4, the first is 0) of a byte, as a digit 0, 1 or 2. Total: also of the bytes that no five trits make.
constexpr std::uint8_t base3_trit(std::uint8_t byte, int k) noexcept {
    unsigned shifted = byte;
    for (int i = 0; i < k; ++i) shifted = shifted * 3 % 256;
    return static_cast<std::uint8_t>(shifted * 3 / 256);
}

/// Do five trits make this byte? 243 of 256 are made: b = ⌈256 v / 243⌉ means that 243 b = 256 v + r with 0 <= r < 243.
constexpr bool is_base3_byte(std::uint8_t byte) noexcept { return byte * 243 % 256 < 243; }

/// Packs codes 0, 1, 2 (the trit's value and 1), codes 5i to 5i + 4 in byte i; behind the last code the last byte is filled up with
/// codes 0. out: packed_base3_size(codes.size()) bytes. Throws std::invalid_argument where out has another size or a code is beyond 2,
/// before anything is written, and where HALFULP_BACKEND names no backend.
void pack_base3(std::span<const std::uint8_t> codes, std::span<std::uint8_t> out);

/// Takes codes.size() codes from packed bytes; bytes and trits behind them are not looked at. Throws std::invalid_argument where the
/// bytes are too few or one of them is made by no five trits, before anything is written, and as pack_base3() for HALFULP_BACKEND.
void unpack_base3(std::span<const std::uint8_t> packed, std::span<std::uint8_t> codes);

}  // namespace halfulp
