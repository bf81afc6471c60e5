#include "bindings.hpp"
#include "halfulp/kernels/backend.hpp"

namespace halfulp::python {

python_randomness::python_randomness(const py::object& source) : keep(source) {
    if (source.is_none()) return;
    if (py::isinstance<py::tuple>(source)) {
        const auto t = source.cast<py::tuple>();
        value = randomness(
            random_source{t[0].cast<std::uint64_t>(), t[1].cast<std::uint32_t>(), t[2].cast<std::uint64_t>()});
        return;
    }
    value = randomness(input<std::uint32_t>(source.cast<py::array>()));
}

void bind_kernels(py::module_& m) {
    m.def("round", [](const py::array& x, py::array out, const std::string& carrier_name, const format& f,
                      const projection& how, const py::object& random, int threads) {
        const python_randomness r(random);
        with_carrier(carrier_name, [&](auto t) {
            using T = decltype(t);
            const auto in = input<T>(x);
            const auto to = output<T>(out);
            const py::gil_scoped_release release;
            round(in, to, f, how, r.value, threads);
        });
    });
    m.def("encode", [](const py::array& x, py::array codes, const std::string& carrier_name, const format& f,
                       const projection& how, const py::object& random, int threads) {
        const python_randomness r(random);
        with_carrier(carrier_name, [&](auto t) {
            with_code(codes.itemsize(), [&](auto c) {
                const auto in = input<decltype(t)>(x);
                const auto to = output<decltype(c)>(codes);
                const py::gil_scoped_release release;
                encode(in, to, f, how, r.value, threads);
            });
        });
    });
    m.def("decode",
          [](const py::array& codes, py::array out, const std::string& carrier_name, const format& f, int threads) {
              with_carrier(carrier_name, [&](auto t) {
                  with_code(codes.itemsize(), [&](auto c) {
                      const auto in = input<decltype(c)>(codes);
                      const auto to = output<decltype(t)>(out);
                      const py::gil_scoped_release release;
                      decode(in, to, f, threads);
                  });
              });
          });
    m.def("probability_away", [](const py::array& x, py::array out, const std::string& carrier_name, const format& f,
                                 const std::string& rounding, int random_bits, int threads) {
        with_carrier(carrier_name, [&](auto t) {
            const auto in = input<decltype(t)>(x);
            const auto to = output<double>(out);
            const rounding_mode mode = parse_rounding(rounding);
            const py::gil_scoped_release release;
            probability_away(in, to, f, mode, random_bits, threads);
        });
    });
    m.def("fill_words",
          [](std::uint64_t seed, std::uint32_t stream, std::uint64_t first, std::uint32_t ordinal, py::array out) {
              const auto to = output<std::uint32_t>(out);
              const py::gil_scoped_release release;
              fill_words(random_source{seed, stream, 0}, first, ordinal, to);
          });
    m.def("backend", [] { return std::string(to_string(active_backend())); });
    m.def("backends", [] {
        py::list names;
        for (const backend b : available_backends()) names.append(std::string(to_string(b)));
        return names;
    });
    m.def("set_backend", [](const std::optional<std::string>& name) {
        set_backend(name ? std::optional(parse_backend(*name)) : std::nullopt);
    });
}

}  // namespace halfulp::python
