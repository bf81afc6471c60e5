// Recipes: how the scales of a scheme are found, by name. A recipe has one row here; its rule is in scale.hpp (power-of-two scales) or
// binary32_recipe.hpp (orders of operations in binary32).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace halfulp {

enum class recipe : std::uint8_t {
    standard,  ///< section 2.9 of the contract: ocp_floor for power-of-two scales, else the exact quotient
    ceil,
    even,
    rceil,
    nearest,
    p3109_maxabs,
    rceil_fp32,
    microxcaling_log2,
    quark,
    llama_cpp,
    nvfp4_fp32,
    nvfp4_te,
    nvfp4_torchao,
    nvfp4_modelopt,
    nvfp4_ct,
    four_over_six,
    four_over_six_mae,
    absmax,
    clamp,
    bitnet,
    twn,
    torch_ao,
    bitsandbytes,
};

/// Which schemes a recipe is for.
enum class recipe_shape : std::uint8_t {
    power_of_two,  ///< one level of power-of-two scales without a zero
    nvfp4,  ///< e2m1fn elements, e4m3fn scales, one binary32 scale for the tensor
    ternary,  ///< ternary elements, one level of scales other than powers of two
    binary,  ///< elements -1 and +1, one level of scales other than powers of two
    affine,  ///< integers with a zero point
    blockwise,  ///< nf4, fp4_bnb, af4 or dynamic8 elements, flat, one level of binary32 scales
};
inline constexpr std::array<std::string_view, 6> recipe_shape_names{"power_of_two", "nvfp4",  "ternary",
                                                                    "binary",       "affine", "blockwise"};

struct recipe_row {
    recipe id;
    std::string_view name;
    recipe_shape shape;
    std::string_view summary;
    std::string_view source;
};

// In the summaries: amax = m 2^e with 1 <= m < 2; L = largest element = mL 2^E with M mantissa bits; the scale is 2^k.
inline constexpr std::array<recipe_row, 29> recipes{{
    {recipe::standard, "ocp_floor", recipe_shape::power_of_two, "k = e - E (the default)", "OCP MX v1.0, 6.3"},
    {recipe::ceil, "ceil", recipe_shape::power_of_two, "k = e - E, and one more unless m = 1",
     "torchao, ScaleCalculationMode.CEIL"},
    {recipe::even, "even", recipe_shape::power_of_two, "k = e - E, and one more where m + 2^-(M+1) >= 2",
     "torchao, ScaleCalculationMode.EVEN; AMD Quark"},
    {recipe::rceil, "rceil", recipe_shape::power_of_two, "the least k with L 2^k >= amax, exactly",
     "NVIDIA cuBLAS documentation, block scaling; PTX cvt.rp.ue8m0x2"},
    {recipe::nearest, "nearest", recipe_shape::power_of_two, "amax / L to the nearest scale, ties to the even code",
     "IEEE P3109 v4.0, NearestTiesToEven"},
    {recipe::p3109_maxabs, "p3109_maxabs", recipe_shape::power_of_two,
     "amax itself to the nearest scale, ties to the even code", "IEEE P3109 v4.0, ConvertToBlockMaxAbsFinite"},
    {recipe::rceil_fp32, "rceil_fp32", recipe_shape::power_of_two,
     "the least k with 2^k >= amax x RN32(1 / L), the product in binary32",
     "torchao, ScaleCalculationMode.RCEIL; Transformer Engine MXFP8"},
    {recipe::microxcaling_log2, "microxcaling_log2", recipe_shape::power_of_two,
     "k = floor(RN32(log2 amax)) - E: one too large just below a power of two", "microxcaling, the Python path"},
    {recipe::quark, "quark", recipe_shape::power_of_two,
     "even on RN32(amax), where zero counts as 2^-126 and what overflows has the largest scale", "AMD Quark"},
    {recipe::llama_cpp, "llama_cpp", recipe_shape::power_of_two,
     "as microxcaling_log2; elements to nearest, ties toward zero, no negative zero",
     "llama.cpp, quantize_row_mxfp4_ref"},
    {recipe::standard, "nvfp4_exact", recipe_shape::nvfp4,
     "every quotient formed exactly and rounded once (the default)", "halfulp"},
    {recipe::nvfp4_fp32, "nvfp4_fp32", recipe_shape::nvfp4, "the same steps, each rounded to binary32", "halfulp"},
    {recipe::nvfp4_te, "nvfp4_te", recipe_shape::nvfp4, "an encoding scale 2688 / amax, reciprocals and products",
     "Transformer Engine, NVFP4"},
    {recipe::nvfp4_torchao, "nvfp4_torchao", recipe_shape::nvfp4,
     "amax / 6 / S, at least 2^-6; reciprocals for the elements", "torchao, nvfp4_quantize"},
    {recipe::nvfp4_modelopt, "nvfp4_modelopt", recipe_shape::nvfp4,
     "amax / (6 S), 1 where that is zero; elements divided", "TensorRT Model Optimizer, NVFP4QTensor"},
    {recipe::nvfp4_ct, "nvfp4_ct", recipe_shape::nvfp4, "(amax / 6) x G with G = 2688 / amax, 0.125 where that is zero",
     "compressed-tensors, NVFP4"},
    {recipe::four_over_six, "four_over_six", recipe_shape::nvfp4,
     "each block's maximum to 6 or to 4, whichever leaves the smaller squared error", "arXiv 2512.02010"},
    {recipe::four_over_six_mae, "four_over_six_mae", recipe_shape::nvfp4, "the same by the sum of absolute errors",
     "arXiv 2512.02010"},
    {recipe::standard, "paper", recipe_shape::ternary,
     "x / (mean |x| + 1e-5), exactly; the scale is mean |x| (the default)", "arXiv 2402.17764, section 2"},
    {recipe::clamp, "clamp", recipe_shape::ternary, "x / max(mean |x|, 1e-5), exactly; the scale is mean |x|",
     "halfulp"},
    {recipe::bitnet, "bitnet", recipe_shape::ternary,
     "s = 1 / max(mean |x|, 1e-5), x s, and the scale 1 / s, each rounded to binary32",
     "BitNet b1.58: Training Tips, Code and FAQ"},
    {recipe::twn, "twn", recipe_shape::ternary, "0 up to 0.7 mean |x|; the scale is the mean of the magnitudes above",
     "arXiv 1605.04711"},
    {recipe::absmax, "absmax", recipe_shape::ternary, "the scale is amax", "halfulp"},
    {recipe::standard, "xnor", recipe_shape::binary, "the scale is mean |x| (the default)",
     "arXiv 1603.05279, section 3.1"},
    {recipe::absmax, "absmax", recipe_shape::binary, "the scale is amax", "halfulp"},
    {recipe::standard, "minmax", recipe_shape::affine,
     "scale (max - min) / (2^W - 1), zero -min / scale, each exact and rounded once (the default)", "halfulp"},
    {recipe::torch_ao, "torch_ao", recipe_shape::affine,
     "the same in binary32, scales of 2^-23 or more; elements times the reciprocal", "torch.ao, MinMaxObserver"},
    {recipe::standard, "exact", recipe_shape::blockwise, "x / amax compared exactly with exact midpoints (the default)",
     "halfulp"},
    {recipe::bitsandbytes, "bitsandbytes", recipe_shape::blockwise,
     "x times the reciprocal of amax in binary32, thresholds in binary32", "bitsandbytes 0.50, the CPU path"},
}};

/// The row of a recipe for schemes of a shape; null where there is none.
constexpr const recipe_row* find_recipe(recipe id, recipe_shape shape) noexcept {
    for (const recipe_row& row : recipes) {
        if (row.id == id && row.shape == shape) return &row;
    }
    return nullptr;
}

constexpr const recipe_row* find_recipe(std::string_view name) noexcept {
    for (const recipe_row& row : recipes) {
        if (row.name == name) return &row;
    }
    return nullptr;
}

/// The row of a recipe's name for schemes of a shape; null where there is none.
constexpr const recipe_row* find_recipe(std::string_view name, recipe_shape shape) noexcept {
    for (const recipe_row& row : recipes) {
        if (row.name == name && row.shape == shape) return &row;
    }
    return nullptr;
}

/// Does it choose between two scales of each block by their errors?
constexpr bool is_four_over_six(recipe r) noexcept {
    return r == recipe::four_over_six || r == recipe::four_over_six_mae;
}

/// Does it compute scales and elements step by step in binary32?
constexpr bool is_binary32(recipe r) noexcept { return r >= recipe::nvfp4_fp32 && r <= recipe::nvfp4_ct; }

}  // namespace halfulp
