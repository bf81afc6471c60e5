// Inputs at which roundings go wrong: members, midpoints, their neighbours in the carrier, and the ends of both ranges.
#pragma once

#include <algorithm>
#include <vector>

#include "codecs/support/carrier.hpp"
#include "oracle/format.hpp"

namespace oracle {

/// Magnitudes in the carrier's bits. Signs are added by the tests.
using magnitudes = std::vector<std::uint64_t>;

inline void tidy(magnitudes& all) {
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
}

/// The carrier's numbers at or next to x: one below, x itself or the two around it, one above.
template <class T>
void around(const rational& x, magnitudes& all) {
    const std::uint64_t at = carrier<T>::floor_bits(x);
    if (at > 0) all.push_back(at - 1);
    all.push_back(at);
    if (at < carrier<T>::largest) all.push_back(at + 1);
}

/// Members from rung `first` to `last` and the midpoints above them, each with its neighbours in the carrier.
template <class T>
magnitudes edges(const format& f, rung first, rung last) {
    magnitudes all;
    rational here = f.value(first);
    for (rung r = first; r <= last; ++r) {
        rational next = f.value(r + 1);
        around<T>(here, all);
        around<T>(scaled(add(here, next), -1), all);
        here = std::move(next);
    }
    tidy(all);
    return all;
}

/// The ends: beyond the largest member, below the smallest normal one, and of the carrier itself.
template <class T>
magnitudes ends(const format& f) {
    magnitudes all{0,
                   1,
                   2,
                   carrier<T>::smallest_normal - 1,
                   carrier<T>::smallest_normal,
                   carrier<T>::smallest_normal + 1,
                   carrier<T>::largest - 1,
                   carrier<T>::largest};
    const rational top = f.value(f.largest());
    const rational beyond = f.value(f.largest() + 1);
    const rational after = f.value(f.largest() + 2);
    for (const rational& x : {top, scaled(add(top, beyond), -1), beyond, scaled(add(beyond, after), -1), after,
                              scaled(top, 1), scaled(top, 7), scaled(top, 40)})
        around<T>(x, all);
    // Rounding to full precision below the smallest normal (ftz after): just under it, a quarter, half and three
    // quarters of the step there.
    const rational normal = f.smallest_normal_value();
    const int step = -f.fraction_bits() - 1;
    for (int quarters = 1; quarters <= 8; ++quarters) {
        const rational gap = scaled({normal.num * quarters, normal.den}, step - 2);
        around<T>({integer(normal.num * gap.den - gap.num * normal.den), integer(normal.den * gap.den)}, all);
    }
    const rational tiny = f.value(f.smallest_positive());
    for (const rational& x :
         {normal, scaled(normal, -1), tiny, scaled(tiny, -1), scaled(tiny, -2),
          scaled({integer(tiny.num * 3), tiny.den}, -2), scaled({integer(tiny.num * 3), tiny.den}, -1),
          scaled(tiny, -33), scaled(tiny, -34), scaled(tiny, -70)})
        around<T>(x, all);
    tidy(all);
    return all;
}

/// Infinity and NaNs: quiet, signalling, with a payload.
template <class T>
magnitudes specials_of() {
    using c = carrier<T>;
    return {c::infinity, c::quiet_nan, c::infinity + 1, c::quiet_nan | 1, c::sign - 1};
}

}  // namespace oracle
