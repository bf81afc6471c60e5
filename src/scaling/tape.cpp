#include "tape.hpp"

#include <cmath>
#include <stdexcept>

#include "tape_builder.hpp"

namespace halfulp::detail {
namespace {

double at(const simd::column& c, std::size_t i) { return c.numbers != nullptr ? c.numbers[i] : c.number; }

}  // namespace

tape::tape(const formula& f, const tape_columns& columns, const std::map<std::string, tape_parameter>& parameters,
           std::size_t runs)
    : functions_(active_elementary()), columns_(&active_columns()) {
    builder(*this, columns, parameters, runs).build(f);
    rows_.fill_up();
}

void tape_rows::fill_up() {
    const auto fill = [&](auto& columns) {
        for (auto& c : columns) {
            if (!c.empty()) c.resize(simd::column_length(size), c.back());
        }
    };
    fill(constants);
    fill(labels);
}

tape_rows tape::rows_of(std::span<const std::size_t> places) const {
    tape_rows out;
    out.size = places.size();
    const auto gather = [&](const auto& from) {
        std::decay_t<decltype(from)> to;
        to.reserve(simd::column_length(places.size()));
        for (const std::size_t i : places) to.push_back(from[i]);
        return to;
    };
    for (const auto& c : rows_.constants) out.constants.push_back(gather(c));
    for (const auto& l : rows_.labels) out.labels.push_back(gather(l));
    out.fill_up();
    return out;
}

tape::workspace tape::make_workspace() const {
    workspace w;
    w.scalars.resize(scalars_);
    w.scalar_adjoints.resize(scalars_);
    w.vectors.resize(vectors_ * block);
    w.vector_adjoints.resize(vectors_ * block);
    w.parameter_adjoints.resize(numbers_);
    w.spare.resize(3 * block);
    w.adjoints.resize(vectors_);
    return w;
}

void tape::start(std::span<const double> natural, std::span<const double> logs, workspace& work, bool back) const {
    const auto value = [&](std::size_t s) { return number_of(work, s); };
    for (const step& s : scalar_steps_) {
        double& out = work.scalars[slots_[s.out].place];
        switch (s.what) {
            case op::parameter: out = natural[parameters_[s.a].first]; break;
            case op::log_parameter: out = logs[parameters_[s.a].first]; break;
            case op::add: out = value(s.a) + value(s.b); break;
            case op::subtract: out = value(s.a) - value(s.b); break;
            case op::multiply: out = value(s.a) * value(s.b); break;
            case op::divide: out = value(s.a) / value(s.b); break;
            case op::negate: out = -value(s.a); break;
            case op::exp: out = std::exp(value(s.a)); break;
            case op::log: out = std::log(value(s.a)); break;
            case op::sqrt: out = std::sqrt(value(s.a)); break;
            case op::tanh: out = std::tanh(value(s.a)); break;
            case op::power: out = std::pow(value(s.a), value(s.b)); break;
            default: throw std::logic_error("internal: a step of columns among those of numbers");
        }
    }
    if (back) {
        std::fill(work.scalar_adjoints.begin(), work.scalar_adjoints.end(), 0.0);
        std::fill(work.parameter_adjoints.begin(), work.parameter_adjoints.end(), 0.0);
    }
}

double tape::number_of(const workspace& work, std::size_t s) const {
    return slots_[s].what == kind::scalar ? work.scalars[slots_[s].place] : slots_[s].number;
}

const double* tape::column_of(const tape_rows& rows, std::size_t first, const workspace& work, std::size_t s) const {
    const slot& x = slots_[s];
    if (x.what == kind::vector) return work.vectors.data() + x.place * block;
    return x.what == kind::constant ? rows.constants[x.place].data() + first : nullptr;
}

const double* tape::forward(const tape_rows& rows, std::size_t first, std::size_t count,
                            std::span<const double> natural, std::span<const double> logs, workspace& work) const {
    count = simd::column_length(count);
    const auto operand = [&](std::size_t s) {
        return simd::column{column_of(rows, first, work, s), number_of(work, s)};
    };
    for (const step& s : vector_steps_) {
        double* const out = work.vectors.data() + slots_[s.out].place * block;
        const auto arithmetic = [&](simd::column_op what) {
            columns_->arithmetic(what, operand(s.a), operand(s.b), out, count);
        };
        const auto each = [&](const auto& f) {
            const double* const a = column_of(rows, first, work, s.a);
            for (std::size_t i = 0; i < count; ++i) out[i] = f(a[i]);
        };
        const auto gather = [&](std::span<const double> from) {
            const double* const p = from.data() + parameters_[s.a].first;
            const std::uint32_t* const label = rows.labels[s.b].data() + first;
            for (std::size_t i = 0; i < count; ++i) out[i] = p[label[i]];
        };
        switch (s.what) {
            case op::gather: gather(natural); break;
            case op::gather_log: gather(logs); break;
            case op::add: arithmetic(simd::column_op::add); break;
            case op::subtract: arithmetic(simd::column_op::subtract); break;
            case op::multiply: arithmetic(simd::column_op::multiply); break;
            case op::divide: arithmetic(simd::column_op::divide); break;
            case op::negate: each([](double x) { return -x; }); break;
            case op::sqrt: each([](double x) { return std::sqrt(x); }); break;
            case op::tanh: each([](double x) { return std::tanh(x); }); break;
            case op::exp: functions_.exp(column_of(rows, first, work, s.a), out, count); break;
            case op::log: functions_.log(column_of(rows, first, work, s.a), out, count); break;
            case op::power: {
                const simd::column a = operand(s.a), b = operand(s.b);
                for (std::size_t i = 0; i < count; ++i) out[i] = std::pow(at(a, i), at(b, i));
                break;
            }
            default: throw std::logic_error("internal: a step of numbers among those of columns");
        }
    }
    if (const double* const root = column_of(rows, first, work, root_)) return root;
    std::fill_n(work.spare.data(), count, number_of(work, root_));
    return work.spare.data();
}

void tape::backward(const tape_rows& rows, std::size_t first, std::size_t count, std::span<const double> natural,
                    workspace& work, double* seed) const {
    using from = simd::adjoint_op;
    std::fill(seed + count, seed + simd::column_length(count), 0.0);  // what fills the columns up has no effect
    count = simd::column_length(count);
    const auto operand = [&](std::size_t s) {
        return simd::column{column_of(rows, first, work, s), number_of(work, s)};
    };
    std::fill(work.adjoints.begin(), work.adjoints.end(), nullptr);
    // What is passed on as it stands is not copied: an adjoint may be another's numbers, which no later step writes to.
    const auto pass_on = [&](std::size_t to, const simd::adjoint& what) {
        const std::size_t place = slots_[to].place;
        if (slots_[to].what == kind::scalar) work.scalar_adjoints[place] += columns_->sum_adjoint(what, count);
        if (slots_[to].what != kind::vector) return;
        const double*& now = work.adjoints[place];
        double* const own = work.vector_adjoints.data() + place * block;
        if (now == nullptr && what.op == from::same) {
            now = what.g;
            return;
        }
        if (now == own) {
            columns_->add_adjoint(what, own, count);
        } else {
            columns_->set_adjoint(what, own, count);
            if (now != nullptr) columns_->add_adjoint({from::same, now, nullptr, {}}, own, count);
            now = own;
        }
    };
    pass_on(root_, {from::same, seed, nullptr, {}});
    for (std::size_t k = vector_steps_.size(); k-- != 0;) {
        const step& s = vector_steps_[k];
        const double* const g = work.adjoints[slots_[s.out].place];
        if (g == nullptr) continue;
        const double* const y = work.vectors.data() + slots_[s.out].place * block;
        const auto pass = [&](std::size_t to, from what, simd::column b = {}) { pass_on(to, {what, g, y, b}); };
        const auto pass_each = [&](const auto& f) {
            double* const each = work.spare.data() + 2 * block;
            for (std::size_t i = 0; i < count; ++i) each[i] = f(i);
            pass_on(s.a,
                    {from::times, each, nullptr, {nullptr, 1}});  // not `same`: the next of them is written there too
        };
        const auto scatter = [&](bool natural_numbers) {
            const std::size_t start = parameters_[s.a].first;
            const bool scaled = natural_numbers && parameters_[s.a].positive;
            const std::uint32_t* const label = rows.labels[s.b].data() + first;
            for (std::size_t i = 0; i < count; ++i) {
                const std::size_t p = start + label[i];
                work.parameter_adjoints[p] += scaled ? g[i] * natural[p] : g[i];
            }
        };
        switch (s.what) {
            case op::gather: scatter(true); break;
            case op::gather_log: scatter(false); break;
            case op::add: pass(s.a, from::same), pass(s.b, from::same); break;
            case op::subtract: pass(s.a, from::same), pass(s.b, from::negative); break;
            case op::multiply: pass(s.a, from::times, operand(s.b)), pass(s.b, from::times, operand(s.a)); break;
            case op::divide: pass(s.a, from::over, operand(s.b)), pass(s.b, from::quotient, operand(s.b)); break;
            case op::negate: pass(s.a, from::negative); break;
            case op::exp: pass(s.a, from::times, {y, 0}); break;
            case op::log: pass(s.a, from::over, operand(s.a)); break;
            case op::sqrt: pass_each([&](std::size_t i) { return 0.5 * g[i] / y[i]; }); break;
            case op::tanh: pass_each([&](std::size_t i) { return g[i] * (1 - y[i] * y[i]); }); break;
            case op::power: {  // the exponent is no parameter's
                const simd::column a = operand(s.a), b = operand(s.b);
                pass_each([&](std::size_t i) { return g[i] * at(b, i) * std::pow(at(a, i), at(b, i) - 1); });
                break;
            }
            default: throw std::logic_error("internal: a step of numbers among those of columns");
        }
    }
}

void tape::finish(std::span<const double> natural, workspace& work, std::span<double> gradient) const {
    const auto value = [&](std::size_t s) { return number_of(work, s); };
    const auto add = [&](std::size_t s, double g) {
        if (slots_[s].what == kind::scalar) work.scalar_adjoints[slots_[s].place] += g;
    };
    for (std::size_t k = scalar_steps_.size(); k-- != 0;) {
        const step& s = scalar_steps_[k];
        const double g = work.scalar_adjoints[slots_[s.out].place], y = work.scalars[slots_[s.out].place];
        switch (s.what) {
            case op::parameter: {
                const tape_parameter& p = parameters_[s.a];
                work.parameter_adjoints[p.first] += p.positive ? g * natural[p.first] : g;
                break;
            }
            case op::log_parameter: work.parameter_adjoints[parameters_[s.a].first] += g; break;
            case op::add: add(s.a, g), add(s.b, g); break;
            case op::subtract: add(s.a, g), add(s.b, -g); break;
            case op::multiply: add(s.a, g * value(s.b)), add(s.b, g * value(s.a)); break;
            case op::divide: add(s.a, g / value(s.b)), add(s.b, -g * y / value(s.b)); break;
            case op::negate: add(s.a, -g); break;
            case op::exp: add(s.a, g * y); break;
            case op::log: add(s.a, g / value(s.a)); break;
            case op::sqrt: add(s.a, 0.5 * g / y); break;
            case op::tanh: add(s.a, g * (1 - y * y)); break;
            case op::power: add(s.a, g * value(s.b) * std::pow(value(s.a), value(s.b) - 1)); break;
            default: throw std::logic_error("internal: a step of columns among those of numbers");
        }
    }
    for (std::size_t p = 0; p < numbers_; ++p) gradient[p] += work.parameter_adjoints[p];
}

}  // namespace halfulp::detail
