// E‖x W_V (W_O − C)‖² is the norm of an error of W_O whose inputs have the second moment W_Vᵀ R W_V; and of all
// matrices of a rank, W_V C with the best C is the nearest to W_V W_O, as E Vᵀ V, the form of the optimum, keeps the
// left factor.
#include "halfulp/reconstruct/joint_heads.hpp"

#include <algorithm>

#include "halfulp/matrices/product.hpp"
#include "halfulp/matrices/singular_values.hpp"
#include "matrices/lapack.hpp"

namespace halfulp {
namespace {

matrix block_of(const matrix& a, std::size_t row, std::size_t rows, std::size_t column, std::size_t columns) {
    matrix out = matrix::from_shape({rows, columns});
    for (std::size_t i = 0; i < rows; ++i) std::copy_n(&a(row + i, column), columns, &out(i, 0));
    return out;
}

/// Rows of zeros below, where there are fewer than a rank asks for.
matrix padded(matrix a, std::size_t least) {
    if (rows_of(a) >= least) return a;
    matrix out = xt::zeros<double>({least, columns_of(a)});
    std::copy(a.begin(), a.end(), out.begin());
    return out;
}

}  // namespace

low_rank_correction join_heads(const matrix& value, const matrix& output, const error_norm& norm, std::size_t heads,
                               const low_rank_options& options) {
    const std::size_t wide = columns_of(value);
    if (heads == 0 || wide == 0 || wide % heads != 0) {
        throw std::invalid_argument("heads is " + std::to_string(heads) + ", allowed: a divisor of the " +
                                    std::to_string(wide) + " columns of value");
    }
    if (rows_of(output) != wide) {
        throw std::invalid_argument("output has shape " + detail::shape_text(output) +
                                    ", allowed: " + std::to_string(wide) + " rows, as value has columns");
    }
    const std::size_t d = wide / heads;
    const std::size_t most = std::min(d, columns_of(output));
    if (options.rank > most) {
        throw std::invalid_argument("rank is " + std::to_string(options.rank) + ", allowed: 0 to " +
                                    std::to_string(most));
    }
    low_rank_correction out{xt::zeros<double>({rows_of(value), heads * options.rank}),
                            xt::zeros<double>({heads * options.rank, columns_of(output)}),
                            xt::zeros<double>({heads * options.rank}),
                            0,
                            0.0,
                            0,
                            svd_route::eigen};
    for (std::size_t h = 0; h < heads; ++h) {
        const matrix first = block_of(value, 0, rows_of(value), h * d, d);
        const matrix second = block_of(output, h * d, d, 0, columns_of(output));
        // Σ Vᵀ of S W_V stands for S W_V: its rows are few, and nothing is squared.
        const singular_value_decomposition seen = decompose(norm.weighted(first));
        matrix root = seen.right;
        for (std::size_t i = 0; i < rows_of(root); ++i) {
            for (std::size_t j = 0; j < d; ++j) root(i, j) *= seen.values(i);
        }
        const truncated_svd best = truncate(padded(product(root, second), options.rank), options.rank, options.svd);
        const matrix left = product(first, product_transposed_right(second, best.right));
        for (std::size_t i = 0; i < rows_of(left); ++i) {
            std::copy_n(&left(i, 0), options.rank, &out.left(i, h * options.rank));
        }
        std::copy_n(best.right.data(), best.right.size(), &out.right(h * options.rank, 0));
        std::copy_n(best.values.data(), options.rank, &out.values(h * options.rank));
        out.error += best.residual;
        out.uncorrected += best.total;
        out.route = best.route;
        if (out.optimum && best.optimum) {
            *out.optimum += *best.optimum;
        } else {
            out.optimum = std::nullopt;
        }
    }
    return out;
}

}  // namespace halfulp
