// Every floor of the library's speed, measured beside its reference in the same run: one line each, and exit status 1
// where one is not met.
//
//   benchmark_floors [--quick] [--only REGEX] [--backend NAME] [--repetitions N] [--log2-elements N] [--json FILE] [--cpu-time] [--list]
#include <cstdio>
#include <exception>
#include <iostream>
#include <regex>
#include <string>

#include "floors/cases.hpp"
#include "floors/record.hpp"

namespace {

using namespace halfulp;
using namespace halfulp::benchmarks;

constexpr std::string_view usage =
    "benchmark_floors [--quick] [--only REGEX] [--backend NAME] [--repetitions N] [--log2-elements N] [--json FILE] "
    "[--cpu-time] [--list]\n\n"
    "Times every kernel beside its reference, in turn. Floors are promised for 2^26 elements and a quiet machine.\n"
    "  --quick            2^18 elements, 3 repetitions: shows that all of it runs; nothing is judged\n"
    "  --only REGEX       the cases whose names hold this\n"
    "  --backend NAME     this backend's cases alone (default: all that this machine can run but scalar)\n"
    "  --json FILE        every sample, the machine and the versions\n"
    "  --cpu-time         the thread's own time, for a look while other programs run; nothing is judged\n"
    "  --list             the names, without measuring\n";

struct settings {
    bool quick = false;
    bool cpu_time = false;
    bool list = false;
    std::string only;
    std::optional<backend> one_backend;
    int repetitions = 0;
    int log2_elements = 0;
    std::string json;

    [[nodiscard]] std::size_t elements() const {
        return std::size_t{1} << (log2_elements > 0 ? log2_elements : quick ? 18 : 26);
    }
    [[nodiscard]] plan how() const {
        return {.repetitions = repetitions > 0 ? repetitions
                               : quick         ? 3
                                               : 9,
                .shortest_s = quick ? 2e-4 : 2e-3,
                .cpu_time = cpu_time};
    }
    // Below this size the arrays are in a cache, and shares of memcpy mean another thing.
    [[nodiscard]] bool judges() const { return !quick && !cpu_time && elements() >= std::size_t{1} << 24; }
};

int number(const std::string& option, const std::string& text, int least, int most) {
    std::size_t read = 0;
    int value = least - 1;
    try {
        value = std::stoi(text, &read);
    } catch (const std::exception&) {
    }
    if (read != text.size() || value < least || value > most)
        throw std::invalid_argument(option + " is '" + text + "', allowed: " + std::to_string(least) + " to " +
                                    std::to_string(most));
    return value;
}

settings parse(int argc, char** argv) {
    settings s;
    for (int i = 1; i < argc; ++i) {
        const std::string option = argv[i];
        const auto value = [&] {
            if (i + 1 >= argc) throw std::invalid_argument(option + " wants a value");
            return std::string(argv[++i]);
        };
        if (option == "--quick")
            s.quick = true;
        else if (option == "--cpu-time")
            s.cpu_time = true;
        else if (option == "--list")
            s.list = true;
        else if (option == "--only")
            s.only = value();
        else if (option == "--backend")
            s.one_backend = parse_backend(value());
        else if (option == "--repetitions")
            s.repetitions = number(option, value(), 1, 1000);
        else if (option == "--log2-elements")
            s.log2_elements = number(option, value(), 14, 30);
        else if (option == "--json")
            s.json = value();
        else
            throw std::invalid_argument("no such option: " + option + "\n" + std::string(usage));
    }
    return s;
}

std::vector<backend> backends(const settings& s) {
    if (s.one_backend) return {*s.one_backend};
    std::vector<backend> found;
    for (const backend b : available_backends())
        if (b != backend::scalar) found.push_back(b);
    return found;
}

cases all_cases(const settings& s, const shared_arena& arrays) {
    cases made;
    for (const backend b : backends(s)) {
        add_round_cases(made, arrays, b);
        add_code_cases(made, arrays, b);
        add_packing_cases(made, arrays, b);
        add_block_cases(made, arrays, b);
        add_integer_cases(made, arrays, b);
        add_complex_cases(made, arrays, b);
        add_product_cases(made, arrays, b);
        add_codebook_cases(made, arrays, b);
        add_posit_cases(made, arrays, b);
        add_packed_decoding_cases(made, arrays, b);
        if (b == backends(s).back()) add_thread_cases(made, arrays, b);
    }
    const std::regex wanted(s.only);
    std::erase_if(made, [&](const floor_case& c) { return !std::regex_search(c.name, wanted); });
    return made;
}

int run(const settings& s) {
    const cases chosen = all_cases(s, std::make_shared<arena>(s.elements()));
    if (chosen.empty()) std::cout << "benchmark_floors: no case has a name that fits\n";
    std::vector<record> records;
    std::size_t judged = 0;
    std::size_t failed = 0;
    for (const floor_case& c : chosen) {
        if (s.list) {
            std::cout << c.name << '\n';
            continue;
        }
        set_backend(c.runs);
        records.push_back(make_record(c, c.measure(c, s.how()), s.judges()));
        judged += records.back().judged != verdict::not_judged;
        failed += records.back().judged == verdict::not_met;
        std::printf("[%3zu/%zu] %s\n", records.size(), chosen.size(), line_of(records.back()).c_str());
        std::fflush(stdout);
    }
    if (s.list) return 0;
    if (!s.json.empty()) write_json(s.json, records, s.elements(), !s.judges());
    std::printf("benchmark_floors: %zu cases, %zu judged, %zu floors met, %zu not met\n", records.size(), judged,
                judged - failed, failed);
    for (const record& r : records)
        if (r.judged == verdict::not_met) std::printf("  NOT met: %s\n", line_of(r).c_str());
    return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && (std::string(argv[1]) == "--help" || std::string(argv[1]) == "-h")) {
        std::cout << usage;
        return 0;
    }
    try {
        return run(parse(argc, argv));
    } catch (const std::exception& error) {
        std::cerr << "benchmark_floors: " << error.what() << '\n';
        return 2;
    }
}
