#include "halfulp/reconstruct/alternate.hpp"

#include <stdexcept>

#include "halfulp/matrices/orthonormal.hpp"

namespace halfulp {
namespace {

matrix difference(const matrix& a, const matrix& b) {
    matrix out = a;
    for (std::size_t i = 0; i < out.size(); ++i) out.data()[i] -= b.data()[i];
    return out;
}

}  // namespace

alternation alternate(const matrix& weight, const std::function<matrix(const matrix&)>& quantize,
                      const std::function<low_rank_correction(const matrix&)>& correct,
                      const std::function<double(const matrix&)>& cost, const alternation_options& options) {
    if (options.iterations == 0) throw std::invalid_argument("iterations is 0, allowed: 1 or more");
    alternation best{};
    matrix quantized = xt::zeros<double>({rows_of(weight), columns_of(weight)});
    low_rank_correction correction;
    correction.left = xt::zeros<double>({rows_of(weight), std::size_t{0}});
    correction.right = xt::zeros<double>({std::size_t{0}, columns_of(weight)});
    const auto update_quantized = [&] {
        matrix rest = weight;
        subtract_product(correction.left, correction.right, rest);
        quantized = quantize(rest);
    };
    const auto update_correction = [&] { correction = correct(difference(weight, quantized)); };
    for (std::size_t i = 1; i <= options.iterations; ++i) {
        if (options.low_rank_first) {
            update_correction();
            update_quantized();
        } else {
            update_quantized();
            update_correction();
        }
        matrix rest = difference(weight, quantized);
        subtract_product(correction.left, correction.right, rest);
        const double now = cost(rest);
        if (i == 1 || now < best.error) {
            best.quantized = quantized;
            best.correction = correction;
            best.error = now;
            best.iteration = i;
        }
        best.history.push_back(now);
        if (options.stop_when_worse && i > 1 && now > best.history[i - 2]) break;
    }
    return best;
}

}  // namespace halfulp
