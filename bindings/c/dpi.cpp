// What hardware/halfulp_pkg.sv imports: functions whose arguments are plain numbers, text and handles (IEEE 1800-2017, 35 and annex H).
// A simulator cannot take a status and a text at once, so each handle keeps the text of its last error.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "calculator.hpp"

namespace {

struct number_format {
    std::string message;
    std::unique_ptr<halfulp_format, decltype(&halfulp_format_free)> is{nullptr, &halfulp_format_free};
};

struct prepared_operation {
    std::string message;
    std::unique_ptr<halfulp_calculator, decltype(&halfulp_calculator_free)> calculate{nullptr,
                                                                                      &halfulp_calculator_free};
};

struct dot_product {
    std::string message;
    std::string accumulator;
    std::array<number_format, 4> formats;  // of a, b, c and the result
    halfulp_projection how{};
    std::vector<std::uint64_t> a;
    std::vector<std::uint64_t> b;
};

/// Calls f(message to write to) and keeps the text where it fails.
template <class F>
int kept(std::string& text, const F& f) {
    std::array<char, 1024> written{};
    const halfulp_message message{written.data(), written.size()};
    const halfulp_status status = f(&message);
    text = status == HALFULP_OK ? "" : written.data();
    return status;
}

bool parse(number_format& out, const char* name) {
    halfulp_format* found = nullptr;
    kept(out.message, [&](const halfulp_message* message) { return halfulp_format_parse(name, &found, message); });
    out.is.reset(found);
    return found != nullptr;
}

std::uint64_t widened(const number_format& f, std::uint64_t code) {
    const halfulp::format& is = halfulp::c::given(f.is.get(), "format").is;
    return halfulp::c::widened_code(halfulp::c::checked_code(code, is, "code"), is);
}

halfulp_projection projection_of(int rounding, int overflow, int nan, int ftz, int random_bits) {
    return {sizeof(halfulp_projection), rounding, overflow, nan, ftz, random_bits};
}

int finish(dot_product& dot, std::uint64_t c, std::uint64_t* result, std::uint8_t* flags) {
    return kept(dot.message, [&](const halfulp_message* message) {
        std::uint64_t start = 0;
        const halfulp_status checked = halfulp::c::guarded(message, [&] { start = widened(dot.formats[2], c); });
        if (checked != HALFULP_OK) return checked;
        const auto of = [&](std::size_t i) { return dot.formats[i].is.get(); };
        constexpr int width = 8;
        const halfulp_codes left{dot.a.data(), dot.a.size(), width, of(0)};
        const halfulp_codes right{dot.b.data(), dot.b.size(), width, of(1)};
        const halfulp_codes addend{&start, 1, width, of(2)};
        const halfulp_results to{result, 1, width, of(3)};
        return halfulp_dot(dot.accumulator.c_str(), &left, &right, &addend, &to, dot.a.size(), &dot.how, nullptr, flags,
                           1, message);
    });
}

template <class Handle>
Handle* made(void* handle) {
    return static_cast<Handle*>(handle);
}

template <class Handle>
const char* message_of(void* handle) {
    return handle == nullptr ? "the object is closed" : made<Handle>(handle)->message.c_str();
}

/// f(object), or an error where the object is closed.
template <class Handle, class F>
int with(void* handle, const F& f) {
    return handle == nullptr ? int{HALFULP_INVALID_ARGUMENT} : f(*made<Handle>(handle));
}

}  // namespace

// Every handle is made, also where an argument is wrong: its message is then not empty. A null handle means that memory ran out.
extern "C" {

void* halfulp_dpi_format(const char* name) {
    void* out = nullptr;
    halfulp::c::guarded(nullptr, [&] {
        auto f = std::make_unique<number_format>();
        parse(*f, name);
        out = f.release();
    });
    return out;
}
void halfulp_dpi_format_free(void* handle) { delete made<number_format>(handle); }
const char* halfulp_dpi_format_message(void* handle) { return message_of<number_format>(handle); }
int halfulp_dpi_format_bits(void* handle) {
    return handle == nullptr ? 0 : halfulp_format_bits(made<number_format>(handle)->is.get());
}
int halfulp_dpi_decode(void* handle, std::uint64_t code, double* value) {
    return with<number_format>(handle, [&](number_format& f) {
        return kept(f.message, [&](const halfulp_message* message) {
            return halfulp_decode_double(f.is.get(), code, value, message);
        });
    });
}

void* halfulp_dpi_operation(const char* operation, const char* a, const char* b, const char* c, const char* result,
                            int rounding, int overflow, int nan, int ftz, int random_bits, int daz, int tininess,
                            int nan_rule) {
    void* out = nullptr;
    halfulp::c::guarded(nullptr, [&] {
        auto op = std::make_unique<prepared_operation>();
        int number = 0;
        const int status = kept(op->message, [&](const halfulp_message* message) {
            return halfulp_operation_parse(operation, &number, message);
        });
        std::array<number_format, 4> formats;
        const std::array<const char*, 4> names{a, b, c, result};
        for (std::size_t i = 0; status == HALFULP_OK && op->message.empty() && i < formats.size(); ++i) {
            const bool is_operand = std::cmp_less(i, halfulp_operation_operands(number));
            const bool is_integer = number == HALFULP_SCALB && i == 1;
            if ((is_operand && !is_integer) || i == 3) {
                if (!parse(formats[i], names[i])) op->message = formats[i].message;
            }
        }
        if (op->message.empty()) {
            const std::array<const halfulp_format*, 3> operands{formats[0].is.get(), formats[1].is.get(),
                                                                formats[2].is.get()};
            const halfulp_projection how = projection_of(rounding, overflow, nan, ftz, random_bits);
            const halfulp_options options{sizeof(halfulp_options), daz, tininess, nan_rule};
            halfulp_calculator* calculate = nullptr;
            kept(op->message, [&](const halfulp_message* message) {
                return halfulp_calculator_make(number, operands.data(), formats[3].is.get(), &how, &options, &calculate,
                                               message);
            });
            op->calculate.reset(calculate);
        }
        out = op.release();
    });
    return out;
}
void halfulp_dpi_operation_free(void* handle) { delete made<prepared_operation>(handle); }
const char* halfulp_dpi_operation_message(void* handle) { return message_of<prepared_operation>(handle); }
int halfulp_dpi_calculate(void* handle, std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint32_t random,
                          std::uint64_t* result, std::uint8_t* flags) {
    return with<prepared_operation>(handle, [&](prepared_operation& op) {
        const std::array<std::uint64_t, 3> codes{a, b, c};
        return kept(op.message, [&](const halfulp_message* message) {
            return halfulp_calculator_run(op.calculate.get(), codes.data(), random, result, flags, message);
        });
    });
}

void* halfulp_dpi_dot(const char* accumulator, const char* a, const char* b, const char* c, const char* result,
                      int rounding, int overflow, int nan, int ftz) {
    void* out = nullptr;
    halfulp::c::guarded(nullptr, [&] {
        auto dot = std::make_unique<dot_product>();
        dot->accumulator = accumulator;
        dot->how = projection_of(rounding, overflow, nan, ftz, 0);
        const std::array<const char*, 4> names{a, b, c, result};
        for (std::size_t i = 0; dot->message.empty() && i < names.size(); ++i) {
            if (!parse(dot->formats[i], names[i])) dot->message = dot->formats[i].message;
        }
        // The sum of no terms: says whether accumulator, formats and projection go together.
        std::uint64_t none = 0;
        if (dot->message.empty()) finish(*dot, 0, &none, nullptr);
        out = dot.release();
    });
    return out;
}
void halfulp_dpi_dot_free(void* handle) { delete made<dot_product>(handle); }
const char* halfulp_dpi_dot_message(void* handle) { return message_of<dot_product>(handle); }
int halfulp_dpi_dot_push(void* handle, std::uint64_t a, std::uint64_t b) {
    return with<dot_product>(handle, [&](dot_product& dot) {
        return kept(dot.message, [&](const halfulp_message* message) {
            return halfulp::c::guarded(message, [&] {
                const std::uint64_t left = widened(dot.formats[0], a);
                const std::uint64_t right = widened(dot.formats[1], b);
                dot.a.reserve(dot.a.size() + 1);  // both or neither
                dot.b.push_back(right);
                dot.a.push_back(left);
            });
        });
    });
}
int halfulp_dpi_dot_finish(void* handle, std::uint64_t c, std::uint64_t* result, std::uint8_t* flags) {
    return with<dot_product>(handle, [&](dot_product& dot) {
        const int status = finish(dot, c, result, flags);
        dot.a.clear();
        dot.b.clear();
        return status;
    });
}

}  // extern "C"
