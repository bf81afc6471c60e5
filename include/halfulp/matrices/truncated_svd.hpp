// The largest singular values of a matrix with their right vectors, by whichever route fits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "halfulp/matrices/matrix.hpp"

namespace halfulp {

/// Routes to a truncated singular value decomposition.
enum class svd_route : std::uint8_t {
    automatic,   ///< eigen, and full where that would lose accuracy
    eigen,       ///< eigenvectors of the Gram matrix of the shorter side, the largest alone
    full,        ///< all of them (decompose)
    randomized,  ///< of a random part of the range (Halko, Martinsson, Tropp, SIAM Review 53, 2011, algorithms 4.4 and 5.1)
};

/// "auto", "eigen", "full", "randomized". Throws std::invalid_argument for other texts.
svd_route parse_svd_route(std::string_view text);
std::string_view to_string(svd_route route);

struct truncated_svd_options {
    svd_route route = svd_route::automatic;
    // Of the randomized route alone.
    std::uint64_t seed = 0;
    std::size_t oversampling = 10;  ///< vectors beyond those asked for
    std::size_t power_iterations = 2;
};

struct truncated_svd {
    vector values;  ///< descending
    matrix right;  ///< row i belongs to values[i]; rows are orthonormal
    double total;  ///< ‖a‖²
    double residual;  ///< ‖a − a Vᵀ V‖², V = right: certified whatever the route, as the rows of V are orthonormal
    /// The least residual that any matrix of this rank leaves; nothing where the route does not know it (randomized).
    std::optional<double> optimum;
    svd_route route;  ///< the one taken
};

/// The `count` largest singular values of a and their right vectors. Beyond a's rank values are 0 and vectors
/// complete an orthonormal set. Throws std::invalid_argument where a holds a NaN or an infinity, or count is above
/// the lesser of a's sides.
truncated_svd truncate(const matrix& a, std::size_t count, const truncated_svd_options& options = {});

}  // namespace halfulp
