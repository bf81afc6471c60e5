// The promises, one function for each kernel. What they add is measured in the order in which it stands.
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "floors/arena.hpp"
#include "floors/floor_case.hpp"

namespace halfulp::benchmarks {

using cases = std::vector<floor_case>;
using shared_arena = std::shared_ptr<arena>;

/// Whose floors are promised; `parametric` is a shape without a row in the registry.
inline constexpr std::array<std::string_view, 7> promised_formats{"bfloat16", "binary16", "e4m3fn", "e5m2",
                                                                  "e3m2fn",   "e2m3fn",   "e2m1fn"};
inline constexpr std::string_view parametric_format = "e6m5";

void add_round_cases(cases& to, const shared_arena& arrays, backend runs);
void add_code_cases(cases& to, const shared_arena& arrays, backend runs);
void add_packing_cases(cases& to, const shared_arena& arrays, backend runs);
void add_block_cases(cases& to, const shared_arena& arrays, backend runs);
void add_codebook_cases(cases& to, const shared_arena& arrays, backend runs);
void add_posit_cases(cases& to, const shared_arena& arrays, backend runs);
void add_integer_cases(cases& to, const shared_arena& arrays, backend runs);
void add_packed_decoding_cases(cases& to, const shared_arena& arrays, backend runs);
void add_thread_cases(cases& to, const shared_arena& arrays, backend runs);
void add_complex_cases(cases& to, const shared_arena& arrays, backend runs);
void add_product_cases(cases& to, const shared_arena& arrays, backend runs);

/// The floor where it is promised for this backend; none elsewhere.
inline std::optional<double> on(backend runs, backend promised, double floor) {
    return runs == promised ? std::optional(floor) : std::nullopt;
}

}  // namespace halfulp::benchmarks
