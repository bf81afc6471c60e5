// When results go past the caches: streaming stores save the reading of lines that are about to be overwritten, but what is written
// then has to come from memory again. So they are for arrays that would not stay in the last-level cache anyway.
#pragma once

#include <cstddef>
#include <cstdint>

namespace halfulp::detail {

/// `read` and `written`: bytes that the whole call touches.
bool worth_streaming(std::size_t read, std::size_t written) noexcept;

/// The same for an array of `size` elements into another: not where it is the same memory.
template <class In, class Out>
bool should_stream(const In* x, const Out* out, std::size_t size) noexcept {
    return static_cast<const void*>(x) != static_cast<const void*>(out) &&
           worth_streaming(size * sizeof(In), size * sizeof(Out));
}

/// Streaming stores take whole aligned vectors: how many elements lie before the first one. Element addresses are multiples of
/// their size.
template <class T>
std::size_t elements_to_alignment(const T* p) noexcept {
    constexpr std::uintptr_t line = 64;
    return static_cast<std::size_t>((line - reinterpret_cast<std::uintptr_t>(p) % line) % line / sizeof(T));
}

/// Orders streaming stores before whatever the thread stores next.
void fence_streams(bool streamed) noexcept;

}  // namespace halfulp::detail
