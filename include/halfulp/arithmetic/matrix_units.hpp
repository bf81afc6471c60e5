// The matrix units of GPUs (tensor cores, matrix cores) as accumulators: one row for each device, input formats and instruction family.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "halfulp/arithmetic/accumulator.hpp"

namespace halfulp {

/// Where a row's numbers come from, for documentation and listings.
struct matrix_unit_row {
    std::string_view name;
    std::string_view device;
    std::string_view instructions;
    std::string_view inputs;  ///< formats of factors, either one may have any of them
    std::string_view scales;  ///< formats of block scales; empty where there are none
    std::string_view blocks;  ///< factors that share a scale
    std::string_view output;  ///< format of addend and result
    std::string_view source;
    std::string_view vectors;  ///< devices whose recorded outputs the row is held against; empty: no device vectors
    std::string_view note;
};

/// What a row stands for.
struct matrix_unit {
    matrix_unit_row row;
    std::vector<format> inputs;
    std::vector<format> scales;
    std::vector<std::uint32_t> blocks;
    format output;
    accumulator how;
};

/// All rows, in the order of vendors and generations.
std::span<const matrix_unit_row> matrix_unit_rows();

/// The unit of a name. Throws std::invalid_argument for another name.
matrix_unit find_matrix_unit(std::string_view name);

}  // namespace halfulp
