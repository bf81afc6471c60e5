// From a formula's tree to a tape's steps: equal steps are one, what no parameter reaches is computed at once, and a power of
// something positive is the exponential of a multiple of its logarithm, which for a column and a positive parameter is at hand.
#pragma once

#include <tuple>

#include "tape.hpp"

namespace halfulp::detail {

struct tape::builder {
    builder(tape& to, const tape_columns& table, const std::map<std::string, tape_parameter>& names, std::size_t runs)
        : tape_(to), table_(table), names_(names), runs_(runs) {}

    void build(const formula& f);

  private:
    using id = std::size_t;

    [[nodiscard]] const slot& at(id s) const { return tape_.slots_[s]; }
    [[nodiscard]] bool is_number(id s, double value) const {
        return at(s).what == kind::number && at(s).number == value;
    }

    id number(double value);
    id constant(std::vector<double> values);
    id column(const std::string& name);
    id leaf(const formula_node& node, bool logarithm);
    /// The slot of this step, made where there is none yet; folded where both operands are at hand.
    id emit(op what, id a, id b = 0);
    id fold(op what, id a, id b);
    id negated(id a);
    id log_of(id a);
    id power(id a, id b);
    id divide(id a, id b);
    [[nodiscard]] bool is_positive(op what, id a, id b) const;
    void keep_reachable(id root);

    tape& tape_;
    const tape_columns& table_;
    const std::map<std::string, tape_parameter>& names_;
    std::size_t runs_;
    std::map<std::tuple<op, id, id>, id> made_;
    std::map<std::string, id> columns_;
    std::map<std::string, std::size_t> labels_;
    std::map<id, step> steps_;  ///< what a scalar or vector slot comes from
};

}  // namespace halfulp::detail
