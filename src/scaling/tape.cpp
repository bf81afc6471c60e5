#include "tape.hpp"

#include <cmath>
#include <stdexcept>

#include "sum_of.hpp"
#include "tape_builder.hpp"

namespace halfulp::detail {
namespace {

/// An operand of a step: a number for each run, or one for all.
struct many {
    const double* p;
    double operator[](std::size_t i) const { return p[i]; }
};
struct one {
    double c;
    double operator[](std::size_t) const { return c; }
};

/// f(many or one): the column where there is one.
template <class F>
void with_operand(const double* column, double number, const F& f) {
    if (column != nullptr) {
        f(many{column});
    } else {
        f(one{number});
    }
}

}  // namespace

tape::tape(const formula& f, const tape_columns& columns, const std::map<std::string, tape_parameter>& parameters,
           std::size_t runs)
    : functions_(active_elementary()) {
    builder(*this, columns, parameters, runs).build(f);
}

tape_rows tape::rows_of(std::span<const std::size_t> places) const {
    tape_rows out;
    out.size = places.size();
    const auto gather = [&](const auto& from) {
        std::decay_t<decltype(from)> to;
        to.reserve(places.size());
        for (const std::size_t i : places) to.push_back(from[i]);
        return to;
    };
    for (const auto& c : rows_.constants) out.constants.push_back(gather(c));
    for (const auto& l : rows_.labels) out.labels.push_back(gather(l));
    return out;
}

tape::workspace tape::make_workspace() const {
    workspace w;
    w.scalars.resize(scalars_);
    w.scalar_adjoints.resize(scalars_);
    w.vectors.resize(vectors_ * block);
    w.vector_adjoints.resize(vectors_ * block);
    w.parameter_adjoints.resize(numbers_);
    w.spare.resize(2 * block);
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
    const auto column = [&](std::size_t s) { return column_of(rows, first, work, s); };
    const auto single = [&](std::size_t s) { return number_of(work, s); };
    for (const step& s : vector_steps_) {
        double* const out = work.vectors.data() + slots_[s.out].place * block;
        const auto binary = [&](const auto& f) {
            with_operand(column(s.a), single(s.a), [&](const auto& a) {
                with_operand(column(s.b), single(s.b), [&](const auto& b) {
                    for (std::size_t i = 0; i < count; ++i) out[i] = f(a[i], b[i]);
                });
            });
        };
        const auto gather = [&](std::span<const double> from) {
            const double* const p = from.data() + parameters_[s.a].first;
            const std::uint32_t* const label = rows.labels[s.b].data() + first;
            for (std::size_t i = 0; i < count; ++i) out[i] = p[label[i]];
        };
        switch (s.what) {
            case op::gather: gather(natural); break;
            case op::gather_log: gather(logs); break;
            case op::add: binary([](double x, double y) { return x + y; }); break;
            case op::subtract: binary([](double x, double y) { return x - y; }); break;
            case op::multiply: binary([](double x, double y) { return x * y; }); break;
            case op::divide: binary([](double x, double y) { return x / y; }); break;
            case op::power: binary([](double x, double y) { return std::pow(x, y); }); break;
            case op::negate: binary([](double x, double) { return -x; }); break;
            case op::sqrt: binary([](double x, double) { return std::sqrt(x); }); break;
            case op::tanh: binary([](double x, double) { return std::tanh(x); }); break;
            case op::exp: functions_.exp(column(s.a), out, count); break;
            case op::log: functions_.log(column(s.a), out, count); break;
            default: throw std::logic_error("internal: a step of numbers among those of columns");
        }
    }
    if (const double* const root = column(root_)) return root;
    std::fill_n(work.spare.data(), count, single(root_));
    return work.spare.data();
}

void tape::backward(const tape_rows& rows, std::size_t first, std::size_t count, std::span<const double> natural,
                    workspace& work, const double* seed) const {
    const auto column = [&](std::size_t s) { return column_of(rows, first, work, s); };
    const auto single = [&](std::size_t s) { return number_of(work, s); };
    std::fill(work.vector_adjoints.begin(), work.vector_adjoints.end(), 0.0);
    // Adds f(i) to the adjoint of a slot, where it has one.
    const auto pass_on = [&](std::size_t s, const auto& f) {
        if (slots_[s].what == kind::vector) {
            double* const to = work.vector_adjoints.data() + slots_[s].place * block;
            for (std::size_t i = 0; i < count; ++i) to[i] += f(i);
        } else if (slots_[s].what == kind::scalar) {
            work.scalar_adjoints[slots_[s].place] += sum_of(count, f);
        }
    };
    pass_on(root_, [&](std::size_t i) { return seed[i]; });
    for (std::size_t k = vector_steps_.size(); k-- != 0;) {
        const step& s = vector_steps_[k];
        const double* const g = work.vector_adjoints.data() + slots_[s.out].place * block;
        const double* const y = work.vectors.data() + slots_[s.out].place * block;
        const auto with = [&](std::size_t place, const auto& f) { with_operand(column(place), single(place), f); };
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
            case op::add:
                pass_on(s.a, [&](std::size_t i) { return g[i]; });
                pass_on(s.b, [&](std::size_t i) { return g[i]; });
                break;
            case op::subtract:
                pass_on(s.a, [&](std::size_t i) { return g[i]; });
                pass_on(s.b, [&](std::size_t i) { return -g[i]; });
                break;
            case op::multiply:
                with(s.b, [&](const auto& b) { pass_on(s.a, [&](std::size_t i) { return g[i] * b[i]; }); });
                with(s.a, [&](const auto& a) { pass_on(s.b, [&](std::size_t i) { return g[i] * a[i]; }); });
                break;
            case op::divide:
                with(s.b, [&](const auto& b) {
                    pass_on(s.a, [&](std::size_t i) { return g[i] / b[i]; });
                    pass_on(s.b, [&](std::size_t i) { return -g[i] * y[i] / b[i]; });
                });
                break;
            case op::negate: pass_on(s.a, [&](std::size_t i) { return -g[i]; }); break;
            case op::exp: pass_on(s.a, [&](std::size_t i) { return g[i] * y[i]; }); break;
            case op::log:
                with(s.a, [&](const auto& a) { pass_on(s.a, [&](std::size_t i) { return g[i] / a[i]; }); });
                break;
            case op::sqrt: pass_on(s.a, [&](std::size_t i) { return 0.5 * g[i] / y[i]; }); break;
            case op::tanh: pass_on(s.a, [&](std::size_t i) { return g[i] * (1 - y[i] * y[i]); }); break;
            case op::power:  // the exponent is no parameter's
                with(s.a, [&](const auto& a) {
                    with(s.b, [&](const auto& b) {
                        pass_on(s.a, [&](std::size_t i) { return g[i] * b[i] * std::pow(a[i], b[i] - 1); });
                    });
                });
                break;
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
