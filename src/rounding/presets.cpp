#include "halfulp/rounding/presets.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include "../formats/known_names.hpp"
#include "halfulp/formats/registry.hpp"

namespace halfulp {

projection preset_projection(std::string_view name, const float_format& format, bool rounding_is_given) {
    constexpr float_format e8m0 = named("e8m0fnu");
    constexpr float_format e4m3fn = named("e4m3fn");
    const bool is_e8m0 = format == e8m0;
    projection how{.nan = nan_policy::raise};
    if (name == "ocp_nonsat" || name == "carrier_then_round") return how;
    if (name == "ocp_sat") {
        how.overflow = overflow_policy::sat_finite;
        return how;
    }
    if (name == "p3109") {
        how.overflow = overflow_policy::sat_none;
        return how;
    }
    if (name == "ptx_satfinite") {
        how.overflow = overflow_policy::sat_finite;
        how.nan = nan_policy::to_max;
        how.magnitude_if_unsigned = is_e8m0;
        if (is_e8m0 && !rounding_is_given) {
            throw std::invalid_argument(
                "projection is 'ptx_satfinite' and the format e8m0fnu: cvt has no default rounding there; name "
                "rounding='toward_zero' (.rz) or 'toward_positive' (.rp)");
        }
        return how;
    }
    // The rest convert binary64 by way of binary32.
    how.through_binary32 = true;
    if (name == "ml_dtypes") {
        how.nan = nan_policy::negated_zero;
        if (is_e8m0) {
            how.rounding = rounding_mode::nearest_ties_up;
            how.zero_to_nan_if_absent = true;
            how.lowest_gap_up = true;
        }
        return how;
    }
    if (name == "torch" || name == "torch_2_11") {
        if (name == "torch" && format == e4m3fn) how.overflow = overflow_policy::sat_finite;
        if (is_e8m0) {
            how.rounding = rounding_mode::nearest_ties_up;
            how.magnitude_if_unsigned = true;
            how.lowest_gap_up = true;
        }
        return how;
    }
    if (name == "onnx_saturate") {
        how.overflow = overflow_policy::sat_finite;
        how.nan = nan_policy::negated_zero;
        if (is_e8m0) {
            how.rounding = rounding_mode::toward_positive;
            how.magnitude_if_unsigned = true;
            how.infinity_to_nan = true;
            how.lowest_binade_up = true;
        }
        return how;
    }
    std::vector<std::string_view> allowed;
    std::string list;
    for (const projection_preset& row : projection_presets) {
        allowed.push_back(row.name);
        list += (list.empty() ? "" : ", ") + std::string(row.name);
    }
    throw std::invalid_argument("projection is " + quoted(name) + suggestion(name, allowed) + ", allowed: " + list +
                                ", or a Projection");
}

projection preset_projection(std::string_view name, const format& f, bool rounding_is_given) {
    if (const float_format* is = f.as_float()) return preset_projection(name, *is, rounding_is_given);
    for (const std::string_view own : {"ocp_sat", "ocp_nonsat", "ptx_satfinite", "p3109", "carrier_then_round"}) {
        if (name == own) return preset_projection(name, named("e5m2"), rounding_is_given);
    }
    preset_projection(name, named("e5m2"), rounding_is_given);  // an unknown name says so
    throw std::invalid_argument("projection is '" + std::string(name) + "', allowed for " + to_string(f) +
                                ": ocp_sat, ocp_nonsat, ptx_satfinite, p3109, carrier_then_round (that library "
                                "converts to floats only)");
}

}  // namespace halfulp
