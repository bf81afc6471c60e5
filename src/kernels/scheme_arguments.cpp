#include "scheme_arguments.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include "checks.hpp"
#include "halfulp/codecs/pack.hpp"

namespace halfulp::detail {

namespace {

/// The format of a plane's codes: of a level's scales, or behind them of zeros, or of the offset.
format plane_format(const scheme& s, std::size_t plane) {
    if (plane < s.levels.size())
        return s.levels[plane].stored ? format(s.levels[plane].stored) : format(s.levels[plane].format);
    if (s.double_quant) return binary32_format;
    return fixed_format{static_cast<std::uint8_t>(s.element.bits()), 0, false, false};
}

}  // namespace

void check_shape(const scheme& s, const axis_view& view, std::size_t size) {
    validate(s);
    if (view.size() != size) {
        throw std::invalid_argument("the axis view has " + std::to_string(view.size()) +
                                    " elements, allowed: " + std::to_string(size) + ", as many as x has");
    }
}

void check_planes(const scheme& s, const axis_view& view, const scale_planes& scales) {
    const std::vector<std::uint64_t> counts = scale_counts(s, view);
    if (scales.size() != counts.size()) {
        throw std::invalid_argument("scales has " + std::to_string(scales.size()) +
                                    " levels, allowed: " + std::to_string(counts.size()));
    }
    for (std::size_t plane = 0; plane < scales.size(); ++plane) {
        const std::string name = "scales[" + std::to_string(plane) + "]";
        if (scales[plane].size() != counts[plane]) {
            throw std::invalid_argument(name + " has " + std::to_string(scales[plane].size()) +
                                        " codes, allowed: " + std::to_string(counts[plane]));
        }
        check_codes<std::uint64_t>(name, scales[plane], plane_format(s, plane));
    }
}

void check_packed_size(std::size_t bytes, std::size_t codes, const format& element) {
    const std::uint64_t needed = packed_size(codes, element.bits());
    if (bytes == needed) return;
    throw std::invalid_argument("packed has " + std::to_string(bytes) + " bytes, allowed: " + std::to_string(needed) +
                                " for " + std::to_string(codes) + " codes of " + std::to_string(element.bits()) +
                                " bits");
}

axis_view seen_by(const scheme& s, const axis_view& view) noexcept {
    return s.flat ? axis_view{1, view.size(), 1, 1, view.size()} : view;
}

}  // namespace halfulp::detail
