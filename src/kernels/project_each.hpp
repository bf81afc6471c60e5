// The scalar definition on a part of an array, with its random words.
#pragma once

#include <algorithm>
#include <array>

#include "checks.hpp"
#include "halfulp/codecs/codec.hpp"
#include "halfulp/kernels/randomness.hpp"

namespace halfulp::detail {

inline constexpr std::size_t thread_grain = 4096;  // elements: threads share no cache line of any output

/// Elements `begin` to `end` of the whole array, x pointing to element `begin`; every projected number goes to sink(index, number).
template <rounding_mode Mode, carrier T, class Projector, class Sink>
void project_each(const T* x, std::size_t begin, std::size_t end, const Projector& to, const format& f,
                  const projection& how, const randomness& random, const Sink& sink) {
    constexpr std::size_t block_size = 1024;
    std::array<std::uint32_t, block_size> words;
    for (std::size_t start = begin; start < end; start += block_size) {
        const std::size_t stop = std::min(end, start + block_size);
        if constexpr (is_stochastic(Mode)) {
            if (random.from == randomness::kind::drawn) {
                fill_words(random.source, start, 0, std::span(words).first(stop - start));
                for (std::uint32_t& word : words) word >>= 32 - how.random_bits;
            } else {
                std::copy(random.given.begin() + static_cast<std::ptrdiff_t>(start),
                          random.given.begin() + static_cast<std::ptrdiff_t>(stop), words.begin());
            }
        }
        for (std::size_t i = start; i < stop; ++i) {
            const std::uint32_t word = is_stochastic(Mode) ? words[i - start] : 0;
            projected number;
            if constexpr (std::is_same_v<Projector, projector>) {
                number = project(x[i - begin], to, word);
            } else {
                number = project_value(x[i - begin], to, word);
            }
            if (number.missing_nan && how.nan == nan_policy::raise) throw_missing_nan(i, f);
            sink(i, number);
        }
    }
}

}  // namespace halfulp::detail
