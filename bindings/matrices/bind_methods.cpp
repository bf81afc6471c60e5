#include "halfulp/methods/clip_search.hpp"
#include "halfulp/methods/gptq.hpp"
#include "halfulp/methods/row_quantizer.hpp"
#include "halfulp/methods/walsh_hadamard.hpp"
#include "matrix_arrays.hpp"

namespace halfulp::python {
namespace {

py::array_t<std::uint64_t> array_of(const std::vector<std::uint64_t>& from) {
    py::array_t<std::uint64_t> out(static_cast<py::ssize_t>(from.size()));
    std::copy(from.begin(), from.end(), out.mutable_data());
    return out;
}

py::list planes_of(const scale_planes& planes) {
    py::list out;
    for (const auto& plane : planes) out.append(array_of(plane));
    return out;
}

/// float64 numbers in C order, or none.
std::span<const double> numbers_of(const py::object& x) {
    return x.is_none() ? std::span<const double>() : input<double>(x.cast<py::array>());
}

py::dict gptq_call(const py::array& w, const py::array& h, const scheme& s, int axis, int channel_axis, double damping,
                   bool raise_damping, bool act_order, bool static_scales, std::size_t lazy_rows,
                   const py::object& importance) {
    gptq_options options;
    options.damping = damping;
    options.raise_damping = raise_damping;
    options.act_order = act_order;
    options.static_scales = static_scales;
    options.lazy_rows = lazy_rows;
    options.axis = axis;
    options.channel_axis = channel_axis;
    options.importance = numbers_of(importance);
    const matrix weights = to_matrix(w);
    const matrix moment = to_matrix(h);
    gptq_result r;
    {
        const py::gil_scoped_release release;
        r = gptq(weights, moment, s, options);
    }
    py::dict out;
    out["codes"] = array_of(r.codes);
    out["planes"] = planes_of(r.planes);
    out["zero_scales"] = r.report.zero_scales;
    out["saturated"] = r.report.saturated;
    out["dead"] = r.dead;
    out["damping"] = r.damping;
    out["raised"] = r.raised;
    out["reciprocal_condition"] = r.reciprocal_condition;
    out["feedback_trace"] = r.feedback_trace;
    out["loss"] = r.loss;
    out["nearest_loss"] = r.nearest_loss;
    out["values"] = to_array(std::move(r.values));
    return out;
}

py::dict clip_call(const py::array& w, const scheme& s, int axis, int channel_axis, std::vector<double> factors,
                   double norm, const py::object& weights, int threads) {
    clip_options options;
    options.factors = std::move(factors);
    options.norm = norm;
    options.weights = numbers_of(weights);
    options.axis = axis;
    options.channel_axis = channel_axis;
    options.threads = threads;
    const matrix x = to_matrix(w);
    clip_result r;
    {
        const py::gil_scoped_release release;
        r = clip_search(x, s, options);
    }
    py::dict out;
    out["codes"] = array_of(r.codes);
    out["planes"] = planes_of(r.planes);
    out["zero_scales"] = r.report.zero_scales;
    out["saturated"] = r.report.saturated;
    out["factors"] = py::array_t<double>(static_cast<py::ssize_t>(r.factors.size()), r.factors.data());
    out["values"] = to_array(std::move(r.values));
    return out;
}

/// (codes, values, saturated) of x under scales that are given.
py::tuple project_call(const py::array& x, const scheme& s, int axis, int channel_axis, const py::list& planes) {
    const matrix from = to_matrix(x);
    scale_planes scales;
    for (const py::handle plane : planes) {
        const auto a = input<std::uint64_t>(plane.cast<py::array>());
        scales.emplace_back(a.begin(), a.end());
    }
    std::vector<std::uint64_t> codes(from.size());
    matrix values = from;
    std::uint64_t saturated = 0;
    {
        const py::gil_scoped_release release;
        const std::size_t columns = columns_of(from);
        const row_quantizer by(s, rows_of(from), columns, axis, channel_axis);
        const std::vector<fixed_scales> fixed = by.with(scales);
        for (std::size_t b = 0; b < by.blocks(); ++b) {
            const std::size_t first = b * by.block_rows();
            for (std::size_t r = first; r < std::min(first + by.block_rows(), rows_of(from)); ++r) {
                saturated += by.project(fixed[b], r - first, {from.data() + r * columns, columns},
                                        {codes.data() + r * columns, columns}, {values.data() + r * columns, columns});
            }
        }
    }
    return py::make_tuple(array_of(codes), to_array(std::move(values)), saturated);
}

template <class T>
void transform_in_place(py::array x, std::size_t length) {
    const std::span<T> to = output<T>(x);
    const py::gil_scoped_release release;
    walsh_hadamard(to, length);
}

}  // namespace

void bind_methods(py::module_& m) {
    m.def("gptq", &gptq_call);
    m.def("clip_search", &clip_call);
    m.def("project_under", &project_call);
    m.def("proxy_loss", [](const py::array& e, const py::array& h) {
        const matrix errors = to_matrix(e);
        const matrix moment = to_matrix(h);
        const py::gil_scoped_release release;
        return proxy_loss(errors, moment);
    });
    m.def("walsh_hadamard_float", &transform_in_place<double>);
    m.def("walsh_hadamard_int", &transform_in_place<std::int64_t>);
}

}  // namespace halfulp::python
