#include "floors/record.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <ostream>
#include <stdexcept>

#include "halfulp/core/config.hpp"

namespace halfulp::benchmarks {

namespace {

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (static_cast<unsigned char>(c) >= ' ') out += c;
    }
    return out + '"';
}

std::string compiler() {
#if defined(__clang__)
    return "clang++ " + std::to_string(__clang_major__) + "." + std::to_string(__clang_minor__);
#elif defined(__GNUC__)
    return "g++ " + std::to_string(__GNUC__) + "." + std::to_string(__GNUC_MINOR__);
#else
    return "unknown";
#endif
}

std::string version() {
    return std::to_string(HALFULP_VERSION_MAJOR) + "." + std::to_string(HALFULP_VERSION_MINOR) + "." +
           std::to_string(HALFULP_VERSION_PATCH);
}

// The processor as the system tells it: name, family, model. Virtual machines often hide the name, hence all three.
std::string processor() {
    std::ifstream file("/proc/cpuinfo");
    std::string found;
    for (std::string line; std::getline(file, line) && !line.empty();) {
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos || colon + 2 > line.size()) continue;
        const std::string key = line.substr(0, line.find_last_not_of("\t ", colon - 1) + 1);
        const std::string value = line.substr(colon + 2);
        if (key == "model name") found = value + found;
        if (key == "cpu family") found += ", family " + value;
        if (key == "model") found += ", model " + value;
    }
    return found.empty() ? "unknown" : found;
}

std::string today() {
    const std::time_t now = std::time(nullptr);
    std::array<char, 16> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d", std::gmtime(&now));
    return text.data();
}

void write_numbers(std::ostream& to, std::string_view key, const std::vector<double>& values) {
    to << ",\n   " << quoted(key) << ": [";
    for (std::size_t i = 0; i < values.size(); ++i) to << (i == 0 ? "" : ", ") << values[i];
    to << ']';
}

std::string_view name_of(verdict v) {
    return v == verdict::met ? "met" : v == verdict::not_met ? "NOT met" : "not judged";
}

void write_record(std::ostream& to, const record& r) {
    to << "  {\"name\": " << quoted(r.what.name) << ", \"group\": " << quoted(r.what.group)
       << ", \"backend\": " << quoted(to_string(r.what.runs)) << ", \"elements\": " << r.what.elements
       << ", \"bytes_per_element\": " << r.what.bytes_per_element << ",\n   \"ratio\": " << quoted(r.what.ratio)
       << ", \"reference\": " << quoted(r.what.reference) << ", \"floor\": ";
    if (r.result.floor)
        to << *r.result.floor;
    else
        to << "null";
    to << ", \"verdict\": " << quoted(name_of(r.judged)) << ", \"note\": " << quoted(r.result.note);
    write_numbers(to, "ratios", ratios(r.result.taken));
    write_numbers(to, "reference_s", r.result.taken.reference_s);
    write_numbers(to, "subject_s", r.result.taken.subject_s);
    to << '}';
}

// Bytes of the data cache of a level that the first processor sees, as the system tells it; 0 where it does not.
long cache_bytes(int level) {
    for (int index = 0; index < 8; ++index) {
        const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
        int found = 0;
        std::string type, size;
        if (!(std::ifstream(folder + "level") >> found) || found != level) continue;
        if (!(std::ifstream(folder + "type") >> type) || type == "Instruction") continue;
        if (!(std::ifstream(folder + "size") >> size) || size.back() != 'K') continue;
        return std::atol(size.c_str()) * 1024;
    }
    return 0;
}

void write_machine(std::ostream& to) {
    to << " \"machine\": {\"processor\": " << quoted(processor())
       << ", \"processors\": " << sysconf(_SC_NPROCESSORS_ONLN) << ", \"l1d_bytes\": " << cache_bytes(1)
       << ", \"l2_bytes\": " << cache_bytes(2) << ", \"l3_bytes\": " << cache_bytes(3) << "},\n";
}

}  // namespace

record make_record(const floor_case& c, outcome result, bool judge) {
    record r{.what = c, .result = std::move(result)};
    const std::vector<double> shares = ratios(r.result.taken);
    r.median = quantile(shares, 0.5);
    r.lower = quantile(shares, 0.25);
    r.upper = quantile(shares, 0.75);
    if (judge && r.result.floor) r.judged = r.median >= *r.result.floor ? verdict::met : verdict::not_met;
    return r;
}

std::string line_of(const record& r) {
    std::array<char, 16> floor{"     no floor"};
    if (r.result.floor) std::snprintf(floor.data(), floor.size(), "floor %.3f", *r.result.floor);
    std::array<char, 320> text{};
    std::snprintf(text.data(), text.size(), "%-66s %-11s  %.3f [%.3f-%.3f]  %s", r.what.name.c_str(), floor.data(),
                  r.median, r.lower, r.upper, r.result.floor ? std::string(name_of(r.judged)).c_str() : "");
    std::string line = text.data();
    line.erase(line.find_last_not_of(' ') + 1);
    if (!r.result.note.empty()) line += "  (" + r.result.note + ")";
    return line;
}

void write_json(const std::string& path, const std::vector<record>& records, std::size_t elements, bool quick) {
    const std::string unfinished = path + ".part";
    std::ofstream file(unfinished);
    file << std::setprecision(9) << "{\"kind\": \"halfulp floors\", \"date\": " << quoted(today())
         << ", \"halfulp\": " << quoted(version()) << ", \"compiler\": " << quoted(compiler())
         << ", \"elements\": " << elements << ", \"quick\": " << (quick ? "true" : "false") << ",\n";
    write_machine(file);
    file << " \"results\": [\n";
    for (std::size_t i = 0; i < records.size(); ++i) {
        write_record(file, records[i]);
        file << (i + 1 < records.size() ? ",\n" : "\n");
    }
    file << " ]}\n";
    file.close();
    if (!file) throw std::runtime_error("cannot write " + unfinished);
    std::filesystem::rename(unfinished, path);
}

}  // namespace halfulp::benchmarks
