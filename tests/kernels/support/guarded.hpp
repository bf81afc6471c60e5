// Arrays whose surroundings are watched: a page before and a page behind cannot be touched, so reading or writing past an end is a fault
// at once, and the elements between the array and the pages keep a pattern.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <new>
#include <span>

namespace halfulp::tests {

/// Which end of an array lies against a forbidden page.
enum class array_end : std::uint8_t { front, back };

template <class T>
class guarded {
  public:
    /// `count` elements with `gap` elements between the array and the page at that end.
    guarded(std::size_t count, array_end against, std::size_t gap = 0) : count_(count) {
        const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        room_ = ((count + gap) * sizeof(T) + page - 1) / page * page + page;
        total_ = room_ + 2 * page;
        void* at = mmap(nullptr, total_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED) throw std::bad_alloc();
        base_ = static_cast<unsigned char*>(at);
        mprotect(base_, page, PROT_NONE);
        mprotect(base_ + page + room_, page, PROT_NONE);
        inside_ = base_ + page;
        std::memset(inside_, pattern, room_);
        offset_ = against == array_end::front ? gap * sizeof(T) : room_ - (count + gap) * sizeof(T);
    }
    ~guarded() { munmap(base_, total_); }
    guarded(const guarded&) = delete;
    guarded& operator=(const guarded&) = delete;

    [[nodiscard]] std::span<T> span() { return {reinterpret_cast<T*>(inside_ + offset_), count_}; }
    [[nodiscard]] std::span<const T> view() { return span(); }

    /// Is everything around the array as it was?
    [[nodiscard]] bool surroundings_untouched() const {
        for (std::size_t i = 0; i < room_; ++i) {
            if (i == offset_) i += count_ * sizeof(T);
            if (i < room_ && inside_[i] != pattern) return false;
        }
        return true;
    }

  private:
    static constexpr unsigned char pattern = 0xA5;
    std::size_t count_, room_ = 0, total_ = 0, offset_ = 0;
    unsigned char* base_ = nullptr;
    unsigned char* inside_ = nullptr;
};

}  // namespace halfulp::tests
