// round on float32: the scalar definition for every element, in a grid-stride loop.
#pragma once

#include <cstdint>

#include "halfulp/codecs/codec.hpp"
#include "halfulp/core/random.hpp"
#include "thread_context.hpp"

namespace halfulp::cuda {

struct round_body {
    projector how;
    random_source random;  ///< read by stochastic modes only
    bool keep_nan;         ///< nan_policy::keep: a NaN that the format lacks stays

    HALFULP_HOST_DEVICE void operator()(thread_context at, const float* x, float* out, std::uint64_t size) const {
        for (std::uint64_t i = at.index(); i < size; i += at.count()) {
            const std::uint32_t bits = is_stochastic(how.spec.mode) ? random.word(i) >> (32 - how.spec.random_bits) : 0;
            const projected number = project(x[i], how, bits);
            out[i] =
                number.missing_nan && keep_nan ? from_bits<float>(binary32_format.nan_code()) : to_value<float>(number);
        }
    }
};

}  // namespace halfulp::cuda
