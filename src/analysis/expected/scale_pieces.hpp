// The scale of a group as a function of its largest magnitude: constant between a list of ends, or, where the scale
// format is fine, taken as the exact quotient.
#pragma once

#include <span>
#include <vector>

#include "halfulp/blocks/scale.hpp"
#include "spread_of_maxima.hpp"

namespace halfulp::detail {

/// A scale, and the largest magnitude of a group that has it.
struct scale_piece {
    double end;
    double scale;
};

/// Scale formats with more significant bits than this count as exact quotients: rounding them shifts an error by a part
/// of 4^-precision.
inline constexpr int most_stepped_precision = 12;

class level_scales {
  public:
    level_scales(const scheme& s, std::size_t level);

    /// Is the scale the quotient itself?
    [[nodiscard]] bool is_quotient(const magnitude_law& law) const noexcept { return fine_ && !law.is_sample(); }
    /// That quotient, for the largest magnitude v inside outer scales.
    [[nodiscard]] double quotient(double v, std::span<const double> outer) const;
    /// Ascending pieces of the largest magnitudes above `low` (the first reaches down to 0) and up to `high`, which may
    /// be infinite.
    [[nodiscard]] std::vector<scale_piece> pieces(double low, double high, std::span<const double> outer,
                                                  const magnitude_law& law) const;
    /// The scale of a group whose largest magnitude is v, a positive number.
    [[nodiscard]] double at(double v, std::span<const double> outer) const;

  private:
    [[nodiscard]] std::vector<scale_piece> rounded_quotients(double low, double high,
                                                             std::span<const double> outer) const;
    [[nodiscard]] double floor_of(double scale) const noexcept { return scale < least_ ? least_ : scale; }

    scale_rule rule_;
    float_format format_;
    bool by_search_;  ///< ends of pieces are searched for in the rule itself: power-of-two scales
    bool fine_;
    double reach_ = 1;  ///< largest magnitude inside
    double least_ = 0;  ///< recipes that hold scales at a least one
    std::vector<double> values_;  ///< of the scale format, ascending from 0 or from its lowest, where it is stepped
};

double to_double(const dyadic& d) noexcept;
dyadic to_dyadic(double x) noexcept;

}  // namespace halfulp::detail
