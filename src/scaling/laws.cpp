// One entry for each published law. Coefficients do not carry over to other data, tokenizers or architectures; they are here so that
// published predictions can be made again.
#include <cmath>

#include "halfulp/scaling/law.hpp"

namespace halfulp {
namespace {

std::vector<double> exponentials(double first, double step, int count) {
    std::vector<double> out;
    for (int i = 0; i < count; ++i) out.push_back(std::exp(first + step * i));
    return out;
}

law_parameter positive(std::string name, std::vector<double> starts, bool linear = false) {
    return {std::move(name), {}, true, linear, std::move(starts)};
}

law_parameter exponent(std::string name, std::vector<double> starts) {
    return {std::move(name), {}, false, false, std::move(starts)};
}

scaling_law chinchilla() {
    // The grid of 4500 starts: Hoffmann et al., section D.2.
    scaling_law law = make_law("chinchilla", "E + A / N^alpha + B / D^beta", {"N", "D"},
                               {positive("E", exponentials(-1, 0.5, 5), true),
                                positive("A", exponentials(0, 5, 6), true), positive("B", exponentials(0, 5, 6), true),
                                exponent("alpha", {0, 0.5, 1, 1.5, 2}), exponent("beta", {0, 0.5, 1, 1.5, 2})});
    law.source = "Hoffmann et al. 2022, arXiv 2203.15556, equation 2 and section D.2 (approach 3)";
    law.published = {
        {"hoffmann",
         {{"E", 1.69}, {"A", 406.4}, {"B", 410.7}, {"alpha", 0.34}, {"beta", 0.28}},
         "arXiv 2203.15556, equation 10, rounded"},
        {"epoch",
         {{"E", 1.81686}, {"A", 482.00572}, {"B", 2085.43420}, {"alpha", 0.34781}, {"beta", 0.36585}},
         "Besiroglu et al. 2024, arXiv 2404.10102; estimator huber_likelihood, 240 runs"},
    };
    return law;
}

scaling_law precision() {
    scaling_law law =
        make_law("precision",
                 "E + A / (N * (1 - exp(-P_w / gamma_w)) * (1 - exp(-P_a / gamma_a)) * (1 - exp(-P_kv / "
                 "gamma_kv)))^alpha + B / D^alpha",
                 {"N", "D", "P_w", "P_a", "P_kv"},
                 {positive("E", exponentials(-0.5, 1, 2), true), positive("A", exponentials(5, 5, 3), true),
                  positive("B", exponentials(5, 5, 3), true), exponent("alpha", {0.25, 0.5}),
                  positive("gamma_w", {1, 3}), positive("gamma_a", {1, 3}), positive("gamma_kv", {1, 3})});
    law.source = "Kumar et al. 2024, arXiv 2411.04330: training in low precision, beta tied to alpha; P in bits";
    law.published = {{"kumar",
                      {{"E", 2.7648},
                       {"A", 4.299e3},
                       {"B", 1.806e4},
                       {"alpha", 0.4965},
                       {"gamma_w", 2.6745},
                       {"gamma_a", 2.2102},
                       {"gamma_kv", 0.9578}},
                      "arXiv 2411.04330, table 2, without the shifts n of the fits"}};
    return law;
}

scaling_law precision_shifted() {
    scaling_law law =
        make_law("precision_shifted",
                 "E + A / (N * (1 - exp(-(P_w / gamma_w + n_w))) * (1 - exp(-(P_a / gamma_a + n_a))) * "
                 "(1 - exp(-(P_kv / gamma_kv + n_kv))))^alpha + B / D^alpha",
                 {"N", "D", "P_w", "P_a", "P_kv"},
                 {positive("E", exponentials(-0.5, 1, 2), true), positive("A", exponentials(5, 5, 3), true),
                  positive("B", exponentials(5, 5, 3), true), exponent("alpha", {0.25, 0.5}),
                  positive("gamma_w", {1, 3}), positive("n_w", {0.5}), positive("gamma_a", {1, 3}),
                  positive("n_a", {0.5}), positive("gamma_kv", {1, 3}), positive("n_kv", {0.5})});
    law.source = "Kumar et al. 2024, arXiv 2411.04330: as `precision`, with the shifts of the fits of table 2";
    law.published = {{"kumar",
                      {{"E", 2.7648},
                       {"A", 4.299e3},
                       {"B", 1.806e4},
                       {"alpha", 0.4965},
                       {"gamma_w", 2.6745},
                       {"n_w", 0.3037},
                       {"gamma_a", 2.2102},
                       {"n_a", 1.4072},
                       {"gamma_kv", 0.9578},
                       {"n_kv", 2.4185}},
                      "arXiv 2411.04330, table 2"}};
    return law;
}

scaling_law precision_post_training() {
    scaling_law law = make_law(
        "precision_post_training",
        "E + A / N^alpha + B / D^alpha + C_T * D^gamma_D / N^gamma_N * exp(-P_post / gamma_post)", {"N", "D", "P_post"},
        {positive("E", exponentials(-0.5, 1, 2), true), positive("A", exponentials(5, 5, 3), true),
         positive("B", exponentials(5, 5, 3), true), exponent("alpha", {0.25, 0.5}),
         positive("C_T", {0.01, 0.1, 1}, true), exponent("gamma_D", {0.25, 0.5}), exponent("gamma_N", {0.25, 0.5}),
         positive("gamma_post", {0.5, 1})});
    law.source =
        "Kumar et al. 2024, arXiv 2411.04330: the loss after quantization to P_post bits, trained in high precision";
    law.published = {{"kumar",
                      {{"E", 2.7648},
                       {"A", 4.299e3},
                       {"B", 1.806e4},
                       {"alpha", 0.4965},
                       {"C_T", 0.0598},
                       {"gamma_D", 0.5068},
                       {"gamma_N", 0.3439},
                       {"gamma_post", 0.5907}},
                      "arXiv 2411.04330, table 2"}};
    return law;
}

scaling_law fp_quantization() {
    scaling_law law = make_law(
        "fp_quantization",
        "eps + n / N^alpha + d / D^beta + D^beta / N^alpha * log2(B) / (gamma * (E + 0.5)^delta * (M + 0.5)^nu)",
        {"N", "D", "E", "M", "B"},
        {positive("n", exponentials(2, 3, 3), true), exponent("alpha", {0.25, 0.5}),
         positive("d", exponentials(5, 5, 3), true), exponent("beta", {0.25, 0.5}),
         positive("eps", exponentials(-0.5, 1, 2), true), positive("gamma", exponentials(5, 5, 2)),
         exponent("delta", {1, 3}), exponent("nu", {1, 3})});
    law.source = "Sun et al. 2025, arXiv 2501.02423: E exponent bits, M mantissa bits, B elements a scale";
    law.published = {{"sun",
                      {{"n", 69.2343},
                       {"alpha", 0.2368},
                       {"d", 68973.0621},
                       {"beta", 0.5162},
                       {"eps", 1.9061},
                       {"gamma", 11334.5197},
                       {"delta", 3.1926},
                       {"nu", 2.9543}},
                      "arXiv 2501.02423v3, table 2"}};
    return law;
}

scaling_law quest() {
    scaling_law law = make_law("quest", "E + A / (N * eff[format])^alpha + B / D^beta", {"N", "D"},
                               {positive("E", {0.01, 1, 2}, true), positive("A", exponentials(1, 3, 4), true),
                                positive("B", exponentials(1, 3, 4), true), exponent("alpha", {0.1, 0.3, 0.6}),
                                exponent("beta", {0.1, 0.3, 0.6}), positive("eff", {0.5})});
    law.source =
        "Panferov et al. 2025, arXiv 2502.05003: eff is the part of the parameters that a format leaves; one is held "
        "at 1";
    law.published = {
        {"quest",
         {{"E", 0.00142}, {"A", 8.134031}, {"B", 86.411906}, {"alpha", 0.062726522}, {"beta", 0.241288351}},
         "the authors' notebook; estimator log_least_squares, 104 runs"}};
    return law;
}

scaling_law quartet() {
    scaling_law law =
        make_law("quartet", "E + (A / (N * eff_N[format])^alpha + B / (D * eff_D[format])^beta)^gamma", {"N", "D"},
                 {positive("E", {0.5, 1.5}, true), positive("A", exponentials(6, 4, 3)),
                  positive("B", exponentials(6, 4, 3)), exponent("alpha", {0.3, 0.6}), exponent("beta", {0.3, 0.6}),
                  positive("gamma", {0.3, 1}), positive("eff_N", {0.5}), positive("eff_D", {0.9})});
    law.source = "Castro et al. 2025, arXiv 2505.14669: fitted without eff first, then eff alone with the others fixed";
    law.published = {{"quartet",
                      {{"E", 1.35}, {"A", 1.52e5}, {"B", 5.25e5}, {"alpha", 0.589}, {"beta", 0.544}, {"gamma", 0.274}},
                      "arXiv 2505.14669v4; estimator huber with delta 1e-4"}};
    return law;
}

scaling_law decoupled() {
    scaling_law law =
        make_law("decoupled", "E + A / (N * eff_w[weights] * eff_a[activations])^alpha + B / D^beta", {"N", "D"},
                 {positive("E", {0.1, 1, 2}, true), positive("A", exponentials(1, 4, 4), true),
                  positive("B", exponentials(1, 4, 4), true), exponent("alpha", {0.1, 0.3, 0.6}),
                  exponent("beta", {0.1, 0.3, 0.6}), positive("eff_w", {0.5}), positive("eff_a", {0.5})});
    law.source = "Frantar et al. 2025, arXiv 2502.16440: capacities of weights and activations multiply";
    return law;
}

scaling_law unified() {
    scaling_law law = make_law(
        "unified", "E + A / (N * L * tanh(F * (-log(GMSE) / log(4))^C))^alpha + B / D^beta", {"N", "D", "GMSE"},
        {positive("E", {0.1, 1, 2}, true), positive("A", exponentials(1, 4, 4)),
         positive("B", exponentials(1, 4, 4), true), exponent("alpha", {0.1, 0.3, 0.6}),
         exponent("beta", {0.1, 0.3, 0.6}), positive("L", {1}), positive("F", {0.3, 1}), positive("C", {0.5, 1})});
    law.source =
        "Panferov et al. 2025, arXiv 2506.01863: capacity as a function of the mean squared error GMSE of the format "
        "on a standard normal "
        "(hu.error.expected_mse). The function L tanh(F x^C) of x = log GMSE to the base 1/4 is told from second hand";
    return law;
}

scaling_law qat() {
    scaling_law law = make_law("qat", "k * D^gamma_D * log2(G)^gamma_G / N^gamma_N", {"N", "D", "G"},
                               {positive("k", {0.1, 1}, true), exponent("gamma_N", {0.1, 0.4}),
                                exponent("gamma_D", {0, 0.2}), exponent("gamma_G", {0.3, 1})});
    law.source =
        "Chen et al. 2025, arXiv 2505.14302: what quantization-aware training adds to the loss of training in high "
        "precision; G weights a scale";
    const auto row = [](const char* name, double k, double n, double d, double g) {
        return published_fit{name, {{"k", k}, {"gamma_N", n}, {"gamma_D", d}, {"gamma_G", g}}, "arXiv 2505.14302"};
    };
    law.published = {row("W4A4", 0.1582, 0.2186, 0.0745, 0.7779), row("W4A16", 0.2522, 0.3589, 0.1610, 0.3533),
                     row("W16A4", 0.1004, 0.1816, 0.0331, 0.9812),
                     row("W4A4, FC2 8 bits", 0.3519, 0.2637, 0.0964, 0.3407),
                     row("W16A4, FC2 8 bits", 0.1273, 0.2347, 0.0827, 0.4491)};
    return law;
}

}  // namespace

const std::vector<scaling_law>& scaling_laws() {
    static const std::vector<scaling_law> laws{
        chinchilla(),      precision(), precision_shifted(), precision_post_training(),
        fp_quantization(), quest(),     quartet(),           decoupled(),
        unified(),         qat()};
    return laws;
}

}  // namespace halfulp
