// What the fuzz targets share: values off the front of an input, promises that name themselves, and calls judged by the scalar definition.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "halfulp/codecs/carrier.hpp"
#include "halfulp/formats/catalog.hpp"
#include "halfulp/formats/registry.hpp"
#include "halfulp/formats/shape.hpp"
#include "halfulp/kernels/backend.hpp"
#include "halfulp/rounding/name.hpp"

namespace halfulp::fuzz {

/// Takes values off the front of the input; zeros once it is used up.
class reader {
  public:
    reader(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

    template <class T>
    T take() {
        T value{};
        const std::size_t n = size_ < sizeof(T) ? size_ : sizeof(T);
        std::memcpy(&value, data_, n);
        data_ += n;
        size_ -= n;
        return value;
    }
    /// One of `count` choices.
    std::size_t choose(std::size_t count) { return take<std::uint8_t>() % count; }
    template <class T>
    std::vector<T> take_array(std::size_t count) {
        std::vector<T> x(count);
        for (T& value : x) value = take<T>();
        return x;
    }
    [[nodiscard]] std::size_t left() const { return size_; }

  private:
    const std::uint8_t* data_;
    std::size_t size_;
};

/// Says what an input stood for, once a promise is broken.
inline std::function<std::string()> about;

inline void require(bool holds, const char* promise) {
    if (holds) return;
    std::fprintf(stderr, "FAILED: %s: %s\n", promise, about ? about().c_str() : "");
    std::abort();
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/// Why `call` is refused; none where it is not.
template <class Call>
std::optional<std::string> refusal(const Call& call) {
    try {
        call();
    } catch (const std::invalid_argument& error) {
        require(*error.what() != '\0', "an error says something");
        return error.what();
    }
    return std::nullopt;
}

/// Names the mode, numbers as hexadecimal digits.
inline std::string to_text(rounding_mode mode, int random_bits, nan_policy nan, ftz_policy ftz) {
    return " " + std::string(to_string(mode)) + ", " + std::to_string(random_bits) + " random bits, nan " +
           std::to_string(static_cast<int>(nan)) + ", ftz " + std::to_string(static_cast<int>(ftz));
}
template <class T>
std::string to_text(const std::vector<T>& x) {
    std::string text;
    char digits[24];
    for (const T value : x) {
        if constexpr (std::is_integral_v<T>)
            std::snprintf(digits, sizeof digits, " %llx", static_cast<unsigned long long>(value));
        else
            std::snprintf(digits, sizeof digits, " %llx", static_cast<unsigned long long>(to_bits(value)));
        text += digits;
    }
    return text;
}

/// result = call() by the best kernels of this machine, and the same by the scalar definition: both are refused in the same words, or both
/// give the same bits (`same` compares). Refusals are thrown on.
template <class Call, class Same>
auto judged(const Call& call, const Same& same) {
    decltype(call()) fast;
    decltype(call()) by_definition;
    const auto refused = refusal([&] { fast = call(); });
    set_backend(backend::scalar);
    const auto refused_by_definition = refusal([&] { by_definition = call(); });
    set_backend(std::nullopt);
    if (refused != refused_by_definition)
        std::fprintf(stderr, "refused: '%s', by definition '%s'\n", refused.value_or("not").c_str(),
                     refused_by_definition.value_or("not").c_str());
    require(refused == refused_by_definition, "kernels refuse what the scalar definition refuses");
    if (refused) throw std::invalid_argument(*refused);
    if (!same(fast, by_definition))
        std::fprintf(stderr, "kernels:      %s\nby definition:%s\n", to_text(fast).c_str(),
                     to_text(by_definition).c_str());
    require(same(fast, by_definition), "kernels give the bits of the scalar definition");
    return fast;
}

/// A float format of the registry, one of P3109's, or any shape.
inline float_format take_float_format(reader& in) {
    const auto kind = in.take<std::uint8_t>();
    if (kind % 2 == 0) return registry[kind / 2 % registry.size()].format;
    if (kind % 8 == 1)
        return make_p3109(in.take<std::uint8_t>() % 20, in.take<std::uint8_t>() % 20, (kind & 16) != 0,
                          (kind & 32) != 0);
    const int exponent_bits = in.take<std::uint8_t>() % 21;
    return make_float_format(exponent_bits, in.take<std::uint8_t>() % 65, in.take<std::int32_t>() >> (kind % 32),
                             static_cast<specials>(kind / 8 % 4), (kind & 64) != 0, (kind & 128) != 0);
}

/// Any format: one with a name, an integer or fixed point, or a float as above.
inline format take_element(reader& in) {
    static const std::vector<catalog_row> named = catalog();
    switch (in.choose(4)) {
        case 0: return named[in.choose(named.size())].is;
        case 1: {
            const std::uint8_t width = in.take<std::uint8_t>(), fraction_bits = in.take<std::uint8_t>();
            const bool is_signed = in.choose(2) == 0;
            return fixed_format{width, fraction_bits, is_signed, in.choose(4) == 0};
        }
        default: return take_float_format(in);
    }
}

}  // namespace halfulp::fuzz
