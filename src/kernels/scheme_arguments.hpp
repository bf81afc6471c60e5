// What the functions of schemes ask of their arguments before they do anything.
#pragma once

#include <cstdint>

#include "halfulp/kernels/quantize.hpp"

namespace halfulp::detail {

/// The scheme is sound, and the view has as many elements as the array.
void check_shape(const scheme& s, const axis_view& view, std::size_t size);

/// Scales have as many planes and codes as the scheme makes of the view, all of them codes of their formats.
void check_planes(const scheme& s, const axis_view& view, const scale_planes& scales);

/// `bytes` hold `codes` of the element's width, packed, and nothing more.
void check_packed_size(std::size_t bytes, std::size_t codes, const format& element);

/// The array as the scheme sees it.
axis_view seen_by(const scheme& s, const axis_view& view) noexcept;

}  // namespace halfulp::detail
