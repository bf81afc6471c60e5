#include "array_elements.hpp"

#include <algorithm>

#include "halfulp/rounding/name.hpp"

namespace halfulp::detail {

operand_reader::operand_reader(const operand_array& from, const format& target, bool daz)
    : from_(from),
      zeros_(!daz                 ? nullptr
             : from.of != nullptr ? from.of
                                  : &target) {
    if (from_.of == nullptr || from_.of->bits() > 8) return;
    mask_ = low_ones(from_.of->bits());
    for (std::uint64_t code = 0; code <= from_.of->max_code(); ++code) table_.push_back(taken(code));
}

operand operand_reader::taken(std::uint64_t code) const {
    const operand x = operand_of_code(code & low_ones(from_.of->bits()), *from_.of);
    return zeros_ == nullptr ? x : with_zeros(x, *zeros_);
}

template <class T>
operand operand_reader::at(std::size_t i) const {
    const T x = static_cast<const T*>(from_.data)[i];
    if constexpr (carrier<T>) {
        const operand value = operand_of(x);
        return zeros_ == nullptr ? value : halfulp::with_zeros(value, *zeros_);
    } else if constexpr (std::is_signed_v<T>) {
        return operand_of_integer(x);
    } else {
        return table_.empty() ? taken(x) : table_[x & mask_];
    }
}

void operand_reader::read(std::size_t begin, std::size_t end, operand* out) const {
    with_element(from_.kind, [&](auto t) {
        using T = decltype(t);
        if (from_.size == 1) {
            std::fill(out, out + (end - begin), at<T>(0));
            return;
        }
        for (std::size_t i = begin; i < end; ++i) out[i - begin] = at<T>(i);
    });
}

std::uint64_t operand_reader::code(std::size_t i) const {
    std::uint64_t found = 0;
    with_element(from_.kind, [&](auto t) {
        using T = decltype(t);
        if constexpr (code_type<T>) found = static_cast<const T*>(from_.data)[from_.size == 1 ? 0 : i];
    });
    return from_.of == nullptr ? found : found & low_ones(from_.of->bits());
}

void result_writer::write(std::size_t i, const projected& x) const {
    with_element(to_.kind, [&](auto t) {
        using T = decltype(t);
        T* const out = static_cast<T*>(to_.data) + i;
        if constexpr (carrier<T>) {
            *out = x.missing_nan && keeps_nan_ ? from_bits<T>(carrier_traits<T>::format.nan_code())
                                               : to_nearest_value<T>(x);
        } else if constexpr (code_type<T>) {
            *out = stored_code<T>(to_code(x, *format_), width_, signed_);
        }
    });
}

void result_writer::write_code(std::size_t i, std::uint64_t code) const {
    with_element(to_.kind, [&](auto t) {
        using T = decltype(t);
        if constexpr (code_type<T>) static_cast<T*>(to_.data)[i] = stored_code<T>(code, width_, signed_);
    });
}

void check_operand(const operand_array& x, std::size_t size, const std::string& name) {
    if (x.size != size && x.size != 1)
        throw std::invalid_argument(name + " has " + std::to_string(x.size) +
                                    " elements, allowed: " + std::to_string(size) + " or 1");
    if (!is_codes(x.kind)) return;
    if (x.of == nullptr) throw std::invalid_argument(name + " has codes but no format, allowed: a format");
    with_element(x.kind, [&](auto t) {
        using C = decltype(t);
        if constexpr (code_type<C>) {
            check_code_width(std::numeric_limits<C>::digits, *x.of);
            check_codes(name, std::span(static_cast<const C*>(x.data), x.size), *x.of);
        }
    });
}

namespace {

/// What arithmetic cannot do with a projection.
void check_projection(const format& f, const projection& how, bool codes) {
    const fixed_format* fixed = f.as_fixed();
    const bool wraps = fixed != nullptr && !fixed->symmetric;
    const bool unbounded = !codes && f.as_float() != nullptr;
    if ((how.overflow == overflow_policy::unbounded && !unbounded) ||
        (how.overflow == overflow_policy::wrap && !wraps)) {
        throw std::invalid_argument("overflow is '" + std::string(to_string(how.overflow)) + "', allowed for " +
                                    to_string(f) + ": sat_finite, sat_propagate, sat_none, to_nan" +
                                    (wraps ? ", wrap" : "") + (unbounded ? ", unbounded" : ""));
    }
    if (how.ftz != ftz_policy::none && f.as_float() == nullptr) {
        throw std::invalid_argument("ftz is '" + std::string(to_string(how.ftz)) + "', allowed for " + to_string(f) +
                                    ": None (flushing is for float formats)");
    }
    if (codes) check_not_kept(how.nan, "arithmetic on codes");
}

}  // namespace

void check_result(const result_array& out, const format& f, const projection& how) {
    check_projection(f, how, is_codes(out.kind));
    with_element(out.kind, [&](auto t) {
        using T = decltype(t);
        if constexpr (carrier<T>) check_holds(carrier_traits<T>::format, f);
        if constexpr (code_type<T>) check_code_width(std::numeric_limits<T>::digits, f);
    });
}

}  // namespace halfulp::detail
