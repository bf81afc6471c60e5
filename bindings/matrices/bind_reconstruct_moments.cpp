// Statistics of a layer's inputs.
#include "halfulp/matrices/moments.hpp"
#include "matrix_arrays.hpp"

namespace halfulp::python {
namespace {

template <class T>
void add(moments& to, const py::array& batch, const py::object& reference) {
    const std::span<const T> x = input<T>(batch);
    const std::span<const T> y = reference.is_none() ? std::span<const T>{} : input<T>(reference.cast<py::array>());
    const py::gil_scoped_release release;
    to.add(x, y);
}

py::dict state_of(const moments& m) {
    py::dict out;
    out["count"] = m.count;
    out["batches"] = m.batches;
    out["products"] = to_array(matrix(m.products));
    out["sum"] = to_array(vector(m.sum));
    out["magnitudes"] = to_array(vector(m.magnitudes));
    out["largest"] = to_array(vector(m.largest));
    out["largest_batch_mean"] = to_array(vector(m.largest_batch_mean));
    if (m.paired) {
        out["cross"] = to_array(matrix(m.cross));
        out["references"] = to_array(matrix(m.references));
    }
    return out;
}

moments from_state(const py::dict& state) {
    const auto array = [&](const char* name) { return state[name].cast<py::array>(); };
    moments out(static_cast<std::size_t>(array("sum").size()));
    out.count = state["count"].cast<std::uint64_t>();
    out.batches = state["batches"].cast<std::uint64_t>();
    out.products = to_matrix(array("products"));
    out.sum = to_vector(array("sum"));
    out.magnitudes = to_vector(array("magnitudes"));
    out.largest = to_vector(array("largest"));
    out.largest_batch_mean = to_vector(array("largest_batch_mean"));
    out.paired = state.contains("cross");
    if (out.paired) {
        out.cross = to_matrix(array("cross"));
        out.references = to_matrix(array("references"));
    }
    return out;
}

py::array mean_of(const moments& m, matrix sums) {
    for (double& x : sums) x /= static_cast<double>(m.count);
    return to_array(std::move(sums));
}

py::array mean_of(const moments& m, vector sums) {
    for (double& x : sums) x /= static_cast<double>(m.count);
    return to_array(std::move(sums));
}

}  // namespace

void bind_reconstruct_moments(py::module_& m) {
    py::class_<moments>(m, "Moments")
        .def(py::init<std::size_t>())
        .def("add",
             [](moments& to, const py::array& batch, const py::object& reference) {
                 if (batch.itemsize() == static_cast<py::ssize_t>(sizeof(double))) {
                     add<double>(to, batch, reference);
                 } else {
                     add<float>(to, batch, reference);
                 }
             })
        .def("merge", &moments::merge)
        .def("copy", [](const moments& from) { return moments(from); })
        .def("state", &state_of)
        .def_static("from_state", &from_state)
        .def_property_readonly("channels", &moments::channels)
        .def_property_readonly("count", [](const moments& s) { return s.count; })
        .def_property_readonly("batches", [](const moments& s) { return s.batches; })
        .def_property_readonly("paired", [](const moments& s) { return s.paired; })
        .def("second_moment", [](const moments& s) { return mean_of(s, s.products); })
        .def("cross_moment", [](const moments& s) { return mean_of(s, s.cross); })
        .def("reference_moment", [](const moments& s) { return mean_of(s, s.references); })
        .def("mean", [](const moments& s) { return mean_of(s, s.sum); })
        .def("mean_abs", [](const moments& s) { return mean_of(s, s.magnitudes); })
        .def("mean_square",
             [](const moments& s) {
                 vector squares = vector::from_shape({s.channels()});
                 for (std::size_t i = 0; i < s.channels(); ++i) squares(i) = s.products(i, i);
                 return mean_of(s, std::move(squares));
             })
        .def("max_abs", [](const moments& s) { return to_array(vector(s.largest)); })
        .def("largest_batch_mean_abs", [](const moments& s) { return to_array(vector(s.largest_batch_mean)); });
}

}  // namespace halfulp::python
