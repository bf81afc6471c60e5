#include "linear_part.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace halfulp::detail {
namespace {

double dot(const double* a, const double* b, std::size_t n) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += a[i] * b[i];
    return sum;
}

/// Gram and Schmidt's way, twice (Björck 1967: once more is enough), over the columns of `use`; what is left of a column below 1e-12
/// of it says that it depends on others. Returns the squared residual.
double solve(std::span<const double> basis, std::span<const double> target, const std::vector<std::size_t>& use,
             std::vector<double>& x) {
    const std::size_t n = target.size(), m = use.size();
    std::vector<double> q(n * m), r(m * m, 0.0), c(m, 0.0), rest(target.begin(), target.end());
    for (std::size_t j = 0; j < m; ++j) {
        double* const v = q.data() + j * n;
        for (std::size_t i = 0; i < n; ++i) v[i] = basis[use[j] * n + i];
        const double before = dot(v, v, n);
        if (!std::isfinite(before) || before == 0) {
            std::fill_n(v, n, 0.0);
            continue;
        }
        for (int turn = 0; turn < 2; ++turn) {
            for (std::size_t k = 0; k < j; ++k) {
                const double s = dot(q.data() + k * n, v, n);
                r[k * m + j] += s;
                for (std::size_t i = 0; i < n; ++i) v[i] -= s * q[k * n + i];
            }
        }
        const double after = dot(v, v, n);
        if (after <= 1e-24 * before) {
            std::fill_n(v, n, 0.0);
            continue;
        }
        r[j * m + j] = std::sqrt(after);
        for (std::size_t i = 0; i < n; ++i) v[i] /= r[j * m + j];
        c[j] = dot(v, rest.data(), n);
        for (std::size_t i = 0; i < n; ++i) rest[i] -= c[j] * v[i];
    }
    std::fill(x.begin(), x.end(), 0.0);
    for (std::size_t j = m; j-- != 0;) {
        if (r[j * m + j] == 0) continue;
        double s = c[j];
        for (std::size_t k = j + 1; k < m; ++k) s -= r[j * m + k] * x[use[k]];
        x[use[j]] = s / r[j * m + j];
    }
    return dot(rest.data(), rest.data(), n);
}

}  // namespace

std::vector<double> least_squares(std::span<const double> basis, std::span<const double> target,
                                  const std::vector<bool>& signs) {
    const std::size_t m = signs.size();
    std::vector<double> x(m), best(m, 0.0);
    const auto allowed = [&] {
        for (std::size_t k = 0; k < m; ++k) {
            if (signs[k] && x[k] < 0) return false;
        }
        return true;
    };
    std::vector<std::size_t> all;
    for (std::size_t k = 0; k < m; ++k) all.push_back(k);
    solve(basis, target, all, x);
    if (allowed()) return x;
    if (m <= 8) {
        // The best point without signs of every face: the smallest among those that keep the signs is the minimum.
        double least = std::numeric_limits<double>::infinity();
        for (std::size_t zeros = 1; zeros < (std::size_t{1} << m); ++zeros) {
            std::vector<std::size_t> use;
            bool fits = true;
            for (std::size_t k = 0; k < m; ++k) {
                if ((zeros >> k & 1) == 0) {
                    use.push_back(k);
                } else {
                    fits = fits && signs[k];
                }
            }
            if (!fits) continue;
            const double found = solve(basis, target, use, x);
            if (allowed() && found < least) {
                least = found;
                best = x;
            }
        }
        return best;
    }
    while (!allowed()) {
        std::size_t worst = m;
        for (std::size_t k = 0; k < m; ++k) {
            if (signs[k] && x[k] < 0 && (worst == m || x[k] < x[worst])) worst = k;
        }
        std::erase(all, worst);
        solve(basis, target, all, x);
    }
    return x;
}

}  // namespace halfulp::detail
