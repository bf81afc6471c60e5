// The expectation over the scales of a scheme whose scales follow from largest magnitudes.
//
// Let F_s(v) be the integral of an element's error over |x| <= v under the scale s, G(v) = P(|X| <= v), and N_l the
// elements that share a scale of level l. The scale of a level is a function of the largest magnitude of its group and
// of the scales outside. Consider
//     Φ_l(S; v) = E[error of one element; largest magnitude of its level-l group <= v], the scales outside being S,
//     Φ_(-1)(s; v) = F_s(v).
// While the scale of level l is s, the group's largest magnitude being in (u, v], the other N_l - N_(l-1) elements of
// the group are independent:
//     E[error; u < max <= v] = Φ_(l-1)(S, s; v) G(v)^(N_l - N_(l-1)) - Φ_(l-1)(S, s; u) G(u)^(N_l - N_(l-1)).
// So pieces of constant scale need no integral over maxima at all. Where the scale is a smooth function of the maximum,
// the derivative of the same expression, at constant scale, is integrated over it. What comes out is a sum of weights
// times F_s(v) and times F_s'(v).
//
// Percentiles: the r-th smallest of N magnitudes takes the place of the largest. With A(v) = P(at least r - 1 of the
// others <= v) and B(v) = P(at least r of them), E[error; y_r <= v] = F(v) A(v) + (F(∞) - F(v)) B(v).
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "element_integral.hpp"
#include "scale_pieces.hpp"

namespace halfulp::detail {

struct level_term {
    double scale;
    double reach;  ///< infinite where the whole line counts
    double weight;
    bool edge;  ///< F' instead of F
};

class level_sum {
  public:
    /// `group_sizes`: elements that share a scale of each level, innermost first.
    level_sum(const scheme& s, std::vector<double> group_sizes, const magnitude_law& law, std::size_t extra);

    [[nodiscard]] std::vector<level_term> terms();

  private:
    using outer_scales = std::vector<double>;
    void value(std::size_t levels, const outer_scales& outer, double v, double weight);
    void derivative(std::size_t levels, const outer_scales& outer, double v, double weight);
    void percentile();
    template <class F>
    void over_maxima(double low, double high, double count, F&& at);

    [[nodiscard]] double inner(std::size_t level) const { return level == 0 ? 1 : sizes_[level - 1]; }
    [[nodiscard]] double lowest(double count) const;

    std::vector<level_scales> levels_;
    std::vector<double> sizes_;
    const magnitude_law& law_;
    std::size_t extra_;
    double rank_ = 0;  ///< of a percentile
    std::vector<level_term> out_;
    std::vector<double> lowest_;
};

/// The terms' sum. Terms of one scale are integrated together.
template <class Integral>
void add_terms(std::vector<level_term> terms, Integral& to) {
    std::stable_sort(terms.begin(), terms.end(), [](const level_term& x, const level_term& y) {
        return x.scale != y.scale ? x.scale < y.scale : x.reach < y.reach;
    });
    std::vector<weight_step> steps;
    for (std::size_t i = 0; i < terms.size();) {
        steps.clear();
        std::size_t end = i;
        for (; end < terms.size() && terms[end].scale == terms[i].scale; ++end) {
            const level_term& t = terms[end];
            if (t.edge) {
                to.add_edge(t.scale, t.reach, t.weight);
            } else if (!steps.empty() && steps.back().reach == t.reach) {
                steps.back().weight += t.weight;
            } else {
                steps.push_back({t.reach, t.weight});
            }
        }
        // F(v) is the integral over all |x| <= v: the weight at x is the sum of those of all reaches beyond.
        for (std::size_t k = steps.size(); k-- > 1;) steps[k - 1].weight += steps[k].weight;
        if (!steps.empty()) to.add(terms[i].scale, steps);
        i = end;
    }
}

}  // namespace halfulp::detail
