// Arithmetic on arrays, a block of elements at a time: operands are taken apart, the scalar definition speaks, results are put together.
#include "halfulp/kernels/calculate.hpp"

#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "array_elements.hpp"
#include "checks.hpp"
#include "odd_arithmetic.hpp"
#include "parallel.hpp"
#include "project_each.hpp"

namespace halfulp {
namespace {

constexpr std::size_t block_size = 512;

constexpr std::array<const char*, 3> operand_names{"a", "b", "c"};

void check_operands(operation op, std::span<const operand_array> operands, std::size_t size) {
    const operation_row& row = row_of(op);
    if (operands.size() != static_cast<std::size_t>(row.operands)) {
        throw std::invalid_argument("operands are " + std::to_string(operands.size()) + ", allowed for " +
                                    std::string(row.name) + ": " + std::to_string(row.operands));
    }
    for (std::size_t i = 0; i < operands.size(); ++i) {
        detail::check_operand(operands[i], size, operand_names[i]);
        const bool counts = op == operation::scalb && i == 1;
        if (counts != (operands[i].kind == element_kind::int64))
            throw std::invalid_argument(
                std::string(operand_names[i]) + " of " + std::string(row.name) +
                (counts ? " holds no integers, allowed: int64 numbers" : " holds integers, allowed: values or codes"));
    }
}

/// R of elements `begin` to `end`.
void fill_random(const randomness& random, int random_bits, std::size_t begin, std::span<std::uint32_t> words) {
    if (random.from == randomness::kind::drawn) {
        fill_words(random.source, begin, 0, words);
        for (std::uint32_t& word : words) word >>= 32 - random_bits;
    } else if (random.from == randomness::kind::given) {
        std::copy_n(random.given.begin() + static_cast<std::ptrdiff_t>(begin), words.size(), words.begin());
    }
}

}  // namespace

void calculate(operation op, std::span<const operand_array> operands, result_array out, const format& f,
               const projection& how, const array_arithmetic_options& options, const randomness& random,
               std::span<std::uint8_t> flags) {
    check_operands(op, operands, out.size);
    if (!flags.empty()) detail::check_sizes(out.size, flags.size());
    const bool codes = detail::is_codes(out.kind);
    detail::check_result(out, f, how);
    detail::check_threads(options.threads);
    detail::check_random(how.rounding, how.random_bits, random, out.size);
    if (flags.empty() && detail::calculate_by_odd(op, operands, out, f, how, options, random)) return;
    const bool follows_nan_rule = codes && options.nans != nan_rule::canonical && f.as_float() != nullptr;
    const calculator calculate_one(op, f, how, options);
    std::vector<detail::operand_reader> readers;
    std::array<const float_format*, 3> float_formats{};
    for (const operand_array& x : operands) {
        readers.emplace_back(x, f, options.daz);
        float_formats[readers.size() - 1] = readers.back().as_float();
    }
    const detail::result_writer results(out, f, how.nan);
    const bool stochastic = is_stochastic(how.rounding);
    detail::parallel_for(out.size, options.threads, detail::thread_grain, [&](std::size_t first, std::size_t last) {
        std::array<std::array<operand, block_size>, 3> taken;
        std::array<std::uint32_t, block_size> words{};
        for (std::size_t begin = first; begin < last; begin += block_size) {
            const std::size_t end = std::min(last, begin + block_size);
            for (std::size_t k = 0; k < readers.size(); ++k) readers[k].read(begin, end, taken[k].data());
            if (stochastic) fill_random(random, how.random_bits, begin, std::span(words).first(end - begin));
            for (std::size_t i = begin; i < end; ++i) {
                const std::size_t j = i - begin;
                const calculated found = calculate_one({taken[0][j], taken[1][j], taken[2][j]}, words[j]);
                if (found.number.missing_nan && how.nan == nan_policy::raise) detail::throw_missing_nan(i, f);
                if (!flags.empty()) flags[i] = found.flags;
                if (follows_nan_rule && found.number.kind == number_class::nan) {
                    std::array<std::uint64_t, 3> given{};
                    for (std::size_t k = 0; k < readers.size(); ++k) given[k] = readers[k].code(i);
                    const std::size_t count = readers.size();
                    results.write_code(i, nan_result_code(options.nans, op, std::span(given).first(count),
                                                          std::span(float_formats).first(count), *f.as_float()));
                } else {
                    results.write(i, found.number);
                }
            }
        }
    });
}

void compare(const operand_array& a, const operand_array& b, std::span<ordering> out, bool total, bool signaling,
             std::span<std::uint8_t> flags, int threads) {
    detail::check_operand(a, out.size(), "a");
    detail::check_operand(b, out.size(), "b");
    if (!flags.empty()) detail::check_sizes(out.size(), flags.size());
    detail::check_threads(threads);
    const format none;
    const detail::operand_reader left(a, none, false);
    const detail::operand_reader right(b, none, false);
    detail::parallel_for(out.size(), threads, detail::thread_grain, [&](std::size_t first, std::size_t last) {
        std::array<operand, block_size> x;
        std::array<operand, block_size> y;
        for (std::size_t begin = first; begin < last; begin += block_size) {
            const std::size_t end = std::min(last, begin + block_size);
            left.read(begin, end, x.data());
            right.read(begin, end, y.data());
            for (std::size_t i = begin; i < end; ++i) {
                const operand& p = x[i - begin];
                const operand& q = y[i - begin];
                out[i] = total ? compare_total(p, q) : compare(p, q);
                if (flags.empty()) continue;
                const bool raised = !total && (p.signaling || q.signaling || (signaling && (p.is_nan() || q.is_nan())));
                flags[i] = raised ? flag::invalid : 0;
            }
        }
    });
}

}  // namespace halfulp
