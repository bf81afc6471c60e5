#include "halfulp/kernels/randomness.hpp"

#include "simd/tables.hpp"

namespace halfulp {

void fill_words(const random_source& source, std::uint64_t first, std::uint32_t ordinal,
                std::span<std::uint32_t> words) {
    if (const simd::kernel_table* kernels = simd::active_table()) {
        kernels->fill_words(source.seed, source.stream, source.offset + first, ordinal, words.data(), words.size());
        return;
    }
    std::uint64_t i = source.offset + first;
    std::size_t done = 0;
    while (done < words.size()) {
        const auto block = source.block(i / 4, ordinal);
        for (std::uint64_t lane = i % 4; lane < 4 && done < words.size(); ++lane, ++i, ++done)
            words[done] = block[lane];
    }
}

}  // namespace halfulp
