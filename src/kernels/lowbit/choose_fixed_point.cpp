#include "halfulp/kernels/choose_fixed_point.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "halfulp/codecs/fixed_codec.hpp"
#include "kernels/checks.hpp"
#include "kernels/float_environment.hpp"
#include "kernels/lowbit/each_run.hpp"
#include "kernels/lowbit/exact_rounding.hpp"

namespace halfulp {
namespace {

void check_range(const char* name, int value, int least, int most) {
    if (value < least || value > most)
        throw std::invalid_argument(std::string(name) + " is " + std::to_string(value) +
                                    ", allowed: " + std::to_string(least) + " to " + std::to_string(most));
}

void check(const fixed_point_search& search) {
    check_range("bins", search.bins, 1, 2048);
    check_range("max_word_length", search.max_word_length, 1, 53);
    check_range("min_fraction_length", search.min_fraction_length, 0, search.max_word_length - 1);
    check_range("buffer_bits", search.buffer_bits, 0, 64);
    if (!(search.threshold >= 0))
        throw std::invalid_argument("threshold is " + std::to_string(search.threshold) + ", allowed: 0 or more");
    check_range("random_bits", search.how.random_bits, 1, 32);
}

/// ±k × x for k of at most 11 bits, so within the accumulator's 64.
void add_multiple(exact_sum& sum, double x, std::uint64_t k) {
    const dyadic value = binary64_format.finite_value(to_bits(x));
    sum.add(value.negative, value.significand * k, value.exponent);
}

/// The data and its histogram.
class histogram_search {
  public:
    histogram_search(std::vector<double> x, const fixed_point_search& search)
        : x_(std::move(x)), search_(search), edges_(edges()), own_(counts([](double v, std::size_t) { return v; })) {}

    /// The loss of rounding to `width` bits with this fraction length.
    [[nodiscard]] double loss(int width, int fraction) const {
        const fixed_format to{static_cast<std::uint8_t>(width), static_cast<std::uint8_t>(fraction)};
        projection how = search_.how;
        how.overflow = overflow_policy::sat_finite;
        const bool draws = is_stochastic(how.rounding);
        const int unused = 32 - how.random_bits;
        return divergence(counts(
            [&](double v, std::size_t i) { return round(v, to, how, draws ? search_.source.word(i) >> unused : 0); }));
    }

  private:
    /// The least binary64 numbers that are not below the inner edges of the bins: a number lies past an edge just where
    /// it is not below that.
    [[nodiscard]] std::vector<double> edges() const {
        const auto [least, most] = std::minmax_element(x_.begin(), x_.end());
        const auto bins = static_cast<std::uint64_t>(search_.bins);
        std::vector<double> out;
        for (std::uint64_t k = 1; k < bins; ++k) {
            exact_sum edge;  // × bins
            if (*least == *most) {
                add_multiple(edge, *least, bins);
                add_multiple(edge, 1.0, 2 * k);
                add_multiple(edge, -1.0, bins);
            } else {
                add_multiple(edge, *least, bins - k);
                add_multiple(edge, *most, k);
            }
            out.push_back(
                detail::rounded<double>(edge.negative(), edge.quotient(bins), rounding_mode::toward_positive));
        }
        return out;
    }

    template <class Rounding>
    [[nodiscard]] std::vector<std::uint64_t> counts(const Rounding& rounding) const {
        std::vector<std::uint64_t> out(static_cast<std::size_t>(search_.bins));
        for (std::size_t i = 0; i < x_.size(); ++i) {
            const auto past = std::upper_bound(edges_.begin(), edges_.end(), rounding(x_[i], i));
            ++out[static_cast<std::size_t>(past - edges_.begin())];
        }
        return out;
    }

    [[nodiscard]] double divergence(const std::vector<std::uint64_t>& rounded) const {
        if (rounded == own_) return 0.0;
        const auto n = static_cast<double>(x_.size());
        double sum = 0.0;
        for (std::size_t i = 0; i < own_.size(); ++i) {
            if (own_[i] == 0) continue;
            if (rounded[i] == 0) return std::numeric_limits<double>::infinity();
            const auto p = static_cast<double>(own_[i]);
            sum += p / n * std::log(p / static_cast<double>(rounded[i]));
        }
        // Unequal histograms differ, whatever the rounding of the sum says.
        return std::max(sum, std::numeric_limits<double>::denorm_min());
    }

    std::vector<double> x_;
    fixed_point_search search_;
    std::vector<double> edges_;
    std::vector<std::uint64_t> own_;
};

}  // namespace

template <carrier T>
fixed_point_choice choose_fixed_point(std::span<const T> x, const fixed_point_search& search) {
    check(search);
    if (x.empty()) throw std::invalid_argument("x is empty, allowed: at least one number");
    detail::check_finite("x", x);
    detail::check_offset(search.source.offset, x.size());
    const detail::float_environment own;
    std::vector<double> values(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        values[i] = decode<double>(to_bits(x[i]), carrier_traits<T>::format);
        if (std::fabs(values[i]) >= 0x1p960)
            throw std::invalid_argument("x[" + std::to_string(i) + "] is " + std::to_string(values[i]) +
                                        ", allowed: magnitudes below 2^960");
    }
    const histogram_search data(std::move(values), search);
    const int longest = search.max_word_length;
    const auto buffered = [&](int width) { return std::min(width + search.buffer_bits, longest); };
    for (int fraction = search.min_fraction_length; fraction < longest; ++fraction) {
        if (data.loss(64, fraction) > search.threshold) continue;
        for (int width = fraction + 1; width <= longest; ++width) {
            const double loss = data.loss(width, fraction);
            if (loss <= search.threshold) return {buffered(width), fraction, loss};
        }
        break;  // a longer fraction leaves fewer bits above the point
    }
    fixed_point_choice best{longest, search.min_fraction_length, std::numeric_limits<double>::infinity()};
    for (int fraction = search.min_fraction_length; fraction < longest; ++fraction) {
        const double loss = data.loss(longest, fraction);
        if (loss < best.divergence) best = {longest, fraction, loss};
    }
    return best;
}

template fixed_point_choice choose_fixed_point(std::span<const float16>, const fixed_point_search&);
template fixed_point_choice choose_fixed_point(std::span<const bfloat16>, const fixed_point_search&);
template fixed_point_choice choose_fixed_point(std::span<const float>, const fixed_point_search&);
template fixed_point_choice choose_fixed_point(std::span<const double>, const fixed_point_search&);

}  // namespace halfulp
