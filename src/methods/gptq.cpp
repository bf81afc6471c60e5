#include "halfulp/methods/gptq.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>

#include "halfulp/formats/name.hpp"
#include "halfulp/matrices/cholesky.hpp"
#include "halfulp/matrices/product.hpp"
#include "halfulp/methods/row_quantizer.hpp"
#include "kernels/hadamard.hpp"
#include "matrices/lapack.hpp"

namespace halfulp {
namespace {

using detail::blas_size;
using detail::leading;

constexpr double least_raised = 1e-8;
constexpr double most_damping = 1;

/// Two sums of the same products in different orders, as BLAS may form h, differ by less.
constexpr double symmetry_tolerance = 1e-9;

std::string text_of(double x) {
    std::array<char, 32> out{};
    (void)std::snprintf(out.data(), out.size(), "%.10g", x);
    return out.data();
}

void check_moment(const matrix& w, const matrix& h) {
    if (rows_of(h) != rows_of(w) || columns_of(h) != rows_of(w)) {
        throw std::invalid_argument("h has shape " + detail::shape_text(h) + ", allowed: (" +
                                    std::to_string(rows_of(w)) + ", " + std::to_string(rows_of(w)) +
                                    "), as w has shape " + detail::shape_text(w));
    }
    for (const double x : w) {
        if (!std::isfinite(x)) throw std::invalid_argument("w holds " + text_of(x) + ", allowed: finite numbers");
    }
    double largest = 0;
    for (const double x : h) {
        if (!std::isfinite(x)) throw std::invalid_argument("h holds " + text_of(x) + ", allowed: finite numbers");
        largest = std::max(largest, std::fabs(x));
    }
    const std::size_t n = rows_of(h);
    std::vector<double> root(n);
    for (std::size_t i = 0; i < n; ++i) {
        root[i] = std::sqrt(std::max(h(i, i), 0.0));
        if (h(i, i) < 0) {
            throw std::invalid_argument("h[" + std::to_string(i) + ", " + std::to_string(i) + "] is " +
                                        text_of(h(i, i)) + ", allowed: a second moment, 0 or more on the diagonal");
        }
        for (std::size_t j = 0; j < i; ++j) {
            if (std::fabs(h(i, j) - h(j, i)) > symmetry_tolerance * largest) {
                throw std::invalid_argument("h[" + std::to_string(i) + ", " + std::to_string(j) + "] is " +
                                            text_of(h(i, j)) + " and its mirror " + text_of(h(j, i)) +
                                            ", allowed: a symmetric h");
            }
            // |E[x_i x_j]|^2 <= E[x_i^2] E[x_j^2]
            const double bound = root[i] * root[j];
            if (std::fabs(h(i, j)) > bound * (1 + symmetry_tolerance) + symmetry_tolerance * largest) {
                throw std::invalid_argument("h[" + std::to_string(i) + ", " + std::to_string(j) + "] is " +
                                            text_of(h(i, j)) + ", allowed: at most " + text_of(bound) +
                                            ", the root of the product of its diagonal entries: h is not a second "
                                            "moment");
            }
        }
    }
}

/// What GPTQ multiplies errors by: the upper U with (damped h)^-1 = Uᵀ U, in the order of the rows.
struct feedback {
    matrix upper;
    double damping = 0;
    int raised = 0;
    double reciprocal_condition = 0;
    double trace = 0;
};

/// Cholesky's factor of h in reverse order, plus damping × mean; turned round again it is the upper R with h = R Rᵀ.
/// Nothing where h is not positive definite.
std::optional<matrix> reversed_factor(const matrix& h, std::span<const std::size_t> order, double added) {
    const std::size_t n = rows_of(h);
    matrix a = matrix::from_shape({n, n});
    for (std::size_t i = 0; i < n; ++i) {
        const std::size_t from = order[n - 1 - i];
        for (std::size_t j = 0; j < n; ++j) a(i, j) = h(from, order[n - 1 - j]);
        a(i, i) += added;
    }
    return cholesky_of(std::move(a));
}

double one_norm(const matrix& h, double added) {
    double most = 0;
    for (std::size_t i = 0; i < rows_of(h); ++i) {
        double sum = added;
        for (std::size_t j = 0; j < rows_of(h); ++j) sum += std::fabs(h(i, j));
        most = std::max(most, sum);
    }
    return most;
}

feedback feedback_of(const matrix& h, std::span<const std::size_t> order, const gptq_options& options) {
    const std::size_t n = rows_of(h);
    double mean = 0;
    for (std::size_t i = 0; i < n; ++i) mean += h(i, i) / static_cast<double>(n);
    feedback out;
    out.damping = options.damping;
    std::optional<matrix> factor = reversed_factor(h, order, out.damping * mean);
    while (!factor.has_value()) {
        out.damping = std::max(out.damping * 10, least_raised);
        if (out.damping > most_damping) {
            throw std::invalid_argument(
                "damping is " + text_of(options.damping) + " and not even " + text_of(most_damping) +
                " of the mean of h's diagonal makes h positive definite: h is no second moment");
        }
        ++out.raised;
        factor = reversed_factor(h, order, out.damping * mean);
    }
    if (out.raised != 0 && !options.raise_damping) {
        throw std::invalid_argument("damping is " + text_of(options.damping) +
                                    ", with which h is not positive definite to working precision; the least of its "
                                    "tenfolds from 1e-8 on that works is " +
                                    text_of(out.damping));
    }
    const detail::blas_index_t size = blas_size(n);
    std::vector<double> work(3 * n);
    std::vector<detail::blas_index_t> indices(n);
    detail::require_success("dpocon", cxxlapack::pocon<detail::blas_index_t>(
                                          'U', size, factor->data(), size, one_norm(h, out.damping * mean),
                                          out.reciprocal_condition, work.data(), indices.data()));
    for (std::size_t i = 0; i < n; ++i) out.trace += (*factor)(i, i) * (*factor)(i, i);
    // Our lower triangle is LAPACK's upper one.
    detail::require_success("dtrtri", cxxlapack::trtri<detail::blas_index_t>('U', 'N', size, factor->data(), size));
    out.upper = xt::zeros<double>({n, n});
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = i; j < n; ++j) out.upper(i, j) = (*factor)(n - 1 - i, n - 1 - j);
    }
    return out;
}

/// out -= aᵀ b for parts of row-major memory, where a is (inner, rows), b (inner, columns), out (rows, columns); strides are between rows.
void subtract_product(std::size_t rows, std::size_t columns, std::size_t inner, const double* a, std::size_t a_stride,
                      const double* b, std::size_t b_stride, double* out, std::size_t out_stride) {
    if (rows == 0 || columns == 0 || inner == 0) return;
    cxxblas::gemm(cxxblas::RowMajor, cxxblas::Trans, cxxblas::NoTrans, blas_size(rows), blas_size(columns),
                  blas_size(inner), -1.0, a, leading(a_stride), b, leading(b_stride), 1.0, out, leading(out_stride));
}

/// The weights while they are quantized, their rows in the order in which they come. Rows of the current lazy block
/// and behind are those of its start; what its rows have lost since then is in `errors`.
class descent {
  public:
    descent(const matrix& w, const feedback& by, std::span<const std::size_t> order, const scheme& s,
            const gptq_options& options)
        : upper_(by.upper),
          order_(order),
          options_(options),
          rows_(rows_of(w)),
          columns_(columns_of(w)),
          quantizer_(s, rows_, columns_, options.axis, options.channel_axis),
          scales_(quantizer_.blocks()),
          work_(matrix::from_shape({rows_, columns_})),
          errors_(matrix::from_shape({std::min(options.lazy_rows, std::max<std::size_t>(rows_, 1)), columns_})),
          place_(rows_) {
        for (std::size_t i = 0; i < rows_; ++i) {
            place_[order[i]] = i;
            std::copy_n(&w(order[i], 0), columns_, &work_(i, 0));
        }
        quantizer_.start({w.data(), w.size()});
        if (!options.static_scales) return;
        for (std::size_t b = 0; b < scales_.size(); ++b) {
            const std::size_t first = b * quantizer_.block_rows();
            const std::size_t count = std::min(quantizer_.block_rows(), rows_ - first);
            scales_[b] = quantizer_.choose(b, {&w(first, 0), count * columns_}, weights_of(first, count));
        }
    }

    void run(gptq_result& out) {
        out.values = matrix::from_shape({rows_, columns_});
        out.codes.resize(rows_ * columns_);
        for (std::size_t from = 0; from < rows_; from += rows_of(errors_)) {
            const std::size_t to = std::min(from + rows_of(errors_), rows_);
            for (std::size_t i = from; i < to; ++i) quantize_row(from, i, out);
            subtract_product(rows_ - to, columns_, to - from, &upper_(from, 0) + to, rows_, errors_.data(), columns_,
                             work_.data() + to * columns_, columns_);
        }
        for (const auto& scales : scales_) out.report.zero_scales += scales->zero_scales();
        out.planes = quantizer_.whole(scales_);
    }

  private:
    void quantize_row(std::size_t from, std::size_t i, gptq_result& out) {
        // What the rows before it in the lazy block have left to it.
        subtract_product(1, columns_, i - from, &upper_(from, 0) + i, rows_, errors_.data(), columns_, &work_(i, 0),
                         columns_);
        const std::size_t row = order_[i];
        const std::size_t block = row / quantizer_.block_rows();
        const std::size_t first = block * quantizer_.block_rows();
        if (!scales_[block]) scales_[block] = choose(block, first, from, i);
        const std::span<const double> x(&work_(i, 0), columns_);
        const std::span<double> values(&out.values(row, 0), columns_);
        out.report.saturated +=
            quantizer_.project(*scales_[block], row - first, x, {out.codes.data() + row * columns_, columns_}, values);
        double* const error = &errors_(i - from, 0);
        const double pivot = upper_(i, i);
        for (std::size_t c = 0; c < columns_; ++c) error[c] = (x[c] - values[c]) / pivot;
    }

    /// From the block's rows as they are now, of which row i is the first to come.
    fixed_scales choose(std::size_t block, std::size_t first, std::size_t from, std::size_t i) {
        const std::size_t count = std::min(quantizer_.block_rows(), rows_ - first);
        snapshot_.resize(count * columns_);
        const std::size_t pending = i - from;
        coefficients_.assign(pending * count, 0.0);
        for (std::size_t r = 0; r < count; ++r) {
            const std::size_t at = place_[first + r];
            std::copy_n(&work_(at, 0), columns_, snapshot_.data() + r * columns_);
            if (at == i) continue;  // up to date
            for (std::size_t k = 0; k < pending; ++k) coefficients_[k * count + r] = upper_(from + k, at);
        }
        subtract_product(count, columns_, pending, coefficients_.data(), count, errors_.data(), columns_,
                         snapshot_.data(), columns_);
        return quantizer_.choose(block, snapshot_, weights_of(first, count));
    }

    std::span<const double> weights_of(std::size_t first, std::size_t count) {
        if (options_.importance.empty()) return {};
        weights_.resize(count * columns_);
        for (std::size_t k = 0; k < weights_.size(); ++k)
            weights_[k] = options_.importance[options_.axis == 0 ? first + k / columns_ : k % columns_];
        return weights_;
    }

    const matrix& upper_;
    std::span<const std::size_t> order_;
    const gptq_options& options_;
    std::size_t rows_;
    std::size_t columns_;
    row_quantizer quantizer_;
    std::vector<std::optional<fixed_scales>> scales_;
    matrix work_;
    matrix errors_;
    std::vector<std::size_t> place_;
    std::vector<double> snapshot_;
    std::vector<double> coefficients_;
    std::vector<double> weights_;
};

axis_view view_of_matrix(const matrix& a, const gptq_options& options) {
    const std::array<std::uint64_t, 2> shape{rows_of(a), columns_of(a)};
    return view_of(shape, options.axis, options.channel_axis);
}

/// h for x T, where weights become Tᵀ w: both its sides transformed.
void transform_moment(matrix& h, const scheme& s) {
    const detail::hadamard<double> by(s.hadamard, s.signs);
    const std::uint64_t n = rows_of(h);
    by.forward(h.data(), h.data(), {1, n, n}, 1);
    by.forward(h.data(), h.data(), {n, n, 1}, 1);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < i; ++j) h(i, j) = h(j, i) = (h(i, j) + h(j, i)) / 2;
    }
}

}  // namespace

double proxy_loss(const matrix& e, const matrix& h) {
    if (rows_of(h) != columns_of(h) || rows_of(h) != rows_of(e)) {
        throw std::invalid_argument("h has shape " + detail::shape_text(h) + ", allowed: a square of side " +
                                    std::to_string(rows_of(e)) + ", as e has shape " + detail::shape_text(e));
    }
    double sum = 0;
    if (columns_of(e) < rows_of(e)) {
        const matrix he = product(h, e);
        for (std::size_t i = 0; i < e.size(); ++i) sum += e.data()[i] * he.data()[i];
        return sum;
    }
    const matrix ee = outer_gram(e);  // symmetric: half the work of a product
    for (std::size_t i = 0; i < rows_of(e); ++i) {
        sum += h(i, i) * ee(i, i);
        for (std::size_t j = i + 1; j < rows_of(e); ++j) sum += (h(i, j) + h(j, i)) * ee(i, j);
    }
    return sum;
}

gptq_result gptq(const matrix& w, const matrix& h, const scheme& s, const gptq_options& options) {
    check_moment(w, h);
    if (!(options.damping >= 0 && options.damping <= most_damping))
        throw std::invalid_argument("damping is " + text_of(options.damping) + ", allowed: 0 to 1");
    if (options.lazy_rows == 0) throw std::invalid_argument("lazy_rows is 0, allowed: 1 or more");
    const std::size_t n = rows_of(w);
    const std::size_t along = options.axis == 0 ? n : columns_of(w);
    if (!options.importance.empty() && (options.importance.size() != along || s.hadamard != 0)) {
        throw std::invalid_argument("importance has " + std::to_string(options.importance.size()) +
                                    " weights, allowed: " + std::to_string(along) + ", and without hadamard");
    }
    gptq_result out;
    matrix weights = w;
    matrix moment = h;
    for (std::size_t i = 0; i < n; ++i) {
        if (moment(i, i) != 0) continue;
        out.dead.push_back(i);
        moment(i, i) = 1;
        std::fill_n(&weights(i, 0), columns_of(w), 0.0);
    }
    scheme plain = s;
    plain.hadamard = 0;
    plain.signs = 0;
    const axis_view view = view_of_matrix(w, options);
    matrix nearest = weights;
    (void)fake_quantize<double>({weights.data(), weights.size()}, view, s, {nearest.data(), nearest.size()});
    if (s.hadamard != 0) {
        detail::hadamard<double>(s.hadamard, s.signs).forward(weights.data(), weights.data(), view, 1);
        if (options.axis == 0) transform_moment(moment, s);
    }
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (options.act_order) {
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return moment(a, a) > moment(b, b); });
    }
    const feedback by = feedback_of(moment, order, options);
    out.damping = by.damping;
    out.raised = by.raised;
    out.reciprocal_condition = by.reciprocal_condition;
    out.feedback_trace = by.trace;
    descent(weights, by, order, plain, options).run(out);
    if (s.hadamard != 0) {
        dequantize<double, std::uint64_t>(out.codes, view, s, out.planes, {out.values.data(), out.values.size()});
    }
    matrix e = w - out.values;
    out.loss = proxy_loss(e, h);
    e = w - nearest;
    out.nearest_loss = proxy_loss(e, h);
    return out;
}

}  // namespace halfulp
