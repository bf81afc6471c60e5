// The randomized Hadamard transform of runs along an axis: x becomes H D x / sqrt(N), where D holds random signs. It spreads an outlier over its
// run, and is its own inverse but for the order of its parts.
//
// In binary32, or binary64 for binary64 arrays; every operation rounds to nearest even. Forward: signs, then butterflies (a, b) to
// (a + b, a - b) at distances 1, 2, 4, ..., then one product with RN(1 / sqrt(N)). Backward: butterflies, product, signs.
// A result that is NaN is the quiet one without sign.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "float_environment.hpp"
#include "halfulp/core/random.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "parallel.hpp"
#include "simd/tables.hpp"

namespace halfulp::detail {

/// Lane: float or double.
template <class Lane>
class hadamard {
  public:
    hadamard(std::uint32_t length, std::uint64_t seed) : length_(length), signs_(length) {
        // 1 / sqrt(2) rounded once to either lane, times a power of two.
        const int log2 = std::countr_zero(length);
        const auto base = log2 % 2 == 0 ? Lane{1} : static_cast<Lane>(0x1.6a09e667f3bcdp-1);
        factor_ = std::ldexp(base, -(log2 / 2));
        const random_source source{seed, 0, 0};
        for (std::uint32_t j = 0; j < length; ++j) signs_[j] = source.word(j) >> 31 != 0 ? Lane{-1} : Lane{1};
        factors_.assign(length, factor_);
        for (const Lane sign : signs_) signed_factors_.push_back(sign * factor_);
    }

    /// `from` may be `to`; both have view.size() elements.
    void forward(const Lane* from, Lane* to, const axis_view& view, int threads) const {
        transform(from, to, view, threads, true);
    }
    void backward(const Lane* from, Lane* to, const axis_view& view, int threads) const {
        transform(from, to, view, threads, false);
    }

  private:
    void transform(const Lane* from, Lane* to, const axis_view& view, int threads, bool forward) const {
        if constexpr (std::is_same_v<Lane, float>) {
            const simd::block_kernels* kernels = simd::active_blocks();
            if (view.inner == 1 && kernels != nullptr && kernels->hadamard_runs(from, to, 0, length_, {})) {
                transform_rows(*kernels, from, to, view, threads, forward);
                return;
            }
        }
        const std::uint64_t runs = view.length / length_;  // what is left of an axis stays as it is
        if (from != to) std::copy_n(from, view.size(), to);
        // A run's elements are `inner` apart; the lanes between them belong to runs of their own and are done with it.
        const std::size_t grain = std::max<std::size_t>(1, 4096 / (length_ * std::max<std::uint64_t>(view.inner, 1)));
        parallel_for(view.outer * runs, threads, grain, [&](std::size_t begin, std::size_t end) {
            const float_environment environment;
            for (std::size_t r = begin; r < end; ++r)
                one_run(&to[(r / runs * view.length + r % runs * length_) * view.inner], view.inner, forward);
        });
    }

    void transform_rows(const simd::block_kernels& kernels, const float* from, float* to, const axis_view& view,
                        int threads, bool forward) const {
        const std::uint64_t runs = view.length / length_;
        const std::uint64_t rest = view.length - runs * length_;
        const simd::hadamard_factors factors{forward ? signs_.data() : nullptr,
                                             forward ? factors_.data() : signed_factors_.data()};
        const std::size_t grain = std::max<std::size_t>(1, 4096 / std::max<std::uint64_t>(view.length, 1));
        parallel_for(view.outer, threads, grain, [&](std::size_t begin, std::size_t end) {
            const float_environment environment;
            for (std::size_t line = begin; line < end; ++line) {
                const float* x = from + line * view.length;
                float* y = to + line * view.length;
                (void)kernels.hadamard_runs(x, y, runs, length_, factors);
                if (x != y) std::copy_n(x + runs * length_, rest, y + runs * length_);
            }
        });
    }

    void one_run(Lane* x, std::uint64_t inner, bool forward) const {
        if (forward) scale_rows(x, inner, [this](std::uint32_t j) { return signs_[j]; });
        for (std::uint64_t distance = 1; distance < length_; distance *= 2) {
            for (std::uint64_t block = 0; block < length_; block += 2 * distance) {
                Lane* a = x + block * inner;
                Lane* b = a + distance * inner;
                for (std::uint64_t i = 0; i < distance * inner; ++i) {
                    const Lane sum = a[i] + b[i];
                    b[i] = a[i] - b[i];
                    a[i] = sum;
                }
            }
        }
        scale_rows(x, inner, [this](std::uint32_t) { return factor_; });
        if (!forward) scale_rows(x, inner, [this](std::uint32_t j) { return signs_[j]; });
        // Which NaN a sum of two gives is the compiler's choice.
        for (std::uint64_t i = 0; i < length_ * inner; ++i)
            x[i] = x[i] == x[i] ? x[i] : std::numeric_limits<Lane>::quiet_NaN();
    }

    template <class Factor>
    void scale_rows(Lane* x, std::uint64_t inner, const Factor& factor) const {
        for (std::uint32_t j = 0; j < length_; ++j) {
            const Lane f = factor(j);
            for (std::uint64_t i = 0; i < inner; ++i) x[j * inner + i] *= f;
        }
    }

    std::uint32_t length_;
    std::vector<Lane> signs_;
    std::vector<Lane> factors_;  ///< factor_, as often as a run is long
    std::vector<Lane> signed_factors_;
    Lane factor_;
};

}  // namespace halfulp::detail
