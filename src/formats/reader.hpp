// What the parsers of formats' names share.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace halfulp::detail {

/// Reads a grammar production from the left; every take_ leaves the text as it was where it does not match.
class reader {
  public:
    explicit reader(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }

    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }

    /// A decimal integer without leading zeros, of at most `most` digits, which are nine or fewer.
    std::optional<std::int32_t> take_integer(bool with_sign = false, std::size_t most = 9) {
        const std::string_view before = rest_;
        const bool negative = with_sign && take("-");
        std::size_t digits = 0;
        while (digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') ++digits;
        if (digits == 0 || digits > most || (digits > 1 && rest_[0] == '0')) {
            rest_ = before;
            return std::nullopt;
        }
        std::int32_t value = 0;
        std::from_chars(rest_.data(), rest_.data() + digits, value);
        rest_.remove_prefix(digits);
        return negative ? -value : value;
    }

  private:
    std::string_view rest_;
};

}  // namespace halfulp::detail
