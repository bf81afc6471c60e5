// The direct way of a call: arrays that need no conversion and no error go from Python to the kernels in one step. Everything
// else is answered with None, and the Python layer then converts, checks and names; so nothing is decided here that is not
// decided there in the same way.
#include <cstdlib>

#include "bindings.hpp"

namespace halfulp::python {
namespace {

constexpr int max_threads = 1024;  // as thread_count() of the Python layer

/// An ndarray (no subclass), C-contiguous, aligned, in native byte order.
class dense_array {
  public:
    explicit dense_array(py::handle h) {
        const auto& api = py::detail::npy_api::get();
        if (Py_TYPE(h.ptr()) != api.PyArray_Type_) return;
        a_ = py::detail::array_proxy(h.ptr());
        constexpr int wanted = py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
        if ((a_->flags & wanted) != wanted) {
            a_ = nullptr;
            return;
        }
        const auto type = py::reinterpret_borrow<py::dtype>(a_->descr);
        if (const char order = type.byteorder(); order != '=' && order != '|') {
            a_ = nullptr;
            return;
        }
        kind_ = type.kind();
        itemsize_ = type.itemsize();
        for (int axis = 0; axis < a_->nd; ++axis) size_ *= static_cast<std::size_t>(a_->dimensions[axis]);
    }

    explicit operator bool() const { return a_ != nullptr; }
    /// The place of a carrier in with_place(), -1 for another dtype. bfloat16 takes the long way: its dtype belongs to ml_dtypes.
    int carrier_place() const {
        return kind_ != 'f' ? -1 : itemsize_ == 2 ? 0 : itemsize_ == 4 ? 1 : itemsize_ == 8 ? 2 : -1;
    }
    bool holds_codes(char kind) const { return kind_ == kind; }
    py::ssize_t itemsize() const { return itemsize_; }
    std::size_t size() const { return size_; }
    std::span<const py::ssize_t> shape() const { return {a_->dimensions, static_cast<std::size_t>(a_->nd)}; }

    template <class T>
    std::span<const T> in() const {
        return {reinterpret_cast<const T*>(a_->data), size_};
    }
    template <class T>
    std::span<T> out() const {
        return {reinterpret_cast<T*>(a_->data), size_};
    }

    /// May results of this dtype and x's shape be written here while x is read: x's own memory, or none of it.
    bool takes(const dense_array& x, char kind, py::ssize_t itemsize) const {
        if (kind_ != kind || itemsize_ != itemsize || !std::ranges::equal(shape(), x.shape()) ||
            (a_->flags & py::detail::npy_api::NPY_ARRAY_WRITEABLE_) == 0) {
            return false;
        }
        const auto mine = reinterpret_cast<std::uintptr_t>(a_->data);
        const auto theirs = reinterpret_cast<std::uintptr_t>(x.a_->data);
        return (mine == theirs && itemsize_ == x.itemsize_) || mine + bytes() <= theirs || theirs + x.bytes() <= mine;
    }

    /// A new array of this shape.
    py::object like(int type_number) const {
        const auto& api = py::detail::npy_api::get();
        auto made = py::reinterpret_steal<py::object>(
            api.PyArray_NewFromDescr_(api.PyArray_Type_, api.PyArray_DescrFromType_(type_number), a_->nd,
                                      a_->dimensions, nullptr, nullptr, 0, nullptr));
        if (!made) throw py::error_already_set();
        return made;
    }

  private:
    std::uintptr_t bytes() const { return size_ * static_cast<std::uintptr_t>(itemsize_); }

    const py::detail::PyArray_Proxy* a_ = nullptr;
    char kind_ = 0;
    py::ssize_t itemsize_ = 0;
    std::size_t size_ = 1;
};

/// Calls f(T{}) with the carrier of this place.
template <class F>
void with_place(int place, F&& f) {
    switch (place) {
        case 0: return f(float16{});
        case 1: return f(float{});
        default: return f(double{});
    }
}

int float_number(int place) {
    using api = py::detail::npy_api;
    return place == 0   ? 23
           : place == 1 ? api::NPY_FLOAT_
                        : api::NPY_DOUBLE_;  // 23: NPY_HALF, which pybind11 does not name
}

int bytes_for(int bits) { return bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8; }

int code_number(int bytes, char kind) {
    using api = py::detail::npy_api;
    if (kind == 'i') {
        return bytes == 1   ? static_cast<int>(api::NPY_INT8_)
               : bytes == 2 ? static_cast<int>(api::NPY_INT16_)
               : bytes == 4 ? static_cast<int>(api::NPY_INT32_)
                            : static_cast<int>(api::NPY_INT64_);
    }
    return bytes == 1   ? static_cast<int>(api::NPY_UINT8_)
           : bytes == 2 ? static_cast<int>(api::NPY_UINT16_)
           : bytes == 4 ? static_cast<int>(api::NPY_UINT32_)
                        : static_cast<int>(api::NPY_UINT64_);
}

/// threads= where it is None without HALFULP_THREADS, or a plain number of 1 or more; 0 sends the call the long way.
int plain_threads(py::handle threads) {
    if (threads.is_none()) return std::getenv("HALFULP_THREADS") == nullptr ? 1 : 0;
    if (!PyLong_CheckExact(threads.ptr())) return 0;
    int overflow = 0;
    const long n = PyLong_AsLongAndOverflow(threads.ptr(), &overflow);
    return overflow != 0 || n < 1 ? 0 : static_cast<int>(std::min<long>(n, max_threads));
}

std::array<bool, 3> held_by_place(const format& f) {
    std::array<bool, 3> held{};
    for (int place = 0; place < 3; ++place) {
        with_place(place, [&](auto t) {
            held[static_cast<std::size_t>(place)] = holds(carrier_traits<decltype(t)>::format, f);
        });
    }
    return held;
}

/// All of a call of round, encode or decode but its arrays.
struct conversion {
    format target_format;
    projection how;
    std::array<bool, 3> held = held_by_place(target_format);
    int code_bytes = bytes_for(target_format.bits());
    char code_kind = target_format.has_signed_codes() ? 'i' : 'u';

    py::object round(py::handle x, py::object out, py::handle threads) const {
        const dense_array from(x);
        const int place = from ? from.carrier_place() : -1;
        const int count = plain_threads(threads);
        if (place < 0 || count == 0 || is_stochastic(how.rounding) || !held[static_cast<std::size_t>(place)])
            return py::none();
        const dense_array to = target(from, out, 'f', from.itemsize(), float_number(place));
        if (!to) return py::none();
        with_place(place, [&](auto t) {
            using T = decltype(t);
            const py::gil_scoped_release release;
            halfulp::round(from.in<T>(), to.out<T>(), target_format, how, {}, count);
        });
        return out;
    }

    py::object encode(py::handle x, py::object out, py::handle threads) const {
        const dense_array from(x);
        const int place = from ? from.carrier_place() : -1;
        const int count = plain_threads(threads);
        if (place < 0 || count == 0 || is_stochastic(how.rounding)) return py::none();
        const dense_array to = target(from, out, code_kind, code_bytes, code_number(code_bytes, code_kind));
        if (!to) return py::none();
        with_place(place, [&](auto t) {
            using T = decltype(t);
            with_code(code_bytes, [&](auto c) {
                using C = decltype(c);
                const py::gil_scoped_release release;
                halfulp::encode(from.in<T>(), to.out<C>(), target_format, how, {}, count);
            });
        });
        return out;
    }

    py::object decode(py::handle codes, py::object out, py::handle threads) const {
        const dense_array from(codes);
        const int count = plain_threads(threads);
        const int place = held[1] ? 1 : 2;
        if (!from || !from.holds_codes(code_kind) || count == 0 || !held[static_cast<std::size_t>(place)])
            return py::none();
        const dense_array to = target(from, out, 'f', place == 1 ? 4 : 8, float_number(place));
        if (!to) return py::none();
        with_place(place, [&](auto t) {
            using T = decltype(t);
            with_code(from.itemsize(), [&](auto c) {
                using C = decltype(c);
                const py::gil_scoped_release release;
                halfulp::decode(from.in<C>(), to.out<T>(), target_format, count);
            });
        });
        return out;
    }

    /// The array to write to, made and put into `out` where that is None; false where `out` needs the long way.
    static dense_array target(const dense_array& from, py::object& out, char kind, py::ssize_t itemsize,
                              int type_number) {
        if (out.is_none()) {
            out = from.like(type_number);
            return dense_array(out);
        }
        const dense_array to(out);
        return to && to.takes(from, kind, itemsize) ? to : dense_array(py::none());
    }
};

/// All of a deterministic call of fake_quantize but its arrays.
struct scheme_call {
    scheme to;
    quantize_options options;
    std::array<bool, 3> held;

    scheme_call(const scheme& s, const projection& how, const std::optional<std::string>& scale_rounding)
        : to(s), options(to_options(how, scale_rounding, {}, 1)), held(held_by_place(s.element)) {}

    py::object fake_quantize(py::handle x, py::object out, py::handle axis, py::handle threads) const {
        const dense_array from(x);
        const int place = from ? from.carrier_place() : -1;
        quantize_options how = options;
        how.threads = plain_threads(threads);
        if (place < 0 || how.threads == 0 || !held[static_cast<std::size_t>(place)]) return py::none();
        const auto shape = from.shape();
        const auto axes = static_cast<long>(shape.size());
        long along = -1;
        if (!axis.is_none()) {
            int overflow = 0;
            if (!PyLong_CheckExact(axis.ptr())) return py::none();
            along = PyLong_AsLongAndOverflow(axis.ptr(), &overflow);
            if (overflow != 0) return py::none();
        }
        if (along < -axes || along >= axes) return py::none();  // 0-d arrays too
        const std::vector<std::uint64_t> lengths(shape.begin(), shape.end());
        const axis_view view = view_of(lengths, static_cast<int>(along));
        const dense_array target = conversion::target(from, out, 'f', from.itemsize(), float_number(place));
        if (!target) return py::none();
        with_place(place, [&](auto t) {
            using T = decltype(t);
            const py::gil_scoped_release release;
            halfulp::fake_quantize(from.in<T>(), view, to, target.out<T>(), how);
        });
        return out;
    }
};

}  // namespace

void bind_direct(py::module_& m) {
    py::class_<conversion>(m, "Conversion")
        .def(py::init([](const format& f, const projection& how) { return conversion{f, how}; }))
        .def_readonly("projection", &conversion::how)
        .def("round", &conversion::round)
        .def("encode", &conversion::encode)
        .def("decode", &conversion::decode);
    py::class_<scheme_call>(m, "SchemeCall")
        .def(py::init<const scheme&, const projection&, const std::optional<std::string>&>())
        .def("fake_quantize", &scheme_call::fake_quantize);
    // The C library's environment, which os.environ writes through to: a tenth of the time that os.environ.get takes.
    m.def("environment", [](const std::string& name) -> py::object {
        const char* text = std::getenv(name.c_str());
        if (text == nullptr) return py::none();
        auto decoded = py::reinterpret_steal<py::object>(PyUnicode_DecodeFSDefault(text));
        if (!decoded) throw py::error_already_set();
        return decoded;
    });
}

}  // namespace halfulp::python
