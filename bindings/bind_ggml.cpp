#include "bindings.hpp"
#include "halfulp/blocks/ggml.hpp"
#include "halfulp/codecs/ternary_packing.hpp"

namespace halfulp::python {

void bind_ggml(py::module_& m) {
    m.def("ggml_types", [] {
        py::list types;
        for (const ggml_type type : ggml_types) {
            const ggml_block_size block = ggml_block(type);
            types.append(py::make_tuple(std::string(to_string(type)), static_cast<int>(type), block.values, block.bytes,
                                        is_written(type)));
        }
        return types;
    });
    m.def("ggml_name", [](const std::string& name) { return std::string(to_string(parse_ggml_type(name))); });
    m.def("ggml_code_range", [](const std::string& type) {
        const ggml_code_range range = ggml_codes(parse_ggml_type(type));
        return py::make_tuple(range.lowest, range.highest);
    });
    m.def("ggml_quantize", [](const std::string& type, const py::array& x, py::array out, int threads) {
        const ggml_type of = parse_ggml_type(type);
        const auto in = input<float>(x);
        const auto to = output<std::uint8_t>(out);
        const py::gil_scoped_release release;
        ggml_quantize(of, in, to, threads);
    });
    m.def("ggml_dequantize", [](const std::string& type, const py::array& bytes, py::array out, int threads) {
        const ggml_type of = parse_ggml_type(type);
        const auto in = input<std::uint8_t>(bytes);
        const auto to = output<float>(out);
        const py::gil_scoped_release release;
        ggml_dequantize(of, in, to, threads);
    });
    m.def("ggml_unpack", [](const std::string& type, const py::array& bytes, py::array codes, py::array scales) {
        const ggml_type of = parse_ggml_type(type);
        const auto in = input<std::uint8_t>(bytes);
        const auto integers = output<std::int8_t>(codes);
        const auto halves = output<std::uint16_t>(scales);
        const py::gil_scoped_release release;
        ggml_unpack(of, in, integers, halves);
    });
    m.def("ggml_pack", [](const std::string& type, const py::array& codes, const py::array& scales, py::array bytes) {
        const ggml_type of = parse_ggml_type(type);
        const auto integers = input<std::int8_t>(codes);
        const auto halves = input<std::uint16_t>(scales);
        const auto to = output<std::uint8_t>(bytes);
        const py::gil_scoped_release release;
        ggml_pack(of, integers, halves, to);
    });
    m.def("packed_base3_size", [](std::uint64_t count) { return packed_base3_size(count); });
    m.def("pack_base3", [](const py::array& codes, py::array out) {
        const auto in = input<std::uint8_t>(codes);
        const auto to = output<std::uint8_t>(out);
        const py::gil_scoped_release release;
        pack_base3(in, to);
    });
    m.def("unpack_base3", [](const py::array& packed, py::array codes) {
        const auto in = input<std::uint8_t>(packed);
        const auto to = output<std::uint8_t>(codes);
        const py::gil_scoped_release release;
        unpack_base3(in, to);
    });
}

}  // namespace halfulp::python
