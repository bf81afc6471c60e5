// Any bytes as a format with options and an array: refused with std::invalid_argument, or results that keep the promises: the bits of
// the scalar definition, round = decode of encode, rounding twice is rounding once.
#include "halfulp/codecs/pack.hpp"
#include "halfulp/kernels/convert.hpp"
#include "halfulp/rounding/name.hpp"
#include "support.hpp"

using namespace halfulp;
using namespace halfulp::fuzz;

namespace {

template <class T, class C>
void try_conversions(reader& in) {
    const format f = take_element(in);
    validate(f);
    projection how;
    how.rounding = rounding_modes[in.choose(rounding_modes.size())].mode;
    how.overflow = static_cast<overflow_policy>(in.choose(7));
    how.nan = static_cast<nan_policy>(in.choose(5));
    how.ftz = static_cast<ftz_policy>(in.choose(3));
    how.random_bits = static_cast<std::uint8_t>(in.choose(34));
    const random_source random{in.take<std::uint64_t>(), in.take<std::uint32_t>(), in.take<std::uint64_t>()};
    const std::vector<T> x = in.take_array<T>(in.left() / sizeof(T));
    const std::span<const T> from(x);
    about = [&] {
        return to_string(f) + to_text(how.rounding, how.random_bits, how.nan, how.ftz) + ", overflow " +
               std::to_string(static_cast<int>(how.overflow)) + ", x" + to_text(x);
    };
    const auto rounded_from = [&](std::span<const T> numbers, int threads) {
        return judged(
            [&] {
                std::vector<T> out(numbers.size());
                round(numbers, std::span(out), f, how, random, threads);
                return out;
            },
            same_bits<T>);
    };

    const std::vector<C> codes = judged(
        [&] {
            std::vector<C> out(x.size());
            encode(from, std::span(out), f, how, random);
            return out;
        },
        same_bits<C>);
    if (!f.has_signed_codes()) {
        for (const C code : codes) require(code <= f.max_code(), "codes are the format's");
        std::vector<std::uint8_t> packed(packed_size(codes.size(), f.bits()));
        pack(std::span<const C>(codes), f.bits(), std::span(packed));
        std::vector<C> unpacked(codes.size());
        unpack(std::span<const std::uint8_t>(packed), f.bits(), std::span(unpacked));
        require(unpacked == codes, "unpack gives back what pack took");
    }

    std::vector<double> probability(x.size());
    probability_away(from, std::span(probability), f, how.rounding, how.random_bits);

    const std::vector<T> rounded = rounded_from(from, 2);
    const std::vector<T> decoded = judged(
        [&] {
            std::vector<T> out(codes.size());
            decode(std::span<const C>(codes), std::span(out), f);
            return out;
        },
        same_bits<T>);
    require(same_bits(rounded, decoded), "round is decode of encode");
    const std::vector<T> again = rounded_from(rounded, 1);
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (how.overflow != overflow_policy::to_nan || f.has_nan())
            require(to_bits(again[i]) == to_bits(rounded[i]) ||
                        (f.as_float() != nullptr && f.as_float()->is_infinity(codes[i])),
                    "rounding twice is rounding once");
    }
}

template <class C>
void try_carrier(reader& in) {
    switch (in.choose(4)) {
        case 0: try_conversions<float, C>(in); break;
        case 1: try_conversions<double, C>(in); break;
        case 2: try_conversions<float16, C>(in); break;
        default: try_conversions<bfloat16, C>(in); break;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    reader in(data, size);
    refusal([&] {  // tests/kernels look at the texts
        switch (in.choose(3)) {
            case 0: try_carrier<std::uint8_t>(in); break;
            case 1: try_carrier<std::uint16_t>(in); break;
            default: try_carrier<std::uint64_t>(in); break;
        }
    });
    return 0;
}
