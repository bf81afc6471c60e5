/* A check that says where it failed and goes on. */
#ifndef HALFULP_TESTS_CHECK_H
#define HALFULP_TESTS_CHECK_H

#include <stdio.h>

extern int failures;

#define CHECK(condition)                                                            \
    do {                                                                            \
        if (!(condition)) {                                                         \
            ++failures;                                                             \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
        }                                                                           \
    } while (0)

#endif
