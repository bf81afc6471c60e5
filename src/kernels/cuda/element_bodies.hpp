// The second half of quantization: every element under the scales of its group. One thread takes one group, or a run of
// elements where all share one scale.
#pragma once

#include <cstdint>

#include "halfulp/blocks/scaled_element.hpp"
#include "scale_bodies.hpp"

namespace halfulp::cuda {

/// What the threads of a quantization count together.
struct element_counts {
    std::uint64_t saturated;
    std::uint64_t missing;  ///< the lowest index at which a NaN was called for that the format lacks
};

/// The product of all scales over one group of level 0.
HALFULP_HOST_DEVICE inline group_scales scales_of(const group_layout& layout, const scale_pointers& scales,
                                                  std::uint64_t group) noexcept {
    group_scales out;
    std::uint64_t index = group;
    for (std::uint32_t level = 0; level < layout.levels; ++level) {
        out.include(layout.formats[level], scales.level[level][index]);
        if (level + 1 < layout.levels) index = layout.parent(level, index);
    }
    return out;
}

/// Divides and projects, and hands every element to sink(index, projected number, scales of its group).
template <carrier T>
struct element_loop {
    group_layout layout;
    scaled_encoder<T> encoder;
    thread_randomness random;

    template <class Sink>
    HALFULP_HOST_DEVICE void run(thread_context at, const T* x, const scale_pointers& scales, element_counts* counts,
                                 const Sink& sink) const {
        const bool stochastic = is_stochastic(encoder.how().spec.mode);
        std::uint64_t saturated = 0;
        for (std::uint64_t p = at.index(); p < layout.pieces; p += at.count()) {
            const group_piece piece = layout.piece_at(p);
            const group_scales over = scales_of(layout, scales, piece.group);
            const bool quick = encoder.divides_in_binary64(over);
            for (std::uint64_t j = 0; j < piece.count; ++j) {
                const std::uint64_t i = piece.first + j * piece.stride;
                const projected element =
                    encoder(x[i], over, quick, stochastic ? random.bits(i, encoder.how().spec.random_bits) : 0);
                if (element.missing_nan) atomic_min(&counts->missing, i);
                saturated += element.overflowed ? 1 : 0;
                sink(i, element, over);
            }
        }
        if (saturated != 0) atomic_add(&counts->saturated, saturated);
    }
};

template <carrier T>
struct quantize_body {
    element_loop<T> loop;

    HALFULP_HOST_DEVICE void operator()(thread_context at, const T* x, scale_pointers scales, code_array codes,
                                        element_counts* counts) const {
        const float_grid grid = loop.encoder.how().grid;
        loop.run(at, x, scales, counts, [=](std::uint64_t i, const projected& element, const group_scales&) {
            codes.store(i, to_code(element, grid));
        });
    }
};

template <carrier T>
struct fake_quantize_body {
    element_loop<T> loop;
    scaled_decoder<T> decoder;

    HALFULP_HOST_DEVICE void operator()(thread_context at, const T* x, scale_pointers scales, T* out,
                                        element_counts* counts) const {
        const bool keep_nan = loop.encoder.how().nan == nan_policy::keep;
        loop.run(at, x, scales, counts, [&](std::uint64_t i, const projected& element, const group_scales& over) {
            // Kept as it is: NaN, or an infinity in a group whose scale format has no NaN.
            out[i] = element.missing_nan && keep_nan ? x[i] : decoder(element, over);
        });
    }
};

template <carrier T>
struct dequantize_body {
    group_layout layout;
    float_format element;
    scaled_decoder<T> decoder;

    HALFULP_HOST_DEVICE void operator()(thread_context at, code_array codes, scale_pointers scales, T* out) const {
        for (std::uint64_t p = at.index(); p < layout.pieces; p += at.count()) {
            const group_piece piece = layout.piece_at(p);
            const group_scales over = scales_of(layout, scales, piece.group);
            for (std::uint64_t j = 0; j < piece.count; ++j) {
                const std::uint64_t i = piece.first + j * piece.stride;
                out[i] = decoder(projected_from_code(codes.load(i), element), over);
            }
        }
    }
};

}  // namespace halfulp::cuda
