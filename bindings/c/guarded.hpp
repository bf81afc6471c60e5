// No exception leaves a C function: it becomes a status, and its text goes where the caller says.
#pragma once

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

#include "halfulp.h"

namespace halfulp::c {

inline void write_text(std::string_view from, char* to, std::size_t size) noexcept {
    if (to == nullptr || size == 0) return;
    const std::size_t length = std::min(from.size(), size - 1);
    std::memcpy(to, from.data(), length);
    to[length] = '\0';
}

inline void say(const halfulp_message* message, std::string_view text) noexcept {
    if (message != nullptr) write_text(text, message->text, message->size);
}

template <class F>
halfulp_status guarded(const halfulp_message* message, const F& f) noexcept {
    try {
        f();
        return HALFULP_OK;
    } catch (const std::invalid_argument& error) {
        say(message, error.what());
        return HALFULP_INVALID_ARGUMENT;
    } catch (const std::bad_alloc&) {
        say(message, "out of memory");
        return HALFULP_OUT_OF_MEMORY;
    } catch (const std::exception& error) {
        say(message, error.what());
        return HALFULP_INTERNAL_ERROR;
    } catch (...) {
        say(message, "an exception without a text");
        return HALFULP_INTERNAL_ERROR;
    }
}

/// What a pointer that must not be null points to.
template <class T>
T& given(T* pointer, const char* name) {
    if (pointer == nullptr)
        throw std::invalid_argument(std::string(name) + " is a null pointer, allowed: one that points to something");
    return *pointer;
}

}  // namespace halfulp::c
