#include "halfulp/analysis/quantile_map.hpp"

#include "../kernels/float_environment.hpp"
#include "sorted_data.hpp"

namespace halfulp {

template <class T>
std::vector<double> quantile_map(std::span<const T> x, int bits) {
    if (bits < 2 || bits > 16) {
        throw std::invalid_argument("bits is " + std::to_string(bits) + ", allowed: 2 to 16");
    }
    if (x.empty()) throw std::invalid_argument("x has no elements, allowed: one or more");
    const detail::float_environment environment;
    const std::vector<T> sorted = detail::sorted_data(x);
    // Quantile i lies at place (n - 1)(2i + 1) / (2 count): the whole part and the rest in integers.
    const std::size_t count = (std::size_t{1} << bits) - 1;
    std::vector<double> out{0};
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t whole = (sorted.size() - 1) / (2 * count) * (2 * i + 1);
        const std::size_t rest = (sorted.size() - 1) % (2 * count) * (2 * i + 1);
        const std::size_t at = whole + rest / (2 * count);
        const double fraction = static_cast<double>(rest % (2 * count)) / static_cast<double>(2 * count);
        const double a = static_cast<double>(sorted[at]);
        const double b = static_cast<double>(sorted[std::min(at + 1, sorted.size() - 1)]);
        out.push_back(a + (b - a) * fraction);
    }
    double largest = 0;
    for (const double q : out) largest = std::max(largest, std::fabs(q));
    if (largest == 0)
        throw std::invalid_argument("x has no quantile but 0, allowed: other numbers among its quantiles");
    for (double& q : out) q = static_cast<double>(static_cast<float>(q / largest)) + 0.0;  // -0 becomes 0
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

template std::vector<double> quantile_map<float>(std::span<const float>, int);
template std::vector<double> quantile_map<double>(std::span<const double>, int);

}  // namespace halfulp
