// Reads the tables of tests/vectors/codes/*.json: objects of texts and one list of texts, in the layout that their makers write.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace vectors {

/// What stands between the quotes from `at` on; `at` moves behind.
inline std::string quoted(std::string_view text, std::size_t& at) {
    const std::size_t begin = text.find('"', at);
    const std::size_t end = text.find('"', begin + 1);
    if (begin == text.npos || end == text.npos) throw std::runtime_error("a vector file ends in the middle");
    at = end + 1;
    return std::string(text.substr(begin + 1, end - begin - 1));
}

struct table {
    std::string name;
    std::string remark;  ///< what the second field says: the even rule, or an error
    std::vector<std::string> values;
};

inline std::vector<table> read_tables(const std::string& file) {
    std::ifstream in(std::string(HALFULP_TESTS_DIR "/vectors/codes/") + file + ".json");
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    std::size_t at = text.find("\"tables\"");
    if (at == text.npos) throw std::runtime_error(file + ".json is not there or holds no tables");
    std::vector<table> out;
    while ((at = text.find("{\"name\":", at)) != text.npos) {
        at += std::string_view("{\"name\":").size();
        table t;
        t.name = quoted(text, at);
        quoted(text, at);
        t.remark = quoted(text, at);
        if (quoted(text, at) != "values") throw std::runtime_error(file + ".json: " + t.name + " has no values");
        const std::size_t end = text.find(']', at);
        while (text.find('"', at) < end) t.values.push_back(quoted(text, at));
        out.push_back(std::move(t));
    }
    return out;
}

inline double number(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

}  // namespace vectors
