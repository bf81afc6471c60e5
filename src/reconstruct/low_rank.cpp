#include "halfulp/reconstruct/low_rank.hpp"

#include <cmath>
#include <limits>

#include "halfulp/matrices/product.hpp"
#include "matrices/lapack.hpp"

namespace halfulp {
namespace {

/// Where fewer rows than the rank remain under S (a singular R), those of zeros take nothing away from the norm.
matrix with_rows(matrix a, std::size_t least) {
    if (rows_of(a) >= least) return a;
    matrix out = xt::zeros<double>({least, columns_of(a)});
    std::copy(a.begin(), a.end(), out.begin());
    return out;
}

void scale_columns(const vector& factors, matrix& a) {
    for (std::size_t i = 0; i < rows_of(a); ++i) {
        for (std::size_t j = 0; j < columns_of(a); ++j) a(i, j) *= factors(j);
    }
}

}  // namespace

low_rank_correction correct(const matrix& error, const error_norm& norm, const low_rank_options& options) {
    const std::size_t most = std::min(rows_of(error), columns_of(error));
    if (options.rank > most) {
        throw std::invalid_argument("rank is " + std::to_string(options.rank) + ", allowed: 0 to " +
                                    std::to_string(most));
    }
    truncated_svd best = truncate(with_rows(norm.weighted(error), options.rank), options.rank, options.svd);
    low_rank_correction out{
        {}, std::move(best.right), std::move(best.values), best.residual, best.optimum, best.total, best.route};
    const vector& weights = norm.output_weights();
    if (weights.size() == 0) {
        out.left = product_transposed_right(error, out.right);
    } else {
        matrix scaled = error;
        scale_columns(weights, scaled);
        out.left = product_transposed_right(scaled, out.right);
        vector inverse = weights;
        for (double& w : inverse) w = w == 0 ? 0 : 1 / w;
        scale_columns(inverse, out.right);
    }
    if (options.within_range) out.left = norm.within_range(std::move(out.left));
    if (options.share != 0) {
        const double noise = out.values.size() == 0
                                 ? 0
                                 : out.values(0) * static_cast<double>(most) * std::numeric_limits<double>::epsilon();
        vector inverse = out.values;
        for (std::size_t i = 0; i < out.values.size(); ++i) {
            // A direction that S does not see has no singular value to share out, only rounding.
            const double factor = out.values(i) > noise ? std::pow(out.values(i), options.share) : 1;
            inverse(i) = 1 / factor;
            for (std::size_t j = 0; j < columns_of(out.right); ++j) out.right(i, j) *= factor;
        }
        scale_columns(inverse, out.left);
    }
    return out;
}

}  // namespace halfulp
