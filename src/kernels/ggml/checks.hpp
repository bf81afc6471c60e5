// Argument checks of the functions on ggml's blocks.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

#include "halfulp/blocks/ggml.hpp"

namespace halfulp::detail {

/// `argument` has `size` elements of this name; as many as `allowed` are needed.
inline void check_ggml_size(const char* argument, std::size_t size, const char* elements, std::size_t allowed,
                            ggml_type type, std::size_t blocks) {
    if (size == allowed) return;
    throw std::invalid_argument(std::string(argument) + " has " + std::to_string(size) + " " + elements +
                                ", allowed: " + std::to_string(allowed) + " for " + std::to_string(blocks) +
                                " blocks of " + std::string(to_string(type)));
}

/// How many whole blocks so many elements are, `each` to a block.
inline std::size_t count_ggml_blocks(const char* argument, std::size_t size, const char* elements, std::size_t each,
                                     ggml_type type) {
    if (size % each == 0) return size / each;
    throw std::invalid_argument(std::string(argument) + " has " + std::to_string(size) + " " + elements +
                                ", allowed: a multiple of " + std::to_string(each) + ", the length of a block of " +
                                std::string(to_string(type)));
}

[[noreturn]] inline void throw_only_read(const char* function, ggml_type type) {
    std::string allowed;
    for (const ggml_type t : ggml_types) {
        if (is_written(t)) allowed += (allowed.empty() ? "" : ", ") + std::string(to_string(t));
    }
    throw std::invalid_argument("type is " + std::string(to_string(type)) + ", allowed in " + function + ": " +
                                allowed + " (the others are only read)");
}

}  // namespace halfulp::detail
