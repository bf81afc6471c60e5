#include "halfulp/kernels/backend.hpp"

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "simd/tables.hpp"

namespace halfulp {
namespace {

std::string join(const std::vector<backend>& backends) {
    std::string text;
    for (const backend b : backends) text += (text.empty() ? "" : ", ") + std::string(to_string(b));
    return text;
}

backend find(std::string_view subject, std::string_view name) {
    const std::vector<backend> available = available_backends();
    for (const backend b : available) {
        if (to_string(b) == name) return b;
    }
    throw std::invalid_argument(std::string(subject) + " is '" + std::string(name) +
                                "', allowed on this machine: " + join(available));
}

backend preferred() {
    const char* named = std::getenv("HALFULP_BACKEND");
    if (named != nullptr && *named != '\0') return find("the environment variable HALFULP_BACKEND", named);
    return available_backends().back();
}

constexpr int undecided = -1;
std::atomic<int> active{undecided};

}  // namespace

std::vector<backend> available_backends() {
    std::vector<backend> found{backend::scalar};
#if defined(HALFULP_SIMD_X86)
    found.push_back(backend::sse2);  // part of x86-64
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        found.push_back(backend::avx2);
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
            __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl")) {
            found.push_back(backend::avx512);
        }
    }
#endif
    return found;
}

backend active_backend() {
    int now = active.load(std::memory_order_relaxed);
    if (now == undecided) {
        now = static_cast<int>(preferred());
        active.store(now, std::memory_order_relaxed);
    }
    return static_cast<backend>(now);
}

void set_backend(std::optional<backend> chosen) {
    active.store(static_cast<int>(chosen ? find("backend", to_string(*chosen)) : preferred()),
                 std::memory_order_relaxed);
}

backend parse_backend(std::string_view name) { return find("backend", name); }

namespace simd {

const kernel_table* active_table() {
    switch (active_backend()) {
#if defined(HALFULP_SIMD_X86)
        case backend::sse2: return &table_sse2;
        case backend::avx2: return &table_avx2;
        case backend::avx512: return &table_avx512;
#endif
        default: return nullptr;
    }
}

const block_kernels* active_blocks() {
    switch (active_backend()) {
#if defined(HALFULP_SIMD_X86)
        case backend::sse2: return &blocks_sse2;
        case backend::avx2: return &blocks_avx2;
        case backend::avx512: return &blocks_avx512;
#endif
        default: return nullptr;
    }
}

const posit_kernels* active_posits() {
    switch (active_backend()) {
#if defined(HALFULP_SIMD_X86)
        case backend::sse2: return &posits_sse2;
        case backend::avx2: return &posits_avx2;
        case backend::avx512: return &posits_avx512;
#endif
        default: return nullptr;
    }
}

const step_kernels* active_steps() {
    switch (active_backend()) {
#if defined(HALFULP_SIMD_X86)
        case backend::sse2: return &steps_sse2;
        case backend::avx2: return &steps_avx2;
        case backend::avx512:
            return __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512ifma") ? &steps_vbmi
                                                                                                : &steps_avx512;
#endif
        default: return nullptr;
    }
}

}  // namespace simd
}  // namespace halfulp
