// Any bytes as an operation on values or on codes: refused with std::invalid_argument, or the bits and the flags of the scalar definition.
#include "halfulp/kernels/calculate.hpp"
#include "support.hpp"

using namespace halfulp;
using namespace halfulp::fuzz;

namespace {

template <class R>
struct calculated_array {
    std::vector<R> results;
    std::vector<std::uint8_t> flags;

    friend bool same(const calculated_array& a, const calculated_array& b) {
        return same_bits(a.results, b.results) && a.flags == b.flags;
    }
};

template <class R>
std::string to_text(const calculated_array<R>& c) {
    return fuzz::to_text(c.results) + ", flags" + fuzz::to_text(c.flags);
}

struct call {
    const operation_row* what;
    format of;
    projection how;
    array_arithmetic_options options;
    random_source random;
    bool flags;
};

call take_call(reader& in) {
    call c{&operations[in.choose(operations.size())], take_element(in), {}, {}, {}, false};
    validate(c.of);
    c.how.rounding = rounding_modes[in.choose(rounding_modes.size())].mode;
    c.how.overflow = static_cast<overflow_policy>(in.choose(7));
    c.how.nan = static_cast<nan_policy>(in.choose(5));
    c.how.ftz = static_cast<ftz_policy>(in.choose(3));
    c.how.random_bits = static_cast<std::uint8_t>(32 - in.choose(34));
    const auto bits = in.take<std::uint8_t>();
    c.options.daz = (bits & 1) != 0;
    c.options.tininess = (bits & 2) != 0 ? tininess::before : tininess::after;
    c.options.invalid_product_beside_nan = (bits & 4) != 0;
    c.options.threads = (bits & 8) != 0 ? 2 : 1;
    c.flags = (bits & 16) != 0;
    c.options.nans = static_cast<nan_rule>(in.choose(3));
    c.random = random_source{in.take<std::uint64_t>(), in.take<std::uint32_t>(), in.take<std::uint64_t>()};
    return c;
}

/// Arrays of E, as many as the operation has operands, of the same length; now and then one that is a single element.
template <class E>
std::vector<std::vector<E>> take_operands(reader& in, const call& c) {
    const auto count = static_cast<std::size_t>(c.what->operands);
    const std::size_t single = in.choose(8);
    const std::size_t length = in.left() / sizeof(E) / count;
    std::vector<std::vector<E>> out;
    for (std::size_t k = 0; k < count; ++k) out.push_back(in.take_array<E>(k == single && length != 0 ? 1 : length));
    return out;
}

template <class R>
void judge(const call& c, const std::vector<operand_array>& operands, const auto& result_of) {
    std::size_t size = 0;
    for (const operand_array& o : operands) size = std::max(size, o.size);
    judged(
        [&] {
            calculated_array<R> out{std::vector<R>(size), std::vector<std::uint8_t>(c.flags ? size : 0)};
            const bool draws = is_stochastic(c.how.rounding);
            calculate(c.what->op, operands, result_of(std::span(out.results)), c.of, c.how, c.options,
                      draws ? randomness(c.random) : randomness(), out.flags);
            return out;
        },
        [](const auto& a, const auto& b) { return same(a, b); });
}

template <class T>
void try_values(reader& in) {
    const call c = take_call(in);
    const auto numbers = take_operands<T>(in, c);
    std::vector<std::int64_t> powers;
    std::vector<operand_array> operands;
    for (const auto& x : numbers) operands.push_back(operand_array::values(std::span<const T>(x)));
    if (c.what->op == operation::scalb) {
        for (const T x : numbers[1]) powers.push_back(static_cast<std::int64_t>(to_bits(x)) % 3000 - 1500);
        operands[1] = operand_array::integers(powers);
    }
    about = [&] {
        std::string text = std::string(c.what->name) + " in " + to_string(c.of) +
                           fuzz::to_text(c.how.rounding, c.how.random_bits, c.how.nan, c.how.ftz);
        for (const auto& x : numbers) text += " x" + fuzz::to_text(x);
        return text;
    };
    judge<T>(c, operands, [](std::span<T> out) { return result_array::values(out); });
}

template <class C>
void try_codes(reader& in) {
    const call c = take_call(in);
    const format from = in.choose(2) == 0 ? c.of : take_element(in);
    validate(from);
    if (from.bits() > static_cast<int>(8 * sizeof(C))) return;
    auto codes = take_operands<C>(in, c);
    const int spare = static_cast<int>(8 * sizeof(C)) - from.bits();
    for (auto& list : codes) {
        for (C& code : list) {
            using signed_code = std::make_signed_t<C>;
            const auto up = static_cast<C>(code << spare);
            code = from.has_signed_codes() ? static_cast<C>(static_cast<signed_code>(up) >> spare)
                                           : static_cast<C>(up >> spare);
        }
    }
    std::vector<operand_array> operands;
    for (const auto& x : codes) operands.push_back(operand_array::codes(std::span<const C>(x), from));
    about = [&] {
        std::string text = std::string(c.what->name) + " of " + to_string(from) + " in " + to_string(c.of) +
                           fuzz::to_text(c.how.rounding, c.how.random_bits, c.how.nan, c.how.ftz) + ", nan rule " +
                           std::to_string(static_cast<int>(c.options.nans)) + ", overflow " +
                           std::to_string(static_cast<int>(c.how.overflow));
        for (const auto& x : codes) text += " codes" + fuzz::to_text(x);
        return text;
    };
    judge<C>(c, operands, [](std::span<C> out) { return result_array::codes(out); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    reader in(data, size);
    refusal([&] {  // tests/kernels look at the texts
        switch (in.choose(8)) {
            case 0: try_values<float>(in); break;
            case 1: try_values<double>(in); break;
            case 2: try_values<float16>(in); break;
            case 3: try_values<bfloat16>(in); break;
            case 4: try_codes<std::uint16_t>(in); break;
            case 5: try_codes<std::uint32_t>(in); break;
            case 6: try_codes<std::uint64_t>(in); break;
            default: try_codes<std::uint8_t>(in); break;
        }
    });
    return 0;
}
