#include "halfulp/methods/walsh_hadamard.hpp"

#include <bit>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace halfulp {

template <class T>
void walsh_hadamard(std::span<T> x, std::size_t length) {
    if (!std::has_single_bit(length) || x.size() % length != 0) {
        throw std::invalid_argument("length is " + std::to_string(length) +
                                    ", allowed: a power of two that divides the number of elements, " +
                                    std::to_string(x.size()));
    }
    for (std::size_t first = 0; first < x.size(); first += length) {
        T* const run = x.data() + first;
        for (std::size_t half = 1; half < length; half *= 2) {
            for (std::size_t start = 0; start < length; start += 2 * half) {
                for (std::size_t i = start; i < start + half; ++i) {
                    const T a = run[i];
                    const T b = run[i + half];
                    if constexpr (std::is_integral_v<T>) {  // modulo 2^64: no overflow is undefined
                        using bits = std::make_unsigned_t<T>;
                        run[i] = static_cast<T>(static_cast<bits>(a) + static_cast<bits>(b));
                        run[i + half] = static_cast<T>(static_cast<bits>(a) - static_cast<bits>(b));
                    } else {
                        run[i] = a + b;
                        run[i + half] = a - b;
                    }
                }
            }
        }
    }
}

template void walsh_hadamard<std::int64_t>(std::span<std::int64_t>, std::size_t);
template void walsh_hadamard<double>(std::span<double>, std::size_t);

}  // namespace halfulp
