// Where the parts of each type's block lie. What is said here of a layout is said once: quantizing, dequantizing and taking apart go
// through it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "halfulp/blocks/ggml.hpp"
#include "halfulp/codecs/ternary_packing.hpp"

namespace halfulp::detail {

using std::int8_t;
using std::size_t;
using std::uint8_t;

/// 32 nibbles in 16 bytes: the first half of the values in the low ones, the second half in the high ones.
template <class Store>
void each_nibble(const uint8_t* bytes, const Store& store) {
    for (size_t j = 0; j < 16; ++j) store(j, bytes[j] & 0x0F);
    for (size_t j = 0; j < 16; ++j) store(j + 16, bytes[j] >> 4);
}

/// The fifth bits of 32 codes: bit i of four bytes, little-endian, is code i's.
inline int fifth_bit(const uint8_t* high, size_t i) noexcept { return (high[i / 8] >> (i % 8) & 1) << 4; }

/// halves: where the block's binary16 numbers lie. spread: integers q with value = q × the first half (plus the second where there are
/// two); gather: the bytes of the codes (not the halves).
template <ggml_type Type>
struct ggml_layout;

template <>
struct ggml_layout<ggml_type::q4_0> {
    static constexpr std::array<size_t, 1> halves{0};
    static void spread(const uint8_t* block, int8_t* q) {
        each_nibble(block + 2, [q](size_t i, int code) { q[i] = static_cast<int8_t>(code - 8); });
    }
    [[gnu::always_inline]] static void gather(const int8_t* q, uint8_t* block) {
        for (size_t j = 0; j < 16; ++j) block[2 + j] = static_cast<uint8_t>((q[j] + 8) | (q[j + 16] + 8) << 4);
    }
};

template <>
struct ggml_layout<ggml_type::q4_1> {
    static constexpr std::array<size_t, 2> halves{0, 2};
    static void spread(const uint8_t* block, int8_t* q) {
        each_nibble(block + 4, [q](size_t i, int code) { q[i] = static_cast<int8_t>(code); });
    }
};

template <>
struct ggml_layout<ggml_type::q5_0> {
    static constexpr std::array<size_t, 1> halves{0};
    static void spread(const uint8_t* block, int8_t* q) {
        each_nibble(block + 6,
                    [=](size_t i, int code) { q[i] = static_cast<int8_t>((code | fifth_bit(block + 2, i)) - 16); });
    }
};

template <>
struct ggml_layout<ggml_type::q5_1> {
    static constexpr std::array<size_t, 2> halves{0, 2};
    static void spread(const uint8_t* block, int8_t* q) {
        each_nibble(block + 8, [=](size_t i, int code) { q[i] = static_cast<int8_t>(code | fifth_bit(block + 4, i)); });
    }
};

template <>
struct ggml_layout<ggml_type::q8_0> {
    static constexpr std::array<size_t, 1> halves{0};
    static void spread(const uint8_t* block, int8_t* q) {
        for (size_t i = 0; i < 32; ++i) q[i] = static_cast<int8_t>(block[2 + i]);
    }
    [[gnu::always_inline]] static void gather(const int8_t* q, uint8_t* block) {
        for (size_t i = 0; i < 32; ++i) block[2 + i] = static_cast<uint8_t>(q[i]);
    }
};

/// 240 trits five in a byte and 16 four in a byte. The trits of a byte do not lie side by side: in a strip of W bytes, trit k of byte j
/// is value k W + j.
template <>
struct ggml_layout<ggml_type::tq1_0> {
    static constexpr std::array<size_t, 1> halves{52};

    template <size_t W, size_t Trits>
    static void spread_strip(const uint8_t* bytes, int8_t* q) {
        std::array<uint8_t, W> rest{};
        for (size_t j = 0; j < W; ++j) rest[j] = bytes[j];
        for (size_t k = 0; k < Trits; ++k) {
            for (size_t j = 0; j < W; ++j) {
                const int tripled = rest[j] * 3;  // base3_trit step by step
                q[k * W + j] = static_cast<int8_t>((tripled >> 8) - 1);
                rest[j] = static_cast<uint8_t>(tripled);
            }
        }
    }
    static void spread(const uint8_t* block, int8_t* q) {
        spread_strip<32, 5>(block, q);
        spread_strip<16, 5>(block + 32, q + 160);
        spread_strip<4, 4>(block + 48, q + 240);
    }

    template <size_t W, size_t Trits>
    [[gnu::always_inline]] static void gather_strip(const int8_t* q, uint8_t* bytes) {
        std::array<uint8_t, W> numbers{};
        for (size_t k = 0; k < trits_per_byte; ++k) {
            for (size_t j = 0; j < W; ++j)
                numbers[j] = static_cast<uint8_t>(3 * numbers[j] + (k < Trits ? q[k * W + j] + 1 : 0));
        }
        for (size_t j = 0; j < W; ++j) bytes[j] = base3_byte(numbers[j]);
    }
    [[gnu::always_inline]] static void gather(const int8_t* q, uint8_t* block) {
        gather_strip<32, 5>(q, block);
        gather_strip<16, 5>(q + 160, block + 32);
        gather_strip<4, 4>(q + 240, block + 48);
    }
};

/// Two runs of 128 values in 32 bytes each: bits 2k and 2k + 1 of byte j are value 32 k + j.
template <>
struct ggml_layout<ggml_type::tq2_0> {
    static constexpr std::array<size_t, 1> halves{64};
    static void spread(const uint8_t* block, int8_t* q) {
        for (size_t run = 0; run < 2; ++run) {
            for (size_t k = 0; k < 4; ++k) {
                for (size_t j = 0; j < 32; ++j)
                    q[128 * run + 32 * k + j] = static_cast<int8_t>((block[32 * run + j] >> (2 * k) & 3) - 1);
            }
        }
    }
    [[gnu::always_inline]] static void gather(const int8_t* q, uint8_t* block) {
        for (size_t run = 0; run < 2; ++run) {
            const int8_t* from = q + 128 * run;
            for (size_t j = 0; j < 32; ++j) {
                block[32 * run + j] = static_cast<uint8_t>((from[j] + 1) | (from[32 + j] + 1) << 2 |
                                                           (from[64 + j] + 1) << 4 | (from[96 + j] + 1) << 6);
            }
        }
    }
};

/// Calls run.operator()<Type>() with a written type; false for one that is only read.
template <class Run>
bool with_written_type(ggml_type type, const Run& run) {
    switch (type) {
        case ggml_type::q4_0: run.template operator()<ggml_type::q4_0>(); return true;
        case ggml_type::q8_0: run.template operator()<ggml_type::q8_0>(); return true;
        case ggml_type::tq1_0: run.template operator()<ggml_type::tq1_0>(); return true;
        case ggml_type::tq2_0: run.template operator()<ggml_type::tq2_0>(); return true;
        default: return false;
    }
}

}  // namespace halfulp::detail
