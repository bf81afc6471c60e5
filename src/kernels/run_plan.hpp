// One call of a conversion kernel, in the floating-point environment that its plan asks for.
#pragma once

#include "float_environment.hpp"
#include "simd/integerplanner.hpp"
#include "simd/planner.hpp"
#include "simd/positplanner.hpp"
#include "simd/tables.hpp"

namespace halfulp::detail {

template <class Lane, class Out>
simd::flags run_plan(const simd::convert_kernels<Lane, Out>& kernels, const simd::conversion_plan<Lane>& plan,
                     const Lane* x, Out* out, std::size_t size, const simd::random_words& words = {},
                     bool stream = false) {
    const float_environment environment(plan.direction);
    if (plan.aligned) {
        return (plan.stochastic ? kernels.aligned_stochastic : kernels.aligned)(x, out, size, words, plan.on_binades,
                                                                                stream);
    }
    if (plan.exponents) return kernels.exponents(x, out, size, words, plan.on_exponents, stream);
    return kernels.grid[static_cast<std::size_t>(plan.engine)](x, out, size, words, plan.on_grid, stream);
}

template <class Lane, class Out>
simd::flags run_plan(const simd::integer_converters<Lane, Out>& kernels,
                     const simd::integer_conversion_plan<Lane>& plan, const Lane* x, Out* out, std::size_t size,
                     const simd::random_words& words = {}, bool stream = false) {
    const float_environment environment(plan.direction);
    return kernels.by_engine[static_cast<std::size_t>(plan.engine)](x, out, size, words, plan.plan, stream);
}

template <class Lane, class Out>
simd::flags run_plan(simd::posit_kernel<Lane, Out> kernel, const simd::posit_conversion_plan& plan, const Lane* x,
                     Out* out, std::size_t size, const simd::random_words& = {}, bool stream = false) {
    const float_environment environment(plan.direction);
    return kernel(x, out, size, plan.plan, stream);
}

}  // namespace halfulp::detail
