// Splits an index range over threads. Every result of the library is a pure function of the index, so where the cuts lie is
// of no consequence.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

namespace halfulp::detail {

/// Calls body(begin, end) for consecutive parts of [0, size), on up to `threads` threads; parts start at multiples of `grain`.
/// The first part's exception, in the order of parts, is rethrown after all have ended.
template <class Body>
void parallel_for(std::size_t size, int threads, std::size_t grain, const Body& body) {
    const std::size_t grains = (size + grain - 1) / grain;
    const std::size_t parts = std::min<std::size_t>(threads < 1 ? 1 : static_cast<std::size_t>(threads), grains);
    if (parts <= 1) {
        if (size != 0) body(std::size_t{0}, size);
        return;
    }
    std::vector<std::exception_ptr> errors(parts);
    std::vector<std::thread> workers;
    workers.reserve(parts - 1);
    const auto run = [&](std::size_t part) {
        try {
            body(grains * part / parts * grain, std::min(size, grains * (part + 1) / parts * grain));
        } catch (...) {
            errors[part] = std::current_exception();
        }
    };
    std::size_t started = 1;
    try {
        for (; started < parts; ++started) workers.emplace_back(run, started);
    } catch (const std::system_error&) {
        // No more threads to be had: the caller's own does what is left.
    }
    run(0);
    for (std::size_t part = started; part < parts; ++part) run(part);
    for (std::thread& worker : workers) worker.join();
    for (const std::exception_ptr& error : errors) {
        if (error) std::rethrow_exception(error);
    }
}

}  // namespace halfulp::detail
