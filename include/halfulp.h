/* The C interface: integers in, integers out. C99; no exceptions, no state but what the caller holds. Link libhalfulp_c.
 *
 * - A code is a uint64_t that holds a format's code in its low bits. Codes of integers and fixed point with a sign are two's complement
 *   numbers: results have the sign in all 64 bits, operands may have it there or in the format's bits alone.
 * - Functions that can fail return a halfulp_status. Where it is not HALFULP_OK, the text that `message` points to, if any, says which
 *   argument is wrong, what it is and what is allowed. No result is written then, but arrays may be in part.
 * - A null pointer to a projection, to options or to flags asks for the defaults, or for no flags.
 * - Formats and calculators never change once made: threads may share them. Array functions run as many threads as `threads` says.
 *
 * What operations, modes, policies and flags mean: docs/contract.md, section 2.
 */
#ifndef HALFULP_H
#define HALFULP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The number of this interface. It changes where a program that was compiled against an older header would no longer run. */
#define HALFULP_ABI_VERSION 1u

/* HALFULP_ABI_VERSION of the library that is loaded, and its version as text. */
uint32_t halfulp_abi_version(void);
const char* halfulp_version(void);

/* ---- errors */

typedef enum halfulp_status {
    HALFULP_OK = 0,
    HALFULP_INVALID_ARGUMENT = 1, /* a NaN without a place under HALFULP_NAN_RAISE too */
    HALFULP_OUT_OF_MEMORY = 2,
    HALFULP_INTERNAL_ERROR = 3 /* a fault of the library: please report the message */
} halfulp_status;

/* Where an error's text goes: `size` bytes at `text`. Longer texts are cut off; there is always a terminating zero unless size is 0. */
typedef struct halfulp_message {
    char* text;
    size_t size;
} halfulp_message;

/* ---- formats */

typedef struct halfulp_format halfulp_format;

/* The format of a name of the text grammar ("e4m3fn", "binary16", "Binary8p3se", "posit8_2", "int8", "q4.4" ...). To be freed. */
halfulp_status halfulp_format_parse(const char* name, halfulp_format** out, const halfulp_message* message);
void halfulp_format_free(halfulp_format* format); /* a null pointer is allowed */

/* Bits of a code, 0 for a null pointer. */
int halfulp_format_bits(const halfulp_format* format);
/* The largest code, without a sign: 2^bits - 1, but for tables with fewer codes. 0 for a null pointer. */
uint64_t halfulp_format_max_code(const halfulp_format* format);
/* Writes the canonical name, cut off where `size` is too small; gives its length without the terminating zero, as snprintf does. */
size_t halfulp_format_name(const halfulp_format* format, char* text, size_t size);

/* ---- operations, modes, policies */

typedef enum halfulp_operation {
    HALFULP_ADD,
    HALFULP_SUB,
    HALFULP_MUL,
    HALFULP_DIV,
    HALFULP_FMA, /* a * b + c */
    HALFULP_FAA, /* a + b + c */
    HALFULP_SQRT,
    HALFULP_RECIP,
    HALFULP_RSQRT,
    HALFULP_REMAINDER,
    HALFULP_MINIMUM,
    HALFULP_MAXIMUM,
    HALFULP_MINIMUM_NUMBER,
    HALFULP_MAXIMUM_NUMBER,
    HALFULP_MINIMUM_MAGNITUDE,
    HALFULP_MAXIMUM_MAGNITUDE,
    HALFULP_MINIMUM_MAGNITUDE_NUMBER,
    HALFULP_MAXIMUM_MAGNITUDE_NUMBER,
    HALFULP_ABS,
    HALFULP_NEGATE,
    HALFULP_COPYSIGN,
    HALFULP_ROUND_TO_INTEGRAL,
    HALFULP_SCALB, /* a * 2^n; the second operand is n, an int64_t, and has no format */
    HALFULP_NEXT_UP,
    HALFULP_NEXT_DOWN,
    HALFULP_CONVERT /* a itself, in another format */
} halfulp_operation;

typedef enum halfulp_rounding {
    HALFULP_NEAREST_TIES_TO_EVEN,
    HALFULP_NEAREST_TIES_TO_AWAY,
    HALFULP_NEAREST_TIES_TO_ZERO,
    HALFULP_NEAREST_TIES_TO_ODD,
    HALFULP_NEAREST_TIES_UP,
    HALFULP_NEAREST_TIES_DOWN,
    HALFULP_TOWARD_ZERO,
    HALFULP_AWAY_FROM_ZERO,
    HALFULP_TOWARD_POSITIVE,
    HALFULP_TOWARD_NEGATIVE,
    HALFULP_TO_ODD,
    HALFULP_STOCHASTIC_A,
    HALFULP_STOCHASTIC_B,
    HALFULP_STOCHASTIC_C,
    HALFULP_STOCHASTIC_EQUAL
} halfulp_rounding;

typedef enum halfulp_overflow {
    HALFULP_OVERFLOW_NATIVE, /* the format's own */
    HALFULP_OVERFLOW_SAT_FINITE,
    HALFULP_OVERFLOW_SAT_PROPAGATE,
    HALFULP_OVERFLOW_SAT_NONE,
    HALFULP_OVERFLOW_TO_NAN,
    HALFULP_OVERFLOW_WRAP /* integers and fixed point only */
} halfulp_overflow;

/* What NaN becomes where the format has none. */
typedef enum halfulp_nan {
    HALFULP_NAN_RAISE, /* HALFULP_INVALID_ARGUMENT */
    HALFULP_NAN_TO_MAX,
    HALFULP_NAN_TO_ZERO
} halfulp_nan;

typedef enum halfulp_ftz { HALFULP_FTZ_NONE, HALFULP_FTZ_BEFORE, HALFULP_FTZ_AFTER } halfulp_ftz;

typedef enum halfulp_tininess { HALFULP_TININESS_AFTER, HALFULP_TININESS_BEFORE } halfulp_tininess;

/* Which NaN code an IEEE-like result is. */
typedef enum halfulp_nan_rule {
    HALFULP_NAN_RULE_CANONICAL,
    HALFULP_NAN_RULE_X86,
    HALFULP_NAN_RULE_ARM
} halfulp_nan_rule;

/* Flags of a result, in the places of RISC-V's fflags. */
#define HALFULP_INEXACT 1u
#define HALFULP_UNDERFLOW 2u
#define HALFULP_OVERFLOW 4u
#define HALFULP_DIVIDE_BY_ZERO 8u
#define HALFULP_INVALID 16u

/* How an exact number becomes a code. {sizeof(halfulp_projection)} is nearest-even with the format's own overflow. */
typedef struct halfulp_projection {
    uint32_t size; /* sizeof(halfulp_projection): later versions may add fields, of which 0 is the default */
    int32_t rounding; /* halfulp_rounding */
    int32_t overflow; /* halfulp_overflow */
    int32_t nan; /* halfulp_nan */
    int32_t ftz; /* halfulp_ftz */
    int32_t random_bits; /* N of stochastic modes, 1 to 32; 0 is 32 */
} halfulp_projection;

typedef struct halfulp_options {
    uint32_t size; /* sizeof(halfulp_options) */
    int32_t daz; /* not 0: operands below the smallest normal member of their format count as zeros */
    int32_t tininess; /* halfulp_tininess */
    int32_t nan_rule; /* halfulp_nan_rule */
} halfulp_options;

/* The name of an operation or a rounding mode, a null pointer where there is none of that number. */
const char* halfulp_operation_name(int operation);
const char* halfulp_rounding_name(int rounding);
/* How many operands an operation has, 0 where there is none of that number. */
int halfulp_operation_operands(int operation);
/* The number of a name ("mul"; "toward_zero" or "rz"). */
halfulp_status halfulp_operation_parse(const char* name, int* operation, const halfulp_message* message);
halfulp_status halfulp_rounding_parse(const char* name, int* rounding, const halfulp_message* message);

/* ---- one result at a time */

/* An operation with formats, projection and options fixed, worked out once. `formats` has one format for each operand. To be freed. */
typedef struct halfulp_calculator halfulp_calculator;
halfulp_status halfulp_calculator_make(int operation, const halfulp_format* const* formats,
                                       const halfulp_format* result, const halfulp_projection* projection,
                                       const halfulp_options* options, halfulp_calculator** out,
                                       const halfulp_message* message);
void halfulp_calculator_free(halfulp_calculator* calculator); /* a null pointer is allowed */

/* The exact result of the operands `codes`, projected once, and its flags. `random` is R of stochastic modes, below 2^N. */
halfulp_status halfulp_calculator_run(const halfulp_calculator* calculator, const uint64_t* codes, uint32_t random,
                                      uint64_t* code, uint8_t* flags, const halfulp_message* message);

/* The same without a calculator that is kept. */
halfulp_status halfulp_calculate(int operation, const halfulp_format* const* formats, const uint64_t* codes,
                                 const halfulp_format* result, const halfulp_projection* projection,
                                 const halfulp_options* options, uint32_t random, uint64_t* code, uint8_t* flags,
                                 const halfulp_message* message);

/* order: -1, 0, 1, or 2 for unordered. total: the order of all members, NaNs too. signaling: every NaN raises invalid. */
halfulp_status halfulp_compare(const halfulp_format* format_a, uint64_t a, const halfulp_format* format_b, uint64_t b,
                               int total, int signaling, int* order, uint8_t* flags, const halfulp_message* message);

/* ---- values. Their bits are codes of binary64 and binary32: HALFULP_CONVERT from and to these formats does the same on integers. */

halfulp_status halfulp_encode_double(const halfulp_format* format, double value, const halfulp_projection* projection,
                                     uint32_t random, uint64_t* code, uint8_t* flags, const halfulp_message* message);
halfulp_status halfulp_encode_float(const halfulp_format* format, float value, const halfulp_projection* projection,
                                    uint32_t random, uint64_t* code, uint8_t* flags, const halfulp_message* message);
/* The value of a code; to nearest even where a double does not hold it. */
halfulp_status halfulp_decode_double(const halfulp_format* format, uint64_t code, double* value,
                                     const halfulp_message* message);
/* The member that a value is projected to, as a value. */
halfulp_status halfulp_round_double(const halfulp_format* format, double value, const halfulp_projection* projection,
                                    uint32_t random, double* member, uint8_t* flags, const halfulp_message* message);

/* ---- arrays */

/* `count` codes of `width` bytes (1, 2, 4 or 8, at least the format's bits; signed codes as intN_t). One code stands for as many as are
 * needed. Arrays of double and float are codes of binary64 and binary32. scalb's n: width 8, format a null pointer. */
typedef struct halfulp_codes {
    const void* data;
    size_t count;
    int width;
    const halfulp_format* format;
} halfulp_codes;

/* Where `count` codes go; may be an operand's own memory where the widths are equal. */
typedef struct halfulp_results {
    void* data;
    size_t count;
    int width;
    const halfulp_format* format;
} halfulp_results;

/* Random bits of stochastic modes: R of every result, or where `given` is a null pointer the words of a seed. */
typedef struct halfulp_random {
    uint32_t size; /* sizeof(halfulp_random) */
    uint32_t stream;
    uint64_t seed;
    uint64_t offset;
    const uint32_t* given; /* as many as there are results, for products times their roundings */
} halfulp_random;

/* results[i] = the operation on the i-th operands. `flags`: a null pointer or one byte for each result. */
halfulp_status halfulp_calculate_array(int operation, const halfulp_codes* operands, const halfulp_results* results,
                                       const halfulp_projection* projection, const halfulp_options* options,
                                       const halfulp_random* random, uint8_t* flags, int threads,
                                       const halfulp_message* message);

/* order[i] of a[i] and b[i], for `count` results. */
halfulp_status halfulp_compare_array(const halfulp_codes* a, const halfulp_codes* b, int8_t* order, size_t count,
                                     int total, int signaling, uint8_t* flags, int threads,
                                     const halfulp_message* message);

/* results[i] = c[i] + the sum over k of a[i][k] * b[i][k], k below `inner`, by the accumulator of that name: "exact", "sequential", "fma",
 * "pairwise", "blocked_<k>", or a matrix unit without scales ("h100_fp16" ...), whose formats are then the ones allowed. */
halfulp_status halfulp_dot(const char* accumulator, const halfulp_codes* a, const halfulp_codes* b,
                           const halfulp_codes* c, const halfulp_results* results, size_t inner,
                           const halfulp_projection* projection, const halfulp_random* random, uint8_t* flags,
                           int threads, const halfulp_message* message);

/* The matrix product c + a b of rows x inner and inner x columns codes, each in C order. */
halfulp_status halfulp_matmul(const char* accumulator, const halfulp_codes* a, const halfulp_codes* b,
                              const halfulp_codes* c, const halfulp_results* results, size_t rows, size_t inner,
                              size_t columns, const halfulp_projection* projection, const halfulp_random* random,
                              uint8_t* flags, int threads, const halfulp_message* message);

#ifdef __cplusplus
}
#endif

#endif
