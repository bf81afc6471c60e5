// Groups whose scales are fixed, and the rules by which their elements become codes: section 2.10 of the contract, one
// rule for each kind of recipe, to nearest even. Only finite elements come here.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "halfulp/arithmetic/exact_sum.hpp"
#include "halfulp/blocks/scaled_element.hpp"
#include "halfulp/codecs/codec.hpp"
#include "halfulp/codecs/pack.hpp"
#include "kernels/binary32_recipe.hpp"
#include "kernels/bitsandbytes_blocks.hpp"
#include "kernels/checks.hpp"
#include "kernels/choose_scales.hpp"
#include "kernels/scheme_layout.hpp"

namespace halfulp::detail {

/// What an element's code depends on.
enum class element_kind : std::uint8_t {
    quotient,  ///< element ÷ scales
    affine,  ///< element ÷ scale, counted from a zero point
    mean,  ///< ternary and binary elements under means: a threshold
    bitsandbytes,  ///< that library's thresholds
};

/// A group's scales, and what else its kind asks for.
struct fixed_group {
    group_scales scale{};
    bool quick = false;  ///< binary64 division decides
    bool short_block = false;  ///< bitsandbytes: not full
    float block = 0;  ///< the innermost scale in binary32 (nvfp4's binary32 recipes; bitsandbytes)
    float reciprocal = 0;  ///< torch_ao, bitnet
    std::int64_t zero = 0;  ///< affine
    std::uint64_t above = 0;  ///< mean: magnitudes whose bits are above become the outer member
};

/// How elements of a scheme become codes. `projector` where the element is a float, else `any_projector`.
class element_rule {
  public:
    explicit element_rule(const scheme& s);

    [[nodiscard]] element_kind kind() const noexcept { return kind_; }
    [[nodiscard]] bool divides_quickly(const group_scales& scale) const noexcept {
        return std::visit([&](const auto& encoder) { return encoder.divides_in_binary64(scale); }, encoder_);
    }
    [[nodiscard]] const scheme& of() const noexcept { return scheme_; }
    [[nodiscard]] bool is_binary() const noexcept { return binary_; }

  private:
    using encoders = std::variant<scaled_encoder<double>, scaled_encoder<double, any_projector>>;
    static encoders make_encoder(const scheme& s);

    template <class Encoder>
    [[nodiscard]] auto make_quotient(const Encoder& encoder) const {
        return [this, &encoder](double x, const fixed_group& group, const group_scales& decoding,
                                const std::optional<binary32_recipe>& steps, std::uint64_t& code, double& value) {
            const bool stepped = steps.has_value() && !group.scale.is_zero;
            projected element = stepped ? project_value(steps->scaled(to_binary32(x), group.block), encoder.how(), 0)
                                        : encoder(x, group.scale, group.quick, 0);
            if (no_negative_zero_ && element.significand == 0) element.negative = false;
            code = stored(element);
            value = decode_(element, decoding);
            return element.overflowed;
        };
    }
    [[nodiscard]] auto make_affine() const {
        return [this](double x, const fixed_group& group, const group_scales&, const std::optional<binary32_recipe>&,
                      std::uint64_t& code, double& value) {
            const std::int64_t most = static_cast<std::int64_t>(low_ones(scheme_.element.bits()));
            const auto& encoder = std::get<scaled_encoder<double, any_projector>>(encoder_);
            std::int64_t q = group.zero;
            bool over = false;
            if (!group.scale.is_zero) {
                const projected k = group.reciprocal != 0
                                        ? project_value(to_binary32(x) * group.reciprocal, encoder.how(), 0)
                                        : encoder(x, group.scale, group.quick, 0);
                const auto magnitude = static_cast<std::int64_t>(k.significand);
                q += k.negative ? -magnitude : magnitude;
                over = q < 0 || q > most;
                q = std::clamp<std::int64_t>(q, 0, most);
            }
            const std::int64_t first =
                scheme_.element.has_signed_codes() ? std::int64_t{1} << (scheme_.element.bits() - 1) : 0;
            code = static_cast<std::uint64_t>(q - first);
            const std::int64_t d = q - group.zero;
            value = decode_(
                {number_class::finite, d < 0, static_cast<std::uint64_t>(d < 0 ? -d : d), 0, false, false, false},
                group.scale);
            return over;
        };
    }
    [[nodiscard]] auto make_mean() const {
        return [this](double x, const fixed_group& group, const group_scales& decoding,
                      const std::optional<binary32_recipe>&, std::uint64_t& code, double& value) {
            const std::uint64_t bits = to_bits(x);
            const std::uint64_t magnitude = bits & binary64_format.magnitude_mask();
            const bool negative = (bits & binary64_format.sign_mask()) != 0;
            projected element{number_class::finite, false, 0, 0, false, false, false};
            if (binary_) {
                element.significand = 1;
                element.negative = negative && magnitude != 0 && !group.scale.is_nan;
            } else if (!group.scale.is_nan && !group.scale.is_zero) {
                if (group.reciprocal != 0) {
                    element = project_value(to_binary32(x) * group.reciprocal, any_, 0);
                    element.overflowed = false;
                } else if (magnitude > group.above) {
                    element.significand = 1;
                    element.negative = negative;
                }
                if (element.significand == 0) element.negative = false;
            }
            code = stored(element);
            value = decode_(element, decoding);
            return false;  // that magnitudes lie beyond a mean is what means are
        };
    }
    [[nodiscard]] auto make_bitsandbytes() const {
        return [this](double x, const fixed_group& group, const group_scales& decoding,
                      const std::optional<binary32_recipe>&, std::uint64_t& code, double& value) {
            code = table_->code(to_binary32(x), group.block, group.short_block);
            value = decode_(projected_from_code(code, scheme_.element), decoding);
            return false;
        };
    }
    [[nodiscard]] std::uint64_t stored(const projected& element) const noexcept {
        if (is_float_) return to_code(element, grid_);
        return stored_code<std::uint64_t>(to_code(element, scheme_.element), scheme_.element.bits(),
                                          scheme_.element.has_signed_codes());
    }

  public:
    /// Calls use(one), where one(x, group, decoding scale, steps, code&, value&) says whether x saturated.
    template <class Use>
    std::uint64_t visit(const Use& use) const {
        switch (kind_) {
            case element_kind::affine: return use(make_affine());
            case element_kind::mean: return use(make_mean());
            case element_kind::bitsandbytes: return use(make_bitsandbytes());
            default: break;
        }
        return std::visit([&](const auto& encoder) { return use(make_quotient(encoder)); }, encoder_);
    }

  private:
    scheme scheme_;
    element_kind kind_;
    bool binary_;
    bool no_negative_zero_;
    bool is_float_;
    float_grid grid_;
    encoders encoder_;
    any_projector any_;
    std::optional<bitsandbytes_table> table_;
    scaled_decoder<double> decode_;
};

/// The groups of an array of runs under given planes. x: what the recipes of means look at.
std::vector<fixed_group> fix_groups(const element_rule& rule, const scheme& s, const scheme_layout& layout,
                                    std::span<const double> x, const scale_planes& planes,
                                    const std::optional<binary32_recipe>& steps);

}  // namespace halfulp::detail
