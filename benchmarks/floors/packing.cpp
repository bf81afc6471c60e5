// pack_codes and unpack_codes beside memcpy of the codes, one in each byte.
#include <cstring>

#include "floors/cases.hpp"
#include "halfulp/kernels/pack.hpp"
#include "shared/checks.hpp"

namespace halfulp::benchmarks {

namespace {

constexpr double floor_of_packing = 0.3;

std::span<std::uint8_t> bytes_of(std::span<float> numbers, std::size_t count) {
    return {reinterpret_cast<std::uint8_t*>(numbers.data()), count};
}

outcome measure_packing(const floor_case& c, const plan& how, arena& arrays, int bits, bool unpacks) {
    const std::span<std::uint8_t> codes = arrays.codes<std::uint8_t>();
    std::uint64_t state = 1;
    for (std::uint8_t& code : codes) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        code = static_cast<std::uint8_t>(state >> (64 - bits));
    }
    const std::span<const std::uint8_t> source(codes);
    const std::span<std::uint8_t> packed = arrays.packed(packed_size(codes.size(), bits));
    const std::span<std::uint8_t> back = bytes_of(arrays.out(), codes.size());
    pack_codes(source, bits, packed);
    unpack_codes(std::span<const std::uint8_t>(packed), bits, back);
    require_same<std::uint8_t>(back, [&](std::size_t i) { return codes[i]; }, c.name);
    const work reference = [&] { std::memcpy(back.data(), codes.data(), codes.size()); };
    const work subject = [&] {
        if (unpacks)
            unpack_codes(std::span<const std::uint8_t>(packed), bits, back);
        else
            pack_codes(source, bits, packed);
    };
    return {measure_in_turn(reference, subject, how), c.floor, ""};
}

}  // namespace

void add_packing_cases(cases& to, const shared_arena& arrays, backend runs) {
    for (const bool unpacks : {false, true}) {
        for (int bits = 1; bits <= 6; ++bits) {
            const std::string what = unpacks ? "unpack" : "pack";
            to.push_back({.name = what + "/" + std::string(to_string(runs)) + "/" + std::to_string(bits) + " bits",
                          .group = what,
                          .reference = "memcpy of the codes",
                          .ratio = "share",
                          .runs = runs,
                          .elements = arrays->elements(),
                          .bytes_per_element = 1 + bits / 8.0,
                          .floor = on(runs, backend::avx512, floor_of_packing),
                          .measure = [arrays, bits, unpacks](const floor_case& c, const plan& p) {
                              return measure_packing(c, p, *arrays, bits, unpacks);
                          }});
        }
    }
}

}  // namespace halfulp::benchmarks
