// The conversions of hardware_convert.hpp on a machine, the form a run-time value. Declared apart from their definitions
// (run_hardware.hpp), so that the kernels compile in one file (device_hardware.cu).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cvt_forms.hpp"

namespace halfulp::cuda {

/// What the threads of a comparison count together.
struct sweep_result {
    std::uint64_t differences;
    std::uint64_t first;  ///< the lowest index of a difference; all ones without any
    std::uint64_t instructions;  ///< not 0: the left side was the instruction, not the twin
};

/// Operands of a stochastic form by lane, lane 0 in the least significant place. Forms of two lanes read the first two.
struct rs_operands {
    float lane[4];
};

struct rs_case {
    rs_operands x;
    std::uint32_t rbits;
};

template <class Machine>
struct hardware_on {
    /// Instruction against twin for the cases `begin` to `end` (which cases: hardware_cases.hpp).
    static sweep_result sweep(Machine& machine, cvt_form form, std::uint64_t begin, std::uint64_t end);
    static sweep_result sweep(Machine& machine, rs_form form, std::uint64_t begin, std::uint64_t end);
    static sweep_result sweep(Machine& machine, decode_form form, std::uint64_t begin, std::uint64_t end);

    /// One result for every two elements of x: operand b before operand a.
    static std::vector<std::uint32_t> convert(Machine& machine, cvt_form form, std::span<const float> x);
    static std::vector<std::uint32_t> convert(Machine& machine, rs_form form, std::span<const rs_case> cases);
    static std::vector<std::uint32_t> convert(Machine& machine, decode_form form, std::span<const std::uint32_t> codes);
};

}  // namespace halfulp::cuda
