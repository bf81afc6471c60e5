#include "bindings.hpp"

namespace halfulp::python {

void bind_codecs(py::module_& m) {
    m.def("packed_size", [](std::uint64_t count, int bits) { return packed_size(count, bits); });
    m.def("pack", [](const py::array& codes, int bits, py::array out) {
        with_code(codes.itemsize(), [&](auto c) {
            using C = decltype(c);
            const auto in = input<C>(codes);
            const auto to = output<std::uint8_t>(out);
            const py::gil_scoped_release release;
            pack_codes(in, bits, to);
        });
    });
    m.def("unpack", [](const py::array& packed, int bits, py::array out) {
        with_code(out.itemsize(), [&](auto c) {
            using C = decltype(c);
            const auto in = input<std::uint8_t>(packed);
            const auto to = output<C>(out);
            const py::gil_scoped_release release;
            unpack_codes(in, bits, to);
        });
    });
}

}  // namespace halfulp::python
