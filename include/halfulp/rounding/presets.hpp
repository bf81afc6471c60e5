// Projection presets: what a library, an instruction or a standard does when it converts, by name.
// Each was recorded from its owner (tests/vectors/presets).
#pragma once

#include <array>
#include <string_view>

#include "halfulp/formats/format.hpp"
#include "halfulp/rounding/projection.hpp"

namespace halfulp {

struct projection_preset {
    std::string_view name;
    std::string_view meaning;
};

inline constexpr std::array<projection_preset, 9> projection_presets{{
    {"ocp_sat", "OCP OFP8 v1.0 and MX v1.0, saturating: overflow and infinities to the largest finite"},
    {"ocp_nonsat", "OCP OFP8 v1.0, non-saturating: E5M2 to infinity, E4M3 to NaN"},
    {"ptx_satfinite",
     "PTX cvt with .satfinite: as ocp_sat, NaN to the largest finite where there is no NaN; E8M0 needs its rounding "
     "named"},
    {"ml_dtypes", "ml_dtypes 0.6 astype"},
    {"torch", "PyTorch 2.13 and newer"},
    {"torch_2_11", "PyTorch 2.11 and 2.12"},
    {"onnx_saturate", "ONNX Cast with saturate=1 (reference evaluator)"},
    {"p3109", "IEEE P3109 v4.0: NearestTiesToEven, SatNone"},
    {"carrier_then_round", "compute in the carrier, then round: for a conversion the same as no preset"},
}};

/// The projection of a preset into a format. Throws std::invalid_argument for an unknown name.
/// `rounding_is_given`: the caller replaces the rounding; without it, ptx_satfinite into E8M0 is refused, since cvt has no default there.
projection preset_projection(std::string_view name, const float_format& format, bool rounding_is_given = false);

/// The same for any format. The presets of libraries that convert floats only are refused for other kinds.
projection preset_projection(std::string_view name, const format& f, bool rounding_is_given = false);

}  // namespace halfulp
