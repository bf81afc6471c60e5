// Statistics of a layer's inputs, summed up batch by batch in binary64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "halfulp/matrices/matrix.hpp"

namespace halfulp {

/// Sums over the samples x (rows, one number for each channel) of every batch so far; beside them, where batches come
/// in pairs, those of the samples y that the same places had in a reference run.
class moments {
  public:
    /// Throws std::invalid_argument for 0 channels.
    explicit moments(std::size_t channels);

    /// Adds a batch of rows × channels numbers, and perhaps a reference of as many (empty: none; either every batch
    /// has one or none). Nothing is added where it throws: std::invalid_argument for a NaN or an infinity, a number
    /// of elements that is no multiple of the channels, or a reference missing or too many.
    template <class T>
    void add(std::span<const T> batch, std::span<const T> reference = {});

    /// Adds what another has seen. Throws std::invalid_argument where channels differ, or only one of them has
    /// references.
    void merge(const moments& other);

    [[nodiscard]] std::size_t channels() const noexcept { return channels_; }

    std::uint64_t count = 0;    ///< samples
    std::uint64_t batches = 0;  ///< with at least one sample
    matrix products;            ///< Σ xᵀ x, exactly symmetric
    vector sum;                 ///< Σ x
    vector magnitudes;          ///< Σ |x|
    vector largest;             ///< max |x|
    vector largest_batch_mean;  ///< the maximum over batches of each batch's mean |x|
    bool paired = false;
    matrix cross;       ///< Σ xᵀ y; empty without references
    matrix references;  ///< Σ yᵀ y; empty without references

  private:
    std::size_t channels_;
};

extern template void moments::add(std::span<const float>, std::span<const float>);
extern template void moments::add(std::span<const double>, std::span<const double>);

}  // namespace halfulp
