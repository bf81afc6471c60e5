// The kernels for tables and step functions of one architecture, gathered in a table.
#pragma once

#include "bucket_kernel.hpp"

namespace halfulp::simd {

template <class A>
constexpr step_kernels make_step_kernels() {
    step_kernels t{};
    t.decode_table = decode_table<A>;
    t.decodes = has_byte_permutes<A> ? 256 : is_sse2<A> ? 0 : few;
    t.scale_boundaries = scale_boundaries<A>;
    t.scale_limits = scale_limits<A>;
    t.scale_values = scale_values<A>;
    t.few_codes = few_codes<A>;
    t.few_values = few_values<A>;
    t.takes_lines = is_avx512<A>;
    t.count_outside = count_outside<A>;
    t.many_codes = many_codes<A>;
    t.many_quotients = many_quotients<A>;
    return t;
}

}  // namespace halfulp::simd
