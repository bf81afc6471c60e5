#include "halfulp/matrices/moments.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "halfulp/matrices/product.hpp"
#include "lapack.hpp"

namespace halfulp {
namespace {

/// Rows that are widened at a time.
constexpr std::size_t piece = 1024;

template <class T>
void check_finite(const char* name, std::span<const T> batch, std::size_t channels) {
    const auto bad = std::find_if(batch.begin(), batch.end(), [](T x) { return !std::isfinite(x); });
    if (bad == batch.end()) return;
    const auto place = static_cast<std::size_t>(bad - batch.begin());
    throw std::invalid_argument(std::string(name) + " holds " + std::to_string(*bad) + " in sample " +
                                std::to_string(place / channels) + ", channel " + std::to_string(place % channels) +
                                ", allowed: finite numbers");
}

template <class T>
matrix widened(std::span<const T> rows, std::size_t channels) {
    matrix out = matrix::from_shape({rows.size() / channels, channels});
    std::copy(rows.begin(), rows.end(), out.begin());
    return out;
}

void add_product(const matrix& a, const matrix& b, matrix& sum) {
    cxxblas::gemm(cxxblas::RowMajor, cxxblas::Trans, cxxblas::NoTrans, detail::blas_size(columns_of(a)),
                  detail::blas_size(columns_of(b)), detail::blas_size(rows_of(a)), 1.0, a.data(),
                  detail::leading(columns_of(a)), b.data(), detail::leading(columns_of(b)), 1.0, sum.data(),
                  detail::leading(columns_of(sum)));
}

template <class Tensor>
void add_to(const Tensor& from, Tensor& to) {
    for (std::size_t i = 0; i < to.size(); ++i) to.data()[i] += from.data()[i];
}

void raise_to(const vector& from, vector& to) {
    for (std::size_t i = 0; i < to.size(); ++i) to(i) = std::max(to(i), from(i));
}

}  // namespace

moments::moments(std::size_t channels)
    : products(xt::zeros<double>({channels, channels})),
      sum(xt::zeros<double>({channels})),
      magnitudes(sum),
      largest(sum),
      largest_batch_mean(sum),
      channels_(channels) {
    if (channels == 0) throw std::invalid_argument("channels is 0, allowed: 1 or more");
}

template <class T>
void moments::add(std::span<const T> batch, std::span<const T> reference) {
    if (batch.size() % channels_ != 0) {
        throw std::invalid_argument("x has " + std::to_string(batch.size()) + " numbers, allowed: a multiple of the " +
                                    std::to_string(channels_) + " channels");
    }
    if (batch.empty()) return;
    if (!reference.empty() && reference.size() != batch.size()) {
        throw std::invalid_argument("reference has " + std::to_string(reference.size()) +
                                    " numbers, allowed: " + std::to_string(batch.size()) + ", as many as x");
    }
    if (count != 0 && paired != !reference.empty()) {
        throw std::invalid_argument(paired ? "reference is missing, which earlier batches had"
                                           : "reference is given, which earlier batches did not have");
    }
    check_finite("x", batch, channels_);
    check_finite("reference", reference, channels_);
    paired = !reference.empty();
    if (paired && cross.size() == 0) {
        cross = xt::zeros<double>({channels_, channels_});
        references = cross;
    }
    vector batch_magnitudes = xt::zeros<double>({channels_});
    for (std::size_t first = 0; first < batch.size(); first += piece * channels_) {
        const std::size_t size = std::min(piece * channels_, batch.size() - first);
        const matrix x = widened(batch.subspan(first, size), channels_);
        add_gram(x, 1, products);
        for (std::size_t i = 0; i < rows_of(x); ++i) {
            for (std::size_t j = 0; j < channels_; ++j) {
                const double magnitude = std::fabs(x(i, j));
                sum(j) += x(i, j);
                batch_magnitudes(j) += magnitude;
                largest(j) = std::max(largest(j), magnitude);
            }
        }
        if (paired) {
            const matrix y = widened(reference.subspan(first, size), channels_);
            add_product(x, y, cross);
            add_gram(y, 1, references);
        }
    }
    const std::size_t samples = batch.size() / channels_;
    add_to(batch_magnitudes, magnitudes);
    for (double& m : batch_magnitudes) m /= static_cast<double>(samples);
    raise_to(batch_magnitudes, largest_batch_mean);
    count += samples;
    ++batches;
}

void moments::merge(const moments& other) {
    if (other.channels_ != channels_) {
        throw std::invalid_argument("other has " + std::to_string(other.channels_) +
                                    " channels, allowed: " + std::to_string(channels_));
    }
    if (other.count == 0) return;
    if (count != 0 && paired != other.paired) {
        throw std::invalid_argument("only one of the two has references, allowed: both or neither");
    }
    if (other.paired) {
        if (cross.size() == 0) {
            cross = other.cross;
            references = other.references;
        } else {
            add_to(other.cross, cross);
            add_to(other.references, references);
        }
    }
    paired = other.paired;
    add_to(other.products, products);
    add_to(other.sum, sum);
    add_to(other.magnitudes, magnitudes);
    raise_to(other.largest, largest);
    raise_to(other.largest_batch_mean, largest_batch_mean);
    count += other.count;
    batches += other.batches;
}

template void moments::add(std::span<const float>, std::span<const float>);
template void moments::add(std::span<const double>, std::span<const double>);

}  // namespace halfulp
