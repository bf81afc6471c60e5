#include "bindings.hpp"
#include "halfulp/kernels/binarize.hpp"
#include "halfulp/kernels/choose_fixed_point.hpp"
#include "halfulp/kernels/cluster_adapter.hpp"
#include "halfulp/kernels/faults.hpp"
#include "halfulp/kernels/quantization_noise.hpp"
#include "halfulp/kernels/requantize.hpp"
#include "halfulp/kernels/trained_ternary.hpp"

namespace halfulp::python {
namespace {

using source_tuple = std::tuple<std::uint64_t, std::uint32_t, std::uint64_t>;
using runs_tuple = std::pair<std::uint64_t, std::uint64_t>;

random_source to_source(const source_tuple& t) { return {std::get<0>(t), std::get<1>(t), std::get<2>(t)}; }

value_runs to_runs(const runs_tuple& t) { return {t.first, t.second}; }

/// Calls f(Q{}) with the integer type of this NumPy name.
template <class F>
void with_requantized(std::string_view name, F&& f) {
    if (name == "int8") return f(std::int8_t{});
    if (name == "uint8") return f(std::uint8_t{});
    if (name == "int16") return f(std::int16_t{});
    if (name == "uint16") return f(std::uint16_t{});
    if (name == "int32") return f(std::int32_t{});
    throw std::logic_error("internal: no such type of requantized numbers");
}

void bind_fixed_point(py::module_& m) {
    m.def("quantize_multiplier", [](double d) {
        const quantized_multiplier q = quantize_multiplier(d);
        return std::pair(q.multiplier, q.shift);
    });
    m.def("requantize", [](const py::array& accumulators, const py::array& multipliers, const py::array& shifts,
                           int bits, bool is_signed, std::int64_t zero_point, std::uint64_t inner, bool single,
                           py::array out, const std::string& out_name) {
        const auto from = input<std::int32_t>(accumulators);
        const auto multiplier = input<std::int32_t>(multipliers);
        const auto shift = input<std::int32_t>(shifts);
        std::vector<quantized_multiplier> by;
        for (std::size_t i = 0; i < multiplier.size(); ++i) by.push_back({multiplier[i], shift[i]});
        const fixed_format to{static_cast<std::uint8_t>(bits), 0, is_signed};
        const requantize_options options{single ? requantization::single : requantization::gemmlowp, zero_point, inner};
        with_requantized(out_name, [&](auto q) {
            const auto target = output<decltype(q)>(out);
            const py::gil_scoped_release release;
            requantize(from, std::span<const quantized_multiplier>(by), to, target, options);
        });
    });
    m.def("choose_fixed_point", [](const py::array& x, const std::string& carrier_name, int bins, double threshold,
                                   int max_word_length, int min_fraction_length, int buffer_bits, const projection& how,
                                   const std::optional<source_tuple>& source) {
        fixed_point_choice choice;
        const fixed_point_search search{bins,
                                        threshold,
                                        max_word_length,
                                        min_fraction_length,
                                        buffer_bits,
                                        how,
                                        source ? to_source(*source) : random_source{}};
        with_carrier(carrier_name, [&](auto t) {
            const auto in = input<decltype(t)>(x);
            const py::gil_scoped_release release;
            choice = choose_fixed_point(in, search);
        });
        return std::tuple(choice.word_length, choice.fraction_length, choice.divergence);
    });
}

void bind_faults_and_noise(py::module_& m) {
    m.def("flip_bits", [](const py::array& codes, int width, bool is_signed, std::uint64_t mask, double rate,
                          bool each_bit, const source_tuple& source, py::array out) {
        fault_count count;
        with_code(codes.itemsize(), [&](auto c) {
            const auto in = input<decltype(c)>(codes);
            const auto to = output<decltype(c)>(out);
            const py::gil_scoped_release release;
            count = flip_bits(in, {width, is_signed}, mask, rate,
                              each_bit ? fault_kind::each_bit : fault_kind::one_bit_per_code, to_source(source), to);
        });
        return std::pair(count.codes, count.bits);
    });
    m.def("flip_mask", [](const format& f, const std::string& part) {
        if (const float_format* is = f.as_float()) return flip_mask(*is, part);
        throw std::invalid_argument("mask is '" + part + "' with a format that is no float, allowed: 'all', or bits");
    });
    m.def("fill_noise", [](bool gaussian, const source_tuple& source, py::array out) {
        const auto to = output<double>(out);
        const py::gil_scoped_release release;
        fill_noise(gaussian ? noise_kind::gaussian : noise_kind::uniform, to_source(source), to);
    });
    m.def("add_quantization_noise",
          [](const py::array& w, const std::string& carrier_name, const std::array<std::uint64_t, 4>& blocks, int bits,
             bool gaussian, const source_tuple& source, py::array out) {
              with_carrier(carrier_name, [&](auto t) {
                  const auto in = input<decltype(t)>(w);
                  const auto to = output<decltype(t)>(out);
                  const py::gil_scoped_release release;
                  add_quantization_noise(in, {blocks[0], blocks[1], blocks[2], blocks[3]}, bits,
                                         gaussian ? noise_kind::gaussian : noise_kind::uniform, to_source(source), to);
              });
          });
}

void bind_ternary(py::module_& m) {
    m.def("encode_trained_ternary",
          [](const py::array& w, const std::string& carrier_name, const runs_tuple& runs, std::uint64_t numerator,
             std::uint64_t denominator, py::array codes, py::array negative, py::array positive) {
              with_carrier(carrier_name, [&](auto t) {
                  const auto in = input<decltype(t)>(w);
                  const auto to = output<std::uint8_t>(codes);
                  const auto below = output<float>(negative);
                  const auto above = output<float>(positive);
                  const py::gil_scoped_release release;
                  encode_trained_ternary(in, to_runs(runs), {numerator, denominator}, to, below, above);
              });
          });
    m.def("decode_trained_ternary", [](const py::array& codes, const runs_tuple& runs, const py::array& negative,
                                       const py::array& positive, const std::string& carrier_name, py::array out) {
        with_carrier(carrier_name, [&](auto t) {
            const auto in = input<std::uint8_t>(codes);
            const auto below = input<float>(negative);
            const auto above = input<float>(positive);
            const auto to = output<decltype(t)>(out);
            const py::gil_scoped_release release;
            decode_trained_ternary(in, to_runs(runs), below, above, to);
        });
    });
}

void bind_binary(py::module_& m) {
    m.def("residual_binarize", [](const py::array& w, const std::string& carrier_name, const runs_tuple& runs,
                                  int order, py::array codes, py::array scales) {
        with_carrier(carrier_name, [&](auto t) {
            const auto in = input<decltype(t)>(w);
            const auto to = output<std::uint8_t>(codes);
            const auto by = output<float>(scales);
            const py::gil_scoped_release release;
            residual_binarize(in, to_runs(runs), order, to, by);
        });
    });
    m.def("residual_values", [](const py::array& codes, const runs_tuple& runs, int order, const py::array& scales,
                                const std::string& carrier_name, py::array out) {
        with_carrier(carrier_name, [&](auto t) {
            const auto in = input<std::uint8_t>(codes);
            const auto by = input<float>(scales);
            const auto to = output<decltype(t)>(out);
            const py::gil_scoped_release release;
            residual_values(in, to_runs(runs), order, by, to);
        });
    });
    m.def("binarize_about_mean", [](const py::array& w, const std::string& carrier_name, const runs_tuple& runs,
                                    py::array codes, py::array scales) {
        float mean = 0;
        with_carrier(carrier_name, [&](auto t) {
            const auto in = input<decltype(t)>(w);
            const auto to = output<std::uint8_t>(codes);
            const auto by = output<float>(scales);
            const py::gil_scoped_release release;
            mean = binarize_about_mean(in, to_runs(runs), to, by);
        });
        return mean;
    });
}

void bind_clusters(py::module_& m) {
    const auto kind_of = [](bool median) { return median ? centroid_kind::median : centroid_kind::mean; };
    m.def("normal_centroids", [kind_of](bool median, int bits) {
        const auto centroids = normal_centroids(kind_of(median), bits);
        return std::vector<float>(centroids.begin(), centroids.end());
    });
    m.def("cluster_encode",
          [kind_of](const py::array& w, const std::string& carrier_name, const runs_tuple& runs, int bits, bool median,
                    double epsilon, py::array codes, py::array means, py::array deviations) {
              with_carrier(carrier_name, [&](auto t) {
                  const auto in = input<decltype(t)>(w);
                  const auto to = output<std::uint8_t>(codes);
                  const auto mean = output<float>(means);
                  const auto deviation = output<float>(deviations);
                  const py::gil_scoped_release release;
                  cluster_encode(in, to_runs(runs), bits, kind_of(median), epsilon, to, mean, deviation);
              });
          });
    m.def("cluster_decode",
          [kind_of](const py::array& codes, const runs_tuple& runs, int bits, bool median, const py::array& means,
                    const py::array& deviations, const std::string& carrier_name, py::array out) {
              with_carrier(carrier_name, [&](auto t) {
                  const auto in = input<std::uint8_t>(codes);
                  const auto mean = input<float>(means);
                  const auto deviation = input<float>(deviations);
                  const auto to = output<decltype(t)>(out);
                  const py::gil_scoped_release release;
                  cluster_decode(in, to_runs(runs), bits, kind_of(median), mean, deviation, to);
              });
          });
}

}  // namespace

void bind_lowbit(py::module_& m) {
    bind_fixed_point(m);
    bind_faults_and_noise(m);
    bind_ternary(m);
    bind_binary(m);
    bind_clusters(m);
}

}  // namespace halfulp::python
