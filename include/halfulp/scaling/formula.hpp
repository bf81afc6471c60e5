// Formulas of scaling laws, as text and as a tree.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace halfulp {

enum class formula_op { number, name, negate, add, subtract, multiply, divide, power, exp, log, log2, sqrt, tanh };

/// A node of the tree; `left` and `right` are places in formula::nodes before it.
struct formula_node {
    formula_op op = formula_op::number;
    double number = 0;
    std::string name;   ///< of a parameter or a column
    std::string label;  ///< name[label]: one parameter for each value of the column `label`; else empty
    std::size_t left = 0;
    std::size_t right = 0;
};

/// A parsed formula such as "E + A / (N * eff[format])^alpha + B / D^beta": numbers, names, name[label], + - * / ^ (which binds
/// tightest and to the right), parentheses, exp(), log(), log2(), sqrt(), tanh().
class formula {
  public:
    /// Throws std::invalid_argument that names the text, the place and what was expected there.
    explicit formula(std::string_view text);

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    /// The root is the last one.
    [[nodiscard]] const std::vector<formula_node>& nodes() const noexcept { return nodes_; }
    /// Every name once, in the order of the text; name[label] as the node that has it.
    [[nodiscard]] std::vector<formula_node> names() const;

  private:
    std::string text_;
    std::vector<formula_node> nodes_;
};

}  // namespace halfulp
