// Arithmetic on columns of binary64, and the sums that go with it: the same bits on every machine, whatever its vectors' length. Sums
// are eight side by side, number i to sum i mod 8, added up in one order; nothing is fused.
#pragma once

#include <cstddef>
#include <cstdint>

namespace halfulp::simd {

/// Lengths that kernels take are multiples of it, but for huber's.
inline constexpr std::size_t column_step = 8;

/// Of a column that has room for so many runs.
constexpr std::size_t column_length(std::size_t runs) noexcept {
    return (runs + column_step - 1) / column_step * column_step;
}

/// A number for each run, or one for all where `numbers` is null.
struct column {
    const double* numbers;
    double number;
};

enum class column_op : std::uint8_t { add, subtract, multiply, divide };

/// What a step passes on of its adjoint g, out its result and b an operand.
enum class adjoint_op : std::uint8_t {
    same,  ///< g
    negative,  ///< −g
    times,  ///< g b
    over,  ///< g / b
    quotient,  ///< −(g out) / b
};

struct adjoint {
    adjoint_op op;
    const double* g;
    const double* out;
    column b;
};

struct huber_sums {
    double losses;  ///< Σ w h(z), z = (target − value) × inverse, h Huber's function
    double scores;  ///< Σ w h'(z) z
};

/// The arguments of `huber`. divisor: the adjoint is turned × w h'(z) / divisor.
struct huber_terms {
    const double* target;
    const double* value;
    const double* weight;
    const double* divisor;
    double inverse, delta, turned;
};

struct column_kernels {
    void (*arithmetic)(column_op op, column a, column b, double* out, std::size_t size);
    void (*set_adjoint)(const adjoint& from, double* to, std::size_t size);
    void (*add_adjoint)(const adjoint& from, double* to, std::size_t size);
    double (*sum_adjoint)(const adjoint& from, std::size_t size);
    huber_sums (*huber)(const huber_terms& terms, double* adjoint, std::size_t size);
};

#if defined(HALFULP_SIMD_X86)
extern const column_kernels columns_sse2, columns_avx2, columns_avx512;
#endif

}  // namespace halfulp::simd
