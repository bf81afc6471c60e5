// Counts millions of comparisons and shows the first failures in full, without a Catch2 assertion for each.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <cstdio>
#include <string>

namespace oracle {

inline std::string hex(std::uint64_t code) {
    char text[24];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(code));
    return text;
}

class report {
  public:
    /// `say` makes the message, and is called for the first failures only.
    template <class Say>
    void check(bool good, Say&& say) {
        ++checked_;
        if (good) [[likely]]
            return;
        if (++failed_ <= shown) text_ += "\n  " + say();
    }
    void skip() { ++skipped_; }

    /// A check that compared nothing is a failure too.
    void conclude() const {
        INFO(failed_ << " of " << checked_ << " comparisons failed, " << skipped_ << " skipped; the first:" << text_);
        CHECK(failed_ == 0);
        CHECK(checked_ > 0);
    }

  private:
    static constexpr std::uint64_t shown = 12;
    std::uint64_t checked_ = 0, failed_ = 0, skipped_ = 0;
    std::string text_;
};

}  // namespace oracle
