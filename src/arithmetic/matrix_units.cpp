// The rows. Sources: MMA-Sim is github.com/microsoft/MMA-Sim at c785138, mmasim/simulator/{nv_ptx,amd,arithmetic}.py; MATLAB-tensor-core is
// github.com/north-numerical-computing/MATLAB-tensor-core at b12b5a7, models/*.m and model_validation/.
#include "halfulp/arithmetic/matrix_units.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace halfulp {
namespace {

/// How a row computes.
enum class arithmetic : std::uint8_t {
    truncated,  ///< NVIDIA: terms and running sum aligned and truncated
    two_passes,  ///< the same for 8-bit inputs that go as binary16: two steps, then the addend added to nearest
    tree,  ///< products and a pairwise tree of sums, each rounded to nearest even in the output's format
    flushed_tree,  ///< the same with numbers below the smallest normal flushed everywhere
    exact,  ///< a group of products and the running sum added exactly and rounded once, to nearest even
    floored,  ///< CDNA3: terms aligned and truncated, then sum and addend floored against each other
    floored_halves,  ///< CDNA3, 8-bit inputs: even and odd terms apart first
    fma,  ///< one product after the other
};

constexpr std::int32_t no_limit = -(std::int32_t{1} << 22);

struct row_data {
    matrix_unit_row row;
    arithmetic by;
    std::uint32_t terms = 1;
    std::int32_t fraction_bits = 0;
    std::string_view partial{};  ///< format of partial sums where it is not the output's
    std::int32_t lowest_exponent = no_limit;
    std::uint32_t exact_terms = 1;
};

constexpr std::string_view fp8 = "e4m3fn, e5m2";
constexpr std::string_view fp8_fp6_fp4 = "e4m3fn, e5m2, e2m3fn, e3m2fn, e2m1fn";
constexpr std::string_view fnuz = "e4m3fnuz, e5m2fnuz";
constexpr std::string_view both = "MMA-Sim (arXiv 2511.10909), MATLAB-tensor-core (arXiv 2512.07004)";
constexpr std::string_view m_only = "MMA-Sim (arXiv 2511.10909)";
constexpr std::string_view amd = "MMA-Sim (arXiv 2511.10909)";
constexpr std::string_view one_shape = "The source models e4m3fn and e5m2; narrower inputs follow by the same rule.";
constexpr std::string_view by_halves =
    "Inferred from MATLAB-tensor-core's outputs: the factors become binary16 and take two steps of its unit from a sum "
    "of +0, "
    "first k mod 4 in {0, 1}, then the others; then the addend is added, rounded to nearest even.";
constexpr std::string_view lowest_by_t =
    "The lowest alignment exponent is MATLAB-tensor-core's; MMA-Sim has another (docs/matrix_units.md).";

using enum arithmetic;

// name, device, instructions, inputs, scales, blocks, output, source, vectors, note
constexpr row_data rows[] = {
    {{"v100_fp16", "V100", "mma m8n8k4, wmma", "binary16", "", "", "binary32", both, "V100", ""}, truncated, 4, 23},
    {{"v100_fp16_fp16", "V100", "mma m8n8k4, wmma", "binary16", "", "", "binary16", both, "V100", lowest_by_t},
     truncated,
     4,
     23,
     "",
     -19},
    {{"turing_fp16", "Turing", "mma m16n8k8", "binary16", "", "", "binary32", m_only, "", ""}, truncated, 8, 24},
    {{"turing_fp16_fp16", "Turing", "mma m16n8k8", "binary16", "", "", "binary16", m_only, "", ""}, truncated, 8, 24},

    {{"a100_fp16", "A100, A2, A30", "mma m16n8k16, wmma", "binary16", "", "", "binary32", both, "A100, A2", ""},
     truncated,
     8,
     24},
    {{"a100_fp16_fp16", "A100, A2, A30", "mma m16n8k16, wmma", "binary16", "", "", "binary16", both, "A100, A2",
      lowest_by_t},
     truncated,
     8,
     24,
     "",
     -20},
    {{"a100_bf16", "A100, A2, A30", "mma m16n8k16, wmma", "bfloat16", "", "", "binary32", both, "A100, A2",
      lowest_by_t},
     truncated,
     8,
     24,
     "",
     -132},
    {{"a100_tf32", "A100, A2, A30", "mma m16n8k8, wmma", "tf32", "", "", "binary32", both, "A100, A2", lowest_by_t},
     truncated,
     4,
     24,
     "",
     -132},
    {{"a100_fp64", "A100", "mma m8n8k4", "binary64", "", "", "binary64", m_only, "", ""}, fma},

    {{"ada_fp16", "RTX 1000 Ada, L40S", "mma m16n8k16, wmma", "binary16", "", "", "binary32", both,
      "RTX 1000 Ada, L40S", ""},
     truncated,
     8,
     24},
    {{"ada_fp16_fp16", "RTX 1000 Ada, L40S", "mma m16n8k16, wmma", "binary16", "", "", "binary16", both,
      "RTX 1000 Ada, L40S", lowest_by_t},
     truncated,
     8,
     24,
     "",
     -20},
    {{"ada_bf16", "RTX 1000 Ada, L40S", "mma m16n8k16, wmma", "bfloat16", "", "", "binary32", both,
      "RTX 1000 Ada, L40S", lowest_by_t},
     truncated,
     8,
     24,
     "",
     -132},
    {{"ada_tf32", "RTX 1000 Ada, L40S", "mma m16n8k8, wmma", "tf32", "", "", "binary32", both, "RTX 1000 Ada, L40S",
      lowest_by_t},
     truncated,
     4,
     24,
     "",
     -132},
    {{"ada_fp8", "RTX 1000 Ada, L40S", "mma m16n8k32", fp8, "", "", "binary32", both, "RTX 1000 Ada, L40S",
      "The result has 13 fraction bits."},
     truncated,
     16,
     13,
     "e8m13"},
    {{"ada_fp8_fp16", "RTX 1000 Ada, L40S", "mma m16n8k32", fp8, "", "", "binary16", both, "RTX 1000 Ada", ""},
     truncated,
     16,
     13},

    {{"h100_fp16", "H100, H200", "mma m16n8k16, wgmma, wmma", "binary16", "", "", "binary32", both, "H100, H200", ""},
     truncated,
     16,
     25},
    {{"h100_fp16_fp16", "H100, H200", "mma m16n8k16, wgmma, wmma", "binary16", "", "", "binary16", both, "H100, H200",
      lowest_by_t},
     truncated,
     16,
     25,
     "",
     -21},
    {{"h100_bf16", "H100, H200", "mma m16n8k16, wgmma, wmma", "bfloat16", "", "", "binary32", both, "H100, H200",
      lowest_by_t},
     truncated,
     16,
     25,
     "",
     -133},
    {{"h100_tf32", "H100, H200", "mma m16n8k8, wgmma, wmma", "tf32", "", "", "binary32", both, "H100, H200",
      lowest_by_t},
     truncated,
     8,
     25,
     "",
     -133},
    {{"h100_fp8", "H100, H200", "wgmma k32", fp8, "", "", "binary32", both, "H100, H200",
      "The result has 13 fraction bits. The recorded outputs were taken with an addend of zero."},
     truncated,
     32,
     13,
     "e8m13"},
    {{"h100_fp8_fp16", "H100, H200", "wgmma k32", fp8, "", "", "binary16", m_only, "", ""}, truncated, 32, 13},
    {{"h100_fp8_mma", "H100, H200", "mma m16n8k32", fp8, "", "", "binary32", "MATLAB-tensor-core, model_validation", "",
      by_halves},
     two_passes,
     32,
     25},
    {{"h100_fp8_mma_fp16", "H100, H200", "mma m16n8k32", fp8, "", "", "binary16",
      "MATLAB-tensor-core, model_validation", "H100, H200", by_halves},
     two_passes,
     32,
     25,
     "",
     -21},
    {{"h100_fp64", "H100, H200", "mma m16n8k4, k8, k16", "binary64", "", "", "binary64", m_only, "", ""}, fma},

    {{"b200_fp16", "B200", "tcgen05 kind::f16, mma, wmma", "binary16", "", "", "binary32", both, "B200", ""},
     truncated,
     16,
     25},
    {{"b200_fp16_fp16", "B200", "tcgen05 kind::f16, mma, wmma", "binary16", "", "", "binary16", both, "B200",
      lowest_by_t},
     truncated,
     16,
     25,
     "",
     -21},
    {{"b200_bf16", "B200", "tcgen05 kind::f16, mma, wmma", "bfloat16", "", "", "binary32", both, "B200", lowest_by_t},
     truncated,
     16,
     25,
     "",
     -133},
    {{"b200_tf32", "B200", "tcgen05 kind::tf32, mma, wmma", "tf32", "", "", "binary32", both, "B200", lowest_by_t},
     truncated,
     8,
     25,
     "",
     -133},
    {{"b200_f8f6f4", "B200", "tcgen05 kind::f8f6f4", fp8_fp6_fp4, "", "", "binary32", m_only, "", one_shape},
     truncated,
     32,
     25},
    {{"b200_f8f6f4_fp16", "B200", "tcgen05 kind::f8f6f4", fp8_fp6_fp4, "", "", "binary16", m_only, "", one_shape},
     truncated,
     32,
     25},
    {{"b200_fp8_mma", "B200", "mma m16n8k32", fp8, "", "", "binary32", "MATLAB-tensor-core, model_validation", "B200",
      by_halves},
     two_passes,
     32,
     25},
    {{"b200_fp8_mma_fp16", "B200", "mma m16n8k32", fp8, "", "", "binary16", "MATLAB-tensor-core, model_validation",
      "B200", by_halves},
     two_passes,
     32,
     25,
     "",
     -21},
    {{"b200_mxf8f6f4", "B200", "tcgen05 kind::mxf8f6f4", fp8_fp6_fp4, "e8m0fnu", "32", "binary32", m_only, "",
      one_shape},
     truncated,
     32,
     25,
     "",
     -133},
    {{"b200_mxf4", "B200", "tcgen05 kind::mxf4", "e2m1fn", "e8m0fnu", "16, 32", "binary32", m_only, "", ""},
     truncated,
     64,
     35,
     "",
     -133,
     16},
    {{"b200_nvf4", "B200", "tcgen05 kind::mxf4nvf4", "e2m1fn", "e4m3fn", "16", "binary32", m_only, "",
      "The sign of a scale is not looked at."},
     truncated,
     64,
     35,
     "",
     -133,
     16},
    {{"b200_fp64", "B200", "mma m8n8k4", "binary64", "", "", "binary64", m_only, "", ""}, fma},

    {{"rtx_blackwell_fp16", "RTX PRO 6000", "mma m16n8k16", "binary16", "", "", "binary32", both, "", ""},
     truncated,
     16,
     25},
    {{"rtx_blackwell_fp16_fp16", "RTX PRO 6000", "mma m16n8k16", "binary16", "", "", "binary16", both, "", lowest_by_t},
     truncated,
     16,
     25,
     "",
     -21},
    {{"rtx_blackwell_bf16", "RTX PRO 6000", "mma m16n8k16", "bfloat16", "", "", "binary32", both, "", lowest_by_t},
     truncated,
     16,
     25,
     "",
     -133},
    {{"rtx_blackwell_tf32", "RTX PRO 6000", "mma m16n8k8", "tf32", "", "", "binary32", both, "", lowest_by_t},
     truncated,
     8,
     25,
     "",
     -133},
    {{"rtx_blackwell_f8f6f4", "RTX PRO 6000", "mma m16n8k32 kind::f8f6f4", fp8_fp6_fp4, "", "", "binary32", both, "",
      one_shape},
     truncated,
     32,
     25},
    {{"rtx_blackwell_f8f6f4_fp16", "RTX PRO 6000", "mma m16n8k32 kind::f8f6f4", fp8_fp6_fp4, "", "", "binary16", both,
      "", one_shape},
     truncated,
     32,
     25},
    {{"rtx_blackwell_mxf8f6f4", "RTX PRO 6000", "mma m16n8k32 kind::mxf8f6f4", fp8_fp6_fp4, "e8m0fnu", "32", "binary32",
      m_only, "", one_shape},
     truncated,
     32,
     25,
     "",
     -133},
    {{"rtx_blackwell_mxf4", "RTX PRO 6000", "mma m16n8k64 kind::mxf4", "e2m1fn", "e8m0fnu", "16, 32", "binary32",
      m_only, "", ""},
     truncated,
     64,
     35,
     "",
     -133,
     16},
    {{"rtx_blackwell_nvf4", "RTX PRO 6000", "mma m16n8k64 kind::mxf4nvf4", "e2m1fn", "e4m3fn", "16, 32", "binary32",
      m_only, "", "The sign of a scale is not looked at."},
     truncated,
     64,
     35,
     "",
     -133,
     16},

    {{"cdna1_fp16", "MI100", "mfma f16", "binary16", "", "", "binary32", "MATLAB-tensor-core, MI100MC.m", "",
      "MMA-Sim has the tree of cdna1_fp16_tree instead."},
     exact,
     4},
    {{"cdna1_fp16_tree", "MI100", "mfma f16", "binary16", "", "", "binary32", amd, "",
      "MATLAB-tensor-core has the exact sum of cdna1_fp16 instead."},
     tree,
     4},
    {{"cdna1_bf16", "MI100", "mfma bf16", "bfloat16", "", "", "binary32", "MATLAB-tensor-core, MI100MC.m", "",
      "MMA-Sim has the tree of cdna1_bf16_tree instead."},
     exact,
     2},
    {{"cdna1_bf16_tree", "MI100", "mfma bf16", "bfloat16", "", "", "binary32", amd, "",
      "MATLAB-tensor-core has the exact sum of cdna1_bf16 instead."},
     tree,
     2},
    {{"cdna1_fp32", "MI100", "mfma f32", "binary32", "", "", "binary32", amd, "", ""}, fma},
    {{"cdna2_fp16", "MI210, MI250", "mfma f16", "binary16", "", "", "binary32", both, "",
      "Numbers below the smallest normal are flushed everywhere."},
     flushed_tree,
     4},
    {{"cdna2_bf16", "MI210, MI250", "mfma bf16", "bfloat16", "", "", "binary32", amd, "",
      "Numbers below the smallest normal are flushed everywhere."},
     flushed_tree,
     2},
    {{"cdna2_bf16_1k", "MI210, MI250", "mfma bf16_1k", "bfloat16", "", "", "binary32", both, "",
      "Numbers below the smallest normal are flushed everywhere."},
     flushed_tree,
     4},
    {{"cdna2_fp32", "MI210, MI250", "mfma f32", "binary32", "", "", "binary32", amd, "", ""}, fma},
    {{"cdna2_fp64", "MI210, MI250", "mfma f64", "binary64", "", "", "binary64", amd, "", ""}, fma},
    {{"cdna3_fp16", "MI300", "mfma f16", "binary16", "", "", "binary32", amd, "", ""}, floored, 8, 24},
    {{"cdna3_bf16", "MI300", "mfma bf16", "bfloat16", "", "", "binary32", amd, "", ""}, floored, 8, 24},
    {{"cdna3_xf32", "MI300", "mfma xf32", "tf32", "", "", "binary32", amd, "", ""}, floored, 4, 24},
    {{"cdna3_fp8", "MI300", "mfma fp8, bf8", fnuz, "", "", "binary32", amd, "", ""}, floored_halves, 16, 24},
    {{"cdna3_fp32", "MI300", "mfma f32", "binary32", "", "", "binary32", amd, "", ""}, fma},
    {{"cdna3_fp64", "MI300", "mfma f64", "binary64", "", "", "binary64", amd, "", ""}, fma},
};

/// Calls f(entry) for the entries of a list with commas.
template <class F>
void each(std::string_view list, const F& f) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(", "), list.size());
        f(list.substr(0, end));
        list.remove_prefix(std::min(end + 2, list.size()));
    }
}

projection by(rounding_mode mode, ftz_policy ftz = ftz_policy::none) {
    projection out;
    out.rounding = mode;
    out.ftz = ftz;
    return out;
}

void set_nvidia(accumulator& out, const row_data& row, const format& output) {
    const bool half = output.bits() == 16;
    const format partial = row.partial.empty() ? output : parse_format(row.partial);
    out.partial = {partial, by(half ? rounding_mode::nearest_ties_to_even : rounding_mode::toward_zero)};
    out.inside = group_sum::aligned;
    out.aligned.fraction_bits = row.fraction_bits;
    out.aligned.lowest_exponent = row.lowest_exponent;
    out.aligned.exact_terms = row.exact_terms;
    out.overflow_to_infinity = true;
    out.unsigned_scales = true;
    // All ones, and no sign (MMA-Sim, nv_fused_dot_add).
    out.nan = nan_result{output, output.max_code() >> 1};
}

void set_cdna3(accumulator& out, bool halves) {
    constexpr std::int32_t output_emin = -126;
    out.inside = group_sum::aligned;
    out.aligned.addend_inside = false;
    out.aligned.zero_addend_exponent = output_emin;
    if (halves) {
        out.aligned.halves = true;
        out.aligned.addend_reach = 25;
    }
    out.aligned.product_limit = 128;
}

accumulator made(const row_data& row, const format& output) {
    constexpr rounding_mode nearest = rounding_mode::nearest_ties_to_even;
    accumulator out;
    out.name = row.row.name;
    out.group = row.terms;
    out.positive_zeros = row.by != fma;
    out.partial = {output, by(nearest)};
    switch (row.by) {
        case two_passes: out.aligned.two_passes = true; [[fallthrough]];
        case truncated: set_nvidia(out, row, output); break;
        case flushed_tree:
            out.partial->how.ftz = ftz_policy::after;
            out.flush_inputs = true;
            [[fallthrough]];
        case tree:
            out.product = out.partial;
            out.inside = group_sum::pairwise;
            break;
        case floored: set_cdna3(out, false); break;
        case floored_halves: set_cdna3(out, true); break;
        case exact:
        case fma: break;
    }
    // The one format's where there is one: values in a wider carrier do not tell. Where there are several, the caller does.
    if (out.inside == group_sum::aligned || out.flush_inputs) {
        if (row.by == two_passes)
            out.aligned.a_emin = out.aligned.b_emin = parse_format("binary16").as_float()->emin();
        else if (row.row.inputs.find(',') == std::string_view::npos)
            out.aligned.a_emin = out.aligned.b_emin = parse_format(row.row.inputs).as_float()->emin();
    }
    validate(out);
    return out;
}

const auto& plain_rows() {
    static const std::vector<matrix_unit_row> found = [] {
        std::vector<matrix_unit_row> out;
        for (const row_data& r : rows) out.push_back(r.row);
        return out;
    }();
    return found;
}

}  // namespace

std::span<const matrix_unit_row> matrix_unit_rows() { return plain_rows(); }

matrix_unit find_matrix_unit(std::string_view name) {
    const auto* const found = std::ranges::find_if(rows, [&](const row_data& r) { return r.row.name == name; });
    if (found == std::end(rows)) {
        std::string allowed;
        for (const row_data& r : rows) allowed += (allowed.empty() ? "" : ", ") + std::string(r.row.name);
        throw std::invalid_argument("unit is '" + std::string(name) + "', allowed: " + allowed);
    }
    matrix_unit out;
    out.row = found->row;
    each(found->row.inputs, [&](std::string_view f) { out.inputs.push_back(parse_format(f)); });
    each(found->row.scales, [&](std::string_view f) { out.scales.push_back(parse_format(f)); });
    each(found->row.blocks, [&](std::string_view digits) {
        std::uint32_t block = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), block);
        out.blocks.push_back(block);
    });
    out.output = parse_format(found->row.output);
    out.how = made(*found, out.output);
    return out;
}

}  // namespace halfulp
