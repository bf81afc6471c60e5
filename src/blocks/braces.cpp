#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>

#include "../formats/known_names.hpp"
#include "halfulp/blocks/scheme.hpp"

namespace halfulp {
namespace {

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
    throw std::invalid_argument("schemes " + quoted(text) + ": " + why);
}

[[noreturn]] void refuse_count(std::string_view text, std::size_t limit) {
    refuse(text, "more than " + std::to_string(limit) + " schemes come out of the braces");
}

/// The brace that closes the one at `open`.
std::size_t closing(std::string_view text, std::size_t open) {
    int depth = 0;
    for (std::size_t i = open; i < text.size(); ++i) {
        if (text[i] == '{') ++depth;
        if (text[i] == '}' && --depth == 0) return i;
    }
    refuse(text, "'{' at position " + std::to_string(open) + " is not closed");
}

/// A number with zeros in front up to a width, the sign counted, as a shell pads it.
std::string padded(long value, std::size_t width) {
    std::string digits = std::to_string(value < 0 ? -value : value);
    const std::size_t sign = value < 0 ? 1 : 0;
    if (digits.size() + sign < width) digits.insert(0, width - sign - digits.size(), '0');
    return (value < 0 ? "-" : "") + digits;
}

/// "A..B" with two integers: the numbers from A to B, in either direction; padded alike where one is written with zeros.
std::optional<std::vector<std::string>> number_range(std::string_view text, std::string_view body, std::size_t limit) {
    const std::size_t dots = body.find("..");
    if (dots == std::string_view::npos) return std::nullopt;
    const auto integer = [](std::string_view word) -> std::optional<long> {
        long value = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
        if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
        return value;
    };
    const auto first = integer(body.substr(0, dots));
    const auto last = integer(body.substr(dots + 2));
    if (!first || !last || *first > 1000000 || *first < -1000000 || *last > 1000000 || *last < -1000000) {
        refuse(text, "'{" + std::string(body) + "}' is not a range of two integers such as {2..4}");
    }
    const long step = *first <= *last ? 1 : -1;
    if (static_cast<std::size_t>((*last - *first) * step) >= limit) refuse_count(text, limit);
    const std::string_view first_text = body.substr(0, dots);
    const std::string_view last_text = body.substr(dots + 2);
    const auto has_zero_in_front = [](std::string_view word) {
        if (word.starts_with('-')) word.remove_prefix(1);
        return word.size() > 1 && word[0] == '0';
    };
    const bool pad = has_zero_in_front(first_text) || has_zero_in_front(last_text);
    const std::size_t width = pad ? std::max(first_text.size(), last_text.size()) : 0;
    std::vector<std::string> out;
    for (long value = *first;; value += step) {
        out.push_back(padded(value, width));
        if (value == *last) return out;
    }
}

/// The parts between the commas that stand in no inner brace.
std::vector<std::string_view> split_outer(std::string_view body) {
    std::vector<std::string_view> parts;
    int depth = 0;
    std::size_t start = 0;
    for (std::size_t i = 0; i <= body.size(); ++i) {
        if (i == body.size() || (body[i] == ',' && depth == 0)) {
            parts.push_back(body.substr(start, i - start));
            start = i + 1;
        } else if (body[i] == '{') {
            ++depth;
        } else if (body[i] == '}') {
            --depth;
        }
    }
    return parts;
}

}  // namespace

std::vector<std::string> expand_braces(std::string_view text, std::size_t limit) {
    if (text.size() > 10000)
        throw std::invalid_argument("schemes has " + std::to_string(text.size()) +
                                    " characters, allowed: at most 10000");
    const std::size_t open = text.find('{');
    const std::size_t stray = text.find('}');
    if (stray != std::string_view::npos && (open == std::string_view::npos || stray < open)) {
        refuse(text, "'}' at position " + std::to_string(stray) + " has no '{'");
    }
    if (open == std::string_view::npos) return {std::string(text)};
    const std::size_t close = closing(text, open);
    const std::string_view body = text.substr(open + 1, close - open - 1);
    std::vector<std::string> middles;
    const std::vector<std::string_view> alternatives = split_outer(body);
    if (auto range = alternatives.size() == 1 && body.find('{') == std::string_view::npos
                         ? number_range(text, body, limit)
                         : std::nullopt) {
        middles = std::move(*range);
    } else if (alternatives.size() == 1) {
        refuse(text, "'{" + std::string(body) +
                         "}' holds one text, expected two or more with commas, or a range such as {2..4}");
    } else {
        for (const std::string_view part : alternatives) {
            for (std::string& inner : expand_braces(part, limit)) middles.push_back(std::move(inner));
            if (middles.size() > limit) refuse_count(text, limit);
        }
    }
    const std::vector<std::string> tails = expand_braces(text.substr(close + 1), limit);
    if (middles.size() > limit / tails.size()) refuse_count(text, limit);
    const auto bytes = [](const std::vector<std::string>& texts) {
        std::size_t sum = 0;
        for (const std::string& one : texts) sum += one.size();
        return sum;
    };
    constexpr std::size_t most_bytes = std::size_t{1} << 26;
    if (middles.size() * tails.size() * open + bytes(middles) * tails.size() + bytes(tails) * middles.size() >
        most_bytes) {
        refuse(text, "more than 64 MiB of text comes out of the braces");
    }
    std::vector<std::string> out;
    out.reserve(middles.size() * tails.size());
    for (const std::string& middle : middles) {
        for (const std::string& tail : tails) out.push_back(std::string(text.substr(0, open)) + middle + tail);
    }
    return out;
}

}  // namespace halfulp
