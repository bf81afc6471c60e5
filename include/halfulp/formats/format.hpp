// Any format: a float shape, an integer or fixed point, a posit, or a codebook; and the questions that all of them answer.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "halfulp/formats/codebook.hpp"
#include "halfulp/formats/fixed_format.hpp"
#include "halfulp/formats/posit_format.hpp"

namespace halfulp {

/// A value: formats compare by what they are.
class format {
  public:
    constexpr format() = default;
    constexpr format(const float_format& f) : is_(f) {}
    constexpr format(const fixed_format& f) : is_(f) {}
    constexpr format(const posit_format& f) : is_(f) {}
    /// `table` is not null.
    format(std::shared_ptr<const codebook> table) : is_(std::move(table)) {}

    /// Null where the format is of another kind.
    [[nodiscard]] constexpr const float_format* as_float() const noexcept { return std::get_if<float_format>(&is_); }
    [[nodiscard]] constexpr const fixed_format* as_fixed() const noexcept { return std::get_if<fixed_format>(&is_); }
    [[nodiscard]] constexpr const posit_format* as_posit() const noexcept { return std::get_if<posit_format>(&is_); }
    [[nodiscard]] const codebook* as_codebook() const noexcept {
        const auto* table = std::get_if<std::shared_ptr<const codebook>>(&is_);
        return table == nullptr ? nullptr : table->get();
    }

    /// Calls f with the float_format, fixed_format, posit_format or codebook that it is.
    template <class F>
    decltype(auto) visit(F&& f) const {
        if (const codebook* table = as_codebook()) return f(*table);
        if (const fixed_format* fixed = as_fixed()) return f(*fixed);
        if (const posit_format* posit = as_posit()) return f(*posit);
        return f(*as_float());
    }

    /// Width of a code.
    [[nodiscard]] int bits() const;
    /// The largest code: 2^bits - 1, but for tables with fewer codes.
    [[nodiscard]] std::uint64_t max_code() const;
    /// Are codes kept as signed integers (integers and fixed point with a sign)?
    [[nodiscard]] bool has_signed_codes() const noexcept;
    [[nodiscard]] bool is_signed() const;
    [[nodiscard]] bool has_infinity() const;
    [[nodiscard]] bool has_nan() const;
    [[nodiscard]] bool has_zero() const;
    [[nodiscard]] bool has_negative_zero() const;
    /// The largest finite magnitude.
    [[nodiscard]] dyadic largest_magnitude() const;
    /// What a scheme scales the largest magnitude of a group to: the largest finite magnitude, but 1 for posits, which have few bits far from
    /// it.
    [[nodiscard]] dyadic scale_target() const;

    friend bool operator==(const format& a, const format& b) noexcept {
        const codebook* x = a.as_codebook();
        const codebook* y = b.as_codebook();
        if (x != nullptr && y != nullptr) return x == y || *x == *y;
        return a.is_ == b.is_;
    }

  private:
    std::variant<float_format, fixed_format, posit_format, std::shared_ptr<const codebook>> is_;
};

/// Any format of the text grammar. Throws std::invalid_argument that says what was expected and, where one is near, which name was meant.
format parse_format(std::string_view text);
std::string to_string(const format& f);
/// A YAML block of everything that there is to know about the format.
std::string describe(const format& f);
/// Throws std::invalid_argument where a shape's numbers make no format.
void validate(const format& f);

}  // namespace halfulp
