#include <halfulp.h>
#include <stdio.h>

/* 1.125 * 1.5 in E4M3FN. */
int main(void) {
    halfulp_format* f = NULL;
    const halfulp_format* formats[2];
    const uint64_t codes[2] = {0x39, 0x3C};
    uint64_t product = 0;
    uint8_t flags = 0;
    if (halfulp_format_parse("e4m3fn", &f, NULL) != HALFULP_OK) return 1;
    formats[0] = formats[1] = f;
    if (halfulp_calculate(HALFULP_MUL, formats, codes, f, NULL, NULL, 0, &product, &flags, NULL) != HALFULP_OK)
        return 1;
    printf("%s %02x %02x\n", halfulp_version(), (unsigned)product, flags);
    halfulp_format_free(f);
    return 0;
}
