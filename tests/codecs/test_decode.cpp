// Every code of every format, in every carrier that holds its value.
#include <random>

#include "codecs/support/shapes.hpp"

using namespace oracle;

namespace {

template <class T>
void compare_code(const named_format& f, const format& exact, std::uint64_t code, report& out) {
    const auto want = carrier<T>::bits_of(exact.decode(code));
    if (!want) return out.skip();
    const std::uint64_t got = carrier_traits<T>::to(halfulp::decode<T>(code, f.data));
    out.check(got == *want || (carrier<T>::is_nan(got) && carrier<T>::is_nan(*want)), [&] {
        return "decode<" + std::string(carrier_traits<T>::name) + ">(" + hex(code) + ", " + f.name +
               "): " + describe<T>(got) + ", the oracle says " + describe<T>(*want);
    });
}

void compare_everywhere(const named_format& f, const format& exact, std::uint64_t code, report& out) {
    compare_code<halfulp::float16>(f, exact, code, out);
    compare_code<halfulp::bfloat16>(f, exact, code, out);
    compare_code<float>(f, exact, code, out);
    compare_code<double>(f, exact, code, out);
}

void all_codes(const std::vector<named_format>& formats) {
    report out;
    for (const auto& f : formats) {
        const format exact(f.data);
        for (std::uint64_t code = 0; code < std::uint64_t{1} << exact.width(); ++code)
            compare_everywhere(f, exact, code, out);
    }
    out.conclude();
}

/// Codes around every boundary between fields, around the ends, and random ones.
void some_codes(const std::vector<named_format>& formats) {
    report out;
    std::mt19937_64 random(3);
    for (const auto& f : formats) {
        const format exact(f.data);
        const int width = exact.width();
        const std::uint64_t all = width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
        for (int bit = 0; bit < width; ++bit)
            for (const std::uint64_t base : {std::uint64_t{1} << bit, all - (std::uint64_t{1} << bit), all >> bit})
                for (int d = -2; d <= 2; ++d)
                    compare_everywhere(f, exact, (base + static_cast<std::uint64_t>(d)) & all, out);
        for (int i = 0; i < 500; ++i) compare_everywhere(f, exact, random() & all, out);
    }
    out.conclude();
}

}  // namespace

TEST_CASE("decode is exact for every code of every registered format up to 16 bits") { all_codes(registered(1, 16)); }

TEST_CASE("decode is exact for every code of small shapes that nobody registered") { all_codes(small_shapes()); }

TEST_CASE("decode is exact for every code of every P3109 format of 3 to 8 bits") {
    for (int k = 3; k <= 8; ++k) all_codes(p3109_family(k));
}

TEST_CASE("decode is exact for codes of wide formats") {
    some_codes(registered(17, 64));
    some_codes(wide_shapes());
}
