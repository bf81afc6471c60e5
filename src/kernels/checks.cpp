#include "checks.hpp"

#include <limits>
#include <stdexcept>

#include "halfulp/codecs/any_projector.hpp"
#include "halfulp/rounding/name.hpp"

namespace halfulp::detail {

namespace {

std::string at(std::size_t index) { return "[" + std::to_string(index) + "]"; }

}  // namespace

void check_sizes(std::size_t x, std::size_t out) {
    if (x != out)
        throw std::invalid_argument("out has " + std::to_string(out) + " elements, allowed: " + std::to_string(x) +
                                    ", as many as the input has");
}

void check_holds(const float_format& carrier_format, const format& f) {
    if (holds(carrier_format, f)) return;
    std::string others;
    for (const float_format& c : {binary16_format, bfloat16_format, binary32_format, binary64_format}) {
        if (holds(c, f)) others += (others.empty() ? "" : ", ") + to_string(c);
    }
    throw std::invalid_argument(
        "the carrier " + to_string(carrier_format) + " does not hold every value of " + to_string(f) +
        ", allowed: " + (others.empty() ? "no carrier does; encode and the exact value of a code still work" : others));
}

void check_offset(std::uint64_t offset, std::size_t size) {
    if (size != 0 && offset > std::numeric_limits<std::uint64_t>::max() - (size - 1)) {
        throw std::invalid_argument("offset is " + std::to_string(offset) +
                                    ", allowed: offset + number of elements at most 2^64");
    }
}

void check_random(rounding_mode mode, int random_bits, const randomness& random, std::size_t size) {
    if (random_bits < 1 || random_bits > 32)
        throw std::invalid_argument("random_bits is " + std::to_string(random_bits) + ", allowed: 1 to 32");
    if (!is_stochastic(mode)) return;
    if (random.from == randomness::kind::none) {
        throw std::invalid_argument("rounding is '" + std::string(to_string(mode)) +
                                    "' and no random bits are given; pass a random_source (a seed) or R itself");
    }
    if (random.from == randomness::kind::drawn) {
        check_offset(random.source.offset, size);
        return;
    }
    if (random.given.size() != size) {
        throw std::invalid_argument("random has " + std::to_string(random.given.size()) +
                                    " elements, allowed: " + std::to_string(size) + ", as many as x has");
    }
    for (std::size_t i = 0; random_bits < 32 && i < random.given.size(); ++i) {
        if (random.given[i] >> random_bits != 0) {
            throw std::invalid_argument("random" + at(i) + " is " + std::to_string(random.given[i]) +
                                        ", allowed: 0 to 2^" + std::to_string(random_bits) + " - 1 (random_bits is " +
                                        std::to_string(random_bits) + ")");
        }
    }
}

void check_code_width(int digits, const format& f) {
    if (f.bits() <= digits) return;
    throw std::invalid_argument("the code type has " + std::to_string(digits) + " bits, allowed: at least " +
                                std::to_string(f.bits()) + " for " + to_string(f));
}

void check_not_kept(nan_policy nan, const std::string& function) {
    if (nan != nan_policy::keep) return;
    throw std::invalid_argument("nan is 'keep', allowed in " + function +
                                ": raise, to_max, to_zero (a kept NaN has no code)");
}

void check_threads(int threads) {
    if (threads < 1) throw std::invalid_argument("threads is " + std::to_string(threads) + ", allowed: 1 or more");
}

void throw_missing_nan(std::size_t index, const format& f) {
    throw missing_nan(index, "nan is 'raise': x" + at(index) + " (counted in C order) becomes NaN and " + to_string(f) +
                                 " has none, allowed: finite values, or nan='to_max', nan='to_zero' (in round and "
                                 "fake_quantize also nan='keep')");
}

void throw_code_range(const std::string& argument, std::size_t index, std::uint64_t code, const format& f) {
    std::string given = std::to_string(code);
    std::string allowed = "0 to " + std::to_string(f.max_code());
    if (f.has_signed_codes()) {
        const std::int64_t most = static_cast<std::int64_t>(f.max_code() >> 1);
        given = std::to_string(static_cast<std::int64_t>(code));
        allowed = std::to_string(-most - 1) + " to " + std::to_string(most);
    }
    throw std::invalid_argument(argument + at(index) + " is " + given + ", allowed: " + allowed + " (" + to_string(f) +
                                " has " + std::to_string(f.bits()) + " bits)");
}

}  // namespace halfulp::detail
