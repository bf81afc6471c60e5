#include "halfulp/scaling/formula.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace halfulp {
namespace {

constexpr std::array<std::pair<std::string_view, formula_op>, 5> functions{{{"exp", formula_op::exp},
                                                                            {"log", formula_op::log},
                                                                            {"log2", formula_op::log2},
                                                                            {"sqrt", formula_op::sqrt},
                                                                            {"tanh", formula_op::tanh}}};
/// Deeper texts are faults, and the parser calls itself.
constexpr int most_levels = 200;
/// Of a formula in a message, in bytes.
constexpr std::size_t most_shown = 200;

bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class parser {
  public:
    explicit parser(std::string_view text) : text_(text) {}

    std::vector<formula_node> parse() {
        sum();
        skip_spaces();
        if (at_ != text_.size()) fail("an operator or the end");
        return std::move(nodes_);
    }

  private:
    [[noreturn]] void fail(const std::string& expected) const {
        // Places and what stands there are characters, of UTF-8 up to four bytes.
        const std::size_t length = at_ < text_.size() ? character_at(at_) : 0;
        const std::string found = length == 0 ? "the end" : "'" + printable(text_.substr(at_, length)) + "'";
        std::size_t place = 1;
        for (std::size_t i = 0; i < at_; i += character_at(i)) ++place;
        std::string shown = printable(text_);
        if (text_.size() > most_shown) {
            std::size_t end = 0;
            while (end < most_shown) end += character_at(end);
            shown = printable(text_.substr(0, end)) + "…";
        }
        throw std::invalid_argument("formula is '" + shown + "': at place " + std::to_string(place) + " stands " +
                                    found + ", allowed: " + expected);
    }

    /// Bytes of the character that begins at a place.
    std::size_t character_at(std::size_t place) const {
        std::size_t end = place + 1;
        while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
        return end - place;
    }

    /// A message ends at a zero byte, and control characters move a terminal's cursor.
    static std::string printable(std::string_view text) {
        std::string out;
        for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
        return out;
    }

    void skip_spaces() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
    }

    bool take(char c) {
        skip_spaces();
        if (at_ == text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    std::size_t make(formula_op op, std::size_t left = 0, std::size_t right = 0) {
        formula_node node;
        node.op = op;
        node.left = left;
        node.right = right;
        nodes_.push_back(std::move(node));
        return nodes_.size() - 1;
    }

    std::size_t sum() {
        if (++level_ > most_levels) fail("at most 200 levels of parentheses");
        std::size_t left = term();
        while (true) {
            if (take('+')) {
                left = make(formula_op::add, left, term());
            } else if (take('-')) {
                left = make(formula_op::subtract, left, term());
            } else {
                --level_;
                return left;
            }
        }
    }

    std::size_t term() {
        std::size_t left = factor();
        while (true) {
            skip_spaces();
            if (take('*')) {
                if (at_ < text_.size() && text_[at_] == '*') fail("one '*'; a power is '^'");
                left = make(formula_op::multiply, left, factor());
            } else if (take('/')) {
                left = make(formula_op::divide, left, factor());
            } else {
                return left;
            }
        }
    }

    std::size_t factor() {
        if (++level_ > most_levels) fail("at most 200 levels of parentheses");
        std::size_t out = 0;
        if (take('-')) {
            out = make(formula_op::negate, factor());
        } else {
            out = atom();
            if (take('^')) out = make(formula_op::power, out, factor());
        }
        --level_;
        return out;
    }

    std::size_t atom() {
        skip_spaces();
        if (take('(')) {
            const std::size_t inner = sum();
            if (!take(')')) fail("')'");
            return inner;
        }
        if (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) return number();
        if (at_ < text_.size() && starts_name(text_[at_])) return name();
        fail("a number, a name, '-' or '('");
    }

    std::size_t number() {
        double value = 0;
        const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
        if (error != std::errc{}) fail("a number");
        at_ = static_cast<std::size_t>(end - text_.data());
        const std::size_t out = make(formula_op::number);
        nodes_[out].number = value;
        return out;
    }

    std::string_view word() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && (starts_name(text_[at_]) || is_digit(text_[at_]))) ++at_;
        return text_.substr(begin, at_ - begin);
    }

    std::size_t name() {
        const std::string_view found = word();
        for (const auto& [spelling, op] : functions) {
            if (found != spelling) continue;
            if (!take('(')) fail("'(' after the name of a function");
            const std::size_t inner = sum();
            if (!take(')')) fail("')'");
            return make(op, inner);
        }
        const std::size_t out = make(formula_op::name);
        nodes_[out].name = std::string(found);
        if (take('[')) {
            skip_spaces();
            if (at_ == text_.size() || !starts_name(text_[at_])) fail("the name of a label column");
            nodes_[out].label = std::string(word());
            if (!take(']')) fail("']'");
        } else if (take('(')) {
            --at_;
            fail("an operator: the functions are exp, log, log2, sqrt, tanh");
        }
        return out;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int level_ = 0;
    std::vector<formula_node> nodes_;
};

}  // namespace

formula::formula(std::string_view text) : text_(text), nodes_(parser(text).parse()) {}

std::vector<formula_node> formula::names() const {
    std::vector<formula_node> out;
    for (const formula_node& node : nodes_) {
        if (node.op != formula_op::name) continue;
        const auto same = [&](const formula_node& other) { return other.name == node.name; };
        if (std::none_of(out.begin(), out.end(), same)) out.push_back(node);
    }
    return out;
}

}  // namespace halfulp
