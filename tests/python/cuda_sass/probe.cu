// One kernel for each form of cvt_forms.hpp, for test_cuda_sass.py to look at the machine code. Never run.
#include <cstdint>
#include <utility>

#include "kernels/cuda/hardware_convert.hpp"

using namespace halfulp::cuda;

template <cvt_form Form>
__global__ void convert(float a, float b, std::uint32_t* out) {
    *out = cvt<Form>(a, b);
}

template <rs_form Form>
__global__ void stochastic(rs_operands x, std::uint32_t rbits, std::uint32_t* out) {
    *out = cvt_rs<Form>(x, rbits);
}

template <decode_form Form>
__global__ void decode(std::uint32_t codes, std::uint32_t* out) {
    *out = cvt_decode<Form>(codes);
}

template <int... I>
void converts(std::integer_sequence<int, I...>) {
    (convert<static_cast<cvt_form>(I)><<<1, 1>>>(0, 0, nullptr), ...);
}
template <int... I>
void stochastics(std::integer_sequence<int, I...>) {
    (stochastic<static_cast<rs_form>(I)><<<1, 1>>>({}, 0, nullptr), ...);
}
template <int... I>
void decodes(std::integer_sequence<int, I...>) {
    (decode<static_cast<decode_form>(I)><<<1, 1>>>(0, nullptr), ...);
}

void all_of_them() {
    converts(std::make_integer_sequence<int, static_cast<int>(cvt_rows.size())>());
    stochastics(std::make_integer_sequence<int, static_cast<int>(rs_rows.size())>());
    decodes(std::make_integer_sequence<int, static_cast<int>(decode_rows.size())>());
}
