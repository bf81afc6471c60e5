// Any bytes as a format or scheme with options and an array: refused with std::invalid_argument, or results that keep the
// promises: round = decode of encode, rounding twice is rounding once, fake_quantize = dequantize of quantize.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "halfulp/blocks/scheme.hpp"
#include "halfulp/codecs/pack.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/formats/registry.hpp"
#include "halfulp/formats/shape.hpp"
#include "halfulp/kernels/convert.hpp"
#include "halfulp/kernels/quantize.hpp"

using namespace halfulp;

namespace {

/// Takes values off the front of the input; zeros once it is used up.
class reader {
  public:
    reader(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

    template <class T>
    T take() {
        T value{};
        const std::size_t n = size_ < sizeof(T) ? size_ : sizeof(T);
        std::memcpy(&value, data_, n);
        data_ += n;
        size_ -= n;
        return value;
    }
    [[nodiscard]] std::size_t left() const { return size_; }

  private:
    const std::uint8_t* data_;
    std::size_t size_;
};

void require(bool holds) {
    if (!holds) std::abort();
}

float_format take_format(reader& in) {
    const auto kind = in.take<std::uint8_t>();
    if (kind % 2 == 0) return registry[kind / 2 % registry.size()].format;
    if (kind % 8 == 1)
        return make_p3109(in.take<std::uint8_t>() % 20, in.take<std::uint8_t>() % 20, (kind & 16) != 0,
                          (kind & 32) != 0);
    const int exponent_bits = in.take<std::uint8_t>() % 21;
    return make_float_format(exponent_bits, in.take<std::uint8_t>() % 65, in.take<std::int32_t>() >> (kind % 32),
                             static_cast<specials>(kind / 8 % 4), (kind & 64) != 0, (kind & 128) != 0);
}

template <class T>
bool same_bits(T a, T b) {
    return to_bits(a) == to_bits(b);
}

template <class T>
void try_conversions(reader& in, const float_format& format) {
    projection how;
    how.rounding = rounding_modes[in.take<std::uint8_t>() % rounding_modes.size()].mode;
    how.overflow = static_cast<overflow_policy>(in.take<std::uint8_t>() % 7);
    how.nan = static_cast<nan_policy>(in.take<std::uint8_t>() % 5);
    how.ftz = static_cast<ftz_policy>(in.take<std::uint8_t>() % 3);
    how.random_bits = static_cast<std::uint8_t>(in.take<std::uint8_t>() % 34);
    const random_source random{in.take<std::uint64_t>(), in.take<std::uint32_t>(), in.take<std::uint64_t>()};
    std::vector<T> x(in.left() / sizeof(T));
    for (T& value : x) value = in.take<T>();
    const std::span<const T> from(x);

    std::vector<std::uint64_t> codes(x.size());
    encode(from, std::span(codes), format, how, random);
    for (const std::uint64_t code : codes) require((code & ~format.code_mask()) == 0);
    std::vector<std::uint8_t> packed(packed_size(codes.size(), format.bits()));
    pack(std::span<const std::uint64_t>(codes), format.bits(), std::span(packed));
    std::vector<std::uint64_t> unpacked(codes.size());
    unpack(std::span<const std::uint8_t>(packed), format.bits(), std::span(unpacked));
    require(unpacked == codes);

    std::vector<double> probability(x.size());
    probability_away(from, std::span(probability), format, how.rounding, how.random_bits);

    std::vector<T> rounded(x.size()), decoded(x.size()), again(x.size());
    round(from, std::span(rounded), format, how, random, 2);
    decode(std::span<const std::uint64_t>(codes), std::span(decoded), format);
    round(std::span<const T>(rounded), std::span(again), format, how, random);
    for (std::size_t i = 0; i < x.size(); ++i) {
        require(same_bits(rounded[i], decoded[i]));
        if (how.overflow != overflow_policy::to_nan || format.has_nan())
            require(same_bits(again[i], rounded[i]) || format.is_infinity(codes[i]));
    }
}

void try_scheme(reader& in) {
    scheme s{take_format(in), {}};
    for (int levels = in.take<std::uint8_t>() % 4; levels > 0; --levels) {
        s.levels.push_back({{in.take<std::uint8_t>() % 40u}, take_format(in)});
    }
    quantize_options options;
    options.rounding = rounding_modes[in.take<std::uint8_t>() % rounding_modes.size()].mode;
    if (const auto choice = in.take<std::uint8_t>(); choice % 2 == 1)
        options.scale_rounding = rounding_modes[choice / 2 % rounding_modes.size()].mode;
    options.nan = static_cast<nan_policy>(in.take<std::uint8_t>() % 5);
    options.ftz = static_cast<ftz_policy>(in.take<std::uint8_t>() % 3);
    options.random = random_source{in.take<std::uint64_t>(), 1, in.take<std::uint32_t>()};
    options.threads = 1 + in.take<std::uint8_t>() % 2;
    const std::uint64_t inner = 1 + in.take<std::uint8_t>() % 4;
    const std::uint64_t length = in.left() / sizeof(float) / inner;
    std::vector<float> x(length * inner);
    for (float& value : x) value = in.take<float>();
    const axis_view view{1, length, inner};

    std::vector<float> fake(x.size()), back(x.size());
    fake_quantize(std::span<const float>(x), view, s, std::span(fake), options);
    std::vector<std::uint64_t> codes(x.size());
    scale_planes scales;
    quantize(std::span<const float>(x), view, s, std::span(codes), scales, options);
    dequantize(std::span<const std::uint64_t>(codes), view, s, scales, std::span(back));
    for (std::size_t i = 0; i < x.size(); ++i)
        require(same_bits(fake[i], back[i]) || (fake[i] != fake[i] && back[i] != back[i]));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    reader in(data, size);
    try {
        const auto what = in.take<std::uint8_t>();
        if (what % 5 == 4) {
            try_scheme(in);
            return 0;
        }
        const float_format format = take_format(in);
        switch (what % 5) {
            case 0: try_conversions<float>(in, format); break;
            case 1: try_conversions<double>(in, format); break;
            case 2: try_conversions<float16>(in, format); break;
            default: try_conversions<bfloat16>(in, format); break;
        }
    } catch (const std::invalid_argument&) {
        return 0;  // refused by name; tests/kernels look at the texts
    }
    return 0;
}
