#include "bindings.hpp"

namespace halfulp::python {

void bind_analysis(py::module_& m) {
    m.def("measure_difference", [](const py::array& x, const py::array& y, int threads) {
        difference d;
        const auto measure = [&](auto t) {
            using T = decltype(t);
            const auto a = input<T>(x);
            const auto b = input<T>(y);
            const py::gil_scoped_release release;
            d = measure_difference(a, b, threads);
        };
        if (x.itemsize() == 4) {
            measure(float{});
        } else {
            measure(double{});
        }
        py::dict out;
        out["count"] = d.count;
        out["zeros"] = d.zeros;
        out["squared_error"] = d.squared_error;
        out["squared_x"] = d.squared_x;
        out["squared_y"] = d.squared_y;
        out["product"] = d.product;
        out["max_absolute_error"] = d.max_absolute_error;
        return out;
    });
}

}  // namespace halfulp::python
