// The arrays that all cases share. Each is made when the first case asks for it.
#pragma once

#include <cstdint>
#include <optional>

#include "shared/buffer.hpp"
#include "shared/weights.hpp"

namespace halfulp::benchmarks {

class arena {
  public:
    explicit arena(std::size_t elements) : elements_(elements) {}

    /// Elements of a float32 array; float64 arrays have half as many, so that both have the same bytes.
    [[nodiscard]] std::size_t elements() const noexcept { return elements_; }
    [[nodiscard]] std::size_t doubles() const noexcept { return elements_ / 2; }

    std::span<const float> x() { return weights(x_, elements_); }
    std::span<const double> x64() { return weights(x64_, doubles()); }
    std::span<float> out() { return untouched(out_, elements_); }
    std::span<double> out64() { return untouched(out64_, doubles()); }
    template <class C>
    std::span<C> codes() {
        if constexpr (sizeof(C) == 1)
            return untouched(codes8_, elements_);
        else
            return untouched(codes16_, elements_);
    }
    std::span<std::uint8_t> packed(std::size_t bytes) { return untouched(packed_, elements_).first(bytes); }

  private:
    template <class T>
    static std::span<const T> weights(std::optional<buffer<T>>& b, std::size_t n) {
        if (!b) fill_weights(b.emplace(n).all());
        return b->all();
    }
    template <class T>
    static std::span<T> untouched(std::optional<buffer<T>>& b, std::size_t n) {
        if (!b) b.emplace(n);
        return b->all();
    }

    std::size_t elements_;
    std::optional<buffer<float>> x_, out_;
    std::optional<buffer<double>> x64_, out64_;
    std::optional<buffer<std::uint8_t>> codes8_, packed_;
    std::optional<buffer<std::uint16_t>> codes16_;
};

}  // namespace halfulp::benchmarks
