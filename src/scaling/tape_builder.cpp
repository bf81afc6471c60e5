#include "tape_builder.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

namespace halfulp::detail {
namespace {

double value_of(auto what, double a, double b) {
    using op = decltype(what);
    switch (what) {
        case op::add: return a + b;
        case op::subtract: return a - b;
        case op::multiply: return a * b;
        case op::divide: return a / b;
        case op::negate: return -a;
        case op::exp: return std::exp(a);
        case op::log: return std::log(a);
        case op::sqrt: return std::sqrt(a);
        case op::tanh: return std::tanh(a);
        case op::power: return std::pow(a, b);
        default: throw std::logic_error("internal: a step that is no function of its operands");
    }
}

}  // namespace

tape::builder::id tape::builder::number(double value) {
    slot s;
    s.number = value;
    s.positive = value > 0;
    tape_.slots_.push_back(s);
    return tape_.slots_.size() - 1;
}

tape::builder::id tape::builder::constant(std::vector<double> values) {
    slot s;
    s.what = kind::constant;
    s.place = tape_.rows_.constants.size();
    s.positive = std::all_of(values.begin(), values.end(), [](double x) { return x > 0; });
    tape_.rows_.constants.push_back(std::move(values));
    tape_.slots_.push_back(s);
    return tape_.slots_.size() - 1;
}

tape::builder::id tape::builder::column(const std::string& name) {
    const auto known = columns_.find(name);
    if (known != columns_.end()) return known->second;
    const auto found = table_.numbers.find(name);
    if (found == table_.numbers.end() || found->second.size() != runs_) {
        throw std::logic_error("internal: a column of the formula is missing or has another length");
    }
    return columns_[name] = constant(found->second);
}

tape::builder::id tape::builder::leaf(const formula_node& node, bool logarithm) {
    const auto found = names_.find(node.name);
    if (found == names_.end()) return column(node.name);
    const tape_parameter& p = found->second;
    const auto place =
        static_cast<std::size_t>(&*std::find_if(tape_.parameters_.begin(), tape_.parameters_.end(),
                                                [&](const tape_parameter& q) { return q.first == p.first; }) -
                                 tape_.parameters_.data());
    if (node.label.empty()) return emit(logarithm ? op::log_parameter : op::parameter, place);
    if (!labels_.contains(node.label)) {
        labels_[node.label] = tape_.rows_.labels.size();
        tape_.rows_.labels.push_back(table_.labels.at(node.label));
    }
    return emit(logarithm ? op::gather_log : op::gather, place, labels_[node.label]);
}

bool tape::builder::is_positive(op what, id a, id b) const {
    switch (what) {
        case op::add:
        case op::multiply:
        case op::divide: return at(a).positive && at(b).positive;
        case op::exp: return true;
        case op::sqrt:
        case op::tanh:
        case op::power: return at(a).positive;
        case op::parameter:
        case op::gather: return tape_.parameters_[a].positive;
        default: return false;
    }
}

tape::builder::id tape::builder::fold(op what, id a, id b) {
    const bool unary = what == op::negate || what == op::exp || what == op::log || what == op::sqrt || what == op::tanh;
    const slot left = at(a), right = unary ? left : at(b);
    if (left.what == kind::number && right.what == kind::number)
        return number(value_of(what, left.number, right.number));
    std::vector<double> out(runs_);
    for (std::size_t i = 0; i < runs_; ++i) {
        const double x = left.what == kind::number ? left.number : tape_.rows_.constants[left.place][i];
        const double y = right.what == kind::number ? right.number : tape_.rows_.constants[right.place][i];
        out[i] = value_of(what, x, y);
    }
    return constant(std::move(out));
}

tape::builder::id tape::builder::emit(op what, id a, id b) {
    const auto known = made_.find({what, a, b});
    if (known != made_.end()) return known->second;
    const bool is_leaf =
        what == op::parameter || what == op::log_parameter || what == op::gather || what == op::gather_log;
    const bool binary =
        what == op::add || what == op::subtract || what == op::multiply || what == op::divide || what == op::power;
    slot s;
    if (is_leaf) {
        s.what = what == op::gather || what == op::gather_log ? kind::vector : kind::scalar;
    } else {
        const kind x = at(a).what, y = binary ? at(b).what : kind::number;
        const auto at_hand = [](kind k) { return k == kind::number || k == kind::constant; };
        if (at_hand(x) && at_hand(y)) return made_[{what, a, b}] = fold(what, a, b);
        const bool rows = x == kind::vector || y == kind::vector || x == kind::constant || y == kind::constant;
        s.what = rows ? kind::vector : kind::scalar;
    }
    s.positive = is_positive(what, a, b);
    s.place = s.what == kind::vector ? tape_.vectors_++ : tape_.scalars_++;
    tape_.slots_.push_back(s);
    const id out = tape_.slots_.size() - 1;
    steps_[out] = {what, out, a, b};
    return made_[{what, a, b}] = out;
}

tape::builder::id tape::builder::negated(id a) {
    const auto made = steps_.find(a);
    if (made != steps_.end()) {
        const step s = made->second;
        if (s.what == op::negate) return s.a;
        // The sign goes to the operand that is one number: a pass over the runs less.
        if (s.what == op::multiply && at(s.a).what != kind::vector) return emit(op::multiply, negated(s.a), s.b);
        if (s.what == op::multiply && at(s.b).what != kind::vector) return emit(op::multiply, s.a, negated(s.b));
    }
    return emit(op::negate, a);
}

tape::builder::id tape::builder::log_of(id a) {
    const auto made = steps_.find(a);
    if (made != steps_.end()) {
        const step s = made->second;
        const bool both = s.what == op::multiply || s.what == op::divide;
        if (both && at(s.a).positive && at(s.b).positive) {
            return emit(s.what == op::multiply ? op::add : op::subtract, log_of(s.a), log_of(s.b));
        }
        if (s.what == op::exp) return s.a;
        if (s.what == op::sqrt && at(s.a).positive) return emit(op::multiply, number(0.5), log_of(s.a));
        if (s.what == op::parameter && tape_.parameters_[s.a].positive) return emit(op::log_parameter, s.a);
        if (s.what == op::gather && tape_.parameters_[s.a].positive) return emit(op::gather_log, s.a, s.b);
    }
    return emit(op::log, a);
}

tape::builder::id tape::builder::power(id a, id b) {
    if (is_number(b, 1)) return a;
    const bool plain = at(b).what == kind::number || at(b).what == kind::constant;
    const bool folds = plain && (at(a).what == kind::number || at(a).what == kind::constant);
    if (folds || (plain && !at(a).positive)) return emit(op::power, a, b);
    return emit(op::exp, emit(op::multiply, b, log_of(a)));
}

tape::builder::id tape::builder::divide(id a, id b) {
    const auto made = steps_.find(b);
    if (made != steps_.end() && made->second.what == op::exp) {
        return emit(op::multiply, a, emit(op::exp, negated(made->second.a)));
    }
    return emit(op::divide, a, b);
}

void tape::builder::keep_reachable(id root) {
    std::set<id> wanted;
    std::vector<id> open{root};
    while (!open.empty()) {
        const id s = open.back();
        open.pop_back();
        const auto made = steps_.find(s);
        if (made == steps_.end() || !wanted.insert(s).second) continue;
        const op what = made->second.what;
        if (what == op::parameter || what == op::log_parameter || what == op::gather || what == op::gather_log)
            continue;
        open.push_back(made->second.a);
        open.push_back(made->second.b);  // 0 of unary steps is a slot too, and at worst one too many is kept
    }
    // Operands are made before what uses them, so slots' order is an order of execution.
    for (const id s : wanted) {
        (at(s).what == kind::vector ? tape_.vector_steps_ : tape_.scalar_steps_).push_back(steps_.at(s));
    }
}

void tape::builder::build(const formula& f) {
    tape_.slots_.emplace_back();  // slot 0 is the number 0: what the second operand of unary steps names
    for (const auto& [name, p] : names_) {
        tape_.parameters_.push_back(p);
        tape_.numbers_ = std::max(tape_.numbers_, p.first + p.count);
    }
    tape_.rows_.size = runs_;
    std::vector<id> ids;
    ids.reserve(f.nodes().size());
    for (const formula_node& node : f.nodes()) {
        const id a = ids.empty() ? 0 : ids[node.left], b = ids.empty() ? 0 : ids[node.right];
        ids.push_back([&] {
            switch (node.op) {
                case formula_op::number: return number(node.number);
                case formula_op::name: return leaf(node, false);
                case formula_op::negate: return negated(a);
                case formula_op::add: return emit(op::add, a, b);
                case formula_op::subtract: return emit(op::subtract, a, b);
                case formula_op::multiply: return emit(op::multiply, a, b);
                case formula_op::divide: return divide(a, b);
                case formula_op::power: return power(a, b);
                case formula_op::exp: return emit(op::exp, a);
                case formula_op::log: return log_of(a);
                case formula_op::log2: return emit(op::divide, log_of(a), number(std::log(2.0)));
                case formula_op::sqrt: return emit(op::sqrt, a);
                case formula_op::tanh: return emit(op::tanh, a);
            }
            throw std::logic_error("internal: a node of no kind");
        }());
    }
    tape_.root_ = ids.back();
    keep_reachable(tape_.root_);
}

}  // namespace halfulp::detail
