// Definitions of hardware_on: the bodies of hardware_bodies.hpp on a machine, a kernel for each form.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "hardware_bodies.hpp"
#include "hardware_on.hpp"

namespace halfulp::cuda {

namespace detail {

/// Calls body.operator()<Form>() for the form that is meant.
template <class Form, class Body, std::size_t... I>
void with_form(Form form, const Body& body, std::index_sequence<I...>) {
    ((form == static_cast<Form>(I) ? body.template operator()<static_cast<Form>(I)>() : void()), ...);
}
template <class Body>
void with_form(cvt_form form, const Body& body) {
    with_form(form, body, std::make_index_sequence<cvt_rows.size()>());
}
template <class Body>
void with_form(rs_form form, const Body& body) {
    with_form(form, body, std::make_index_sequence<rs_rows.size()>());
}
template <class Body>
void with_form(decode_form form, const Body& body) {
    with_form(form, body, std::make_index_sequence<decode_rows.size()>());
}

template <class Machine, class Launch>
sweep_result sweep_on(Machine& machine, const Launch& launch) {
    const sweep_result start{0, ~std::uint64_t{0}, 0};
    typename Machine::template array<sweep_result> result(machine, std::span(&start, 1));
    launch(result.data());
    sweep_result out;
    result.copy_to(std::span(&out, 1));
    return out;
}

template <class T, class Machine, class Launch>
std::vector<std::uint32_t> convert_on(Machine& machine, std::span<const T> x, std::size_t size, const Launch& launch) {
    typename Machine::template array<T> from(machine, x);
    typename Machine::template array<std::uint32_t> to(machine, size);
    launch(static_cast<const T*>(from.data()), to.data());
    std::vector<std::uint32_t> out(size);
    to.copy_to(out);
    return out;
}

}  // namespace detail

template <class Machine>
sweep_result hardware_on<Machine>::sweep(Machine& machine, cvt_form form, std::uint64_t begin, std::uint64_t end) {
    return detail::sweep_on(machine, [&](sweep_result* result) {
        detail::with_form(
            form, [&]<cvt_form Form>() { machine.launch(end - begin, cvt_sweep_body<Form>{}, begin, end, result); });
    });
}

template <class Machine>
sweep_result hardware_on<Machine>::sweep(Machine& machine, rs_form form, std::uint64_t begin, std::uint64_t end) {
    return detail::sweep_on(machine, [&](sweep_result* result) {
        detail::with_form(
            form, [&]<rs_form Form>() { machine.launch(end - begin, rs_sweep_body<Form>{}, begin, end, result); });
    });
}

template <class Machine>
sweep_result hardware_on<Machine>::sweep(Machine& machine, decode_form form, std::uint64_t begin, std::uint64_t end) {
    return detail::sweep_on(machine, [&](sweep_result* result) {
        detail::with_form(form, [&]<decode_form Form>() {
            machine.launch(end - begin, decode_sweep_body<Form>{}, begin, end, result);
        });
    });
}

template <class Machine>
std::vector<std::uint32_t> hardware_on<Machine>::convert(Machine& machine, cvt_form form, std::span<const float> x) {
    const std::uint64_t size = x.size() / 2;
    return detail::convert_on<float>(machine, x, size, [&](const float* from, std::uint32_t* to) {
        detail::with_form(form, [&]<cvt_form Form>() { machine.launch(size, cvt_array_body<Form>{}, from, to, size); });
    });
}

template <class Machine>
std::vector<std::uint32_t> hardware_on<Machine>::convert(Machine& machine, rs_form form,
                                                         std::span<const rs_case> cases) {
    const std::uint64_t size = cases.size();
    return detail::convert_on<rs_case>(machine, cases, size, [&](const rs_case* from, std::uint32_t* to) {
        detail::with_form(form, [&]<rs_form Form>() { machine.launch(size, rs_array_body<Form>{}, from, to, size); });
    });
}

template <class Machine>
std::vector<std::uint32_t> hardware_on<Machine>::convert(Machine& machine, decode_form form,
                                                         std::span<const std::uint32_t> codes) {
    const std::uint64_t size = codes.size();
    return detail::convert_on<std::uint32_t>(machine, codes, size, [&](const std::uint32_t* from, std::uint32_t* to) {
        detail::with_form(form,
                          [&]<decode_form Form>() { machine.launch(size, decode_array_body<Form>{}, from, to, size); });
    });
}

}  // namespace halfulp::cuda
