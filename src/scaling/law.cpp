#include "halfulp/scaling/law.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace halfulp {
namespace {

bool holds(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument(what); }

}  // namespace

scaling_law make_law(std::string name, std::string_view formula_text, std::vector<std::string> columns,
                     std::vector<law_parameter> parameters) {
    scaling_law out{std::move(name), formula(formula_text), {}, std::move(columns), {}, {}, {}};
    const std::vector<formula_node> names = out.loss.names();
    const auto used = [&](const std::string& wanted) {
        return std::find_if(names.begin(), names.end(), [&](const formula_node& node) { return node.name == wanted; });
    };
    for (const formula_node& node : out.loss.nodes()) {
        if (node.op == formula_op::name && used(node.name)->label != node.label) {
            refuse("formula is '" + out.loss.text() + "': " + node.name +
                   " stands there with different labels, allowed: one way for each name");
        }
    }
    for (std::size_t i = 0; i < out.columns.size(); ++i) {
        const auto node = used(out.columns[i]);
        if (node == names.end() || !node->label.empty()) {
            refuse("columns has '" + out.columns[i] + "', which the formula '" + out.loss.text() +
                   "' does not use as a column");
        }
        if (std::find(out.columns.begin(), out.columns.begin() + static_cast<std::ptrdiff_t>(i), out.columns[i]) !=
            out.columns.begin() + static_cast<std::ptrdiff_t>(i)) {
            refuse("columns has '" + out.columns[i] + "' twice");
        }
    }
    const std::vector<std::string> affine = affine_names(out.loss, out.columns);
    for (law_parameter& p : parameters) {
        if (p.linear && !holds(affine, p.name)) {
            refuse("linear has '" + p.name + "', in which the formula '" + out.loss.text() + "' is not affine");
        }
        const auto node = used(p.name);
        if (node == names.end() || holds(out.columns, p.name)) {
            refuse("parameters has '" + p.name + "', which the formula '" + out.loss.text() +
                   "' does not use as a parameter");
        }
        const auto same = [&](const law_parameter& other) { return other.name == p.name; };
        if (std::any_of(out.parameters.begin(), out.parameters.end(), same))
            refuse("parameters has '" + p.name + "' twice");
        p.label = node->label;
        out.parameters.push_back(std::move(p));
    }
    for (const formula_node& node : names) {
        if (!node.label.empty() && !holds(out.labels, node.label)) out.labels.push_back(node.label);
        const auto same = [&](const law_parameter& other) { return other.name == node.name; };
        if (holds(out.columns, node.name) || std::any_of(out.parameters.begin(), out.parameters.end(), same)) continue;
        law_parameter p;
        p.name = node.name;
        p.label = node.label;
        out.parameters.push_back(std::move(p));
    }
    for (const std::string& label : out.labels) {
        if (used(label) != names.end()) {
            refuse("formula is '" + out.loss.text() + "': " + label +
                   " is a name and a label column, allowed: one of them");
        }
    }
    if (out.parameters.empty())
        refuse("formula is '" + out.loss.text() +
               "', which has no parameter to be fitted, allowed: a name that is no column");
    return out;
}

std::vector<std::string> affine_names(const formula& f, const std::vector<std::string>& columns) {
    using names = std::set<std::string>;
    struct sides {
        names used;    ///< parameters of this part
        names affine;  ///< those of them in which it is affine, all together
    };
    const auto without = [](names from, const names& what) {
        for (const std::string& name : what) from.erase(name);
        return from;
    };
    const auto both = [](names a, const names& b) {
        a.insert(b.begin(), b.end());
        return a;
    };
    std::vector<sides> parts;
    for (const formula_node& node : f.nodes()) {
        sides out;
        const auto left = [&]() -> const sides& { return parts[node.left]; };
        const auto right = [&]() -> const sides& { return parts[node.right]; };
        switch (node.op) {
            case formula_op::number: break;
            case formula_op::name:
                if (!holds(columns, node.name)) out = {{node.name}, {node.name}};
                break;
            case formula_op::negate: out = left(); break;
            case formula_op::add:
            case formula_op::subtract: {
                out.used = both(left().used, right().used);
                // A name that is bent on either side is bent in the sum.
                const names bent = both(without(left().used, left().affine), without(right().used, right().affine));
                out.affine = without(both(left().affine, right().affine), bent);
                break;
            }
            case formula_op::multiply:
                out.used = both(left().used, right().used);
                out.affine = without(left().affine, right().used);
                if (out.affine.empty()) out.affine = without(right().affine, left().used);
                break;
            case formula_op::divide:
                out.used = both(left().used, right().used);
                out.affine = without(left().affine, right().used);
                break;
            case formula_op::power: out.used = both(left().used, right().used); break;
            default: out.used = left().used;
        }
        parts.push_back(std::move(out));
    }
    std::vector<std::string> out;
    for (const formula_node& node : f.names()) {
        if (parts.back().affine.contains(node.name)) out.push_back(node.name);
    }
    return out;
}

const scaling_law& find_law(std::string_view name) {
    std::string known;
    for (const scaling_law& law : scaling_laws()) {
        if (law.name == name) return law;
        known += (known.empty() ? "" : ", ") + law.name;
    }
    throw std::invalid_argument("law is '" + std::string(name) + "', allowed: " + known + ", or a formula");
}

}  // namespace halfulp
