#include "halfulp/reconstruct/scheme_quantizer.hpp"

#include <array>
#include <stdexcept>

#include "halfulp/kernels/quantize.hpp"

namespace halfulp {
namespace {

axis_view view_of_matrix(const matrix& x, int axis) {
    const std::array<std::uint64_t, 2> shape{rows_of(x), columns_of(x)};
    return view_of(shape, axis);
}

std::span<const double> elements_of(const matrix& x) { return {x.data(), x.size()}; }
std::span<double> elements_of(matrix& x) { return {x.data(), x.size()}; }

}  // namespace

scheme_quantizer::scheme_quantizer(scheme s, int axis) : scheme_(std::move(s)), axis_(axis) {
    if (axis < -2 || axis > 1) {
        throw std::invalid_argument("axis is " + std::to_string(axis) + ", allowed: -2 to 1");
    }
    validate(scheme_);
}

matrix scheme_quantizer::operator()(const matrix& x) const {
    matrix out = matrix::from_shape({rows_of(x), columns_of(x)});
    fake_quantize(elements_of(x), view_of_matrix(x, axis_), scheme_, elements_of(out));
    return out;
}

fixed_grid::fixed_grid(const matrix& x, const scheme_quantizer& quantizer)
    : element_(quantizer.used().element), scales_(matrix::from_shape({rows_of(x), columns_of(x)})) {
    scheme s = quantizer.used();
    if (s.hadamard != 0 || s.zero_point) {
        throw std::invalid_argument("the scheme " + to_string(s) +
                                    " has no grid of one scale at each place, allowed: schemes without a transform and "
                                    "without zero points");
    }
    const axis_view view = view_of_matrix(x, quantizer.axis());
    scale_planes planes;
    {
        std::vector<std::uint64_t> codes(x.size());
        quantize(elements_of(x), view, s, std::span(codes), planes);
    }
    // The scales alone: what they make of ones.
    s.element = parse_format("int8");
    s.scale_recipe = recipe::standard;
    s.search = scale_search::none;
    s.percentile = 0;
    const std::vector<std::uint8_t> ones(x.size(), 1);
    dequantize(std::span<const std::uint8_t>(ones), view, s, planes, elements_of(scales_));
}

void fixed_grid::project(std::span<const double> scales, std::span<double> x) const {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = scales[i] == 0 ? 0 : x[i] / scales[i];
    projection how;
    how.overflow = overflow_policy::sat_finite;
    round(std::span<const double>(x), x, element_, how);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = scales[i] == 0 ? 0 : x[i] * scales[i];
}

matrix fixed_grid::project(matrix x) const {
    if (x.shape() != scales_.shape()) throw std::invalid_argument("the matrix has another shape than the grid");
    project(elements_of(scales_), elements_of(x));
    return x;
}

void fixed_grid::project_row(std::size_t i, std::span<double> x) const {
    if (i >= rows_of(scales_) || x.size() != columns_of(scales_)) {
        throw std::invalid_argument("the row has another size than the grid's");
    }
    project(elements_of(scales_).subspan(i * x.size(), x.size()), x);
}

}  // namespace halfulp
