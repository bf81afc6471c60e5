#include "halfulp/methods/clip_search.hpp"

#include <array>
#include <atomic>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>

#include "analysis/shown.hpp"
#include "halfulp/methods/row_quantizer.hpp"
#include "kernels/double_quantization.hpp"
#include "kernels/hadamard.hpp"

namespace halfulp {
namespace {

void check(const matrix& w, const clip_options& options) {
    for (const double x : w) {
        if (!std::isfinite(x)) throw std::invalid_argument("w holds " + detail::shown(x) + ", allowed: finite numbers");
    }
    for (const double f : options.factors) {
        if (!(f > 0 && f < HUGE_VAL))
            throw std::invalid_argument("a factor is " + detail::shown(f) + ", allowed: above 0 and finite");
    }
    if (!(options.norm > 0 && options.norm < HUGE_VAL))
        throw std::invalid_argument("norm is " + detail::shown(options.norm) + ", allowed: above 0 and finite");
    if (!options.weights.empty() && options.weights.size() != w.size()) {
        throw std::invalid_argument("weights has " + std::to_string(options.weights.size()) +
                                    " numbers, allowed: " + std::to_string(w.size()) + ", one for each element of w");
    }
    for (const double x : options.weights) {
        if (!(x >= 0 && x < HUGE_VAL))
            throw std::invalid_argument("a weight is " + detail::shown(x) + ", allowed: 0 or more and finite");
    }
}

/// One block of rows: the best scales, and its elements under them.
class block_search {
  public:
    block_search(const row_quantizer& by, const matrix& w, const clip_options& options, std::size_t block)
        : by_(by),
          options_(options),
          columns_(columns_of(w)),
          first_(block * by.block_rows()),
          count_(std::min(by.block_rows(), rows_of(w) - first_)),
          x_(w.data() + first_ * columns_, count_ * columns_),
          codes_(columns_),
          values_(columns_) {
        fixed_scales base = by.choose(block, x_);
        best_errors_ = errors_under(base);
        factors.assign(best_errors_.size(), 1.0);
        std::vector<double> scaled(x_.size());
        std::vector<std::uint8_t> take(best_errors_.size());
        best = base;
        for (const double factor : options.factors) {
            for (std::size_t i = 0; i < scaled.size(); ++i) scaled[i] = factor * x_[i];
            const fixed_scales candidate = by.choose(block, scaled, {}, &base);
            const std::vector<double> errors = errors_under(candidate);
            bool any = false;
            for (std::size_t g = 0; g < errors.size(); ++g) {
                take[g] = errors[g] < best_errors_[g];
                if (take[g] == 0) continue;
                any = true;
                best_errors_[g] = errors[g];
                factors[g] = factor;
            }
            if (any) best = by.merged(*best, candidate, take);
        }
    }

    std::uint64_t project(std::span<std::uint64_t> codes, std::span<double> values) const {
        std::uint64_t saturated = 0;
        for (std::size_t r = 0; r < count_; ++r) {
            const std::size_t at = r * columns_;
            saturated +=
                by_.project(*best, r, x_.subspan(at, columns_), codes.subspan(first_ * columns_ + at, columns_),
                            values.subspan(first_ * columns_ + at, columns_));
        }
        return saturated;
    }

    std::optional<fixed_scales> best;
    std::vector<double> factors;

  private:
    std::vector<double> errors_under(const fixed_scales& scales) {
        std::vector<double> errors(by_.group_of(count_ - 1, columns_ - 1) + 1);
        for (std::size_t r = 0; r < count_; ++r) {
            const std::span<const double> x = x_.subspan(r * columns_, columns_);
            by_.project(scales, r, x, codes_, values_);
            for (std::size_t c = 0; c < columns_; ++c) {
                const double d = std::fabs(x[c] - values_[c]);
                const double error = options_.norm == 2 ? d * d : std::pow(d, options_.norm);
                const std::size_t at = (first_ + r) * columns_ + c;
                errors[by_.group_of(r, c)] += options_.weights.empty() ? error : options_.weights[at] * error;
            }
        }
        return errors;
    }

    const row_quantizer& by_;
    const clip_options& options_;
    std::size_t columns_;
    std::size_t first_;
    std::size_t count_;
    std::span<const double> x_;
    std::vector<std::uint64_t> codes_;
    std::vector<double> values_;
    std::vector<double> best_errors_;
};

}  // namespace

clip_result clip_search(const matrix& w, const scheme& s, const clip_options& options) {
    check(w, options);
    scheme plain = s.double_quant ? detail::without_double_quantization(s) : s;
    plain.hadamard = 0;
    plain.signs = 0;
    const std::array<std::uint64_t, 2> shape{rows_of(w), columns_of(w)};
    const axis_view view = view_of(shape, options.axis, options.channel_axis);
    clip_result out{w, std::vector<std::uint64_t>(w.size()), {}, {}, {}};
    matrix x = w;
    if (s.hadamard != 0)
        detail::hadamard<double>(s.hadamard, s.signs).forward(x.data(), x.data(), view, options.threads);
    row_quantizer by(plain, rows_of(w), columns_of(w), options.axis, options.channel_axis);
    by.start({x.data(), x.size()});
    if (w.size() == 0) {
        out.planes.resize(scale_counts(s, view).size());
        return out;
    }
    std::vector<std::optional<fixed_scales>> blocks(by.blocks());
    std::vector<std::vector<double>> factors(blocks.size());
    std::atomic<std::uint64_t> saturated{0};
    detail::parallel_for(blocks.size(), options.threads, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t b = begin; b < end; ++b) {
            block_search search(by, x, options, b);
            saturated += search.project(out.codes, {out.values.data(), out.values.size()});
            blocks[b] = search.best;
            factors[b] = std::move(search.factors);
        }
    });
    out.report.saturated = saturated;
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        out.report.zero_scales += blocks[b]->zero_scales();
        out.factors.insert(out.factors.end(), factors[b].begin(), factors[b].end());
    }
    out.planes = by.whole(blocks);
    if (s.double_quant) out.planes = detail::quantize_scales(out.planes[0], s, options.threads);
    if (s.double_quant || s.hadamard != 0)
        dequantize<double, std::uint64_t>(out.codes, view, s, out.planes, {out.values.data(), out.values.size()});
    return out;
}

}  // namespace halfulp
