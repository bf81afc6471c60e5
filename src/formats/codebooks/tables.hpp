// The makers that the rows of find.cpp name.
#pragma once

#include <memory>
#include <string_view>

#include "halfulp/formats/codebook.hpp"

namespace halfulp::detail {

codebook make_normal_float(int bits);
codebook make_dynamic(int bits);
codebook make_unsigned_dynamic(int bits);
codebook make_powers_of_two(int bits);
codebook make_additive_powers_of_two(int bits);
codebook make_powers_of_square_root_of_two(int bits);
codebook make_af4();
codebook make_fp4_bnb();
codebook make_iq4_nl();
codebook make_ternary();
codebook make_pm1();
codebook make_hifloat8();

/// The table that make_codebook has made under this name; throws std::invalid_argument where there is none.
std::shared_ptr<const codebook> find_own_codebook(std::string_view name);

/// Throws std::invalid_argument unless least <= bits <= most; `what` is the family.
void check_codebook_bits(std::string_view what, int bits, int least, int most);

inline constexpr std::string_view nf4_source = "arXiv 2305.14314 (QLoRA); bitsandbytes 0.50.2, get_4bit_type";
inline constexpr std::string_view normal_float_source = "arXiv 2311.12023 (LQ-LoRA); HanGuo97/lq-lora";
inline constexpr std::string_view fp4_bnb_source = "bitsandbytes 0.50.2, get_4bit_type";
inline constexpr std::string_view dynamic_source = "arXiv 1511.04561; bitsandbytes 0.50.2, create_dynamic_map";
inline constexpr std::string_view pot_source = "arXiv 1909.13144; yhhhli/APoT_Quantization";
inline constexpr std::string_view apot_source = "arXiv 1909.13144; yhhhli/APoT_Quantization";
inline constexpr std::string_view sqrt2pot_source =
    "arXiv 2504.17263 (POST); SENGEL13/ASQ-POST, less its smallest magnitude";
inline constexpr std::string_view af4_source = "arXiv 2306.06965, blocks of 64";
inline constexpr std::string_view iq4_nl_source = "llama.cpp, ggml-common.h, kvalues_iq4nl";
inline constexpr std::string_view ternary_source = "-1, 0, 1: arXiv 1605.04711; 2402.17764";
inline constexpr std::string_view pm1_source = "-1, 1: arXiv 1603.05279 (XNOR-Net)";
inline constexpr std::string_view hifloat8_source = "arXiv 2409.16626 (HiFloat8)";

}  // namespace halfulp::detail
