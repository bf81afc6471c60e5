// Tables that a user makes.
#include <bit>
#include <map>
#include <mutex>
#include <stdexcept>

#include "halfulp/formats/codebooks.hpp"
#include "tables.hpp"

namespace halfulp {
namespace {

struct own_tables {
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<const codebook>, std::less<>> by_name;
};

own_tables& all() {
    static own_tables tables;
    return tables;
}

std::string name_of(std::span<const double> values, even_rule even) {
    std::uint64_t hash = 0xcbf29ce484222325;
    const auto add = [&hash](std::uint64_t byte) { hash = (hash ^ byte) * 0x100000001b3; };
    for (const double value : values) {
        const auto bits = std::bit_cast<std::uint64_t>(value);
        for (int shift = 0; shift < 64; shift += 8) add((bits >> shift) & 0xFF);
    }
    add(static_cast<std::uint64_t>(even));
    std::string name = "table:";
    for (int shift = 60; shift >= 0; shift -= 4) name += "0123456789abcdef"[(hash >> shift) & 0xF];
    return name;
}

}  // namespace

std::shared_ptr<const codebook> make_codebook(std::span<const double> values, std::string label, even_rule even) {
    if (even != even_rule::lower_value && even != even_rule::upper_value && even != even_rule::smaller_magnitude) {
        throw std::invalid_argument("even is rule " + std::to_string(static_cast<int>(even)) +
                                    ", allowed: lower_value, upper_value, smaller_magnitude");
    }
    auto made = std::make_shared<const codebook>(name_of(values, even), values, even, std::move(label));
    own_tables& tables = all();
    const std::lock_guard lock(tables.mutex);
    const auto [at, is_new] = tables.by_name.try_emplace(made->name(), made);
    if (!is_new && !(*at->second == *made)) {
        throw std::invalid_argument("values has the hash of another table, " + made->name() +
                                    ", allowed: tables of different hashes in one process");
    }
    return at->second;
}

std::shared_ptr<const codebook> detail::find_own_codebook(std::string_view name) {
    own_tables& tables = all();
    const std::lock_guard lock(tables.mutex);
    const auto at = tables.by_name.find(name);
    if (at == tables.by_name.end()) {
        throw std::invalid_argument("no table of this hash has been made in this process, allowed: " +
                                    std::string("the names of tables that make_codebook has returned"));
    }
    return at->second;
}

}  // namespace halfulp
