// Arithmetic on columns (columns_plan.hpp), for any vector of binary64: a batch of xsimd's, or one number. Asked of it: size, load_unaligned,
// store_unaligned, + − × ÷ and unary −, abs, min, copysign.
#pragma once

#include "columns_plan.hpp"

namespace halfulp::simd {

/// Eight sums.
template <class V>
class column_sums {
  public:
    column_sums() {
        for (V& s : sums_) s = V(0.0);
    }
    void add(std::size_t part, const V& x) { sums_[part] = sums_[part] + x; }
    [[nodiscard]] double total() const {
        double s[column_step];
        for (std::size_t p = 0; p < parts; ++p) sums_[p].store_unaligned(s + p * V::size);
        return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
    }

    static constexpr std::size_t parts = column_step / V::size;

  private:
    V sums_[parts];
};

/// Columns as vectors: of neighbours, or of one number.
template <class V>
struct vectors_of_column {
    const double* numbers;
    V operator[](std::size_t i) const { return V::load_unaligned(numbers + i); }
};
template <class V>
struct vectors_of_number {
    V number;
    const V& operator[](std::size_t) const { return number; }
};

template <class V, class F>
inline void with_vectors(const column& c, const F& f) {
    if (c.numbers != nullptr) {
        f(vectors_of_column<V>{c.numbers});
    } else {
        f(vectors_of_number<V>{V(c.number)});
    }
}

template <class V>
void arithmetic_of(column_op op, column a, column b, double* out, std::size_t size) {
    with_vectors<V>(a, [&](const auto& x) {
        with_vectors<V>(b, [&](const auto& y) {
            const auto each = [&](const auto& f) {
                for (std::size_t i = 0; i < size; i += V::size) f(x[i], y[i]).store_unaligned(out + i);
            };
            switch (op) {
                case column_op::add: each([](const V& p, const V& q) { return p + q; }); break;
                case column_op::subtract: each([](const V& p, const V& q) { return p - q; }); break;
                case column_op::multiply: each([](const V& p, const V& q) { return p * q; }); break;
                case column_op::divide: each([](const V& p, const V& q) { return p / q; }); break;
            }
        });
    });
}

/// use(f): f(i) is the vector at i that is passed on.
template <class V, class Use>
inline void with_adjoint(const adjoint& from, const Use& use) {
    const auto g = [&](std::size_t i) { return V::load_unaligned(from.g + i); };
    switch (from.op) {
        case adjoint_op::same: use(g); break;
        case adjoint_op::negative: use([&](std::size_t i) { return -g(i); }); break;
        case adjoint_op::times:
            with_vectors<V>(from.b, [&](const auto& b) { use([&](std::size_t i) { return g(i) * b[i]; }); });
            break;
        case adjoint_op::over:
            with_vectors<V>(from.b, [&](const auto& b) { use([&](std::size_t i) { return g(i) / b[i]; }); });
            break;
        case adjoint_op::quotient:
            with_vectors<V>(from.b, [&](const auto& b) {
                use([&](std::size_t i) { return -(g(i) * V::load_unaligned(from.out + i)) / b[i]; });
            });
            break;
    }
}

template <class V>
void set_adjoint_of(const adjoint& from, double* to, std::size_t size) {
    with_adjoint<V>(from, [&](const auto& f) {
        for (std::size_t i = 0; i < size; i += V::size) f(i).store_unaligned(to + i);
    });
}

template <class V>
void add_adjoint_of(const adjoint& from, double* to, std::size_t size) {
    with_adjoint<V>(from, [&](const auto& f) {
        for (std::size_t i = 0; i < size; i += V::size) (V::load_unaligned(to + i) + f(i)).store_unaligned(to + i);
    });
}

template <class V>
double sum_adjoint_of(const adjoint& from, std::size_t size) {
    column_sums<V> sums;
    with_adjoint<V>(from, [&](const auto& f) {
        for (std::size_t i = 0; i < size; i += column_step) {
            for (std::size_t p = 0; p < sums.parts; ++p) sums.add(p, f(i + p * V::size));
        }
    });
    return sums.total();
}

template <class V>
huber_sums huber_of(const huber_terms& terms, double* adjoint, std::size_t size) {
    const V inverse(terms.inverse), delta(terms.delta), turned(terms.turned), half(0.5);
    column_sums<V> losses, scores;
    const auto step = [&](const double* target, const double* value, const double* weight, const double* divisor,
                          double* to) {
        for (std::size_t p = 0; p < losses.parts; ++p) {
            const std::size_t i = p * V::size;
            const V w = V::load_unaligned(weight + i);
            const V z = (V::load_unaligned(target + i) - V::load_unaligned(value + i)) * inverse;
            const V magnitude = abs(z);
            const V inside = min(magnitude, delta);
            const V slope = w * copysign(inside, z);
            losses.add(p, w * (inside * (magnitude - half * inside)));
            scores.add(p, slope * z);
            (turned * slope / V::load_unaligned(divisor + i)).store_unaligned(to + i);
        }
    };
    std::size_t i = 0;
    for (; i + column_step <= size; i += column_step)
        step(terms.target + i, terms.value + i, terms.weight + i, terms.divisor + i, adjoint + i);
    if (i < size) {  // the last ones, beside some that weigh nothing
        double target[column_step] = {}, value[column_step] = {}, weight[column_step] = {}, to[column_step];
        double divisor[column_step] = {1, 1, 1, 1, 1, 1, 1, 1};
        for (std::size_t k = 0; i + k < size; ++k) {
            target[k] = terms.target[i + k];
            value[k] = terms.value[i + k];
            weight[k] = terms.weight[i + k];
            divisor[k] = terms.divisor[i + k];
        }
        step(target, value, weight, divisor, to);
        for (std::size_t k = 0; i + k < size; ++k) adjoint[i + k] = to[k];
    }
    return {losses.total(), scores.total()};
}

template <class V>
constexpr column_kernels make_column_kernels() {
    return {arithmetic_of<V>, set_adjoint_of<V>, add_adjoint_of<V>, sum_adjoint_of<V>, huber_of<V>};
}

}  // namespace halfulp::simd
