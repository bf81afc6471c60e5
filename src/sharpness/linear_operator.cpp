#include "halfulp/sharpness/linear_operator.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "halfulp/sharpness/orthonormal_basis.hpp"
#include "halfulp/sharpness/probes.hpp"

namespace halfulp {

counted_operator::counted_operator(const linear_operator& a) : a_(a) {
    if (a.size == 0) throw std::invalid_argument("size is 0, allowed: 1 or more");
}

void counted_operator::operator()(std::span<const double> x, std::span<double> y) {
    ++products_;
    a_.multiply(x, y);
    for (std::size_t i = 0; i < y.size(); ++i) {
        if (!std::isfinite(y[i])) {
            const char* const what = std::isnan(y[i]) ? "nan" : y[i] > 0 ? "inf" : "-inf";
            throw std::invalid_argument("product " + std::to_string(products_) + " of the operator holds " + what +
                                        " at element " + std::to_string(i) + ", allowed: finite numbers");
        }
    }
}

double asymmetry_of(const linear_operator& a, std::size_t pairs, std::uint64_t seed) {
    counted_operator multiply(a);
    std::vector<double> u(a.size), v(a.size), au(a.size), av(a.size);
    double out = 0;
    for (std::size_t pair = 0; pair < pairs; ++pair) {
        fill_probe(probe_distribution::normal, seed, static_cast<std::uint32_t>(2 * pair), u);
        fill_probe(probe_distribution::normal, seed, static_cast<std::uint32_t>(2 * pair + 1), v);
        multiply(u, au);
        multiply(v, av);
        const double scale = euclidean_norm(u) * euclidean_norm(av) + euclidean_norm(v) * euclidean_norm(au);
        if (scale > 0) out = std::max(out, std::fabs(inner_product(u, av) - inner_product(v, au)) / scale);
    }
    return out;
}

}  // namespace halfulp
