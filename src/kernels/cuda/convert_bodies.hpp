// round, encode and decode: the scalar definition for every element, in a grid-stride loop.
#pragma once

#include <cstdint>

#include "atomics.hpp"
#include "halfulp/codecs/codec.hpp"
#include "thread_context.hpp"
#include "thread_inputs.hpp"

namespace halfulp::cuda {

/// Projects x and hands every projected number to sink(index, number). `missing` becomes the lowest index at which a NaN was
/// called for that the format lacks: what array functions throw for under nan_policy::raise.
struct projection_loop {
    projector how;
    thread_randomness random;  ///< read by stochastic modes only

    template <carrier T, class Sink>
    HALFULP_HOST_DEVICE void run(thread_context at, const T* x, std::uint64_t size, std::uint64_t* missing,
                                 const Sink& sink) const {
        const bool stochastic = is_stochastic(how.spec.mode);
        for (std::uint64_t i = at.index(); i < size; i += at.count()) {
            const projected number = project(x[i], how, stochastic ? random.bits(i, how.spec.random_bits) : 0);
            if (number.missing_nan) atomic_min(missing, i);
            sink(i, number);
        }
    }
};

struct round_body {
    projection_loop loop;

    template <carrier T>
    HALFULP_HOST_DEVICE void operator()(thread_context at, const T* x, T* out, std::uint64_t size,
                                        std::uint64_t* missing) const {
        constexpr std::uint64_t nan = carrier_traits<T>::format.nan_code();
        const bool keep_nan = loop.how.nan == nan_policy::keep;
        loop.run(at, x, size, missing, [=](std::uint64_t i, const projected& number) {
            out[i] = number.missing_nan && keep_nan ? from_bits<T>(nan) : to_value<T>(number);
        });
    }
};

struct encode_body {
    projection_loop loop;

    template <carrier T>
    HALFULP_HOST_DEVICE void operator()(thread_context at, const T* x, code_array codes, std::uint64_t size,
                                        std::uint64_t* missing) const {
        const float_grid grid = loop.how.grid;
        loop.run(at, x, size, missing,
                 [=](std::uint64_t i, const projected& number) { codes.store(i, to_code(number, grid)); });
    }
};

struct decode_body {
    float_format format;

    template <carrier T>
    HALFULP_HOST_DEVICE void operator()(thread_context at, code_array codes, T* out, std::uint64_t size) const {
        for (std::uint64_t i = at.index(); i < size; i += at.count()) out[i] = decode<T>(codes.load(i), format);
    }
};

}  // namespace halfulp::cuda
