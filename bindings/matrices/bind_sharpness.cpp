// Estimates of a matrix that is known by its products.
#include "halfulp/sharpness/trace.hpp"
#include "sharpness_operator.hpp"

namespace halfulp::python {
namespace {

trace_options to_trace_options(const std::string& distribution, std::uint64_t seed, std::size_t probes,
                               std::optional<double> absolute, std::optional<double> relative, std::size_t least) {
    return {parse_probe_distribution(distribution), seed, probes, {absolute, relative, least}};
}

py::dict as_dict(const trace_estimate& e) {
    py::dict out;
    out["value"] = e.value;
    out["standard_error"] = e.standard_error;
    out["samples"] = array_of(e.samples);
    out["exact"] = e.exact;
    out["products"] = e.products;
    out["met"] = e.met;
    return out;
}

}  // namespace

void bind_sharpness(py::module_& m) {
    m.def("estimate_trace", [](const py::function& f, std::size_t size, const std::string& method, std::size_t sketch,
                               const std::string& distribution, std::uint64_t seed, std::size_t probes,
                               std::optional<double> absolute, std::optional<double> relative, std::size_t least) {
        const linear_operator a = operator_of(f, size);
        const trace_options options = to_trace_options(distribution, seed, probes, absolute, relative, least);
        trace_estimate out;
        {
            const py::gil_scoped_release release;
            out = method == "hutch++"  ? hutch_plus_plus_trace(a, sketch, options)
                  : method == "xtrace" ? exchangeable_trace(a, options)
                                       : hutchinson_trace(a, options);
        }
        return as_dict(out);
    });
    m.def("estimate_block_traces",
          [](const py::function& f, const std::vector<std::size_t>& starts, const std::string& distribution,
             std::uint64_t seed, std::size_t probes, std::optional<double> absolute, std::optional<double> relative,
             std::size_t least) {
              const linear_operator a = operator_of(f, starts.back());
              const trace_options options = to_trace_options(distribution, seed, probes, absolute, relative, least);
              std::vector<trace_estimate> found;
              {
                  const py::gil_scoped_release release;
                  found = block_traces(a, starts, options);
              }
              py::list out;
              for (const trace_estimate& e : found) out.append(as_dict(e));
              return out;
          });
    m.def("estimate_diagonal", [](const py::function& f, std::size_t size, std::uint64_t seed, std::size_t probes,
                                  std::optional<double> absolute, std::optional<double> relative, std::size_t least) {
        const linear_operator a = operator_of(f, size);
        const trace_options options = to_trace_options("rademacher", seed, probes, absolute, relative, least);
        diagonal_estimate found;
        {
            const py::gil_scoped_release release;
            found = estimate_diagonal(a, options);
        }
        py::dict out;
        out["value"] = to_array(std::move(found.values));
        out["standard_error"] = to_array(std::move(found.standard_errors));
        out["products"] = found.products;
        out["met"] = found.met;
        return out;
    });
    m.def("asymmetry", [](const py::function& f, std::size_t size, std::size_t pairs, std::uint64_t seed) {
        const linear_operator a = operator_of(f, size);
        const py::gil_scoped_release release;
        return asymmetry_of(a, pairs, seed);
    });
    m.def("fill_probe", [](const std::string& distribution, std::uint64_t seed, std::uint32_t index, py::array z) {
        fill_probe(parse_probe_distribution(distribution), seed, index, output<double>(z));
    });
}

}  // namespace halfulp::python
