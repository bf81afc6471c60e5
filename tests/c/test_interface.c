/* The C interface in C99, against the C++ interface and against what the header promises. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "halfulp.h"
#include "reference.h"

int failures = 0;

enum { codes8 = 256, pairs = codes8 * codes8 };

static char text[512];
static const halfulp_message message = {text, sizeof text};

static halfulp_format* parsed(const char* name) {
    halfulp_format* out = NULL;
    if (halfulp_format_parse(name, &out, &message) != HALFULP_OK) {
        fprintf(stderr, "%s\n", text);
        exit(1);
    }
    return out;
}

/* FNV-1a: Fowler, Noll, Vo; RFC 9923. */
static uint64_t hash(const uint64_t* codes, size_t count) {
    uint64_t out = UINT64_C(0xcbf29ce484222325);
    size_t i;
    for (i = 0; i < count; ++i) out = (out ^ codes[i]) * UINT64_C(0x100000001b3);
    return out;
}

/* All pairs of codes, and something for a third operand and for R. */
static uint64_t all_a[pairs], all_b[pairs], all_c[pairs], wanted[pairs], found[pairs];
static uint32_t all_random[pairs];
static uint8_t wanted_flags[pairs], found_flags[pairs];

static void fill_pairs(void) {
    size_t i;
    for (i = 0; i < pairs; ++i) {
        all_a[i] = i / codes8;
        all_b[i] = i % codes8;
        all_c[i] = (i * 73 + i / codes8 * 41) % codes8;
        all_random[i] = (uint32_t)(i * UINT32_C(2654435761)) % 16;
    }
}

static void test_version(void) {
    CHECK(halfulp_abi_version() == HALFULP_ABI_VERSION);
    CHECK(strchr(halfulp_version(), '.') != NULL);
}

/* Of all products of e4m3fn, as ml_dtypes 0.6 rounds NumPy's exact binary32 products, every NaN as 7F. */
static const uint64_t all_products = UINT64_C(0x93b903aa28db8d95);

/* One by one, by a calculator, and as arrays of bytes: every product of e4m3fn, and its flags. */
static void test_every_product(void) {
    halfulp_format* f = parsed("e4m3fn");
    const halfulp_format* formats[2];
    halfulp_calculator* multiply = NULL;
    halfulp_codes operands[2];
    halfulp_results results;
    static uint8_t a[pairs], b[pairs], bytes[pairs];
    size_t i;

    formats[0] = formats[1] = f;
    reference_calculate("mul", "e4m3fn", "e4m3fn", "rne", "native", all_a, all_b, NULL, NULL, pairs, wanted,
                        wanted_flags);

    CHECK(halfulp_calculator_make(HALFULP_MUL, formats, f, NULL, NULL, &multiply, &message) == HALFULP_OK);
    for (i = 0; i < pairs; ++i) {
        uint64_t codes[2];
        codes[0] = all_a[i];
        codes[1] = all_b[i];
        CHECK(halfulp_calculator_run(multiply, codes, 0, &found[i], &found_flags[i], &message) == HALFULP_OK);
    }
    CHECK(hash(found, pairs) == all_products);
    CHECK(memcmp(found, wanted, sizeof found) == 0);
    CHECK(memcmp(found_flags, wanted_flags, sizeof found_flags) == 0);

    for (i = 0; i < pairs; i += 257) {
        uint64_t codes[2], code = 0;
        uint8_t flags = 0;
        codes[0] = all_a[i];
        codes[1] = all_b[i];
        CHECK(halfulp_calculate(HALFULP_MUL, formats, codes, f, NULL, NULL, 0, &code, &flags, &message) == HALFULP_OK);
        CHECK(code == wanted[i] && flags == wanted_flags[i]);
        CHECK(halfulp_calculate(HALFULP_MUL, formats, codes, f, NULL, NULL, 0, &code, NULL, NULL) == HALFULP_OK);
    }

    for (i = 0; i < pairs; ++i) {
        a[i] = (uint8_t)all_a[i];
        b[i] = (uint8_t)all_b[i];
    }
    operands[0].data = a;
    operands[1].data = b;
    operands[0].count = operands[1].count = pairs;
    operands[0].width = operands[1].width = 1;
    operands[0].format = operands[1].format = f;
    results.data = bytes;
    results.count = pairs;
    results.width = 1;
    results.format = f;
    CHECK(halfulp_calculate_array(HALFULP_MUL, operands, &results, NULL, NULL, NULL, found_flags, 2, &message) ==
          HALFULP_OK);
    for (i = 0; i < pairs; ++i) found[i] = bytes[i];
    CHECK(hash(found, pairs) == all_products);
    CHECK(memcmp(found_flags, wanted_flags, sizeof found_flags) == 0);

    halfulp_calculator_free(multiply);
    halfulp_format_free(f);
}

/* Every operation, mode and policy by its number is the one of its name in C++; operands and results of several kinds. */
static void compare_with_reference(int op, int rounding, int overflow, const char* operands, const char* result,
                                   size_t step) {
    static const char* const policies[] = {"native", "sat_finite", "sat_propagate", "sat_none", "to_nan", "wrap"};
    halfulp_format* from = parsed(operands);
    halfulp_format* to = parsed(result);
    const halfulp_format* formats[3];
    halfulp_projection how = {sizeof(halfulp_projection), 0, 0, 0, 0, 0};
    halfulp_calculator* calculate = NULL;
    uint64_t wide = ~halfulp_format_max_code(to);
    size_t i;
    formats[0] = formats[1] = formats[2] = from;
    if (op == HALFULP_SCALB) formats[1] = NULL;
    how.rounding = rounding;
    how.overflow = overflow;
    how.nan = HALFULP_NAN_TO_MAX;

    reference_calculate(halfulp_operation_name(op), operands, result, halfulp_rounding_name(rounding),
                        policies[overflow], all_a, all_b, all_c, all_random, pairs, wanted, wanted_flags);
    CHECK(halfulp_calculator_make(op, formats, to, &how, NULL, &calculate, &message) == HALFULP_OK);
    for (i = 0; i < pairs; i += step) {
        uint64_t codes[3], code = 0;
        uint8_t flags = 0;
        codes[0] = all_a[i];
        codes[1] = all_b[i];
        codes[2] = all_c[i];
        CHECK(halfulp_calculator_run(calculate, codes, all_random[i], &code, &flags, &message) == HALFULP_OK);
        if (code != wanted[i] || flags != wanted_flags[i]) {
            ++failures;
            fprintf(stderr, "%s of %s, %s, %s: codes %llx %llx %llx give %llx, flags %x; in C++ %llx, flags %x\n",
                    halfulp_operation_name(op), operands, halfulp_rounding_name(rounding), policies[overflow],
                    (unsigned long long)codes[0], (unsigned long long)codes[1], (unsigned long long)codes[2],
                    (unsigned long long)code, flags, (unsigned long long)wanted[i], wanted_flags[i]);
            break;
        }
        CHECK((code & wide) == 0 || (code & wide) == wide);
    }
    halfulp_calculator_free(calculate);
    halfulp_format_free(from);
    halfulp_format_free(to);
}

static void test_every_operation_mode_and_policy(void) {
    int op, rounding, overflow;
    for (op = HALFULP_ADD; op <= HALFULP_CONVERT; ++op) {
        compare_with_reference(op, HALFULP_NEAREST_TIES_TO_EVEN, HALFULP_OVERFLOW_NATIVE, "e4m3fn", "e5m2", 7);
        compare_with_reference(op, HALFULP_STOCHASTIC_B, HALFULP_OVERFLOW_NATIVE, "posit8_2", "posit8_2", 7);
        compare_with_reference(op, HALFULP_TOWARD_NEGATIVE, HALFULP_OVERFLOW_SAT_NONE, "e5m2", "e2m1fn", 7);
    }
    for (rounding = HALFULP_NEAREST_TIES_TO_EVEN; rounding <= HALFULP_STOCHASTIC_EQUAL; ++rounding)
        compare_with_reference(HALFULP_FMA, rounding, HALFULP_OVERFLOW_NATIVE, "e5m2", "e4m3fn", 5);
    for (overflow = HALFULP_OVERFLOW_NATIVE; overflow <= HALFULP_OVERFLOW_TO_NAN; ++overflow)
        compare_with_reference(HALFULP_DIV, HALFULP_TOWARD_ZERO, overflow, "e5m2", "Binary8p4se", 5);
    compare_with_reference(HALFULP_MUL, HALFULP_TO_ODD, HALFULP_OVERFLOW_WRAP, "e4m3fn", "int8", 5);
    CHECK(halfulp_operation_name(HALFULP_CONVERT + 1) == NULL && halfulp_operation_name(-1) == NULL);
    CHECK(halfulp_operation_operands(HALFULP_FMA) == 3 && halfulp_operation_operands(99) == 0);
    CHECK(halfulp_rounding_name(HALFULP_STOCHASTIC_EQUAL + 1) == NULL);
}

static void test_names(void) {
    int number = -1;
    char name[8];
    halfulp_format* f = parsed("fp16");
    CHECK(halfulp_operation_parse("remainder", &number, &message) == HALFULP_OK && number == HALFULP_REMAINDER);
    CHECK(halfulp_rounding_parse("rz", &number, &message) == HALFULP_OK && number == HALFULP_TOWARD_ZERO);
    CHECK(halfulp_operation_parse("times", &number, &message) == HALFULP_INVALID_ARGUMENT);
    CHECK(strstr(text, "'times'") != NULL && strstr(text, "mul") != NULL);
    CHECK(halfulp_format_name(f, NULL, 0) == strlen("binary16"));
    CHECK(halfulp_format_name(f, name, sizeof name) == strlen("binary16") && strcmp(name, "binary1") == 0);
    CHECK(halfulp_format_bits(f) == 16 && halfulp_format_max_code(f) == 0xFFFF);
    CHECK(halfulp_format_bits(NULL) == 0 && halfulp_format_max_code(NULL) == 0 &&
          halfulp_format_name(NULL, name, 8) == 0);
    halfulp_format_free(f);
    halfulp_format_free(NULL);
    halfulp_calculator_free(NULL);
}

static void test_options(void) {
    halfulp_format* f = parsed("binary16");
    const halfulp_format* formats[2];
    halfulp_projection how = {sizeof(halfulp_projection), 0, 0, 0, 0, 0};
    halfulp_options options = {sizeof(halfulp_options), 0, 0, 0};
    uint64_t codes[2], code = 0;
    uint8_t flags = 0;
    formats[0] = formats[1] = f;

    codes[0] = 0x0001; /* the smallest subnormal, plus 1 */
    codes[1] = 0x3C00;
    halfulp_calculate(HALFULP_ADD, formats, codes, f, NULL, &options, 0, &code, &flags, &message);
    CHECK(code == 0x3C00 && flags == HALFULP_INEXACT);
    options.daz = 1;
    halfulp_calculate(HALFULP_ADD, formats, codes, f, NULL, &options, 0, &code, &flags, &message);
    CHECK(code == 0x3C00 && flags == 0);
    options.daz = 0;

    codes[0] = 0x03FF; /* times 1 + 2^-10 is 2^-14 less 2^-34, which rounds to 2^-14: tiny before rounding alone */
    codes[1] = 0x3C01;
    halfulp_calculate(HALFULP_MUL, formats, codes, f, NULL, &options, 0, &code, &flags, &message);
    CHECK(code == 0x0400 && flags == HALFULP_INEXACT);
    options.tininess = HALFULP_TININESS_BEFORE;
    halfulp_calculate(HALFULP_MUL, formats, codes, f, NULL, &options, 0, &code, &flags, &message);
    CHECK(code == 0x0400 && flags == (HALFULP_INEXACT | HALFULP_UNDERFLOW));
    options.tininess = HALFULP_TININESS_AFTER;
    how.ftz = HALFULP_FTZ_BEFORE;
    halfulp_calculate(HALFULP_MUL, formats, codes, f, &how, &options, 0, &code, &flags, &message);
    CHECK(code == 0);

    codes[0] = 0xFD01; /* a signaling NaN with a payload, and infinity minus infinity */
    codes[1] = 0x3C00;
    options.nan_rule = HALFULP_NAN_RULE_X86;
    halfulp_calculate(HALFULP_ADD, formats, codes, f, NULL, &options, 0, &code, &flags, &message);
    CHECK(code == 0xFF01 && flags == HALFULP_INVALID);
    codes[0] = codes[1] = 0x7C00;
    halfulp_calculate(HALFULP_SUB, formats, codes, f, NULL, &options, 0, &code, &flags, &message);
    CHECK(code == 0xFE00 && flags == HALFULP_INVALID);
    options.nan_rule = HALFULP_NAN_RULE_ARM;
    halfulp_calculate(HALFULP_SUB, formats, codes, f, NULL, &options, 0, &code, &flags, &message);
    CHECK(code == 0x7E00);
    halfulp_format_free(f);
}

/* Numbers with a sign: int8's -100 is 0x9C, or -100 in 64 bits. */
static void test_signed_codes(void) {
    halfulp_format* f = parsed("int8");
    const halfulp_format* formats[2];
    uint64_t codes[2], code = 0;
    double value = 0;
    formats[0] = formats[1] = f;
    codes[0] = 0x9C;
    codes[1] = 7;
    CHECK(halfulp_calculate(HALFULP_ADD, formats, codes, f, NULL, NULL, 0, &code, NULL, &message) == HALFULP_OK);
    CHECK((int64_t)code == -93);
    codes[0] = (uint64_t)(int64_t)-100;
    CHECK(halfulp_calculate(HALFULP_ADD, formats, codes, f, NULL, NULL, 0, &code, NULL, &message) == HALFULP_OK);
    CHECK((int64_t)code == -93);
    CHECK(halfulp_decode_double(f, 0x9C, &value, &message) == HALFULP_OK && value == -100);
    codes[0] = 0x19C;
    CHECK(halfulp_calculate(HALFULP_ADD, formats, codes, f, NULL, NULL, 0, &code, NULL, &message) ==
          HALFULP_INVALID_ARGUMENT);
    CHECK(strstr(text, "a is 412") != NULL);
    halfulp_format_free(f);
}

static void test_values(void) {
    halfulp_format* f = parsed("e4m3fn");
    halfulp_format* ternary = parsed("ternary");
    uint64_t code = 0, i;
    uint8_t flags = 0;
    double value = 0;
    halfulp_projection how = {sizeof(halfulp_projection), 0, 0, 0, 0, 0};
    CHECK(halfulp_encode_double(f, 1.0625, NULL, 0, &code, &flags, &message) == HALFULP_OK);
    CHECK(code == 0x38 && flags == HALFULP_INEXACT);
    CHECK(halfulp_encode_float(f, 1.1875f, NULL, 0, &code, &flags, &message) == HALFULP_OK);
    CHECK(code == 0x3A && flags == HALFULP_INEXACT);
    how.rounding = HALFULP_STOCHASTIC_A;
    how.random_bits = 1;
    CHECK(halfulp_encode_double(f, 1.0625, &how, 1, &code, &flags, &message) == HALFULP_OK && code == 0x39);
    CHECK(halfulp_encode_double(f, 1.0625, &how, 0, &code, &flags, &message) == HALFULP_OK && code == 0x38);
    CHECK(halfulp_encode_double(f, 1.0625, &how, 2, &code, &flags, &message) == HALFULP_INVALID_ARGUMENT);
    CHECK(strstr(text, "random is 2") != NULL);
    CHECK(halfulp_round_double(f, -500, NULL, 0, &value, &flags, &message) == HALFULP_OK && value != value);
    how.rounding = HALFULP_NEAREST_TIES_TO_EVEN;
    how.overflow = HALFULP_OVERFLOW_SAT_FINITE;
    CHECK(halfulp_round_double(f, -500, &how, 0, &value, &flags, &message) == HALFULP_OK && value == -448);
    CHECK(flags == (HALFULP_OVERFLOW | HALFULP_INEXACT));
    for (i = 0; i <= 0xFF; ++i) { /* decode, then encode, is the code again; all NaNs are 7F */
        CHECK(halfulp_decode_double(f, i, &value, &message) == HALFULP_OK);
        CHECK(halfulp_encode_double(f, value, NULL, 0, &code, &flags, &message) == HALFULP_OK);
        CHECK(code == (i == 0xFF ? 0x7F : i) && flags == 0);
    }
    CHECK(halfulp_decode_double(f, 256, &value, &message) == HALFULP_INVALID_ARGUMENT);
    CHECK(halfulp_decode_double(ternary, 3, &value, &message) == HALFULP_INVALID_ARGUMENT);
    halfulp_format_free(f);
    halfulp_format_free(ternary);
}

static void test_order(void) {
    halfulp_format* f = parsed("binary16");
    halfulp_format* g = parsed("e4m3fn");
    int order = 9;
    int8_t orders[2];
    uint8_t flags = 9, two[2];
    uint16_t left[2] = {0x3C00, 0xFE00};
    uint8_t right[2] = {0x40, 0x00};
    halfulp_codes a, b;
    CHECK(halfulp_compare(f, 0x3C00, g, 0x40, 0, 0, &order, &flags, &message) == HALFULP_OK);
    CHECK(order == -1 && flags == 0);
    CHECK(halfulp_compare(f, 0x7E00, g, 0x40, 0, 1, &order, &flags, &message) == HALFULP_OK);
    CHECK(order == 2 && flags == HALFULP_INVALID);
    CHECK(halfulp_compare(f, 0x8000, f, 0x0000, 0, 0, &order, NULL, &message) == HALFULP_OK && order == 0);
    CHECK(halfulp_compare(f, 0x8000, f, 0x0000, 1, 0, &order, NULL, &message) == HALFULP_OK && order == -1);
    a.data = left;
    a.count = 2;
    a.width = 2;
    a.format = f;
    b.data = right;
    b.count = 2;
    b.width = 1;
    b.format = g;
    CHECK(halfulp_compare_array(&a, &b, orders, 2, 0, 0, two, 1, &message) == HALFULP_OK);
    CHECK(orders[0] == -1 && orders[1] == 2 && two[0] == 0 && two[1] == 0);
    CHECK(halfulp_compare_array(&a, &b, orders, 2, 1, 0, NULL, 1, &message) == HALFULP_OK && orders[1] == -1);
    halfulp_format_free(f);
    halfulp_format_free(g);
}

static void test_products(void) {
    enum { inner = 40 };
    static const char* const names[] = {"exact", "sequential", "fma", "pairwise", "blocked_8", "h100_fp16_fp16"};
    halfulp_format* f = parsed("binary16");
    halfulp_format* g = parsed("e5m2");
    uint64_t a[inner], b[inner], zero = 0, out = 0, four[4], here = 0;
    uint8_t flags = 0;
    halfulp_codes left, right, start;
    halfulp_results to;
    size_t i;
    for (i = 0; i < inner; ++i) {
        a[i] = (0x2C00 + i * 641) % 0x4800 + (i % 3 == 0 ? 0x8000 : 0);
        b[i] = 0x3000 + i * 97 % 0x0C00;
    }
    left.data = a;
    right.data = b;
    start.data = &zero;
    left.count = right.count = inner;
    start.count = 1;
    left.width = right.width = start.width = to.width = 8;
    left.format = right.format = start.format = to.format = f;
    to.data = &out;
    to.count = 1;
    for (i = 0; i < sizeof names / sizeof *names; ++i) {
        out = 0xDEAD;
        CHECK(halfulp_dot(names[i], &left, &right, &start, &to, inner, NULL, NULL, &flags, 1, &message) == HALFULP_OK);
        CHECK(out == reference_dot(names[i], "binary16", "binary16", a, b, inner));
    }
    /* R itself, one for each rounding: all zeros never round away, and one more or less than there are is not read past the end. */
    {
        static uint32_t r[2 * inner + 1];
        halfulp_projection how = {sizeof(halfulp_projection), HALFULP_STOCHASTIC_A, 0, 0, 0, 8};
        halfulp_random random = {sizeof(halfulp_random), 0, 0, 0, NULL};
        uint64_t cut = 0;
        random.given = r;
        CHECK(halfulp_dot("sequential", &left, &right, &start, &to, inner, &how, &random, NULL, 1, &message) ==
              HALFULP_OK);
        cut = out;
        how.rounding = HALFULP_TOWARD_ZERO;
        CHECK(halfulp_dot("sequential", &left, &right, &start, &to, inner, &how, NULL, NULL, 1, &message) ==
              HALFULP_OK);
        CHECK(out == cut);
        how.rounding = HALFULP_STOCHASTIC_A;
        for (i = 0; i < 2 * inner + 1; ++i) r[i] = 255;
        CHECK(halfulp_dot("sequential", &left, &right, &start, &to, inner, &how, &random, NULL, 1, &message) ==
              HALFULP_OK);
        CHECK(out != cut);
        r[2 * inner] = 256;
        CHECK(halfulp_dot("sequential", &left, &right, &start, &to, inner, &how, &random, NULL, 1, &message) ==
              HALFULP_INVALID_ARGUMENT);
        CHECK(strstr(text, "random[80] is 256") != NULL);
    }
    CHECK(halfulp_dot("h100_fp8", &left, &right, &start, &to, inner, NULL, NULL, NULL, 1, &message) ==
          HALFULP_INVALID_ARGUMENT);
    CHECK(strstr(text, "a has the format binary16") != NULL && strstr(text, "e4m3fn") != NULL);
    CHECK(halfulp_dot("fp32", &left, &right, &start, &to, inner, NULL, NULL, NULL, 1, &message) ==
          HALFULP_INVALID_ARGUMENT);
    CHECK(halfulp_dot("b200_mxf4", &left, &right, &start, &to, inner, NULL, NULL, NULL, 1, &message) ==
          HALFULP_INVALID_ARGUMENT);
    CHECK(strstr(text, "scales") != NULL);
    CHECK(halfulp_dot("exact", &left, &right, &start, &to, inner + 1, NULL, NULL, NULL, 1, &message) ==
          HALFULP_INVALID_ARGUMENT);
    CHECK(halfulp_dot("exact", &left, &right, &start, &to, (size_t)-1, NULL, NULL, NULL, 1, &message) ==
          HALFULP_INVALID_ARGUMENT);

    /* Sizes whose product is none. */
    left.count = right.count = 0;
    to.count = 0;
    CHECK(halfulp_matmul("exact", &left, &right, &start, &to, (size_t)-1 / 2 + 1, 2, 0, NULL, NULL, NULL, 1,
                         &message) == HALFULP_INVALID_ARGUMENT);
    left.count = right.count = inner;

    /* Two rows and two columns: the element in the corner is a dot product. */
    to.data = four;
    to.count = 4;
    CHECK(halfulp_matmul("fma", &left, &right, &start, &to, 2, inner / 2, 2, NULL, NULL, NULL, 1, &message) ==
          HALFULP_OK);
    {
        uint64_t column[inner / 2];
        for (i = 0; i < inner / 2; ++i) column[i] = b[2 * i + 1];
        here = reference_dot("fma", "binary16", "binary16", a + inner / 2, column, inner / 2);
    }
    CHECK(four[3] == here);
    halfulp_format_free(f);
    halfulp_format_free(g);
}

static void test_random_words(void) {
    enum { count = 64 };
    halfulp_format* f = parsed("e4m3fn");
    halfulp_format* wide = parsed("binary32");
    float x[count];
    uint8_t once[count], twice[count], given[count];
    uint32_t r[count];
    halfulp_codes from;
    halfulp_results to;
    halfulp_projection how = {sizeof(halfulp_projection), HALFULP_STOCHASTIC_A, 0, 0, 0, 8};
    halfulp_random random = {sizeof(halfulp_random), 0, 7, 0, NULL};
    size_t i, ups = 0;
    for (i = 0; i < count; ++i) {
        x[i] = 1.0625f;
        r[i] = i % 2 == 0 ? 128 : 127;
    }
    from.data = x;
    from.count = count;
    from.width = 4;
    from.format = wide;
    to.data = once;
    to.count = count;
    to.width = 1;
    to.format = f;
    CHECK(halfulp_calculate_array(HALFULP_CONVERT, &from, &to, &how, NULL, &random, NULL, 1, &message) == HALFULP_OK);
    random.offset = 1; /* the words of a seed depend on nothing but their place */
    to.data = twice;
    CHECK(halfulp_calculate_array(HALFULP_CONVERT, &from, &to, &how, NULL, &random, NULL, 1, &message) == HALFULP_OK);
    CHECK(memcmp(once + 1, twice, count - 1) == 0);
    for (i = 0; i < count; ++i) ups += once[i] == 0x39;
    CHECK(ups > 16 && ups < 48);
    random.given = r;
    to.data = given;
    CHECK(halfulp_calculate_array(HALFULP_CONVERT, &from, &to, &how, NULL, &random, NULL, 1, &message) == HALFULP_OK);
    for (i = 0; i < count; ++i) CHECK(given[i] == (i % 2 == 0 ? 0x39 : 0x38));
    CHECK(halfulp_calculate_array(HALFULP_CONVERT, &from, &to, &how, NULL, NULL, NULL, 1, &message) ==
          HALFULP_INVALID_ARGUMENT);
    halfulp_format_free(f);
    halfulp_format_free(wide);
}

static void test_errors(void) {
    struct {
        halfulp_projection known;
        int32_t later;
    } grown = {{0, 0, 0, 0, 0, 0}, 0};
    halfulp_format* f = NULL;
    halfulp_format* g = parsed("e2m1fn");
    const halfulp_format* formats[2];
    halfulp_projection how = {sizeof(halfulp_projection), 0, 0, 0, 0, 0};
    halfulp_calculator* calculate = (halfulp_calculator*)&grown;
    uint64_t codes[2] = {0, 0}, code = 77;
    char small[6] = "xxxxx";
    halfulp_message cut;
    formats[0] = formats[1] = g;

    f = g;
    CHECK(halfulp_format_parse("e4m3fm", &f, &message) == HALFULP_INVALID_ARGUMENT && f == NULL);
    CHECK(strstr(text, "e4m3fm") != NULL);
    CHECK(halfulp_format_parse("", &f, NULL) == HALFULP_INVALID_ARGUMENT);
    CHECK(halfulp_format_parse(NULL, &f, &message) == HALFULP_INVALID_ARGUMENT && strstr(text, "name") != NULL);
    CHECK(halfulp_format_parse("e4m3fn", NULL, &message) == HALFULP_INVALID_ARGUMENT);
    cut.text = small;
    cut.size = sizeof small;
    CHECK(halfulp_format_parse("e4m3fm", &f, &cut) == HALFULP_INVALID_ARGUMENT && strlen(small) == 5);
    cut.size = 0;
    cut.text = NULL;
    CHECK(halfulp_format_parse("e4m3fm", &f, &cut) == HALFULP_INVALID_ARGUMENT);

    CHECK(halfulp_calculator_make(26, formats, g, NULL, NULL, &calculate, &message) == HALFULP_INVALID_ARGUMENT);
    CHECK(calculate == NULL && strstr(text, "operation is 26") != NULL);
    CHECK(halfulp_calculator_run(NULL, codes, 0, &code, NULL, &message) == HALFULP_INVALID_ARGUMENT);
    CHECK(halfulp_calculate(HALFULP_ADD, NULL, codes, g, NULL, NULL, 0, &code, NULL, &message) ==
          HALFULP_INVALID_ARGUMENT);
    CHECK(halfulp_calculate(HALFULP_ADD, formats, NULL, g, NULL, NULL, 0, &code, NULL, &message) ==
          HALFULP_INVALID_ARGUMENT);
    CHECK(halfulp_calculate(HALFULP_ADD, formats, codes, NULL, NULL, NULL, 0, &code, NULL, &message) ==
          HALFULP_INVALID_ARGUMENT);
    CHECK(halfulp_calculate(HALFULP_ADD, formats, codes, g, NULL, NULL, 0, NULL, NULL, &message) ==
          HALFULP_INVALID_ARGUMENT);
    how.rounding = 15;
    CHECK(halfulp_calculate(HALFULP_ADD, formats, codes, g, &how, NULL, 0, &code, NULL, &message) ==
          HALFULP_INVALID_ARGUMENT);
    how.rounding = 0;
    how.overflow = HALFULP_OVERFLOW_WRAP;
    CHECK(halfulp_calculate(HALFULP_ADD, formats, codes, g, &how, NULL, 0, &code, NULL, &message) ==
          HALFULP_INVALID_ARGUMENT);
    how.overflow = 0;
    how.random_bits = 33;
    CHECK(halfulp_calculate(HALFULP_ADD, formats, codes, g, &how, NULL, 0, &code, NULL, &message) ==
          HALFULP_INVALID_ARGUMENT);
    how.random_bits = 0;
    how.size = sizeof how - 1;
    CHECK(halfulp_calculate(HALFULP_ADD, formats, codes, g, &how, NULL, 0, &code, NULL, &message) ==
          HALFULP_INVALID_ARGUMENT);

    /* A NaN has no place in e2m1fn: an error unless the projection says what becomes of it. */
    how.size = sizeof how;
    CHECK(code == 77);
    CHECK(halfulp_calculate(HALFULP_DIV, formats, codes, g, &how, NULL, 0, &code, NULL, &message) ==
          HALFULP_INVALID_ARGUMENT);
    CHECK(code == 77 && strstr(text, "NaN") != NULL);
    how.nan = HALFULP_NAN_TO_MAX;
    CHECK(halfulp_calculate(HALFULP_DIV, formats, codes, g, &how, NULL, 0, &code, NULL, &message) == HALFULP_OK &&
          code == 7);

    /* A caller that knows one field more: fine while it is 0. */
    grown.known = how;
    grown.known.size = sizeof grown;
    CHECK(halfulp_calculate(HALFULP_ADD, formats, codes, g, &grown.known, NULL, 0, &code, NULL, &message) ==
          HALFULP_OK);
    grown.later = 1;
    CHECK(halfulp_calculate(HALFULP_ADD, formats, codes, g, &grown.known, NULL, 0, &code, NULL, &message) ==
          HALFULP_INVALID_ARGUMENT);
    halfulp_format_free(g);
}

int main(void) {
    fill_pairs();
    test_version();
    test_names();
    test_every_product();
    test_every_operation_mode_and_policy();
    test_options();
    test_signed_codes();
    test_values();
    test_order();
    test_products();
    test_random_words();
    test_errors();
    if (failures != 0) fprintf(stderr, "%d checks failed\n", failures);
    return failures != 0;
}
