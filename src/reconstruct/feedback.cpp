// With R = M Δ Mᵀ, M unit lower triangular, and D = W − Q the error is tr(Dᵀ R D) = Σᵢ Δᵢ ‖row i of Mᵀ D‖². Row i of
// Mᵀ D is dᵢ + Σ_{j>i} Mⱼᵢ dⱼ: with qᵢ = round(wᵢ + Σ_{j>i} Mⱼᵢ dⱼ) it is that rounding's own error.
#include "halfulp/reconstruct/feedback.hpp"

#include <algorithm>
#include <limits>

#include "halfulp/matrices/cholesky.hpp"
#include "matrices/lapack.hpp"

namespace halfulp {
namespace {

struct factor {
    matrix lower;
    double damping;
};

factor damped_factor(const matrix& second_moment, double part) {
    const std::size_t n = rows_of(second_moment);
    double mean = 0;
    for (std::size_t i = 0; i < n; ++i) mean += second_moment(i, i) / static_cast<double>(n);
    if (mean == 0) mean = 1;  // no channel is ever used: rounding to nearest
    for (double damping = part * mean;;
         damping = damping == 0 ? mean * static_cast<double>(n) * std::numeric_limits<double>::epsilon()
                                : 10 * damping) {
        matrix damped = second_moment;
        for (std::size_t i = 0; i < n; ++i) damped(i, i) += damping;
        if (auto lower = cholesky_of(std::move(damped))) return {*std::move(lower), damping};
        if (damping > mean * static_cast<double>(n)) {
            throw std::invalid_argument("second_moment is not positive semidefinite");
        }
    }
}

}  // namespace

feedback_result round_with_feedback(const matrix& weight, const matrix& second_moment,
                                    const scheme_quantizer& quantizer, double damping) {
    const std::size_t n = rows_of(weight);
    const std::size_t outputs = columns_of(weight);
    if (rows_of(second_moment) != n || columns_of(second_moment) != n) {
        throw std::invalid_argument("second_moment has shape " + detail::shape_text(second_moment) + ", allowed: (" +
                                    std::to_string(n) + ", " + std::to_string(n) + ")");
    }
    const fixed_grid grid(weight, quantizer);
    factor f = damped_factor(second_moment, damping);
    // Columns of L over their diagonal: M.
    for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t i = n; i-- > j;) f.lower(i, j) /= f.lower(j, j);
    }
    matrix values = weight;
    matrix error = matrix::from_shape({n, outputs});  // of the channels done
    constexpr std::size_t block = 64;  // channels that share one matrix product
    for (std::size_t end = n; end > 0;) {
        const std::size_t begin = end > block ? end - block : 0;
        if (end < n && outputs != 0) {  // what the channels from `end` on spread on this block
            cxxblas::gemm(cxxblas::RowMajor, cxxblas::Trans, cxxblas::NoTrans, detail::blas_size(end - begin),
                          detail::blas_size(outputs), detail::blas_size(n - end), 1.0, &f.lower(end, begin),
                          detail::leading(n), &error(end, 0), detail::leading(outputs), 1.0, &values(begin, 0),
                          detail::leading(outputs));
        }
        for (std::size_t i = end; i-- > begin;) {
            double* const row = values.data() + i * outputs;
            for (std::size_t j = i + 1; j < end; ++j) {
                const double share = f.lower(j, i);
                for (std::size_t c = 0; c < outputs; ++c) row[c] += share * error(j, c);
            }
            grid.project_row(i, {row, outputs});
            for (std::size_t c = 0; c < outputs; ++c) error(i, c) = weight(i, c) - row[c];
        }
        end = begin;
    }
    return {std::move(values), f.damping};
}

}  // namespace halfulp
