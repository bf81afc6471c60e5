#include "lane_arrays.hpp"

#include <algorithm>
#include <bit>

#include "array_elements.hpp"
#include "float_environment.hpp"
#include "halfulp/kernels/convert.hpp"

namespace halfulp::detail {

namespace {

/// One of these for every element.
template <class T>
void decoded(const operand_array& x, const format& f, std::span<float> out) {
    decode(std::span(static_cast<const T*>(x.data), out.size()), out, f);
}

/// False where a number is no binary32 number.
bool narrowed(std::span<const double> x, std::span<float> out) {
    const float_environment exact;
    bool good = true;
    for (std::size_t i = 0; i < x.size(); ++i) {
        out[i] = static_cast<float>(x[i]);
        good = good && (static_cast<double>(out[i]) == x[i] || x[i] != x[i]);
    }
    return good;
}

void with_one_nan(std::span<float> x) {
    for (float& value : x) {
        const auto bits = std::bit_cast<std::uint32_t>(value);
        value = std::bit_cast<float>((bits & 0x7FFFFFFFu) > 0x7F800000u ? 0x7FC00000u : bits);
    }
}

}  // namespace

std::optional<std::vector<float>> in_binary32(const operand_array& x, std::size_t size) {
    if (x.of != nullptr && !(holds(binary32_format, *x.of) && x.of->bits() <= 32)) return std::nullopt;
    std::vector<float> out(x.size);
    const std::span<float> to(out);
    bool good = true;
    with_element(x.kind, [&](auto t) {
        using T = decltype(t);
        if constexpr (code_type<T>) {
            decoded<T>(x, *x.of, to);
        } else if constexpr (std::same_as<T, float16> || std::same_as<T, bfloat16>) {
            decoded<std::uint16_t>(x, format(carrier_traits<T>::format), to);
        } else if constexpr (std::same_as<T, float>) {
            std::copy_n(static_cast<const float*>(x.data), x.size, out.begin());
        } else if constexpr (std::same_as<T, double>) {
            good = narrowed(std::span(static_cast<const double*>(x.data), x.size), to);
        } else {
            good = false;
        }
    });
    if (!good) return std::nullopt;
    with_one_nan(to);
    if (x.size == 1 && size != 1) out.assign(size, float(out.front()));
    return out;
}

void give_sums(const std::vector<float>& sums, const result_array& out, const format& f, const projection& how,
               int threads) {
    with_element(out.kind, [&](auto t) {
        using T = decltype(t);
        const std::span<const float> from(sums);
        if constexpr (code_type<T>) {
            encode(from, std::span(static_cast<T*>(out.data), out.size), f, how, {}, threads);
        } else if constexpr (std::same_as<T, float>) {
            round(from, std::span(static_cast<T*>(out.data), out.size), f, how, {}, threads);
        } else if constexpr (carrier<T>) {
            if constexpr (std::same_as<T, double>) {
                std::vector<double> wide(sums.begin(), sums.end());
                round(std::span<const double>(wide), std::span(static_cast<T*>(out.data), out.size), f, how, {},
                      threads);
            } else {
                std::vector<float> rounded(sums.size());
                round(from, std::span(rounded), f, how, {}, threads);
                constexpr float_format own = carrier_traits<T>::format;
                encode(std::span<const float>(rounded), std::span(static_cast<std::uint16_t*>(out.data), out.size), own,
                       {}, {}, threads);
            }
        }
    });
}

}  // namespace halfulp::detail
