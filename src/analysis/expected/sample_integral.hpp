// The counterpart of element_integral for numbers drawn from a sample: sums over its distinct numbers, rounded by the
// emulator itself.
#pragma once

#include <vector>

#include "element_integral.hpp"
#include "halfulp/codecs/any_projector.hpp"

namespace halfulp::detail {

/// Distinct numbers, ascending, and how likely each is.
struct sample_points {
    std::vector<double> at;
    std::vector<double> probability;
};

class sample_integral {
  public:
    sample_integral(const sample_points& of, const format& element, rounding_mode mode, int random_bits,
                    code_sums codes);

    void add(double scale, std::span<const weight_step> steps);
    /// A sample has no derivatives; no term of one asks for it.
    void add_edge(double, double, double) {}

    [[nodiscard]] const error_tally& sums() const noexcept { return out_; }

  private:
    void become(double x, double scale, const projected& member, double mass);

    const sample_points& points_;
    format element_;
    rounding_mode mode_;
    int random_bits_;
    code_sums code_sums_;
    any_projector to_;
    any_projector toward_;
    any_projector away_;
    double smallest_;
    double largest_;
    error_tally out_;
};

}  // namespace halfulp::detail
