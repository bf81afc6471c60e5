// The outermost eigenvalues of a symmetric matrix that is known by its products.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "halfulp/matrices/matrix.hpp"
#include "halfulp/sharpness/linear_operator.hpp"

namespace halfulp {

/// Which eigenvalues come first.
enum class spectrum_end : std::uint8_t { largest, smallest, magnitude };

/// "largest", "smallest", "magnitude". Throws std::invalid_argument for other texts.
spectrum_end parse_spectrum_end(std::string_view text);

struct eigenvalue_options {
    std::size_t count = 1;
    spectrum_end end = spectrum_end::largest;
    double tolerance = 1e-6;  ///< of a residual ‖A v − λ v‖, relative to the largest ‖A q‖ seen
    std::size_t steps = 300;  ///< of one process, whose vectors are all kept; at most the operator's size
    std::uint64_t seed = 0;
    bool verify = true;  ///< look once more beside what was found
};

struct top_eigenvalues {
    std::vector<double> values;  ///< the outermost first
    std::vector<double> residuals;  ///< ‖A v − λ v‖: an eigenvalue of A lies within it (A symmetric)
    matrix vectors;  ///< row i belongs to values[i]
    std::size_t products = 0;
    double scale = 0;  ///< the largest ‖A q‖ seen
    double asymmetry = 0;  ///< the largest of lanczos_process's
    bool converged = false;  ///< every residual is within the tolerance
    bool verified = false;  ///< a process from another start, orthogonal to all vectors, found nothing further out
};

/// Lanczos' process with full reorthogonalization until the outermost residuals are small. From one start it sees one
/// vector of each eigenspace, so that a multiple eigenvalue would be counted once; with `verify` processes from other
/// starts, orthogonal to what is found, go on until nothing further out turns up. Throws std::invalid_argument for a
/// count of 0 or above the size.
top_eigenvalues lanczos_eigenvalues(const linear_operator& a, const eigenvalue_options& options);

/// The power method with deflation, one after another, `steps` iterations each at most: two vectors of memory and those
/// found, and many more products. Of magnitude alone; two eigenvalues ±λ do not converge.
top_eigenvalues power_eigenvalues(const linear_operator& a, const eigenvalue_options& options);

}  // namespace halfulp
