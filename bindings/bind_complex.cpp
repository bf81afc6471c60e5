#include <complex>
#include <utility>

#include "bindings.hpp"
#include "halfulp/codecs/ifairy_packing.hpp"
#include "halfulp/kernels/phase.hpp"
#include "halfulp/kernels/phase_product.hpp"
#include "halfulp/kernels/widely_linear.hpp"

namespace halfulp::python {
namespace {

/// Calls f(T{}) with the type of a complex array's parts.
template <class F>
decltype(auto) with_parts(const py::array& complex, F&& f) {
    switch (complex.itemsize()) {
        case sizeof(std::complex<float>): return f(float{});
        case sizeof(std::complex<double>): return f(double{});
        default: throw std::logic_error("internal: no such complex array");
    }
}

phase_rule to_rule(const std::string& name) {
    if (name == "exact") return phase_rule::exact;
    if (name == "atan2_fp32") return phase_rule::atan2_binary32;
    throw std::invalid_argument("rule is '" + name + "', allowed: exact, atan2_fp32");
}

/// Of a tuple (rows, length of a row, length of a group).
using layout_tuple = std::array<std::uint64_t, 3>;
phase_layout to_layout(const layout_tuple& t) { return {t[0], t[1], t[2]}; }

float_format to_scale_format(const format& f) {
    if (const float_format* is = f.as_float()) return *is;
    throw std::invalid_argument("the scales' format is " + to_string(f) +
                                ", allowed for complex codes: a float format");
}

phase_options to_phase_options(const format& scale, const std::optional<std::string>& scale_rounding, float floor,
                               const std::string& rule, const std::string& nan, int threads) {
    phase_options options;
    options.scale = to_scale_format(scale);
    if (scale_rounding) options.scale_rounding = parse_rounding(*scale_rounding);
    options.floor = floor;
    options.rule = to_rule(rule);
    options.nan = parse_nan(nan);
    options.threads = threads;
    return options;
}

void bind_codes(py::module_& m) {
    m.def("phase_encode",
          [](const py::array& x, py::array codes, const std::string& rule, const std::string& nan, int threads) {
              with_parts(x, [&](auto t) {
                  const auto from = input<std::complex<decltype(t)>>(x);
                  const auto to = output<std::uint8_t>(codes);
                  const phase_rule by = to_rule(rule);
                  const nan_policy policy = parse_nan(nan);
                  const py::gil_scoped_release release;
                  phase_encode(from, to, by, policy, threads);
              });
          });
    m.def("phase_round",
          [](const py::array& x, py::array out, const std::string& rule, const std::string& nan, int threads) {
              with_parts(x, [&](auto t) {
                  const auto from = input<std::complex<decltype(t)>>(x);
                  const auto to = output<std::complex<decltype(t)>>(out);
                  const phase_rule by = to_rule(rule);
                  const nan_policy policy = parse_nan(nan);
                  const py::gil_scoped_release release;
                  phase_round(from, to, by, policy, threads);
              });
          });
    m.def("phase_decode", [](const py::array& codes, py::array out, int threads) {
        with_parts(out, [&](auto t) {
            const auto from = input<std::uint8_t>(codes);
            const auto to = output<std::complex<decltype(t)>>(out);
            const py::gil_scoped_release release;
            phase_decode(from, to, threads);
        });
    });
    m.def("pack_ifairy", [](const py::array& codes, bool older, py::array out) {
        pack_ifairy(input<std::uint8_t>(codes), older ? ifairy_order::by_128 : ifairy_order::by_64,
                    output<std::uint8_t>(out));
    });
    m.def("unpack_ifairy", [](const py::array& packed, bool older, py::array codes) {
        unpack_ifairy(input<std::uint8_t>(packed), older ? ifairy_order::by_128 : ifairy_order::by_64,
                      output<std::uint8_t>(codes));
    });
}

void bind_scales(py::module_& m) {
    m.def("phase_quantize",
          [](const py::array& x, const layout_tuple& layout, int stages, py::array codes, py::array scale_codes,
             const format& scale, const std::optional<std::string>& scale_rounding, float floor,
             const std::string& rule, const std::string& nan, int threads) {
              return with_parts(x, [&](auto t) {
                  const auto from = input<std::complex<decltype(t)>>(x);
                  const auto to = output<std::uint8_t>(codes);
                  const auto scales = output<std::uint64_t>(scale_codes);
                  const phase_options options = to_phase_options(scale, scale_rounding, floor, rule, nan, threads);
                  const py::gil_scoped_release release;
                  return phase_residual_quantize(from, to_layout(layout), stages, to, scales, options);
              });
          });
    m.def("phase_dequantize", [](const py::array& codes, const layout_tuple& layout, int stages,
                                 const py::array& scale_codes, const format& scale, py::array out, int threads) {
        with_parts(out, [&](auto t) {
            const auto from = input<std::uint8_t>(codes);
            const auto scales = input<std::uint64_t>(scale_codes);
            const auto to = output<std::complex<decltype(t)>>(out);
            const float_format f = to_scale_format(scale);
            const py::gil_scoped_release release;
            if (stages == 1) {
                phase_dequantize(from, to_layout(layout), scales, f, to, threads);
            } else {
                phase_residual_dequantize(from, to_layout(layout), stages, scales, f, to, threads);
            }
        });
    });
    m.def("phase_fake_quantize", [](const py::array& x, const layout_tuple& layout, py::array out, const format& scale,
                                    const std::optional<std::string>& scale_rounding, float floor,
                                    const std::string& rule, const std::string& nan, int threads) {
        return with_parts(x, [&](auto t) {
            const auto from = input<std::complex<decltype(t)>>(x);
            const auto to = output<std::complex<decltype(t)>>(out);
            const phase_options options = to_phase_options(scale, scale_rounding, floor, rule, nan, threads);
            const py::gil_scoped_release release;
            return phase_fake_quantize(from, to_layout(layout), to, options);
        });
    });
    m.def("phase_matvec", [](const py::array& codes, std::uint64_t n, std::uint64_t columns, const layout_tuple& layout,
                             const py::array& scale_codes, const format& scale, const py::array& x, py::array y,
                             bool conjugate, bool exact, int threads) {
        with_parts(x, [&](auto t) {
            const auto from = input<std::uint8_t>(codes);
            const auto scales = input<std::uint64_t>(scale_codes);
            const auto vector = input<std::complex<decltype(t)>>(x);
            const auto to = output<std::complex<decltype(t)>>(y);
            const float_format f = to_scale_format(scale);
            const py::gil_scoped_release release;
            phase_matvec(from, n, columns, to_layout(layout), scales, f, vector, to,
                         conjugate ? phase_convention::conjugated : phase_convention::plain,
                         exact ? phase_accumulation::exact : phase_accumulation::sequential, threads);
        });
    });
}

void bind_widely_linear(py::module_& m) {
    m.def("to_widely_linear",
          [](const py::array& matrix, std::uint64_t n, std::uint64_t columns, py::array u, py::array w) {
              with_parts(u, [&](auto t) {
                  using number = std::complex<decltype(t)>;
                  to_widely_linear(input<decltype(t)>(matrix), n, columns, output<number>(u), output<number>(w));
              });
          });
    m.def("from_widely_linear",
          [](const py::array& u, const py::array& w, std::uint64_t n, std::uint64_t columns, py::array matrix) {
              with_parts(u, [&](auto t) {
                  using number = std::complex<decltype(t)>;
                  from_widely_linear(input<number>(u), input<number>(w), n, columns, output<decltype(t)>(matrix));
              });
          });
}

}  // namespace

/// The complex code {±1, ±i}.
void bind_complex(py::module_& m) {
    bind_codes(m);
    bind_scales(m);
    bind_widely_linear(m);
}

}  // namespace halfulp::python
