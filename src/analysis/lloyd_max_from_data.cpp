// Lloyd's iteration on sorted data: a cell is a range, its sum a difference of two sums from the beginning.
#include <cmath>
#include <limits>

#include "../kernels/float_environment.hpp"
#include "halfulp/analysis/lloyd_max.hpp"
#include "sorted_data.hpp"

namespace halfulp {
namespace {

/// high + low, |low| at most half a unit in the last place of high.
struct double_double {
    double high = 0;
    double low = 0;
};

/// Knuth's TwoSum: the sum and what its rounding left out, exactly.
double_double two_sum(double a, double b) {
    const double sum = a + b;
    const double from_b = sum - a;
    return {sum, (a - (sum - from_b)) + (b - from_b)};
}

double_double operator+(double_double a, double b) {
    const double_double s = two_sum(a.high, b);
    return two_sum(s.high, s.low + a.low);
}

/// The largest number that is not above a + b.
double sum_rounded_down(double a, double b) {
    const double_double s = two_sum(a, b);
    return s.low < 0 ? std::nextafter(s.high, -std::numeric_limits<double>::infinity()) : s.high;
}

/// Sums of the first i elements. One in a thousand is kept, the rest is added when it is asked for.
template <class T>
class running_sums {
  public:
    explicit running_sums(const std::vector<T>& x) : x_(x) {
        double_double sum;
        for (std::size_t i = 0; i < x.size(); ++i) {
            if (i % stride == 0) kept_.push_back(sum);
            sum = sum + static_cast<double>(x[i]);
        }
        kept_.push_back(sum);
    }

    [[nodiscard]] double_double operator()(std::size_t i) const {
        std::size_t k = i / stride * stride;
        double_double sum = kept_[i / stride];
        for (; k < i; ++k) sum = sum + static_cast<double>(x_[k]);
        return sum;
    }

  private:
    static constexpr std::size_t stride = 1024;
    const std::vector<T>& x_;
    std::vector<double_double> kept_;
};

}  // namespace

template <class T>
std::vector<double> lloyd_max_from_data(std::span<const T> x, int levels, int iterations) {
    if (levels < 2 || levels > 65536) {
        throw std::invalid_argument("levels is " + std::to_string(levels) + ", allowed: 2 to 65536");
    }
    if (iterations < 1) {
        throw std::invalid_argument("iterations is " + std::to_string(iterations) + ", allowed: 1 or more");
    }
    const detail::float_environment environment;
    const std::vector<T> sorted = detail::sorted_data(x);
    std::vector<T> distinct = sorted;
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    const auto count = static_cast<std::size_t>(levels);
    if (distinct.size() < count) {
        throw std::invalid_argument("x has " + std::to_string(distinct.size()) + " distinct values, allowed: " +
                                    std::to_string(levels) + " or more, one for each level");
    }
    std::vector<double> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(static_cast<double>(distinct[(2 * i + 1) * distinct.size() / (2 * count)]) + 0.0);  // no -0
    }
    const running_sums<T> sum_to(sorted);
    for (int k = 0; k < iterations; ++k) {
        bool changed = false;
        std::vector<double> next = out;
        std::size_t begin = 0;
        double_double before;
        for (std::size_t i = 0; i < count; ++i) {
            std::size_t end = sorted.size();
            if (i + 1 < count) {
                // x is nearer to the upper level where 2x is above the sum of the two, all of it exact.
                const double twice = sum_rounded_down(out[i], out[i + 1]);
                end = static_cast<std::size_t>(
                    std::upper_bound(sorted.begin() + static_cast<std::ptrdiff_t>(begin), sorted.end(), twice,
                                     [](double limit, T value) { return limit < 2 * static_cast<double>(value); }) -
                    sorted.begin());
            }
            const double_double after = sum_to(end);
            if (end != begin) {
                const double_double sum = (after + -before.high) + -before.low;
                const T mean = static_cast<T>(sum.high / static_cast<double>(end - begin));
                // Within the cell in spite of rounding: so levels stay distinct.
                next[i] = static_cast<double>(std::clamp(mean, sorted[begin], sorted[end - 1])) + 0.0;
                changed = changed || next[i] != out[i];
            }
            begin = end;
            before = after;
        }
        out = std::move(next);
        if (!changed) break;
    }
    return out;
}

template std::vector<double> lloyd_max_from_data<float>(std::span<const float>, int, int);
template std::vector<double> lloyd_max_from_data<double>(std::span<const double>, int, int);

}  // namespace halfulp
