// Lloyd-Max tables: the levels with the least mean squared error, of a distribution or of data (Lloyd 1957, published 1982; Max 1960).
// make_codebook turns levels into a format.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace halfulp {

/// Distributions with mean 0 and variance 1.
enum class distribution : std::uint8_t {
    normal,
    laplace,
    uniform,  ///< on [-√3, √3]
};

/// Levels, ascending and symmetric, and the mean squared error that they leave.
struct optimal_levels {
    std::vector<double> levels;
    double squared_error;
};

/// The one set of levels that are the means of their cells, for these densities the best there is (Fleischer 1964: they are
/// log-concave). By Newton's method in binary64: up to 1,024 levels, each is within 10^-12 and the error within 10^-13 of itself;
/// the last bits depend on the C library. Throws std::invalid_argument unless 2 <= levels <= 65536.
optimal_levels lloyd_max(distribution of, int levels);

/// Levels fitted to data by Lloyd's iteration (k-means in one dimension), ascending and distinct, each a number of T. The order
/// of x is of no consequence.
///
/// Start: with the distinct values of x in ascending order, U of them, level i is number ⌊(2i + 1) U / (2 levels)⌋. One iteration: each x
/// belongs to the nearest level, at exact midpoints to the lower one; each level becomes the mean of what belongs to it, the sum
/// kept in twice the precision of binary64, divided in binary64, rounded to T, and not outside its values; a level without
/// anything stays. Iterations end early where one changes nothing.
///
/// Throws std::invalid_argument unless 2 <= levels <= 65536 and iterations >= 1, for numbers that are not finite or whose magnitude is
/// 2^960 or more, and for fewer distinct values than levels. T is float or double.
template <class T>
std::vector<double> lloyd_max_from_data(std::span<const T> x, int levels, int iterations);

}  // namespace halfulp
