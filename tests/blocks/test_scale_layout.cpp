// The order of scales for tensor cores, against the rule as a formula over whole tiles.
#include <catch2/catch_test_macros.hpp>

#include <set>
#include <vector>

#include "halfulp/blocks/scale_layout.hpp"

using namespace halfulp;

TEST_CASE("scales go to the places of the 128x4 layout and come back") {
    for (const auto& [rows, columns] : {std::pair{1u, 1u}, {128u, 4u}, {129u, 5u}, {300u, 11u}, {0u, 3u}, {40u, 0u}}) {
        const tensor_core_scales layout{rows, columns};
        CHECK(layout.size() == (rows + 127) / 128 * 128 * ((columns + 3) / 4 * 4));
        std::vector<std::uint8_t> scales(std::size_t{rows} * columns);
        for (std::size_t i = 0; i < scales.size(); ++i) scales[i] = static_cast<std::uint8_t>(1 + i % 255);
        std::vector<std::uint8_t> swizzled(layout.size(), 99);
        to_tensor_core_order(scales, layout, swizzled);
        std::set<std::uint64_t> taken;
        for (std::uint64_t r = 0; r < rows; ++r) {
            for (std::uint64_t c = 0; c < columns; ++c) {
                // Tiles in C order; in a tile, 32 rows of 16 bytes, each with 4 scales of the rows r, r + 32, r + 64, r + 96.
                const std::uint64_t tile = r / 128 * ((columns + 3) / 4) + c / 4;
                const std::uint64_t at = tile * 512 + (r % 32) * 16 + (r % 128) / 32 * 4 + c % 4;
                CHECK(swizzled[at] == scales[r * columns + c]);
                CHECK(taken.insert(at).second);
            }
        }
        for (std::uint64_t i = 0; i < swizzled.size(); ++i) {
            if (!taken.contains(i)) CHECK(swizzled[i] == 0);
        }
        std::vector<std::uint8_t> back(scales.size());
        from_tensor_core_order(swizzled, layout, back);
        CHECK(back == scales);
        back.push_back(0);
        CHECK_THROWS_AS(from_tensor_core_order(swizzled, layout, back), std::invalid_argument);
    }
}
