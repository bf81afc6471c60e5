// The first half of quantization: the largest magnitude of every group, and from it the scales, outermost level first.
// One thread takes one group; the largest magnitude of everything is put together by atomic maxima, so it has no order.
#pragma once

#include <array>
#include <cstdint>

#include "atomics.hpp"
#include "group_layout.hpp"
#include "halfulp/blocks/scale.hpp"
#include "thread_context.hpp"
#include "thread_inputs.hpp"

namespace halfulp::cuda {

/// The scale codes of every level in the device's memory, innermost first.
struct scale_pointers {
    std::array<std::uint64_t*, max_scale_levels> level{};
};

/// The bits of the largest finite magnitude of each group of level 0 (bits of a carrier grow with the magnitude), and whether
/// a member of it is NaN or infinite. Both arrays are zero before.
struct maxima_body {
    group_layout layout;

    template <carrier T>
    HALFULP_HOST_DEVICE void operator()(thread_context at, const T* x, std::uint64_t* magnitude,
                                        std::uint8_t* nonfinite) const {
        constexpr std::uint64_t mask = carrier_traits<T>::format.magnitude_mask();
        constexpr std::uint64_t infinity = carrier_traits<T>::format.infinity_magnitude();
        for (std::uint64_t p = at.index(); p < layout.pieces; p += at.count()) {
            const group_piece piece = layout.piece_at(p);
            std::uint64_t most = 0;
            bool bad = false;
            for (std::uint64_t j = 0; j < piece.count; ++j) {
                const std::uint64_t m = to_bits(x[piece.first + j * piece.stride]) & mask;
                if (m >= infinity) {
                    bad = true;
                } else if (m > most) {
                    most = m;
                }
            }
            if (layout.whole) {
                atomic_max(&magnitude[piece.group], most);
            } else {
                magnitude[piece.group] = most;
            }
            if (bad) nonfinite[piece.group] = 1;  // every thread that writes writes the same
        }
    }
};

/// The largest magnitudes of level `level` from those of the level inside it. `outer` is zero before.
struct outer_maxima_body {
    group_layout layout;
    std::uint32_t level;

    HALFULP_HOST_DEVICE void operator()(thread_context at, const std::uint64_t* inside, std::uint64_t* outer) const {
        for (std::uint64_t i = at.index(); i < layout.counts[level - 1]; i += at.count())
            atomic_max(&outer[layout.parent(level - 1, i)], inside[i]);
    }
};

/// The scales of one level, those outside it being there. Counts scales that rounded to zero under a positive magnitude.
struct scales_body {
    group_layout layout;
    std::uint32_t level;
    scale_rule rule;
    float_format carrier_format;
    bool stochastic;
    int random_bits;
    random_source source;

    /// `nonfinite` is null for all levels but the innermost: levels outside see the finite values alone.
    HALFULP_HOST_DEVICE void operator()(thread_context at, const std::uint64_t* magnitude,
                                        const std::uint8_t* nonfinite, scale_pointers scales,
                                        std::uint64_t* zero_scales) const {
        std::uint64_t zeros = 0;
        for (std::uint64_t i = at.index(); i < layout.counts[level]; i += at.count()) {
            std::array<dyadic, max_scale_levels> outer{};
            std::size_t outers = 0;
            std::uint64_t index = i;
            for (std::uint32_t above = level; above + 1 < layout.levels; ++above) {
                index = layout.parent(above, index);
                outer[outers++] = layout.formats[above + 1].finite_value(scales.level[above + 1][index]);
            }
            // The ordinal of a scale of level k is 2^31 + k (the contract, section 3).
            const std::uint32_t random = stochastic ? source.word(i, 0x80000000u + level) >> (32 - random_bits) : 0;
            const group_scale found = rule.scale(carrier_format.magnitude_value(magnitude[i]), {outer.data(), outers},
                                                 nonfinite != nullptr && nonfinite[i] != 0, random);
            scales.level[level][i] = found.code;
            zeros += found.rounded_to_zero ? 1 : 0;
        }
        if (zeros != 0) atomic_add(zero_scales, zeros);
    }
};

}  // namespace halfulp::cuda
