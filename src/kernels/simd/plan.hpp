// What a vector kernel is told: constants worked out once for a call, and the functions that take them. Plain data only: this
// header is compiled for several instruction sets, and an inline function in it could reach machines without them.
//
// A lane is a binary32 or a binary64 number (float or double); its bits are an integer of the same width.
#pragma once

#include <cstddef>
#include <cstdint>

namespace halfulp::simd {

template <class Lane>
struct lane_types;
template <>
struct lane_types<float> {
    using bits = std::uint32_t;
    static constexpr int mantissa_bits = 23;
    static constexpr int bias = 127;
    static constexpr bits infinity = 0x7F800000u;
    static constexpr bits sign = 0x80000000u;
};
template <>
struct lane_types<double> {
    using bits = std::uint64_t;
    static constexpr int mantissa_bits = 52;
    static constexpr int bias = 1023;
    static constexpr bits infinity = 0x7FF0000000000000u;
    static constexpr bits sign = 0x8000000000000000u;
};

/// A result for a positive and for a negative operand: bits of a lane, or a code.
template <class Bits>
struct by_sign {
    Bits positive;
    Bits negative;
};

/// bit = constant ^ (sign & by_sign) ^ (odd & by_parity): how a deterministic mode decides. All are 0 or 1.
template <class Bits>
struct decision {
    Bits constant;
    Bits sign;
    Bits parity;
};

/// What becomes of operands and results that are not ordinary, and how results are stored.
template <class Lane>
struct outcome {
    using bits = typename lane_types<Lane>::bits;
    bits largest;  ///< bits (or the code) of the largest member: a larger magnitude overflows
    by_sign<bits> overflow;  ///< what a finite operand that overflows becomes
    by_sign<bits> infinity;  ///< what an infinity becomes
    by_sign<bits> nan;  ///< what a NaN becomes
    bool signed_zero;  ///< negative zero exists: a zero keeps its sign
    bool report_special;  ///< a NaN or an infinity leaves the block to the definition
    int sign_down;  ///< codes: how far the lane's sign bit moves down to the code's sign bit
};

/// Flushing to zero ahead of a kernel that knows gradual underflow alone: deterministic rounding is monotonic, so those that become
/// zero are the magnitudes below a limit, and the others round as they do without flushing.
template <class Bits>
struct flush_limits {
    bool any = false;
    by_sign<Bits> below{};  ///< magnitudes below this become zeros of their sign
};

/// Formats whose binades are the lane's own, subnormals included: the last (mantissa_bits - M) bits are dropped, everywhere.
/// Rounding adds a number to the bits of the magnitude and cuts; the carry does the rest.
template <class Lane>
struct aligned_plan {
    using bits = typename lane_types<Lane>::bits;
    int dropped;  ///< s, how many bits go
    bits base;  ///< what is added to the magnitude ...
    bits sign;  ///< ... and what more to that of a negative number ...
    bits odd;  ///< ... and to one whose lower neighbour is odd
    // Stochastic modes: the number added is made of the random word, whose top N bits are R.
    int word_down;  ///< R's place: the word moves down by so many bits (up, where negative)
    bits word_mask;
    bits pre_half;  ///< stochastic_c with fewer random bits than dropped ones: first round to those, nearest-even;
    int pre_dropped;  ///< 0: no such step
    bool coin;  ///< stochastic_equal: the word's top bit alone decides
    int given_up;  ///< words that hold R itself move up by so many bits first
    flush_limits<bits> flush;
    outcome<Lane> out;
};

/// E8M0 in binary32 lanes: above 2^-126 as above; below it one of two results.
struct exponent_plan {
    aligned_plan<float> above_lowest;
    std::uint32_t operand_mask;  ///< all ones, or all but the sign where the sign is dropped first
    std::uint32_t limit;  ///< magnitudes below this become `first`, others below 2^-126 `second`
    std::uint32_t first;
    std::uint32_t second;
    std::uint32_t negative_result;  ///< what a negative finite operand becomes
    by_sign<std::uint32_t> exact_zero;  ///< what an operand that is zero becomes
};

/// Formats on the lane's grid: the magnitude, cut at the format's quantum by adding and subtracting the power of two
/// c = quantum × 2^mantissa_bits. Below 2^emin the quantum is constant.
template <class Lane>
struct grid_plan {
    using bits = typename lane_types<Lane>::bits;
    bits cap;  ///< magnitudes above 2^(emax + 1) count as that: they overflow whatever the mode
    bits low_limit;  ///< bits of 2^emin
    bits low_adder;  ///< bits of c below it
    bits adder_offset;  ///< bits of c from there on: the exponent of the magnitude plus this
    // Deterministic modes that no hardware direction gives: away when the remainder is above `half` and `above` says so, or equal
    // to it and `tie` says so. half_mask 0 makes `half` zero: every inexact number is above it.
    bits half_mask;
    decision<bits> above;
    decision<bits> tie;
    bits parity_mask;  ///< precision 1: parity is that of the exponent field; else all ones
    bits parity_shift;  ///< added to the field before its last bit is taken
    // Stochastic modes
    bits scale;  ///< bits of c × (2^32 / quantum), a constant; minus the bits of c: those of 2^32 / quantum
    bits random_mask;  ///< the top N bits of 32
    double random_half;  ///< 2^(31 - N): half of what R's last bit is worth in units of 2^-32
    std::uint32_t random_last;  ///< R's last bit
    int given_up;  ///< words that hold R itself move up by so many bits first
    // Codes: (bits of c >> code_down) - code_base + the significand
    bits code_base;
    int code_down;
    bool is_nearest_half;  ///< the codes are binary16's, to nearest even
    flush_limits<bits> flush;  ///< the full kernel does not look: it flushes results
    // What only the full kernel reads.
    bits operand_mask;  ///< all ones, or all but the sign where the sign is dropped first
    bool low_is_one_gap;  ///< no subnormals: below low_limit there are zero and 2^emin, whose code is low_code
    bits low_code;
    bits flush_operand;  ///< magnitudes below this become zero (ftz before)
    bits flush_result;  ///< results below this become zero (ftz after), as a value
    bits rare_below;  ///< operands above zero and below this are left to the definition ...
    bits rare_above;  ///< ... and finite ones above this
    bool has_low_value;  ///< no zero: magnitudes below low_limit become:
    bits low_value;
    bool is_unsigned;  ///< a negative operand that does not become zero becomes:
    bits negative_result;
    by_sign<bits> exact_zero;  ///< what an operand that is zero becomes
    bits code_hidden;  ///< codes: taken off at the end, where field 0 is a normal binade
    outcome<Lane> out;
};

/// Codes of a format to binary32, by shifting.
struct decode_plan {
    std::uint32_t code_mask;
    std::uint32_t magnitude_mask;
    std::uint32_t sign_mask;
    int up;  ///< how many fraction bits binary32 has more
    int sign_up;
    std::uint32_t base;  ///< added to the shifted magnitude: the difference of the biases
    std::uint32_t hidden;  ///< magnitudes below this have exponent field 0
    std::uint32_t low_limit;  ///< bits of 2^emin
    bool low_is_zero;  ///< no subnormals: field 0 means zero
    bool zero_has_no_sign;  ///< there field 0 means zero, and there is only one
    bool zero_is_special;  ///< field 0 is a normal binade whose first number is zero instead
    std::uint32_t largest;  ///< magnitudes above this are infinity or NaN
    std::uint32_t infinity;  ///< the magnitude that is infinity; all ones where there is none
    std::uint32_t odd_code;  ///< a code that does not follow the rule (that of negative zero) ...
    std::uint32_t odd_value;  ///< ... and the bits of its value
    std::uint32_t nan_sign;  ///< the sign's mask where a NaN keeps its sign, else 0
};

/// Why a block is to be done again by the definition; 0: it is done.
using flags = unsigned;

/// A random word for each element: `given`, or where that is null the words of elements `first` and so on of Philox counters
/// (stream, ordinal 0) under the key `seed`. Deterministic modes do not look.
struct random_words {
    const std::uint32_t* given;
    std::uint64_t seed;
    std::uint32_t stream;
    std::uint64_t first;
};

// Every kernel takes any size and alignment. `stream`: the results will not be read soon. The caller has set the floating-point
// environment that the kernel names.
template <class Lane, class Out, class Plan>
using convert_kernel = flags (*)(const Lane* x, Out* out, std::size_t size, const random_words& words, const Plan& plan,
                                 bool stream);

enum class grid_engine : std::uint8_t {
    direct,  ///< the environment's rounding direction, on the magnitude
    direct_signed,  ///< the environment's rounding direction, on the signed number
    general,  ///< toward zero, then decided
    stochastic_a,  ///< toward zero, then decided by random words
    stochastic_b,
    stochastic_c,
    stochastic_equal,
};

template <class Lane, class Out>
struct convert_kernels {
    convert_kernel<Lane, Out, aligned_plan<Lane>> aligned;
    convert_kernel<Lane, Out, aligned_plan<Lane>> aligned_stochastic;
    convert_kernel<Lane, Out, exponent_plan> exponents;  ///< null in binary64 lanes
    convert_kernel<Lane, Out, grid_plan<Lane>> grid[7];  ///< by grid_engine; null where the lane has none
};

struct kernel_table {
    convert_kernels<float, float> round32;
    convert_kernels<float, std::uint8_t> encode32_8;
    convert_kernels<float, std::uint16_t> encode32_16;
    convert_kernels<float, std::uint32_t> encode32_32;
    convert_kernels<double, double> round64;
    convert_kernels<double, std::uint64_t> encode64;
    flags (*decode8)(const std::uint8_t* codes, float* out, std::size_t size, const decode_plan& plan, bool stream);
    flags (*decode16)(const std::uint16_t* codes, float* out, std::size_t size, const decode_plan& plan, bool stream);
    flags (*decode32)(const std::uint32_t* codes, float* out, std::size_t size, const decode_plan& plan, bool stream);
    /// words[i] for elements first to first + size - 1 of Philox counters (stream, ordinal) under a key.
    void (*fill_words)(std::uint64_t seed, std::uint32_t stream, std::uint64_t first, std::uint32_t ordinal,
                       std::uint32_t* words, std::size_t size);
    void (*widen)(const float* x, double* out, std::size_t size);
    void (*narrow)(const double* x, float* out, std::size_t size);  ///< nearest-even environment
};

}  // namespace halfulp::simd
