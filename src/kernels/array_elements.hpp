// Elements of operand and result arrays of any kind, one at a time.
#pragma once

#include <limits>
#include <stdexcept>
#include <string>

#include "checks.hpp"
#include "halfulp/kernels/calculate.hpp"

namespace halfulp::detail {

constexpr bool is_codes(element_kind kind) noexcept {
    return kind >= element_kind::code8 && kind <= element_kind::code64;
}

/// Calls f(T{}) with the element type.
template <class F>
decltype(auto) with_element(element_kind kind, F&& f) {
    switch (kind) {
        case element_kind::binary16: return f(float16{});
        case element_kind::bfloat16: return f(bfloat16{});
        case element_kind::binary32: return f(float{});
        case element_kind::binary64: return f(double{});
        case element_kind::code8: return f(std::uint8_t{});
        case element_kind::code16: return f(std::uint16_t{});
        case element_kind::code32: return f(std::uint32_t{});
        case element_kind::code64: return f(std::uint64_t{});
        default: return f(std::int64_t{});
    }
}

/// Takes the operands of one array apart, a block at a time.
class operand_reader {
  public:
    /// With `daz` operands below the smallest normal member of their format count as zeros: of the codes' own, for values of `target`.
    operand_reader(const operand_array& from, const format& target, bool daz);

    /// The operands `begin` to `end`; one element stands for all.
    void read(std::size_t begin, std::size_t end, operand* out) const;
    /// A code itself, for NaN rules.
    [[nodiscard]] std::uint64_t code(std::size_t i) const;
    [[nodiscard]] const float_format* as_float() const { return from_.of == nullptr ? nullptr : from_.of->as_float(); }

  private:
    [[nodiscard]] operand taken(std::uint64_t code) const;
    template <class T>
    [[nodiscard]] operand at(std::size_t i) const;

    operand_array from_;
    const format* zeros_;
    std::uint64_t mask_ = 0;
    std::vector<operand> table_;  // of codes of up to 8 bits
};

/// Writes projected numbers as values or codes.
class result_writer {
  public:
    result_writer(const result_array& to, const format& f, nan_policy nan)
        : to_(to), format_(&f), keeps_nan_(nan == nan_policy::keep), width_(f.bits()), signed_(f.has_signed_codes()) {}

    void write(std::size_t i, const projected& x) const;
    void write_code(std::size_t i, std::uint64_t code) const;

  private:
    result_array to_;
    const format* format_;
    bool keeps_nan_;
    int width_;
    bool signed_;
};

/// An operand's array has `size` elements or one, and its codes are those of its format.
void check_operand(const operand_array& x, std::size_t size, const std::string& name);

/// The result's format and array go together, and arithmetic can do what the projection says.
void check_result(const result_array& out, const format& f, const projection& how);

}  // namespace halfulp::detail
