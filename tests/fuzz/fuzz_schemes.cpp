// Any bytes as a scheme with options and an array: refused with std::invalid_argument, or results that keep the promises: the bits of the
// scalar definition, fake_quantize = dequantize of quantize.
#include "halfulp/blocks/scheme.hpp"
#include "halfulp/codecs/pack.hpp"
#include "halfulp/kernels/quantize.hpp"
#include "halfulp/rounding/name.hpp"
#include "support.hpp"

using namespace halfulp;
using namespace halfulp::fuzz;

namespace {

scheme take_scheme(reader& in) {
    scheme s{take_element(in), {}};
    for (std::size_t levels = in.choose(4); levels > 0; --levels)
        s.levels.push_back({{in.choose(40)}, take_float_format(in)});
    // Half of all inputs keep what every scheme may have.
    if (const std::size_t kind = in.choose(8); kind >= 4) {
        s.scale_recipe = static_cast<recipe>(in.choose(static_cast<std::size_t>(recipe::bitsandbytes) + 1));
        s.search = kind == 5 ? scale_search::mse : scale_search::none;
        s.zero_point = kind == 6;
        s.flat = kind == 7;
    }
    validate(s);
    return s;
}

quantize_options take_options(reader& in) {
    quantize_options options;
    options.rounding = rounding_modes[in.choose(rounding_modes.size())].mode;
    if (const auto choice = in.take<std::uint8_t>(); choice % 2 == 1)
        options.scale_rounding = rounding_modes[choice / 2 % rounding_modes.size()].mode;
    options.nan = static_cast<nan_policy>(in.choose(5));
    options.ftz = static_cast<ftz_policy>(in.choose(3));
    options.random_bits = static_cast<int>(32 - in.choose(34));
    options.random = random_source{in.take<std::uint64_t>(), 1, in.take<std::uint32_t>()};
    options.threads = 1 + static_cast<int>(in.choose(2));
    return options;
}

template <class C>
struct quantized {
    std::vector<C> codes;
    scale_planes scales;
    quantize_report report;

    friend bool operator==(const quantized& a, const quantized& b) {
        return a.codes == b.codes && a.scales == b.scales && a.report.saturated == b.report.saturated &&
               a.report.zero_scales == b.report.zero_scales;
    }
};

template <class C>
std::string to_text(const quantized<C>& q) {
    std::string text = fuzz::to_text(q.codes) + " under";
    for (const auto& plane : q.scales) text += fuzz::to_text(plane) + ";";
    return text + " " + std::to_string(q.report.saturated) + " saturated, " + std::to_string(q.report.zero_scales) +
           " zero scales";
}

template <class T>
bool is_nan(T x) {
    constexpr float_format own = carrier_traits<T>::format;
    return (to_bits(x) & own.magnitude_mask()) > own.infinity_magnitude();
}

template <class T, class C>
void try_scheme(reader& in) {
    const scheme s = take_scheme(in);
    const quantize_options options = take_options(in);
    const std::uint64_t inner = 1 + in.choose(4);
    const std::uint64_t length = in.left() / sizeof(T) / inner;
    const std::vector<T> x = in.take_array<T>(length * inner);
    const std::span<const T> from(x);
    const axis_view view{1, length, inner};
    about = [&] {
        return to_string(s) + fuzz::to_text(options.rounding, options.random_bits, options.nan, options.ftz) +
               (options.scale_rounding ? ", scales " + std::string(to_string(*options.scale_rounding)) : "") +
               ", inner " + std::to_string(inner) + ", x" + fuzz::to_text(x);
    };

    const std::vector<T> fake = judged(
        [&] {
            std::vector<T> out(x.size());
            fake_quantize(from, view, s, std::span(out), options);
            return out;
        },
        same_bits<T>);
    const auto q = judged(
        [&] {
            quantized<C> out{std::vector<C>(x.size()), {}, {}};
            out.report = quantize(from, view, s, std::span(out.codes), out.scales, options);
            return out;
        },
        std::equal_to<>());
    const std::vector<T> back = judged(
        [&] {
            std::vector<T> out(x.size());
            dequantize(std::span<const C>(q.codes), view, s, q.scales, std::span(out));
            return out;
        },
        same_bits<T>);
    for (std::size_t i = 0; i < x.size(); ++i) {
        // A NaN that is kept keeps its payload.
        require((is_nan(fake[i]) && is_nan(back[i])) || to_bits(fake[i]) == to_bits(back[i]),
                "fake_quantize is dequantize of quantize");
    }

    std::vector<std::uint8_t> packed(packed_size(x.size(), s.element.bits()));
    scale_planes scales;
    quantize_packed(from, view, s, std::span(packed), scales, options);
    require(scales == q.scales, "quantize_packed has the scales of quantize");
    std::vector<T> unpacked(x.size());
    dequantize_packed(std::span<const std::uint8_t>(packed), view, s, scales, std::span(unpacked));
    require(same_bits(unpacked, back), "dequantize_packed of quantize_packed is dequantize of quantize");
}

template <class C>
void try_carrier(reader& in) {
    switch (in.choose(4)) {
        case 0: try_scheme<double, C>(in); break;
        case 1: try_scheme<float16, C>(in); break;
        case 2: try_scheme<bfloat16, C>(in); break;
        default: try_scheme<float, C>(in); break;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    reader in(data, size);
    refusal([&] {  // tests/kernels look at the texts
        if (in.choose(2) == 0)
            try_carrier<std::uint8_t>(in);
        else
            try_carrier<std::uint64_t>(in);
    });
    return 0;
}
