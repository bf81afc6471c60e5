// NVFP4 recipes whose steps are binary32 operations in an order of their own (recipe.hpp names whose). Every operation rounds to
// nearest even: the caller has set that environment (float_environment). The order is the recipe: no step may be merged or moved.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "halfulp/blocks/scale.hpp"
#include "halfulp/codecs/codec.hpp"

namespace halfulp::detail {

/// x to nearest even in binary32, from any carrier.
template <carrier T>
float to_binary32(T x) noexcept {
    if constexpr (std::is_same_v<T, double>) {
        return static_cast<float>(x);
    } else {
        return decode<float>(to_bits(x), carrier_traits<T>::format);
    }
}

inline float to_binary32(const dyadic& x) noexcept {
    constexpr projector to(binary32_format, projection{});
    return to_value<float>(to.finite(x.negative, x.significand, x.exponent, false, 0));
}

inline float to_binary32(const extended& x) noexcept {
    constexpr projector to(binary32_format, projection{});
    return x.significand == 0 ? 0.0f : to_value<float>(to.finite(false, x.significand, x.exponent, x.sticky, 0));
}

class binary32_recipe {
  public:
    /// amax: the tensor's largest finite magnitude, above zero.
    binary32_recipe(recipe r, float amax) noexcept : recipe_(r) {
        constexpr float most = std::numeric_limits<float>::max();
        switch (r) {
            case recipe::nvfp4_te:
                tensor_ = std::min((largest_scale * largest) / amax, most);
                if (tensor_ == 0) tensor_ = 1;
                stored_ = 1 / tensor_;
                break;
            case recipe::nvfp4_ct:
                // PyTorch divides a Python number by a tensor so: a reciprocal, then a product.
                tensor_ = (1 / std::max(amax, std::numeric_limits<float>::min())) * (largest_scale * largest);
                if (!std::isfinite(tensor_)) tensor_ = 1;
                stored_ = 1 / tensor_;
                break;
            default: tensor_ = stored_ = amax / (largest_scale * largest);
        }
    }

    /// The tensor's scale as it multiplies elements.
    [[nodiscard]] float tensor_scale() const noexcept { return stored_; }

    /// What is rounded to the block's scale (nearest even, saturating). amax: the block's largest finite magnitude.
    [[nodiscard]] float block_quotient(float amax) const noexcept {
        switch (recipe_) {
            case recipe::nvfp4_te: return std::min(amax * (tensor_ * (1 / largest)), largest_scale);
            case recipe::nvfp4_torchao: return std::clamp(amax / largest / tensor_, 0x1p-6f, largest_scale);
            case recipe::nvfp4_ct: return (amax / largest) * tensor_;
            case recipe::nvfp4_modelopt: {
                const float quotient = amax / (largest * tensor_);
                return quotient == 0 ? 0 : std::clamp(quotient, 0x1p-9f, largest_scale);
            }
            default: return amax / (largest * tensor_);
        }
    }

    /// The scale of a block whose quotient has been rounded to zero.
    [[nodiscard]] float instead_of_zero() const noexcept {
        return recipe_ == recipe::nvfp4_ct ? 0.125f : recipe_ == recipe::nvfp4_modelopt ? 1.0f : 0.0f;
    }

    /// An element as it is rounded, under a block's scale other than zero. Zeros stay zeros, whatever they are multiplied by.
    [[nodiscard]] float scaled(float x, float scale) const noexcept {
        const bool signs_by_comparison = recipe_ == recipe::nvfp4_modelopt || recipe_ == recipe::nvfp4_ct;
        const float quotient = x == 0 ? x : divided(x, scale);
        return signs_by_comparison && quotient == 0 ? 0.0f : quotient;  // "below zero" is false of -0
    }

  private:
    [[nodiscard]] float divided(float x, float scale) const noexcept {
        switch (recipe_) {
            case recipe::nvfp4_te: return x * std::min(1 / (scale * stored_), std::numeric_limits<float>::max());
            case recipe::nvfp4_torchao: return x * ((1 / stored_) / scale);
            case recipe::nvfp4_ct: return x / (scale / tensor_);
            default: return x / (scale * stored_);
        }
    }

    static constexpr float largest = 6;  // of e2m1fn
    static constexpr float largest_scale = 448;  // of e4m3fn

    recipe recipe_;
    float tensor_ = 0;  ///< as the recipe keeps it
    float stored_ = 0;
};

}  // namespace halfulp::detail
