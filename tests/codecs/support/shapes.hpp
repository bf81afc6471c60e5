// The formats under test: the registry's rows, and shapes that nobody registered.
#pragma once

#include <vector>

#include "codecs/support/subject.hpp"
#include "halfulp/formats/registry.hpp"

namespace oracle {

inline int width_of(const halfulp::float_format& f) {
    return f.exponent_bits + f.mantissa_bits + (f.is_signed ? 1 : 0);
}

/// Rows of the registry with at least `from` and at most `to` bits.
inline std::vector<named_format> registered(int from, int to) {
    std::vector<named_format> rows;
    for (const auto& row : halfulp::registry)
        if (width_of(row.format) >= from && width_of(row.format) <= to)
            rows.push_back({std::string(row.name), row.format});
    return rows;
}

inline halfulp::float_format shape(int e, int m, int bias, halfulp::specials s, bool is_signed = true,
                                   bool subnormals = true) {
    halfulp::float_format f;
    f.bias = bias;
    f.exponent_bits = static_cast<std::uint8_t>(e);
    f.mantissa_bits = static_cast<std::uint8_t>(m);
    f.specials = s;
    f.is_signed = is_signed;
    f.has_subnormals = subnormals;
    return f;
}

/// IEEE P3109 v4.0: K bits, precision P.
inline named_format p3109(int k, int p, bool is_signed, bool extended) {
    using halfulp::specials;
    const int e = is_signed ? k - p : k - p + 1;
    const int bias = is_signed ? (1 << (k - p)) / 2 : 1 << (k - p);
    return {"Binary" + std::to_string(k) + "p" + std::to_string(p) + (is_signed ? "s" : "u") + (extended ? "e" : "f"),
            shape(e, p - 1, bias, extended ? specials::p3109_extended : specials::p3109_finite, is_signed)};
}

/// Every P3109 format of K bits.
inline std::vector<named_format> p3109_family(int k) {
    std::vector<named_format> all;
    for (const bool is_signed : {true, false})
        for (int p = 1; p <= (is_signed ? k - 1 : k); ++p)
            for (const bool extended : {true, false}) all.push_back(p3109(k, p, is_signed, extended));
    return all;
}

/// Small shapes: no subnormals, unsigned, odd biases, one exponent bit, precision 1, each kind of specials.
inline std::vector<named_format> small_shapes() {
    using halfulp::specials;
    return {
        {"e4m3fn_nosub", shape(4, 3, 7, specials::fn, true, false)},
        {"e5m2_nosub", shape(5, 2, 15, specials::ieee, true, false)},
        {"e2m1f_nosub", shape(2, 1, 1, specials::finite, true, false)},
        {"e3m2fnuz_nosub", shape(3, 2, 4, specials::fnuz, true, false)},
        {"e4m3fnu_nosub", shape(4, 3, 7, specials::fn, false, false)},
        {"e4m3u", shape(4, 3, 7, specials::ieee, false)},
        {"e2m2fu", shape(2, 2, 1, specials::finite, false)},
        {"e3m0fu", shape(3, 0, 3, specials::finite, false)},
        {"e3m0f", shape(3, 0, 3, specials::finite)},
        {"e3m0fn", shape(3, 0, 3, specials::fn)},
        {"e4m0fnuz", shape(4, 0, 8, specials::fnuz)},
        {"e5m0b3fnu", shape(5, 0, 3, specials::fn, false)},
        {"e1m0f", shape(1, 0, 0, specials::finite)},
        {"e1m2f", shape(1, 2, 0, specials::finite)},
        {"e1m3fn", shape(1, 3, 0, specials::fn)},
        {"e1m2fnuz", shape(1, 2, 1, specials::fnuz)},
        {"e1m3fu", shape(1, 3, 0, specials::finite, false)},
        {"e2m1", shape(2, 1, 1, specials::ieee)},
        {"e4m3b20fn", shape(4, 3, 20, specials::fn)},
        {"e4m3b-9", shape(4, 3, -9, specials::ieee)},
        {"e3m3b150f", shape(3, 3, 150, specials::finite)},       // among binary32's subnormals
        {"e4m2b-113", shape(4, 2, -113, specials::ieee)},        // around binary32's largest
        {"e5m2b1070fn", shape(5, 2, 1070, specials::fn)},        // around binary64's smallest
        {"dl3m2", shape(3, 2, 3, specials::dlfloat, true, false)},
        {"dl3m2b900", shape(3, 2, 900, specials::dlfloat, true, false)},
    };
}

/// Shapes at the limits of the grammar: 64 bits wide, one exponent bit, nineteen of them.
inline std::vector<named_format> wide_shapes() {
    using halfulp::specials;
    const int largest_bias = (1 << 18) - 1;
    return {
        {"e1m62f", shape(1, 62, 0, specials::finite)},
        {"e1m62fn", shape(1, 62, 0, specials::fn)},
        {"e2m61", shape(2, 61, 1, specials::ieee)},
        {"e2m61_nosub", shape(2, 61, 1, specials::ieee, true, false)},
        {"e1m63fu", shape(1, 63, 0, specials::finite, false)},
        {"e1m63fnu", shape(1, 63, 0, specials::fn, false)},
        {"e2m62fu", shape(2, 62, 1, specials::finite, false)},
        {"e11m52fnuz", shape(11, 52, 1024, specials::fnuz)},
        {"e11m52u", shape(11, 52, 1023, specials::ieee, false)},
        {"e8m23_nosub", shape(8, 23, 127, specials::ieee, true, false)},
        {"e19m3", shape(19, 3, largest_bias, specials::ieee)},
        {"e19m44", shape(19, 44, largest_bias, specials::ieee)},
        {"e19m0fnu", shape(19, 0, largest_bias, specials::fn, false)},
        {"e4m3b524287fn", shape(4, 3, (1 << 19) - 1, specials::fn)},    // every double is beyond the largest
        {"e4m3b-524287fn", shape(4, 3, 1 - (1 << 19), specials::fn)},   // every double is below the smallest
        {"e19m3b524287", shape(19, 3, (1 << 19) - 1, specials::ieee)},
        {"e15m16", shape(15, 16, 16383, specials::ieee)},
        {"Binary32p20ue", p3109(32, 20, false, true).data},
        {"Binary64p62ue", p3109(64, 62, false, true).data},
        {"Binary64p63sf", p3109(64, 63, true, false).data},
        {"Binary64p64uf", p3109(64, 64, false, false).data},
    };
}

}  // namespace oracle
