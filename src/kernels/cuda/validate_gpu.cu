// halfulp_validate_gpu: compares CPU bits, CUDA kernels and the hardware's own conversions, and writes a report.
//
//   halfulp_validate_gpu [--out FILE] [--quick] [--host]
//
// Exit codes: 0 all equal; 1 differences; 2 the request cannot be met; 3 no GPU that this program can use.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "device_machine.cuh"
#include "halfulp/core/config.hpp"
#include "host_machine.hpp"
#include "report.hpp"
#include "scale_bodies.hpp"
#include "validation.hpp"

namespace halfulp::cuda {

namespace {

constexpr int all_equal = 0;
constexpr int found_differences = 1;
constexpr int not_met = 2;
constexpr int no_gpu = 3;

struct request {
    std::string out;  ///< empty: stdout
    bool quick = false;
    bool host = false;
};

std::string version() {
    return std::to_string(HALFULP_VERSION_MAJOR) + "." + std::to_string(HALFULP_VERSION_MINOR) + "." +
           std::to_string(HALFULP_VERSION_PATCH);
}

/// 13000 as 13.0: what the runtime's version numbers mean.
std::string cuda_version(int number) {
    return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

machine_facts facts_of_host() {
    return {{"device: none: the kernels ran on the host, which says nothing about a GPU", "halfulp: " + version()}};
}

machine_facts facts_of_device() {
    cudaDeviceProp device{};
    check(cudaGetDeviceProperties(&device, 0), "cudaGetDeviceProperties");
    int driver = 0, runtime = 0;
    check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
    check(cudaRuntimeGetVersion(&runtime), "cudaRuntimeGetVersion");
    return {{"device: " + std::string(device.name) + ", compute capability " + std::to_string(device.major) + "." +
                 std::to_string(device.minor),
             "driver: supports CUDA " + cuda_version(driver) + "; runtime: " + cuda_version(runtime) + "; nvcc " +
                 std::to_string(__CUDACC_VER_MAJOR__) + "." + std::to_string(__CUDACC_VER_MINOR__),
             "compiled for: " HALFULP_CUDA_COMPILED_FOR, "halfulp: " + version()}};
}

/// Empty where device 0 runs this program's kernels, else why not.
std::string why_no_device() {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status != cudaSuccess) return cudaGetErrorString(status);
    if (count == 0) return "the driver lists no device";
    cudaFuncAttributes attributes{};
    const cudaError_t found =
        cudaFuncGetAttributes(&attributes, device_entry<outer_maxima_body, const std::uint64_t*, std::uint64_t*>);
    if (found == cudaSuccess) return {};
    cudaDeviceProp device{};
    if (const cudaError_t asked = cudaGetDeviceProperties(&device, 0); asked != cudaSuccess)
        return cudaGetErrorString(asked);
    // With the letter, from 9.0 on: without it the arch-specific conversions are left out (hardware_convert.hpp).
    const std::string architecture =
        std::to_string(device.major * 10 + device.minor) + (device.major >= 9 ? "a" : "") + "-real";
    return std::string(device.name) + " does not run code for " HALFULP_CUDA_COMPILED_FOR " (" +
           std::string(cudaGetErrorString(found)) + "): configure with -DCMAKE_CUDA_ARCHITECTURES=" + architecture;
}

template <class Machine>
int validate(Machine& machine, const machine_facts& facts, const request& asked) {
    validation<Machine> v(machine, asked.quick ? quick_validation : validation_size{},
                          [](const std::string& line) { std::cerr << line << std::endl; });
    v.run();
    const std::string report = to_markdown(facts, v.comparisons, v.lanes);
    if (asked.out.empty()) {
        std::cout << report << std::flush;
    } else {
        const std::string part = asked.out + ".part";  // a report is written whole or not at all
        std::ofstream file(part, std::ios::binary);
        if (!(file << report << std::flush))
            throw std::runtime_error("out is '" + asked.out + "', which cannot be written");
        file.close();
        std::filesystem::rename(part, asked.out);
        std::cerr << "wrote " << asked.out << std::endl;
    }
    return v.differences() == 0 ? all_equal : found_differences;
}

int run(const request& asked) {
    if (asked.host) {
        host_machine machine(64, 256);
        return validate(machine, facts_of_host(), asked);
    }
    const std::string reason = why_no_device();
    if (!reason.empty()) {
        std::cerr << "halfulp_validate_gpu: no GPU that can be used: " << reason << std::endl;
        return no_gpu;
    }
    device_machine machine;
    return validate(machine, facts_of_device(), asked);
}

}  // namespace
}  // namespace halfulp::cuda

int main(int argc, char** argv) {
    using namespace halfulp::cuda;
    request asked;
    const std::vector<std::string> words(argv + 1, argv + argc);
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--quick") {
            asked.quick = true;
        } else if (words[i] == "--host") {
            asked.host = true;
        } else if (words[i] == "--out" && i + 1 < words.size() && !words[i + 1].empty()) {
            asked.out = words[++i];
        } else {
            std::cerr << "usage: halfulp_validate_gpu [--out FILE] [--quick] [--host]\n"
                         "  --out FILE  the report, as Markdown (default: stdout)\n"
                         "  --quick     less of everything\n"
                         "  --host      run the kernels on the host: tries this program, not a GPU\n";
            return words[i] == "--help" ? all_equal : not_met;
        }
    }
    try {
        return run(asked);
    } catch (const std::exception& error) {
        std::cerr << "halfulp_validate_gpu: " << error.what() << std::endl;
        return not_met;
    }
}
