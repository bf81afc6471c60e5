// Memory as the measurements want it: on its own cache lines, and every page touched before the first timing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>

namespace halfulp::benchmarks {

template <class T>
class buffer {
  public:
    explicit buffer(std::size_t size) : size_(size), data_(allocate(size)) { std::fill_n(data_.get(), size, T{}); }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] T* data() noexcept { return data_.get(); }
    [[nodiscard]] const T* data() const noexcept { return data_.get(); }
    T& operator[](std::size_t i) noexcept { return data_.get()[i]; }
    const T& operator[](std::size_t i) const noexcept { return data_.get()[i]; }
    [[nodiscard]] std::span<T> all() noexcept { return {data(), size_}; }
    [[nodiscard]] std::span<const T> all() const noexcept { return {data(), size_}; }
    [[nodiscard]] std::span<T> first(std::size_t n) noexcept { return all().first(n); }
    [[nodiscard]] std::span<const T> first(std::size_t n) const noexcept { return all().first(n); }

  private:
    struct free_memory {
        void operator()(T* p) const noexcept { std::free(p); }
    };
    static T* allocate(std::size_t size) {
        constexpr std::size_t line = 64;
        const std::size_t bytes = (size * sizeof(T) + line - 1) / line * line;
        void* p = std::aligned_alloc(line, bytes);
        if (p == nullptr) throw std::bad_alloc();
        return static_cast<T*>(p);
    }

    std::size_t size_;
    std::unique_ptr<T, free_memory> data_;
};

}  // namespace halfulp::benchmarks
