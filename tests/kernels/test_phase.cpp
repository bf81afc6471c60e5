// The complex code {±1, ±i}: sectors against products of signed integers, scales and products against rational numbers, on every backend.
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <complex>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "halfulp/codecs/ifairy_packing.hpp"
#include "halfulp/kernels/phase.hpp"
#include "halfulp/kernels/phase_product.hpp"
#include "halfulp/kernels/widely_linear.hpp"
#include "hostile_environment.hpp"
#include "support/backends.hpp"

using namespace halfulp;
using halfulp::tests::hostile_environment;
using rational = boost::multiprecision::cpp_rational;
using integer = boost::multiprecision::cpp_int;

namespace {

constexpr std::size_t block = 8192;  // what the vector kernels sum at once

template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();

/// Turned by an eighth, sectors are quadrants: u = re - im and v = re + im have the signs (u > 0, v >= 0) for +1, (u <= 0, v > 0) for +i,
/// (u < 0, v <= 0) for -1 and (u >= 0, v < 0) for -i. Infinities are stood for by numbers beyond all others.
template <class T>
int sector_of(T re, T im) {
    const auto number = [](T part) {
        if (!std::isinf(part)) return rational(part);
        return rational(integer(part < 0 ? -1 : 1) << 5000);
    };
    const rational u = number(re) - number(im);
    const rational v = number(re) + number(im);
    if (u == 0 && v == 0) return 1;
    if (u > 0 && v >= 0) return 1;
    if (u <= 0 && v > 0) return 3;
    if (u < 0 && v <= 0) return 0;
    return 2;
}

/// The axes, the diagonals and one ulp beside them, in all magnitudes, and random pairs.
template <class T>
std::vector<std::complex<T>> edges() {
    std::vector<std::complex<T>> found;
    std::vector<T> sizes{T{0},
                         std::numeric_limits<T>::denorm_min(),
                         std::numeric_limits<T>::min(),
                         T{1},
                         T{3},
                         std::numeric_limits<T>::max(),
                         infinity<T>};
    std::mt19937_64 draw(9);
    std::normal_distribution<double> normal(0, 1);
    for (int i = 0; i < 200; ++i) sizes.push_back(static_cast<T>(std::exp(20 * normal(draw))));
    for (const T size : sizes) {
        const T more = std::nextafter(size, infinity<T>);
        const T less = size == 0 ? size : std::nextafter(size, T{0});
        for (const T other : {size, more, less, T{0}, T{1}}) {
            for (int signs = 0; signs < 4; ++signs) {
                const T a = (signs & 1) != 0 ? -size : size;
                const T b = (signs & 2) != 0 ? -other : other;
                found.emplace_back(a, b);
                found.emplace_back(b, a);
            }
        }
    }
    for (int i = 0; i < 20000; ++i) found.emplace_back(static_cast<T>(normal(draw)), static_cast<T>(normal(draw)));
    return found;
}

/// Nearest, ties to even, in binary32 or binary64, of a number that is not negative and in the normal range.
template <class T>
T nearest(const rational& x) {
    if (x == 0) return T{0};
    constexpr int precision = std::numeric_limits<T>::digits;
    int exponent = 0;
    rational scaled = x;
    while (scaled >= rational(integer(1) << precision)) scaled /= 2, ++exponent;
    while (scaled < rational(integer(1) << (precision - 1))) scaled *= 2, --exponent;
    integer whole = numerator(scaled) / denominator(scaled);
    const rational rest = scaled - rational(whole);
    if (rest > rational(1, 2) || (rest == rational(1, 2) && (whole & 1) != 0)) ++whole;
    return std::ldexp(static_cast<T>(static_cast<std::uint64_t>(whole)), exponent);
}
template <class T>
T nearest_signed(const rational& x) {
    return x < 0 ? -nearest<T>(-x) : nearest<T>(x);
}

template <class T>
std::vector<std::complex<T>> random_numbers(std::size_t size, double spread, std::uint64_t seed) {
    std::mt19937_64 draw(seed);
    std::normal_distribution<double> normal(0, 1);
    std::vector<std::complex<T>> x(size);
    for (auto& z : x) {
        const double size_of = std::exp(spread * normal(draw));
        z = {static_cast<T>(size_of * normal(draw)), static_cast<T>(size_of * normal(draw))};
    }
    return x;
}

template <class T>
std::vector<std::uint64_t> means_of(const std::vector<std::complex<T>>& x, const phase_layout& layout) {
    std::vector<std::uint64_t> scales;
    for (std::uint64_t row = 0; row < layout.rows; ++row) {
        for (std::uint64_t begin = 0; begin < layout.row_length; begin += layout.group_length) {
            std::array<rational, 2> sum;
            std::array<int, 2> count{};
            for (std::uint64_t j = begin; j < std::min(begin + layout.group_length, layout.row_length); ++j) {
                const std::complex<T> z = x[row * layout.row_length + j];
                const auto axis = static_cast<std::size_t>(sector_of(z.real(), z.imag()) >> 1);
                sum[axis] += rational(std::abs(axis == 0 ? z.real() : z.imag()));
                ++count[axis];
            }
            for (const std::size_t k : {0u, 1u})
                scales.push_back(to_bits(count[k] == 0 ? 0.0f : nearest<float>(sum[k] / count[k])));
        }
    }
    return scales;
}

/// The plain loops among them.
template <class Call>
void on_every_backend(const Call& call) {
    for (const backend b : available_backends()) {
        INFO(std::string(to_string(b)));
        const tests::forced_backend forced(b);
        call();
    }
}

template <class Call>
std::string error_of(const Call& call) {
    try {
        call();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "none";
}

}  // namespace

TEMPLATE_TEST_CASE("a number's code is the axis nearest in angle, half-open sectors", "", float, double) {
    using T = TestType;
    const auto x = edges<T>();
    std::vector<std::uint8_t> codes(x.size());
    for (const std::size_t skipped : {0u, 1u, 3u}) {
        const std::span<const std::complex<T>> part = std::span(x).subspan(skipped);
        on_every_backend([&] {
            const hostile_environment environment;
            std::fill(codes.begin(), codes.end(), std::uint8_t{9});
            phase_encode(part, std::span(codes).first(part.size()));
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < part.size(); ++i)
                wrong += codes[i] != sector_of(part[i].real(), part[i].imag());
            CHECK(wrong == 0);
            CHECK(environment.still_set());
        });
    }
    for (const auto& z : x) REQUIRE(encode_phase(z.real(), z.imag()) == sector_of(z.real(), z.imag()));
    static_assert(encode_phase(1.0f, 1.0f) == 3 && encode_phase(-1.0f, 1.0f) == 0 && encode_phase(-1.0f, -1.0f) == 2 &&
                  encode_phase(1.0f, -1.0f) == 1 && encode_phase(-0.0f, -0.0f) == 1);
    static_assert(decode_phase<float>(0) == std::complex<float>(-1, 0) && decode_phase<float>(3).imag() == 1);
}

TEMPLATE_TEST_CASE("scales are the means of each class, rounded once", "", float, double) {
    using T = TestType;
    for (const double spread : {0.1, 2.0, 12.0}) {
        // Cut for three threads, the long one has several blocks in each part.
        const std::uint64_t size = spread < 1 ? 36011 : 4099;
        for (const phase_layout layout : {phase_layout{1, size, size}, phase_layout{7, 301, 301},
                                          phase_layout{5, 130, 64}, phase_layout{3, 5, 1}}) {
            auto x = random_numbers<T>(layout.size(), spread, 3);
            x[0] = {T{-0.0}, T{0}};  // zeros count among ±1
            const auto expected = means_of(x, layout);
            on_every_backend([&] {
                for (const int threads : {1, 3}) {
                    std::vector<std::uint8_t> codes(x.size(), 9);
                    std::vector<std::uint64_t> scales(2 * layout.groups());
                    const hostile_environment environment;
                    CHECK(phase_quantize(std::span<const std::complex<T>>(x), layout, std::span(codes),
                                         std::span(scales), {.threads = threads}) == 0);
                    CHECK(environment.still_set());
                    CHECK(scales == expected);
                    std::size_t wrong = 0;
                    for (std::size_t i = 0; i < x.size(); ++i) wrong += codes[i] != sector_of(x[i].real(), x[i].imag());
                    CHECK(wrong == 0);
                }
            });
        }
    }
}

TEST_CASE("sums stay exact up to the last binade that a block may span, and beyond") {
    // 8191 large numbers and a small one whose last bit lies 40, 41, … places below the large ones' first.
    for (int binades = 14; binades <= 20; ++binades) {
        std::vector<std::complex<float>> x(block, {0x1.fffffep0f, 0});
        x.back() = {std::ldexp(0x1.000002p0f, -binades), 0};
        x[5] = {0, std::ldexp(0x1.000002p0f, -binades)};
        const phase_layout layout{1, x.size(), x.size()};
        const auto expected = means_of(x, layout);
        on_every_backend([&] {
            std::vector<std::uint8_t> codes(x.size());
            std::vector<std::uint64_t> scales(2);
            phase_quantize(std::span<const std::complex<float>>(x), layout, std::span(codes), std::span(scales),
                           {.scale = binary32_format});
            CHECK(scales == expected);
            std::vector<std::uint64_t> wide(2);
            phase_quantize(std::span<const std::complex<float>>(x), layout, std::span(codes), std::span(wide),
                           {.scale = binary64_format});
            rational sum = 0;
            for (std::size_t i = 0; i < x.size(); ++i) sum += i == 5 ? rational(0) : rational(x[i].real());
            CHECK(from_bits<double>(wide[0]) == nearest<double>(sum / (x.size() - 1)));
            CHECK(from_bits<double>(wide[1]) == double{x[5].imag()});
        });
    }
}

TEST_CASE("what is no number makes the scales NaN where they can be, and follows nan elsewhere") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const std::vector<std::complex<float>> x{{-2, 1}, {0, -4}, {nan, -1}, {-3, 0}, {-8, 0}, {0, 6}};
    const phase_layout layout{1, 6, 4};
    const float_format no_nan{1, 2, 1, specials::finite};  // E2M1
    on_every_backend([&] {
        std::vector<std::uint8_t> codes(6);
        std::vector<std::uint64_t> scales(4);
        phase_quantize(std::span<const std::complex<float>>(x), layout, std::span(codes), std::span(scales),
                       {.nan = nan_policy::raise});
        CHECK(codes == std::vector<std::uint8_t>{1, 1, 1, 1, 0, 3});
        CHECK(scales == std::vector<std::uint64_t>{0x7FC00000, 0x7FC00000, to_bits(8.0f), to_bits(6.0f)});
        std::vector<std::complex<float>> back(6);
        phase_dequantize(std::span<const std::uint8_t>(codes), layout, std::span<const std::uint64_t>(scales),
                         binary32_format, std::span(back));
        CHECK((std::isnan(back[1].real()) && std::isnan(back[1].imag())));
        CHECK(back[4] == std::complex<float>(-8, 0));
        CHECK(back[5] == std::complex<float>(0, 6));

        // means 5/2 and 4 of the first group: the ties of E2M1 go to even
        phase_quantize(std::span<const std::complex<float>>(x), layout, std::span(codes), std::span(scales),
                       {.scale = no_nan});
        CHECK(codes == std::vector<std::uint8_t>{0, 2, 1, 0, 0, 3});
        CHECK(scales == std::vector<std::uint64_t>{4, 6, 7, 7});  // 2, 4, 6 (saturated), 6
        CHECK(error_of([&] {
                  phase_quantize(std::span<const std::complex<float>>(x), layout, std::span(codes), std::span(scales),
                                 {.scale = no_nan, .nan = nan_policy::raise});
              }).starts_with("x[2] has a part that is NaN"));
        CHECK(error_of([&] {
                  phase_encode(std::span<const std::complex<float>>(x), std::span(codes), phase_rule::exact,
                               nan_policy::raise);
              }).starts_with("x[2] has a part that is NaN"));
        auto infinite = x;
        infinite[2] = {-infinity<float>, 1};
        phase_quantize(std::span<const std::complex<float>>(infinite), layout, std::span(codes), std::span(scales),
                       {.scale = no_nan});
        CHECK(codes == std::vector<std::uint8_t>{0, 2, 1, 0, 0, 3});
        CHECK(scales == std::vector<std::uint64_t>{4, 6, 7, 7});
        phase_fake_quantize(std::span<const std::complex<float>>(infinite), layout, std::span(infinite),
                            {.scale = no_nan});
        CHECK(infinite[2] == std::complex<float>(2, 0));
        std::vector<std::complex<float>> faked(6);
        phase_fake_quantize(std::span<const std::complex<float>>(x), layout, std::span(faked),
                            {.scale = no_nan, .nan = nan_policy::keep});
        CHECK((std::isnan(faked[2].real()) && faked[2].imag() == -1));
        CHECK(faked[3] == std::complex<float>(-2, 0));
    });
}

TEST_CASE("a class without elements, zeros and floors") {
    const std::vector<std::complex<float>> x{{0, 0}, {-0.0f, 0}, {1e-7f, 0}, {0, 0}};
    const phase_layout layout{2, 2, 2};
    std::vector<std::uint8_t> codes(4);
    std::vector<std::uint64_t> scales(4);
    CHECK(phase_quantize(std::span<const std::complex<float>>(x), layout, std::span(codes), std::span(scales)) == 0);
    CHECK(scales == std::vector<std::uint64_t>{0, 0, to_bits(5e-8f), 0});
    CHECK(codes == std::vector<std::uint8_t>{1, 1, 1, 1});
    CHECK(phase_quantize(std::span<const std::complex<float>>(x), layout, std::span(codes), std::span(scales),
                         {.floor = fairy2i_floor}) == 0);
    CHECK(scales == std::vector<std::uint64_t>(4, to_bits(1e-6f)));
    CHECK(phase_quantize(std::span<const std::complex<float>>(x), layout, std::span(codes), std::span(scales),
                         {.scale = {7, 4, 3, specials::fn}}) == 1);
    CHECK(scales == std::vector<std::uint64_t>(4, 0));
}

TEMPLATE_TEST_CASE("fake_quantize is dequantize after quantize, in place too", "", float, double) {
    using T = TestType;
    const phase_layout layout{3, 9001, 4500};
    const auto x = random_numbers<T>(layout.size(), 1, 8);
    on_every_backend([&] {
        std::vector<std::uint8_t> codes(x.size());
        std::vector<std::uint64_t> scales(2 * layout.groups());
        phase_quantize(std::span<const std::complex<T>>(x), layout, std::span(codes), std::span(scales),
                       {.scale = binary16_format});
        std::vector<std::complex<T>> expected(x.size());
        phase_dequantize(std::span<const std::uint8_t>(codes), layout, std::span<const std::uint64_t>(scales),
                         binary16_format, std::span(expected));
        for (const int threads : {1, 4}) {
            auto out = x;
            phase_fake_quantize(std::span<const std::complex<T>>(out), layout, std::span(out),
                                {.scale = binary16_format, .threads = threads});
            CHECK(out == expected);
        }
    });
}

TEMPLATE_TEST_CASE("residual stages quantize what is left, and their sum is rounded once", "", float, double) {
    using T = TestType;
    const phase_layout layout{2, 600, 40};
    const auto x = random_numbers<T>(layout.size(), 1, 21);
    const std::size_t groups = 2 * layout.groups();
    std::vector<std::uint8_t> codes(3 * x.size());
    std::vector<std::uint64_t> scales(3 * groups);
    phase_residual_quantize(std::span<const std::complex<T>>(x), layout, 3, std::span(codes), std::span(scales));
    auto left = x;
    for (std::size_t stage = 0; stage < 3; ++stage) {
        CHECK(std::vector(scales.begin() + static_cast<std::ptrdiff_t>(stage * groups),
                          scales.begin() + static_cast<std::ptrdiff_t>((stage + 1) * groups)) ==
              means_of(left, layout));
        for (std::size_t i = 0; i < x.size(); ++i) {
            REQUIRE(codes[stage * x.size() + i] == sector_of(left[i].real(), left[i].imag()));
            const std::size_t g = i / 600 * 15 + i % 600 / 40;
            const auto s = [&](std::size_t k) { return T{from_bits<float>(scales[stage * groups + 2 * g + k])}; };
            const std::complex<T> unit = decode_phase<T>(codes[stage * x.size() + i]);
            left[i] = {left[i].real() - unit.real() * s(0), left[i].imag() - unit.imag() * s(1)};
        }
    }
    std::vector<std::complex<T>> out(x.size());
    for (const int stages : {2, 3}) {
        const auto count = static_cast<std::size_t>(stages);
        phase_residual_dequantize(std::span<const std::uint8_t>(codes).first(count * x.size()), layout, stages,
                                  std::span<const std::uint64_t>(scales).first(count * groups), binary32_format,
                                  std::span(out));
        for (std::size_t i = 0; i < x.size(); ++i) {
            const std::size_t g = i / 600 * 15 + i % 600 / 40;
            std::array<rational, 2> sum;
            for (std::size_t stage = 0; stage < count; ++stage) {
                const int code = codes[stage * x.size() + i];
                const auto k = static_cast<std::size_t>(code >> 1);
                const rational s(from_bits<float>(scales[stage * groups + 2 * g + k]));
                sum[k] += (code & 1) != 0 ? s : rational(-s);
            }
            REQUIRE(out[i].real() == nearest_signed<T>(sum[0]));
            REQUIRE(out[i].imag() == nearest_signed<T>(sum[1]));
        }
    }
}

TEMPLATE_TEST_CASE("a widely-linear pair is the real matrix, exactly where its halves are", "", float, double) {
    using T = TestType;
    constexpr std::size_t n = 3;
    constexpr std::size_t m = 4;
    std::mt19937_64 draw(5);
    std::vector<T> matrix(4 * n * m);
    for (T& r : matrix) r = static_cast<T>(static_cast<int>(draw() % 2000) - 1000) / 8;
    std::vector<std::complex<T>> u(n * m);
    std::vector<std::complex<T>> w(n * m);
    to_widely_linear(std::span<const T>(matrix), n, m, std::span(u), std::span(w));
    for (std::size_t row = 0; row < n; ++row) {  // y = U x + W conj(x) in rational numbers
        for (std::size_t column = 0; column < m; ++column) {
            const auto at = [&](std::size_t i, std::size_t j) {
                return rational(matrix[(row + i * n) * 2 * m + column + j * m]);
            };
            const std::complex<T> a = u[row * m + column];
            const std::complex<T> b = w[row * m + column];
            for (const auto& [p, q] : {std::pair{rational(1), rational(0)}, std::pair{rational(0), rational(1)}}) {
                const rational re =
                    rational(a.real()) * p - rational(a.imag()) * q + rational(b.real()) * p + rational(b.imag()) * q;
                const rational im =
                    rational(a.real()) * q + rational(a.imag()) * p + rational(b.imag()) * p - rational(b.real()) * q;
                REQUIRE(re == at(0, 0) * p + at(0, 1) * q);
                REQUIRE(im == at(1, 0) * p + at(1, 1) * q);
            }
        }
    }
    std::vector<T> back(matrix.size());
    from_widely_linear(std::span<const std::complex<T>>(u), std::span<const std::complex<T>>(w), n, m, std::span(back));
    CHECK(back == matrix);
}

TEST_CASE("half sums are rounded once at both ends of the range") {
    const float least = std::numeric_limits<float>::denorm_min();
    const float most = std::numeric_limits<float>::max();
    std::vector<std::complex<float>> u(1);
    std::vector<std::complex<float>> w(1);
    const auto convert = [&](const std::vector<float>& matrix) {  // R11 R12; R21 R22
        const hostile_environment environment;
        to_widely_linear(std::span<const float>(matrix), 1, 1, std::span(u), std::span(w));
        CHECK(environment.still_set());
    };
    convert({3 * least, most, most, 0});
    CHECK(to_bits(u[0].real()) == 2);  // 1.5 of the least, ties to even
    CHECK(w[0].imag() == most);
    CHECK(u[0].imag() == 0);
    convert({least, 3 * least, least, least});
    CHECK(to_bits(u[0].real()) == 1);
    CHECK(to_bits(w[0].imag()) == 2);
    CHECK(to_bits(u[0].imag()) == (0x80000000 | 1));
}

TEMPLATE_TEST_CASE("products are exact and rounded once, in both conventions", "", float, double) {
    using T = TestType;
    constexpr std::size_t n = 4;
    constexpr std::size_t m = 75;
    for (const double spread : {0.5, 25.0}) {  // the second does not fit 64-bit integers
        for (const phase_layout layout :
             {phase_layout{1, n * m, n * m}, phase_layout{n, m, m}, phase_layout{n, m, 32}}) {
            const auto weights = random_numbers<T>(n * m, 1, 2);
            const auto x = random_numbers<T>(m, spread, 4);
            std::vector<std::uint8_t> codes(n * m);
            std::vector<std::uint64_t> scales(2 * layout.groups());
            phase_quantize(std::span<const std::complex<T>>(weights), layout, std::span(codes), std::span(scales));
            std::vector<std::complex<double>> matrix(n * m);
            phase_dequantize(std::span<const std::uint8_t>(codes), layout, std::span<const std::uint64_t>(scales),
                             binary32_format, std::span(matrix));
            for (const auto convention : {phase_convention::plain, phase_convention::conjugated}) {
                std::vector<std::complex<T>> y(n);
                phase_matvec(std::span<const std::uint8_t>(codes), n, m, layout, std::span<const std::uint64_t>(scales),
                             binary32_format, std::span<const std::complex<T>>(x), std::span(y), convention);
                for (std::size_t row = 0; row < n; ++row) {
                    rational re = 0;
                    rational im = 0;
                    for (std::size_t j = 0; j < m; ++j) {
                        const rational a(matrix[row * m + j].real());
                        const rational b(matrix[row * m + j].imag());
                        const rational p(x[j].real());
                        const rational q =
                            convention == phase_convention::plain ? rational(x[j].imag()) : rational(-x[j].imag());
                        re += a * p - b * q;
                        im += a * q + b * p;
                    }
                    CHECK(y[row].real() == nearest_signed<T>(re));
                    CHECK(y[row].imag() == nearest_signed<T>(im));
                }
            }
        }
    }
}

TEST_CASE("a product sees the last bit of its exact sum") {
    const std::vector<std::uint8_t> codes{1, 1, 1};
    const std::vector<std::uint64_t> scales{to_bits(1.0f), to_bits(1.0f)};
    for (const int sign : {-1, 0, 1}) {  // beside a tie of binary32
        const std::vector<std::complex<float>> x{
            {1, 0}, {0x1p-24f, 0}, {static_cast<float>(sign) * std::numeric_limits<float>::denorm_min(), 0}};
        std::vector<std::complex<float>> y(1);
        phase_matvec(std::span<const std::uint8_t>(codes), 1, 3, {1, 3, 3}, std::span<const std::uint64_t>(scales),
                     binary32_format, std::span<const std::complex<float>>(x), std::span(y));
        CHECK(y[0].real() == (sign > 0 ? 1 + 0x1p-23f : 1.0f));
    }
}

TEST_CASE("products stay exact where a sum of integers would leave 64 bits") {
    constexpr std::size_t m = 100;
    const std::vector<std::uint8_t> codes(m, 1);
    const std::vector<std::uint64_t> scales{to_bits(1.0f), to_bits(1.0f)};
    for (int up = 0; up <= 20; ++up) {
        std::vector<std::complex<double>> x(m, {std::ldexp(0x1.fffffffffffffp52, up), -std::ldexp(1.0, up)});
        x[7] = {1, std::ldexp(1.0, -up)};
        rational re = 0;
        rational im = 0;
        for (const auto& z : x) {
            re += rational(z.real());
            im += rational(z.imag());
        }
        std::vector<std::complex<double>> y(1);
        phase_matvec(std::span<const std::uint8_t>(codes), 1, m, {1, m, m}, std::span<const std::uint64_t>(scales),
                     binary32_format, std::span<const std::complex<double>>(x), std::span(y));
        CAPTURE(up);
        CHECK(y[0].real() == nearest_signed<double>(re));
        CHECK(y[0].imag() == nearest_signed<double>(im));
    }
}

TEST_CASE("a sequential product rounds in the order that is written") {
    // 2^24 + 1 - 2^24 in binary32: the one is lost; and the two classes are summed apart.
    const std::vector<std::uint8_t> codes{1, 1, 0, 3};
    const std::vector<std::complex<float>> x{{0x1p24f, 0}, {1, 0}, {0x1p24f, 0}, {5, 7}};
    const std::vector<std::uint64_t> scales{to_bits(1.0f), to_bits(0.5f)};
    const phase_layout layout{1, 4, 4};
    std::vector<std::complex<float>> y(1);
    const auto multiply = [&](phase_convention convention, phase_accumulation accumulation) {
        phase_matvec(std::span<const std::uint8_t>(codes), 1, 4, layout, std::span<const std::uint64_t>(scales),
                     binary32_format, std::span<const std::complex<float>>(x), std::span(y), convention, accumulation);
        return y[0];
    };
    CHECK(multiply(phase_convention::plain, phase_accumulation::sequential) == std::complex<float>(-3.5f, 2.5f));
    CHECK(multiply(phase_convention::plain, phase_accumulation::exact) == std::complex<float>(-2.5f, 2.5f));
    CHECK(multiply(phase_convention::conjugated, phase_accumulation::sequential) == std::complex<float>(3.5f, 2.5f));
    CHECK(multiply(phase_convention::conjugated, phase_accumulation::exact) == std::complex<float>(4.5f, 2.5f));
}

TEST_CASE("infinities and NaN go through a product") {
    const float inf = infinity<float>;
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const std::vector<std::uint8_t> codes{1, 0, 3};
    const phase_layout layout{1, 3, 3};
    const auto multiply = [&](std::vector<std::complex<float>> x, float s_im) {
        const std::vector<std::uint64_t> scales{to_bits(2.0f), to_bits(s_im)};
        std::vector<std::complex<float>> y(1);
        phase_matvec(std::span<const std::uint8_t>(codes), 1, 3, layout, std::span<const std::uint64_t>(scales),
                     binary32_format, std::span<const std::complex<float>>(x), std::span(y));
        return y[0];
    };
    CHECK(multiply({{inf, 1}, {1, 1}, {1, 1}}, 1) == std::complex<float>(inf, 1));
    CHECK(multiply({{1, 1}, {inf, 1}, {1, 1}}, 1) == std::complex<float>(-inf, 1));
    CHECK(multiply({{1, 1}, {1, 1}, {1, inf}}, 1) == std::complex<float>(-inf, 1));
    CHECK(std::isnan(multiply({{inf, 1}, {inf, 1}, {1, 1}}, 1).real()));
    CHECK(std::isnan(multiply({{1, 1}, {1, 1}, {1, inf}}, 0).real()));
    CHECK(multiply({{1, 1}, {1, 1}, {nan, 1}}, 1).real() == -1);
    CHECK(std::isnan(multiply({{1, 1}, {1, 1}, {nan, 1}}, 1).imag()));
    CHECK(std::isnan(multiply({{1, 1}, {1, 1}, {1, 1}}, nan).real()));
}

TEST_CASE("the rule by binary32 angles differs next to the diagonals alone") {
    const auto code = [](float re, float im) {
        const std::vector<std::complex<float>> x{{re, im}};
        std::vector<std::uint8_t> codes(1);
        phase_encode(std::span<const std::complex<float>>(x), std::span(codes), phase_rule::atan2_binary32);
        return int{codes[0]};
    };
    CHECK(code(-0.0f, 0.0f) == 0);
    CHECK(code(-0.0f, -0.0f) == 0);
    CHECK(code(0.0f, -0.0f) == 1);
    for (const float size : {1.0f, 1.5f, 3.0f, 1e-30f}) {
        CHECK(code(size, size) == 3);
        CHECK(code(-size, size) == 0);
        CHECK(code(-size, -size) == 2);
        CHECK(code(size, -size) == 1);
        // one ulp before the diagonal of the second quadrant: +i, but the angle rounds to 3π/4
        CHECK(encode_phase(-size, std::nextafter(size, infinity<float>)) == 3);
        CHECK(code(-size, std::nextafter(size, infinity<float>)) == 0);
    }
    const auto x = random_numbers<float>(100000, 1, 6);
    std::vector<std::uint8_t> exact(x.size());
    std::vector<std::uint8_t> angles(x.size());
    phase_encode(std::span<const std::complex<float>>(x), std::span(exact));
    phase_encode(std::span<const std::complex<float>>(x), std::span(angles), phase_rule::atan2_binary32);
    CHECK(exact == angles);
}

TEST_CASE("iFairy's two orders of 2-bit codes") {
    std::mt19937 draw(3);
    std::vector<std::uint8_t> codes(512);
    for (auto& code : codes) code = static_cast<std::uint8_t>(draw() % 4);
    std::vector<std::uint8_t> packed(128);
    std::vector<std::uint8_t> back(512);
    pack_ifairy(codes, ifairy_order::by_64, packed);
    for (std::size_t i = 0; i < 512; ++i) {
        const std::size_t own = i % 256;
        REQUIRE((packed[i / 256 * 64 + 16 * (own / 64) + own % 16] >> (2 * (own / 16 % 4)) & 3) == codes[i]);
    }
    unpack_ifairy(packed, ifairy_order::by_64, back);
    CHECK(back == codes);
    pack_ifairy(codes, ifairy_order::by_128, packed);
    for (std::size_t i = 0; i < 512; ++i) {
        const std::size_t own = i % 128;
        REQUIRE((packed[i / 128 * 32 + own % 32] >> (2 * (own / 32)) & 3) == codes[i]);
    }
    unpack_ifairy(packed, ifairy_order::by_128, back);
    CHECK(back == codes);
    codes[300] = 4;
    CHECK(error_of([&] { pack_ifairy(codes, ifairy_order::by_64, packed); }) == "codes[300] is 4, allowed: 0 to 3");
}

TEST_CASE("arguments that do not fit are named") {
    const std::vector<std::complex<float>> x(6);
    std::vector<std::uint8_t> codes(6);
    std::vector<std::uint64_t> scales(4);
    const auto quantize_with = [&](const phase_layout& layout, const phase_options& options) {
        return error_of([&] {
            phase_quantize(std::span<const std::complex<float>>(x), layout, std::span(codes), std::span(scales),
                           options);
        });
    };
    CHECK(quantize_with({2, 3, 3}, {}) == "none");
    CHECK(quantize_with({2, 3, 0}, {}) == "group_length is 0, allowed: 1 or more");
    CHECK(quantize_with({2, 4, 4}, {}) == "x has 6 elements, allowed: 8");
    CHECK(quantize_with({1, 6, 2}, {}) == "scale_codes has 4 elements, allowed: 6");
    CHECK(quantize_with({2, 3, 3}, {.scale_rounding = rounding_mode::stochastic_a}).starts_with("scale_rounding is"));
    CHECK(quantize_with({2, 3, 3}, {.floor = -1}).starts_with("floor is -1"));
    CHECK(quantize_with({2, 3, 3}, {.nan = nan_policy::keep}).starts_with("nan is"));
    codes[4] = 4;
    std::vector<std::complex<float>> out(6);
    CHECK(error_of([&] { phase_decode(std::span<const std::uint8_t>(codes), std::span(out)); }) ==
          "codes[4] is 4, allowed: 0 to 3 (-1, +1, -i, +i)");
}
