/* The same questions put to the C++ interface, by names. */
#ifndef HALFULP_TESTS_REFERENCE_H
#define HALFULP_TESTS_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Operations on uint64_t codes, `count` at a time. The names are those of the text grammar; nan is "to_max". */
void reference_calculate(const char* operation, const char* operands, const char* result, const char* rounding,
                         const char* overflow, const uint64_t* a, const uint64_t* b, const uint64_t* c,
                         const uint32_t* random, size_t count, uint64_t* codes, uint8_t* flags);

/* The dot product of `inner` codes of one format by a named accumulator; c is +0. */
uint64_t reference_dot(const char* accumulator, const char* operands, const char* result, const uint64_t* a,
                       const uint64_t* b, size_t inner);

#ifdef __cplusplus
}
#endif

#endif
