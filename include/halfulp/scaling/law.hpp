// Scaling laws as data: a formula, what its names are, and where a search begins.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "halfulp/scaling/formula.hpp"

namespace halfulp {

struct law_parameter {
    std::string name;
    std::string label;    ///< name[label] in the formula: one number for each value of that column
    bool positive = false;  ///< searched by its logarithm
    bool linear = false;    ///< the formula is affine in all linear parameters together, the others fixed
    std::vector<double>
        starts;  ///< a search begins at every combination; empty: linear ones from the others, others at 1
};

struct published_fit {
    std::string name;
    std::vector<std::pair<std::string, double>> parameters;  ///< "eff[4]" for those of a label
    std::string source;
};

struct scaling_law {
    std::string name;
    formula loss;
    std::vector<law_parameter> parameters;  ///< in the order of results
    std::vector<std::string> columns;       ///< numbers that every run needs
    std::vector<std::string> labels;        ///< label columns
    std::string source;
    std::vector<published_fit> published;
};

/// A law of one's own. Every name that is neither a column nor in `parameters` becomes a parameter without starts. Throws
/// std::invalid_argument where a name is used in two ways, a column or parameter does not occur, or a name occurs twice.
scaling_law make_law(std::string name, std::string_view formula_text, std::vector<std::string> columns,
                     std::vector<law_parameter> parameters = {});

/// Parameters (names that are no columns) in which a formula is affine, all together, as its tree shows: of a product of two the one that
/// stands first.
std::vector<std::string> affine_names(const formula& f, const std::vector<std::string>& columns);

/// The laws that the library knows.
const std::vector<scaling_law>& scaling_laws();
/// The one of this name. Throws std::invalid_argument with all names.
const scaling_law& find_law(std::string_view name);

}  // namespace halfulp
