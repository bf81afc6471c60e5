// Error reconstruction: norms of errors, and what is best under them.
#include "halfulp/matrices/orthonormal.hpp"
#include "halfulp/matrices/product.hpp"
#include "halfulp/matrices/random_matrix.hpp"
#include "halfulp/reconstruct/accumulated_error.hpp"
#include "halfulp/reconstruct/alternate.hpp"
#include "halfulp/reconstruct/feedback.hpp"
#include "halfulp/reconstruct/joint_heads.hpp"
#include "halfulp/reconstruct/low_rank.hpp"
#include "halfulp/reconstruct/quantized_factors.hpp"
#include "halfulp/reconstruct/scheme_quantizer.hpp"
#include "matrix_arrays.hpp"

namespace halfulp::python {
namespace {

template <class T>
void subtract(const py::array& from, matrix& a) {
    const std::span<const T> elements = input<T>(from);
    for (std::size_t i = 0; i < a.size(); ++i) a.data()[i] -= static_cast<double>(elements[i]);
}

/// An array of float32 or float64 as a matrix.
matrix widened(const py::array& a) {
    if (a.itemsize() == static_cast<py::ssize_t>(sizeof(double))) return to_matrix(a);
    const std::span<const float> elements = input<float>(a);
    matrix out = matrix::from_shape({static_cast<std::size_t>(a.shape(0)), static_cast<std::size_t>(a.shape(1))});
    std::copy(elements.begin(), elements.end(), out.begin());
    return out;
}

/// weight − weight_q without another copy of either; None is 0.
matrix error_of(const py::array& weight, const py::object& weight_q) {
    matrix out = widened(weight);
    if (weight_q.is_none()) return out;
    const auto q = weight_q.cast<py::array>();
    if (static_cast<std::size_t>(q.size()) != out.size()) throw std::logic_error("internal: shapes differ");
    if (q.itemsize() == static_cast<py::ssize_t>(sizeof(double))) {
        subtract<double>(q, out);
    } else {
        subtract<float>(q, out);
    }
    return out;
}

/// (rank, share, within_range, route, seed, oversampling, power_iterations).
low_rank_options to_low_rank_options(const py::tuple& t) {
    low_rank_options out;
    out.rank = t[0].cast<std::size_t>();
    out.share = t[1].cast<double>();
    out.within_range = t[2].cast<bool>();
    out.svd.route = parse_svd_route(t[3].cast<std::string>());
    out.svd.seed = t[4].cast<std::uint64_t>();
    out.svd.oversampling = t[5].cast<std::size_t>();
    out.svd.power_iterations = t[6].cast<std::size_t>();
    return out;
}

/// The schemes of both factors and the number of iterations, or nothing.
struct factor_schemes {
    scheme_quantizer left;
    scheme_quantizer right;
    std::size_t iterations;
};

/// Groups run along the channels of the left factor and the outputs of the right one: the rank is the short side.
std::optional<factor_schemes> to_factor_schemes(const py::object& given) {
    if (given.is_none()) return std::nullopt;
    const auto t = given.cast<py::tuple>();
    const auto along = [](const scheme& s, int axis) { return scheme_quantizer(s, s.flat ? 1 : axis); };
    return factor_schemes{along(t[0].cast<const scheme&>(), 0), along(t[1].cast<const scheme&>(), 1),
                          t[2].cast<std::size_t>()};
}

low_rank_correction correct_with_factors(const matrix& error, const error_norm& norm, const low_rank_options& options,
                                         const std::optional<factor_schemes>& schemes) {
    low_rank_correction out = correct(error, norm, options);
    if (schemes) {
        quantized_factors q = quantize_factors(error, norm, out, schemes->left, schemes->right, schemes->iterations);
        out.left = std::move(q.left);
        out.right = std::move(q.right);
        out.error = q.error;
    }
    return out;
}

py::dict as_dict(low_rank_correction&& c) {
    py::dict out;
    out["A"] = to_array(std::move(c.left));
    out["B"] = to_array(std::move(c.right));
    out["singular_values"] = to_array(std::move(c.values));
    out["error"] = c.error;
    out["optimum"] = c.optimum;
    out["uncorrected"] = c.uncorrected;
    out["algorithm"] = std::string(to_string(c.route));
    return out;
}

/// Σ wᵢⱼ dᵢⱼ².
double weighted_sum(const matrix& weights, const matrix& d) {
    double out = 0;
    for (std::size_t i = 0; i < rows_of(d); ++i) {
        double row = 0;
        for (std::size_t j = 0; j < columns_of(d); ++j) row += weights(i, j) * d(i, j) * d(i, j);
        out += row;
    }
    return out;
}

py::object optional_spectrum(const error_norm& norm) {
    if (!norm.spectrum()) return py::none();
    const moment_spectrum& s = *norm.spectrum();
    return py::make_tuple(s.rank, s.largest, s.smallest, s.smallest_counted);
}

}  // namespace

void bind_reconstruct(py::module_& m) {
    py::class_<error_norm>(m, "ErrorNorm")
        .def_static("plain", [](std::size_t channels) { return error_norm(channels); })
        .def_static("of_scales", [](const py::array& scales) { return error_norm::of_scales(to_vector(scales)); })
        .def_static("of_second_moment",
                    [](const py::array& moment, double ridge, bool spectrum) {
                        matrix r = to_matrix(moment);
                        const py::gil_scoped_release release;
                        return error_norm::of_second_moment(std::move(r), ridge, spectrum);
                    })
        .def("weigh_outputs", [](error_norm& norm, const py::array& w) { norm.weigh_outputs(to_vector(w)); })
        .def_property_readonly("channels", &error_norm::channels)
        .def_property_readonly("spectrum", &optional_spectrum)
        .def("squared", [](const error_norm& norm, const py::array& weight, const py::object& weight_q) {
            matrix e = error_of(weight, weight_q);
            const py::gil_scoped_release release;
            return norm.squared(std::move(e));
        });
    m.def("low_rank", [](const py::array& weight, const py::object& weight_q, const error_norm& norm,
                         const py::tuple& options, const py::object& factors) {
        const matrix error = error_of(weight, weight_q);
        const low_rank_options how = to_low_rank_options(options);
        const std::optional<factor_schemes> schemes = to_factor_schemes(factors);
        low_rank_correction out;
        {
            const py::gil_scoped_release release;
            out = correct_with_factors(error, norm, how, schemes);
        }
        return as_dict(std::move(out));
    });
    // The plain squared error of W − Wq − A B, and that of the output where a second moment is given (None: None).
    m.def("measure_error", [](const py::array& weight, const py::object& weight_q, const py::array& left,
                              const py::array& right, const py::object& moment) {
        matrix rest = error_of(weight, weight_q);
        const matrix a = to_matrix(left);
        const matrix b = to_matrix(right);
        std::optional<matrix> r;
        if (!moment.is_none()) r = to_matrix(moment.cast<py::array>());
        double plain = 0;
        std::optional<double> output;
        {
            const py::gil_scoped_release release;
            subtract_product(a, b, rest);
            plain = squared_norm(rest);
            if (r) {
                const matrix moved = product(*r, rest);
                double sum = 0;
                for (std::size_t i = 0; i < rows_of(rest); ++i) {
                    double row = 0;
                    for (std::size_t j = 0; j < columns_of(rest); ++j) row += rest(i, j) * moved(i, j);
                    sum += row;
                }
                output = sum;
            }
        }
        return std::pair(plain, output);
    });
    m.def("alternate", [](const py::array& weight, const scheme& s, int axis, const std::string& rounding,
                          const py::object& moment, double damping, const error_norm& norm, const error_norm* cost_norm,
                          const py::tuple& options, const py::object& factors, const py::object& importance,
                          std::size_t iterations, bool low_rank_first, bool stop_when_worse) {
        const matrix w = widened(weight);
        const scheme_quantizer quantizer(s, axis);
        const low_rank_options how = to_low_rank_options(options);
        const std::optional<factor_schemes> schemes = to_factor_schemes(factors);
        std::optional<matrix> r;
        std::optional<matrix> weights;
        if (!moment.is_none()) r = to_matrix(moment.cast<py::array>());
        if (!importance.is_none()) weights = to_matrix(importance.cast<py::array>());
        double used_damping = 0;
        alternation out;
        {
            const py::gil_scoped_release release;
            std::optional<fixed_grid> grid;
            const auto quantize = [&](const matrix& x) {
                if (rounding == "feedback") {
                    feedback_result result = round_with_feedback(x, r.value(), quantizer, damping);
                    used_damping = result.damping;
                    return std::move(result.values);
                }
                if (rounding == "nearest") return quantizer(x);
                if (!grid) grid.emplace(x, quantizer);  // "fixed": scales of the first call stay
                return grid->project(x);
            };
            const auto correction = [&](const matrix& e) { return correct_with_factors(e, norm, how, schemes); };
            const auto cost = [&](const matrix& d) {
                return weights ? weighted_sum(*weights, d) : (cost_norm != nullptr ? *cost_norm : norm).squared(d);
            };
            out = alternate(w, quantize, correction, cost, {iterations, low_rank_first, stop_when_worse});
        }
        py::dict result = as_dict(std::move(out.correction));
        result["weight_q"] = to_array(std::move(out.quantized));
        result["cost"] = out.error;
        result["iteration"] = out.iteration;
        result["history"] = out.history;
        result["damping"] = used_damping;
        return result;
    });
    m.def("correct_accumulated", [](const py::array& weight, const py::array& moment, const py::array& cross,
                                    const py::array& reference, std::optional<double> alpha, const py::tuple& options) {
        const matrix w = widened(weight);
        const matrix h = to_matrix(moment);
        const matrix c = to_matrix(cross);
        const matrix f = to_matrix(reference);
        const low_rank_options how = to_low_rank_options(options);
        accumulated_error_result out;
        {
            const py::gil_scoped_release release;
            out = correct_accumulated(w, h, c, f, alpha, how);
        }
        py::dict result = as_dict(std::move(out.correction));
        result["alpha"] = out.alpha;
        result["retained"] = out.retained;
        return result;
    });
    m.def("join_heads", [](const py::array& value, const py::array& output, const error_norm& norm, std::size_t heads,
                           const py::tuple& options) {
        const matrix v = widened(value);
        const matrix o = widened(output);
        const low_rank_options how = to_low_rank_options(options);
        low_rank_correction out;
        {
            const py::gil_scoped_release release;
            out = join_heads(v, o, norm, heads, how);
        }
        return as_dict(std::move(out));
    });
    m.def("normal_matrix", [](std::size_t rows, std::size_t columns, std::uint64_t seed, std::uint32_t stream) {
        return to_array(normal_matrix(rows, columns, seed, stream));
    });
}

}  // namespace halfulp::python
