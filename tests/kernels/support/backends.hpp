// Every backend in turn, and what a failure of one has to say.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "halfulp/codecs/carrier.hpp"
#include "halfulp/kernels/backend.hpp"
#include "halfulp/rounding/name.hpp"
#include "halfulp/rounding/projection.hpp"

namespace halfulp::tests {

/// Runs array functions on one backend; the process's own choice is back afterwards.
class forced_backend {
  public:
    explicit forced_backend(backend b) { set_backend(b); }
    ~forced_backend() { set_backend(std::nullopt); }
    forced_backend(const forced_backend&) = delete;
    forced_backend& operator=(const forced_backend&) = delete;
};

/// Those that are not the plain loops. Where there is none, the plain loops, so that no test compares nothing.
inline std::vector<backend> vector_backends() {
    std::vector<backend> all;
    for (const backend b : available_backends()) {
        if (b != backend::scalar) all.push_back(b);
    }
    if (all.empty()) all.push_back(backend::scalar);
    return all;
}

template <carrier T>
constexpr const char* carrier_name() {
    if constexpr (std::same_as<T, float16>) return "float16";
    if constexpr (std::same_as<T, bfloat16>) return "bfloat16";
    if constexpr (std::same_as<T, float>) return "float32";
    return "float64";
}

inline std::string hex(std::uint64_t bits) {
    char text[24];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(bits));
    return text;
}

inline std::string describe(const projection& how) {
    static constexpr const char* nan[] = {"raise", "to_max", "to_zero", "keep", "negated_zero"};
    std::string text(to_string(how.rounding));
    text += " overflow=" + std::string(to_string(how.overflow));
    text += std::string(" nan=") + nan[static_cast<int>(how.nan)];
    text += " ftz=" + std::string(to_string(how.ftz));
    text += " N=" + std::to_string(how.random_bits);
    if (how.magnitude_if_unsigned) text += " magnitude_if_unsigned";
    if (how.zero_to_nan_if_absent) text += " zero_to_nan_if_absent";
    if (how.infinity_to_nan) text += " infinity_to_nan";
    if (how.lowest_gap_up) text += " lowest_gap_up";
    if (how.lowest_binade_up) text += " lowest_binade_up";
    if (how.through_binary32) text += " through_binary32";
    return text;
}

}  // namespace halfulp::tests
