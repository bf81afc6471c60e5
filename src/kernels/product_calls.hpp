// What dot products, matrix products and products of block-scaled operands share around the definition.
#pragma once

#include <span>
#include <vector>

#include "array_elements.hpp"
#include "halfulp/kernels/matmul.hpp"

namespace halfulp::detail {

/// The smallest normal exponent of a factor's format: of the codes' own, else of the carrier.
std::int32_t emin_of(const operand_array& x);

/// `rows` rows of `inner` operands; in the array they are columns where `transposed`.
std::vector<operand> rows_of(const operand_array& x, std::size_t rows, std::size_t inner, bool transposed,
                             const format& target);

/// R of the roundings of output element i: drawn, or those given for it.
class product_draws {
  public:
    product_draws(const randomness& random, const accumulator& by, std::size_t inner)
        : random_(random), roundings_(random.from == randomness::kind::given ? roundings_of(by, inner) : 0) {}

    [[nodiscard]] auto of(std::size_t i) const noexcept {
        return [this, i](std::uint32_t ordinal, int bits) -> std::uint32_t {
            if (roundings_ != 0) return random_.given[i * roundings_ + ordinal];
            return random_.source.word(i, ordinal) >> (32 - bits);
        };
    }

  private:
    const randomness& random_;
    std::size_t roundings_;
};

/// The arguments that do not depend on shapes but for the terms of each dot product.
void check_product(const operand_array& c, const result_array& out, std::size_t inner, const accumulator& by,
                   const format& f, const projection& how, const randomness& random, std::span<std::uint8_t> flags,
                   int threads);

/// Writes one result and its flags. A NaN of a unit that has a code of its own for it stays that code.
void give_product(const calculated& found, std::size_t i, const result_writer& results, bool codes,
                  const accumulator& by, const format& f, const projection& how, std::span<std::uint8_t> flags);

}  // namespace halfulp::detail
