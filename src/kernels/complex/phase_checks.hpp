// Argument checks that the functions of the complex code share.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "halfulp/kernels/phase.hpp"

namespace halfulp::detail {

/// `what` holds `expected` things.
void check_count(const std::string& what, std::size_t found, std::uint64_t expected);
void check_layout(const phase_layout& layout);
void check_phase_options(const phase_options& options);
void check_stages(int stages);
/// Codes from 0 to 3.
void check_phase_codes(std::span<const std::uint8_t> codes);
/// Codes of the scale format, a binary64 number each.
void check_scale_codes(std::span<const std::uint64_t> scale_codes, const float_format& scale);
/// A NaN (or, beside scales without NaN, an infinity) under nan_policy::raise.
[[noreturn]] void throw_no_phase(std::size_t index);

}  // namespace halfulp::detail
