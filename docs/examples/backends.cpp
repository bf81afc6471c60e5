#include <algorithm>
#include <bit>
#include <cstdint>
#include <halfulp/halfulp.hpp>
#include <iostream>
#include <span>
#include <vector>

int main() {
    std::vector<float> x(100'000);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = 0.01f * static_cast<float>(i) - 500;
    const auto rounded = [&] {
        std::vector<float> y(x.size());
        halfulp::round(std::span<const float>(x), std::span(y), halfulp::named("e4m3fn"));
        return y;
    };
    const auto same = [](float a, float b) {
        return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
    };

    halfulp::set_backend(halfulp::backend::scalar);  // the definition, element by element
    const std::vector<float> expected = rounded();
    for (const halfulp::backend b : halfulp::available_backends()) {
        halfulp::set_backend(b);
        if (!std::ranges::equal(rounded(), expected, same)) std::cout << to_string(b) << " differs\n";
    }
    halfulp::set_backend(std::nullopt);  // HALFULP_BACKEND and the machine choose again
    std::cout << "every backend gives the same bits\n";
}
