#include "calculator.hpp"

#include <vector>

namespace halfulp::c {

namespace {

constexpr std::array<const char*, 3> operand_names{"a", "b", "c"};

}  // namespace

std::uint64_t checked_code(std::uint64_t code, const format& f, const char* name) {
    const std::uint64_t low = code & low_ones(f.bits());
    if (low <= f.max_code() && (code == low || code == widened_code(low, f))) return low;
    throw std::invalid_argument(std::string(name) + " is " + std::to_string(code) + ", allowed: a code of " +
                                to_string(f) + ", 0 to " + std::to_string(f.max_code()) +
                                (f.has_signed_codes() ? ", or that two's complement number in 64 bits" : ""));
}

std::uint64_t widened_code(std::uint64_t code, const format& f) {
    const bool negative = f.has_signed_codes() && ((code >> (f.bits() - 1)) & 1) != 0;
    return negative ? code | ~low_ones(f.bits()) : code;
}

}  // namespace halfulp::c

using namespace halfulp;
using namespace halfulp::c;

halfulp_calculator::halfulp_calculator(operation op, const halfulp_format* const* formats, const halfulp_format* result,
                                       const halfulp_projection* projection, const halfulp_options* options)
    : op_(op), to_(given(result, "result").is), how_(projection_of(projection)), options_(options_of(options)) {
    given(formats, "formats");
    std::vector<operand_array> none;
    for (std::size_t i = 0; i < static_cast<std::size_t>(row_of(op).operands); ++i) {
        if (op == operation::scalb && i == 1) {
            none.push_back({nullptr, 0, element_kind::int64, nullptr});
            continue;
        }
        from_[i] = given(formats[i], operand_names[i]).is;
        none.push_back({nullptr, 0, element_kind::code64, &*from_[i]});
    }
    // The array function on no element checks formats, projection and options.
    const bool draws = is_stochastic(how_.rounding);
    halfulp::calculate(op, none, {nullptr, 0, element_kind::code64}, to_, how_, options_,
                       draws ? randomness(random_source{}) : randomness());
    calculate_.emplace(op, to_, how_, options_);
}

std::uint64_t halfulp_calculator::nan_code(const std::array<std::uint64_t, 3>& codes) const {
    std::array<const float_format*, 3> floats{};
    for (std::size_t i = 0; i < floats.size(); ++i) floats[i] = from_[i] ? from_[i]->as_float() : nullptr;
    const auto count = static_cast<std::size_t>(row_of(op_).operands);
    return nan_result_code(options_.nans, op_, std::span(codes).first(count), std::span(floats).first(count),
                           *to_.as_float());
}

halfulp_calculator::coded halfulp_calculator::operator()(const std::uint64_t* codes, std::uint32_t random) const {
    given(codes, "codes");
    if (is_stochastic(how_.rounding) && std::uint64_t{random} > low_ones(how_.random_bits))
        throw std::invalid_argument("random is " + std::to_string(random) + ", allowed: 0 to " +
                                    std::to_string(low_ones(how_.random_bits)));
    std::array<std::uint64_t, 3> low{};
    std::array<operand, 3> x;
    for (std::size_t i = 0; i < static_cast<std::size_t>(row_of(op_).operands); ++i) {
        if (!from_[i]) {
            x[i] = operand_of_integer(static_cast<std::int64_t>(codes[i]));
            continue;
        }
        low[i] = checked_code(codes[i], *from_[i], operand_names[i]);
        x[i] = operand_of_code(low[i], *from_[i]);
        if (options_.daz) x[i] = with_zeros(x[i], *from_[i]);
    }
    const calculated found = (*calculate_)(x, random);
    if (found.number.missing_nan && how_.nan == nan_policy::raise)
        throw std::invalid_argument("the result is NaN, which " + to_string(to_) +
                                    " has not, allowed: a nan policy other than HALFULP_NAN_RAISE");
    const bool is_nan = found.number.kind == number_class::nan && to_.as_float() != nullptr;
    const std::uint64_t code = is_nan ? nan_code(low) : calculate_->target().code(found.number);
    return {widened_code(code, to_), found.flags};
}

extern "C" {

halfulp_status halfulp_calculator_make(int operation, const halfulp_format* const* formats,
                                       const halfulp_format* result, const halfulp_projection* projection,
                                       const halfulp_options* options, halfulp_calculator** out,
                                       const halfulp_message* message) {
    return guarded(message, [&] {
        given(out, "out") = nullptr;
        *out = new halfulp_calculator(operation_of(operation), formats, result, projection, options);
    });
}

void halfulp_calculator_free(halfulp_calculator* calculator) { delete calculator; }

halfulp_status halfulp_calculator_run(const halfulp_calculator* calculator, const std::uint64_t* codes,
                                      std::uint32_t random, std::uint64_t* code, std::uint8_t* flags,
                                      const halfulp_message* message) {
    return guarded(message, [&] {
        std::uint64_t& out = given(code, "code");
        const halfulp_calculator::coded found = given(calculator, "calculator")(codes, random);
        out = found.code;
        if (flags != nullptr) *flags = found.flags;
    });
}

halfulp_status halfulp_calculate(int operation, const halfulp_format* const* formats, const std::uint64_t* codes,
                                 const halfulp_format* result, const halfulp_projection* projection,
                                 const halfulp_options* options, std::uint32_t random, std::uint64_t* code,
                                 std::uint8_t* flags, const halfulp_message* message) {
    return guarded(message, [&] {
        std::uint64_t& out = given(code, "code");
        const halfulp_calculator calculate(operation_of(operation), formats, result, projection, options);
        const halfulp_calculator::coded found = calculate(codes, random);
        out = found.code;
        if (flags != nullptr) *flags = found.flags;
    });
}

halfulp_status halfulp_compare(const halfulp_format* format_a, std::uint64_t a, const halfulp_format* format_b,
                               std::uint64_t b, int total, int signaling, int* order, std::uint8_t* flags,
                               const halfulp_message* message) {
    return guarded(message, [&] {
        int& out = given(order, "order");
        const format& of_a = given(format_a, "format_a").is;
        const format& of_b = given(format_b, "format_b").is;
        const std::uint64_t left = widened_code(checked_code(a, of_a, "a"), of_a);
        const std::uint64_t right = widened_code(checked_code(b, of_b, "b"), of_b);
        ordering found{};
        std::uint8_t raised = 0;
        compare(operand_array{&left, 1, element_kind::code64, &of_a},
                operand_array{&right, 1, element_kind::code64, &of_b}, std::span(&found, 1), total != 0, signaling != 0,
                std::span(&raised, 1));
        out = static_cast<int>(found);
        if (flags != nullptr) *flags = raised;
    });
}

}  // extern "C"
