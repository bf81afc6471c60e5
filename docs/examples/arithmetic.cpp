#include <array>
#include <halfulp/halfulp.hpp>
#include <iostream>
#include <vector>

int main() {
    using namespace halfulp;
    const format e4m3fn = parse_format("e4m3fn");

    // One multiplication, exact and then rounded once, with its flags.
    const calculator multiply(operation::mul, e4m3fn, {.rounding = rounding_mode::toward_positive});
    const calculated product = multiply({operand_of(1.0625f), operand_of(3.0f)});
    std::cout << to_nearest_value<float>(product.number) << ", flags " << int{product.flags} << '\n';

    // All products of codes.
    std::vector<std::uint8_t> a(65536), b(65536), codes(65536);
    for (std::size_t i = 0; i < a.size(); ++i) {
        a[i] = static_cast<std::uint8_t>(i / 256);
        b[i] = static_cast<std::uint8_t>(i % 256);
    }
    const std::array operands{operand_array::codes(std::span<const std::uint8_t>(a), e4m3fn),
                              operand_array::codes(std::span<const std::uint8_t>(b), e4m3fn)};
    calculate(operation::mul, operands, result_array::codes(std::span(codes)), e4m3fn);
    std::cout << "0x39 x 0x45 = 0x" << std::hex << int{codes[0x39 * 256 + 0x45]} << std::dec << '\n';

    // A dot product as a matrix unit computes it.
    const std::vector<float> x(32, 0.1015625f), y(32, 3.0f);
    const float zero = 0.0f;
    float sum = 0.0f;
    dot(operand_array::values(std::span(x)), operand_array::values(std::span(y)),
        operand_array::values(std::span(&zero, 1)), result_array::values(std::span(&sum, 1)), x.size(),
        find_matrix_unit("h100_fp16").how, parse_format("binary32"));
    std::cout << sum << '\n';
}
