#include <algorithm>
#include <span>
#include <stdexcept>
#include <string>

#include "checks.hpp"
#include "halfulp/blocks/ggml.hpp"
#include "layouts.hpp"

namespace halfulp {
namespace {

void check_codes(std::span<const std::int8_t> codes, ggml_type type) {
    const ggml_code_range range = ggml_codes(type);
    const auto beyond = [range](std::int8_t code) { return code < range.lowest || code > range.highest; };
    const auto bad = std::ranges::find_if(codes, beyond);
    if (bad == codes.end()) return;
    throw std::invalid_argument("codes[" + std::to_string(bad - codes.begin()) + "] is " + std::to_string(*bad) +
                                ", allowed in " + std::string(to_string(type)) + ": " + std::to_string(range.lowest) +
                                " to " + std::to_string(range.highest));
}

}  // namespace

void ggml_unpack(ggml_type type, std::span<const std::uint8_t> bytes, std::span<std::int8_t> codes,
                 std::span<std::uint16_t> scales) {
    const bool written = detail::with_written_type(type, [&]<ggml_type Type>() {
        constexpr ggml_block_size size = ggml_block(Type);
        const std::size_t blocks = detail::count_ggml_blocks("bytes", bytes.size(), "bytes", size.bytes, Type);
        detail::check_ggml_size("codes", codes.size(), "elements", blocks * size.values, Type, blocks);
        detail::check_ggml_size("scales", scales.size(), "elements", blocks, Type, blocks);
        for (std::size_t i = 0; i < blocks; ++i) {
            const std::uint8_t* block = bytes.data() + i * size.bytes;
            const std::uint8_t* half = block + detail::ggml_layout<Type>::halves[0];
            scales[i] = static_cast<std::uint16_t>(half[0] | half[1] << 8);
            detail::ggml_layout<Type>::spread(block, codes.data() + i * size.values);
        }
    });
    if (!written) detail::throw_only_read("ggml_unpack", type);
}

void ggml_pack(ggml_type type, std::span<const std::int8_t> codes, std::span<const std::uint16_t> scales,
               std::span<std::uint8_t> bytes) {
    const bool written = detail::with_written_type(type, [&]<ggml_type Type>() {
        constexpr ggml_block_size size = ggml_block(Type);
        const std::size_t blocks = detail::count_ggml_blocks("codes", codes.size(), "elements", size.values, Type);
        detail::check_ggml_size("scales", scales.size(), "elements", blocks, Type, blocks);
        detail::check_ggml_size("bytes", bytes.size(), "bytes", blocks * size.bytes, Type, blocks);
        check_codes(codes, Type);
        for (std::size_t i = 0; i < blocks; ++i) {
            std::uint8_t* block = bytes.data() + i * size.bytes;
            std::uint8_t* half = block + detail::ggml_layout<Type>::halves[0];
            half[0] = static_cast<std::uint8_t>(scales[i] & 0xFF);
            half[1] = static_cast<std::uint8_t>(scales[i] >> 8);
            detail::ggml_layout<Type>::gather(codes.data() + i * size.values, block);
        }
    });
    if (!written) detail::throw_only_read("ggml_pack", type);
}

}  // namespace halfulp
