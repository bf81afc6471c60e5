// All 2^32 float32 inputs against thresholds that the oracle builds: between two thresholds every code is one and the
// same, so a comparison costs no exact arithmetic. The scalar definition first, then the array functions on every backend.
#include <algorithm>
#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "codecs/support/shapes.hpp"
#include "halfulp/kernels/backend.hpp"
#include "halfulp/kernels/convert.hpp"

using namespace oracle;

namespace {

struct step {
    std::uint64_t first;  // the first magnitude, as bits, that gives `code`
    std::uint64_t code;
};

/// The steps of the oracle's encode over all finite magnitudes of one sign, by bisection between neighbouring members.
std::vector<step> steps_of(const format& f, const projection& how, bool negative) {
    using c = carrier<float>;
    const std::uint64_t sign = negative ? c::sign : 0;
    const auto code_at = [&](std::uint64_t bits) {
        return code_of(project(c::exact(sign | bits), f, how, 0, purpose::encode), f);
    };
    std::vector<step> steps{{0, code_at(0)}};
    const auto bisect = [&](std::uint64_t low, std::uint64_t high) {  // at most one change of code from low to high
        const std::uint64_t target = code_at(high);
        if (target == steps.back().code) return;
        while (high - low > 1) {
            const std::uint64_t middle = low + (high - low) / 2;
            (code_at(middle) == target ? high : low) = middle;
        }
        steps.push_back({high, target});
    };
    std::uint64_t here = 0;
    for (rung r = 1; r <= f.largest() + 1; ++r) {  // one beyond: where overflow begins
        const std::uint64_t next = c::floor_bits(f.value(r));
        if (next == here) continue;
        if (next > here + 1) bisect(here, next - 1);  // inside a gap the code changes once at most, between its ends
        bisect(next - 1, next);
        here = next;
    }
    if (here < c::largest) bisect(here, c::largest);
    return steps;
}

/// The same with infinity, the NaNs and the end.
std::vector<step> all_steps_of(const format& f, const projection& how, bool negative) {
    using c = carrier<float>;
    const std::uint64_t sign = negative ? c::sign : 0;
    std::vector<step> steps = steps_of(f, how, negative);
    steps.push_back({c::infinity, code_of(project(c::exact(sign | c::infinity), f, how, 0, purpose::encode), f)});
    steps.push_back({c::infinity + 1, f.nan_code()});
    steps.push_back({c::sign, 0});
    return steps;
}

/// The format and the mode are constants here, as in a kernel: the other tests pass them at run time.
template <halfulp::float_format Format, halfulp::rounding_mode Mode>
report check(const char* name, bool negative) {
    using c = carrier<float>;
    report out;
    const format exact(Format);
    constexpr halfulp::projection constant{.rounding = Mode};
    const paired how(constant);
    const std::uint64_t sign = negative ? c::sign : 0;
    const std::vector<step> steps = all_steps_of(exact, how.reference, negative);
    const auto encoded = [&](std::uint64_t bits) {
        return halfulp::encode(carrier_traits<float>::from(sign | bits), Format, constant);
    };
    for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
        // Differences are counted without a branch; only a run that has some is gone through again for the message.
        std::uint64_t wrong = 0;
        for (std::uint64_t bits = steps[i].first; bits < steps[i + 1].first; ++bits)
            wrong += encoded(bits) != steps[i].code;
        out.check(wrong == 0, [&] {
            std::uint64_t bits = steps[i].first;
            while (encoded(bits) == steps[i].code) ++bits;
            return std::string(name) + " " + oracle::describe(constant) + ": " + std::to_string(wrong) +
                   " wrong from " + describe<float>(sign | bits) + " on: code " + hex(encoded(bits)) +
                   ", the oracle says " + hex(steps[i].code);
        });
    }
    return out;
}

/// One task per mode and sign; Catch2 sees the results on its own thread only.
template <halfulp::float_format Format>
void check_modes(const char* name) {
    using halfulp::rounding_mode;
    std::vector<std::future<report>> tasks;
    for (const bool negative : {false, true}) {
        tasks.push_back(
            std::async(std::launch::async, check<Format, rounding_mode::nearest_ties_to_even>, name, negative));
        tasks.push_back(std::async(std::launch::async, check<Format, rounding_mode::toward_negative>, name, negative));
        tasks.push_back(std::async(std::launch::async, check<Format, rounding_mode::to_odd>, name, negative));
    }
    for (auto& task : tasks) task.get().conclude();
}

// ---- array functions on every backend

constexpr std::uint64_t chunk = std::uint64_t{1} << 24;
constexpr std::uint64_t all_inputs = std::uint64_t{1} << 32;

/// Calls body(begin, end) for both halves of a chunk at once.
template <class Body>
void in_halves(const Body& body) {
    auto other = std::async(std::launch::async, [&] { body(chunk / 2, chunk); });
    body(std::uint64_t{0}, chunk / 2);
    other.get();
}

/// The codes of inputs first to first + count - 1, read off the steps of their sign.
void expand(const std::vector<step>& steps, std::uint64_t first, std::uint64_t count, std::uint16_t* codes) {
    const auto above = [](std::uint64_t bits, const step& s) { return bits < s.first; };
    std::size_t at =
        static_cast<std::size_t>(std::upper_bound(steps.begin(), steps.end(), first, above) - steps.begin()) - 1;
    for (std::uint64_t bits = first; bits < first + count; ++at) {
        const std::uint64_t end = std::min(first + count, steps[at + 1].first);
        std::fill(codes + (bits - first), codes + (end - first), static_cast<std::uint16_t>(steps[at].code));
        bits = end;
    }
}

/// The reference of one format and mode: the oracle's steps, or for a stochastic mode the scalar definition with the words of the
/// inputs' places.
class reference {
  public:
    reference(const halfulp::float_format& f, halfulp::rounding_mode mode)
        : projector_(f, {.rounding = mode}), stochastic_(halfulp::is_stochastic(mode)) {
        if (stochastic_) return;
        const format exact(f);
        const paired how(halfulp::projection{.rounding = mode});
        for (const bool negative : {false, true})
            steps_[negative ? 1 : 0] = all_steps_of(exact, how.reference, negative);
    }

    void codes(std::uint64_t first, std::uint16_t* out) const {
        in_halves([&](std::uint64_t begin, std::uint64_t end) {
            const std::uint64_t from = first + begin;
            if (!stochastic_) {
                const std::uint64_t sign = carrier<float>::sign;
                return expand(steps_[from >= sign ? 1 : 0], from & (sign - 1), end - begin, out + begin);
            }
            for (std::uint64_t i = begin; i < end; i += 4) {
                const auto words = source.block((first + i) / 4);
                for (std::uint64_t k = 0; k < 4; ++k) {
                    const halfulp::projected p = halfulp::project(
                        std::bit_cast<float>(static_cast<std::uint32_t>(first + i + k)), projector_, words[k]);
                    out[i + k] = static_cast<std::uint16_t>(halfulp::to_code(p, projector_.grid));
                }
            }
        });
    }

    static constexpr halfulp::random_source source{0x5EED, 7, 0};

  private:
    halfulp::projector projector_;
    bool stochastic_;
    std::vector<step> steps_[2];
};

/// encode and round of every float32, on every backend but the plain loops.
template <class Code>
void check_backends(const char* name, const halfulp::float_format& f) {
    using halfulp::backend;
    using halfulp::rounding_mode;
    std::vector<backend> backends;
    for (const backend b : halfulp::available_backends())
        if (b != backend::scalar) backends.push_back(b);
    if (backends.empty()) SKIP("no backend but the plain loops is available");
    std::vector<std::uint32_t> value_of(std::size_t{1} << width_of(f));
    for (std::size_t c = 0; c < value_of.size(); ++c)
        value_of[c] = std::bit_cast<std::uint32_t>(halfulp::decode<float>(c, f));
    std::vector<float> x(chunk), y(chunk);
    std::vector<std::uint16_t> want(chunk);
    std::vector<Code> codes(chunk);
    report out;
    for (const rounding_mode mode :
         {rounding_mode::nearest_ties_to_even, rounding_mode::to_odd, rounding_mode::stochastic_a}) {
        const halfulp::projection how{.rounding = mode};
        const reference defined(f, mode);
        const auto start = std::chrono::steady_clock::now();
        for (std::uint64_t first = 0; first < all_inputs; first += chunk) {
            defined.codes(first, want.data());
            in_halves([&](std::uint64_t begin, std::uint64_t end) {
                for (std::uint64_t i = begin; i < end; ++i)
                    x[i] = std::bit_cast<float>(static_cast<std::uint32_t>(first + i));
            });
            halfulp::randomness random;
            if (halfulp::is_stochastic(mode)) {
                halfulp::random_source here = reference::source;
                here.offset = first;
                random = here;
            }
            for (const backend b : backends) {
                halfulp::set_backend(b);
                halfulp::encode(std::span<const float>(x), std::span(codes), f, how, random, 2);
                halfulp::round(std::span<const float>(x), std::span(y), f, how, random, 2);
                halfulp::set_backend(std::nullopt);
                // Counted without a branch; only a chunk that differs is gone through again for the message.
                std::uint64_t wrong[2] = {0, 0};
                in_halves([&](std::uint64_t begin, std::uint64_t end) {
                    std::uint64_t count = 0;
                    for (std::uint64_t i = begin; i < end; ++i)
                        count += (codes[i] != want[i]) + (std::bit_cast<std::uint32_t>(y[i]) != value_of[want[i]]);
                    wrong[begin == 0 ? 0 : 1] = count;
                });
                out.check(wrong[0] + wrong[1] == 0, [&] {
                    std::uint64_t i = 0;
                    while (codes[i] == want[i] && std::bit_cast<std::uint32_t>(y[i]) == value_of[want[i]]) ++i;
                    return std::string(name) + " " + oracle::describe(how) + " " + std::string(halfulp::to_string(b)) +
                           ": " + std::to_string(wrong[0] + wrong[1]) + " wrong from " + describe<float>(first + i) +
                           " on: code " + hex(codes[i]) + ", round " + hex(std::bit_cast<std::uint32_t>(y[i])) +
                           ", the reference says " + hex(want[i]) + " and " + hex(value_of[want[i]]);
                });
            }
            if ((first / chunk + 1) % 64 == 0) {
                const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
                std::fprintf(stderr, "%s %s: %llu of 256 chunks, %.0f s\n", name, oracle::describe(how).c_str(),
                             static_cast<unsigned long long>(first / chunk + 1), passed.count());
            }
        }
    }
    out.conclude();
}

}  // namespace

TEST_CASE("every float32 encodes as defined to e4m3fn in three modes") {
    check_modes<halfulp::float_format{7, 4, 3, halfulp::specials::fn}>("e4m3fn");
}
TEST_CASE("every float32 encodes as defined to e5m2 in three modes") {
    check_modes<halfulp::float_format{15, 5, 2}>("e5m2");
}
TEST_CASE("every float32 encodes as defined to bfloat16 in three modes") {
    check_modes<halfulp::float_format{127, 8, 7}>("bfloat16");
}
TEST_CASE("every float32 encodes as defined to binary16 in three modes") {
    check_modes<halfulp::float_format{15, 5, 10}>("binary16");
}

TEST_CASE("every float32 goes to e4m3fn as defined on every backend in three modes") {
    check_backends<std::uint8_t>("e4m3fn", {7, 4, 3, halfulp::specials::fn});
}
TEST_CASE("every float32 goes to e5m2 as defined on every backend in three modes") {
    check_backends<std::uint8_t>("e5m2", {15, 5, 2});
}
TEST_CASE("every float32 goes to bfloat16 as defined on every backend in three modes") {
    check_backends<std::uint16_t>("bfloat16", {127, 8, 7});
}
TEST_CASE("every float32 goes to binary16 as defined on every backend in three modes") {
    check_backends<std::uint16_t>("binary16", {15, 5, 10});
}
