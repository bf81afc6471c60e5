// Any bytes as a float format with options and an array: refused with std::invalid_argument, or results that keep the promises: the bits of
// the scalar definition, round = decode of encode, rounding twice is rounding once.
#include "halfulp/codecs/pack.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/kernels/convert.hpp"
#include "halfulp/rounding/name.hpp"
#include "support.hpp"

using namespace halfulp;
using namespace halfulp::fuzz;

namespace {

template <class T>
void try_conversions(reader& in) {
    const float_format format = take_float_format(in);
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
        return to_string(format) + to_text(how.rounding, how.random_bits, how.nan, how.ftz) + ", overflow " +
               std::to_string(static_cast<int>(how.overflow)) + ", x" + to_text(x);
    };
    const auto rounded_from = [&](std::span<const T> numbers, int threads) {
        return judged(
            [&] {
                std::vector<T> out(numbers.size());
                round(numbers, std::span(out), format, how, random, threads);
                return out;
            },
            same_bits<T>);
    };

    const std::vector<std::uint64_t> codes = judged(
        [&] {
            std::vector<std::uint64_t> out(x.size());
            encode(from, std::span(out), format, how, random);
            return out;
        },
        same_bits<std::uint64_t>);
    for (const std::uint64_t code : codes) require((code & ~format.code_mask()) == 0, "codes have the format's width");
    std::vector<std::uint8_t> packed(packed_size(codes.size(), format.bits()));
    pack(std::span<const std::uint64_t>(codes), format.bits(), std::span(packed));
    std::vector<std::uint64_t> unpacked(codes.size());
    unpack(std::span<const std::uint8_t>(packed), format.bits(), std::span(unpacked));
    require(unpacked == codes, "unpack gives back what pack took");

    std::vector<double> probability(x.size());
    probability_away(from, std::span(probability), format, how.rounding, how.random_bits);

    const std::vector<T> rounded = rounded_from(from, 2);
    const std::vector<T> decoded = judged(
        [&] {
            std::vector<T> out(codes.size());
            decode(std::span<const std::uint64_t>(codes), std::span(out), format);
            return out;
        },
        same_bits<T>);
    require(same_bits(rounded, decoded), "round is decode of encode");
    const std::vector<T> again = rounded_from(rounded, 1);
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (how.overflow != overflow_policy::to_nan || format.has_nan())
            require(to_bits(again[i]) == to_bits(rounded[i]) || format.is_infinity(codes[i]),
                    "rounding twice is rounding once");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    reader in(data, size);
    try {
        switch (in.choose(4)) {
            case 0: try_conversions<float>(in); break;
            case 1: try_conversions<double>(in); break;
            case 2: try_conversions<float16>(in); break;
            default: try_conversions<bfloat16>(in); break;
        }
    } catch (const std::invalid_argument&) {
        return 0;  // refused by name; tests/kernels look at the texts
    }
    return 0;
}
