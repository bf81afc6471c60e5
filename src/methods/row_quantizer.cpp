#include "halfulp/methods/row_quantizer.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>
#include <variant>

#include "fixed_groups.hpp"
#include "kernels/double_quantization.hpp"
#include "kernels/regrouping.hpp"
#include "kernels/scheme_arguments.hpp"

namespace halfulp {

using detail::element_kind;
using detail::fixed_group;

struct fixed_scales::content {
    std::vector<fixed_group> groups;
    std::vector<group_scales> decoding;  ///< double quantization: the scales that elements have again
    scale_planes planes;
    std::uint64_t zero_scales = 0;
    std::optional<detail::binary32_recipe> steps;
};

const scale_planes& fixed_scales::planes() const noexcept { return is_->planes; }
std::uint64_t fixed_scales::zero_scales() const noexcept { return is_->zero_scales; }

namespace {

/// An array whose groups are runs, with the scheme that says so.
struct runs_of {
    scheme s;
    axis_view view;
    std::vector<double> gathered;
    std::vector<double> weights;
    std::span<const double> x;
    std::span<const double> importance;

    /// `channels`: how many indices of the channel axis the array has.
    runs_of(const scheme& plain, const axis_view& of, std::uint64_t channels, std::span<const double> values,
            std::span<const double> given)
        : s(plain), view(detail::seen_by(plain, of)), x(values), importance(given) {
        if (s.levels.empty()) return;
        const scale_group& first = plain.levels[0].group;
        if (first.is_tile() || first.channel) {
            const detail::regrouping regroup(plain, view);
            gathered = regroup.gather(values);
            x = gathered;
            if (!given.empty()) {
                weights = regroup.gather(given);
                importance = weights;
            }
            view = regroup.view();
            s.levels[0].group = {regroup.length()};
        }
        for (std::size_t level = 1; level < s.levels.size(); ++level) {
            if (!s.levels[level].group.channel) continue;
            scheme inside = s;
            inside.levels.resize(level);
            const std::uint64_t scales = detail::scheme_layout(inside, view).counts().back();
            s.levels[level].group = {std::max<std::uint64_t>(scales / std::max<std::uint64_t>(channels, 1), 1)};
        }
    }
};

std::size_t rows_of_innermost(const scheme& s, std::size_t rows, std::size_t columns, int axis, int channel_axis) {
    if (s.levels.empty()) return 1;
    const scale_group& group = s.levels[0].group;
    if (group.is_tensor() || s.double_quant) return rows;
    if (group.channel) return channel_axis == 0 ? 1 : rows;
    if (group.is_tile()) return group.rows;
    if (s.flat) return columns == 0 ? rows : group.length / std::gcd(group.length, std::uint64_t{columns});
    return axis == 0 ? group.length : 1;
}

}  // namespace

struct row_quantizer::state {
    scheme own;  ///< as asked for
    scheme plain;  ///< without double quantization
    std::size_t rows;
    std::size_t columns;
    int axis;
    int channel_axis;
    std::size_t block = 1;
    std::size_t local = 0;  ///< levels that are chosen with a block
    scale_planes outer;  ///< the others
    std::optional<detail::binary32_recipe> steps;
    detail::element_rule rule;

    state(const scheme& s, std::size_t r, std::size_t c, int along, int channel)
        : own(s),
          plain(s.double_quant ? detail::without_double_quantization(s) : s),
          rows(r),
          columns(c),
          axis(along),
          channel_axis(channel),
          rule(plain) {
        if (s.hadamard != 0) throw std::invalid_argument("the scheme has hadamard, allowed: none; transform x itself");
        if (along < 0 || along > 1 || channel < 0 || channel > 1) {
            throw std::invalid_argument("axis is " + std::to_string(along) + " and channel_axis " +
                                        std::to_string(channel) + ", allowed: 0 or 1 for a matrix");
        }
        validate(s);
        (void)scale_counts(s, view(rows));  // throws where groups do not fit
        const std::size_t least = rows_of_innermost(s, rows, columns, axis, channel_axis);
        block = std::clamp<std::size_t>(least, 1, std::max<std::size_t>(rows, 1));
        local = plain.levels.size();
        if (block < rows) find_local();
    }

    [[nodiscard]] axis_view view(std::size_t of_rows) const {
        const std::array<std::uint64_t, 2> shape{of_rows, columns};
        return detail::seen_by(plain, view_of(shape, axis, channel_axis));
    }
    [[nodiscard]] std::uint64_t channels(std::size_t of_rows) const noexcept {
        return channel_axis == 0 ? of_rows : columns;
    }
    [[nodiscard]] std::size_t rows_in(std::size_t b) const noexcept { return std::min(block, rows - b * block); }
    [[nodiscard]] runs_of runs(std::size_t of_rows, std::span<const double> x, std::span<const double> weights) const {
        return {plain, view(of_rows), channels(of_rows), x, weights};
    }

    /// Which levels lie within blocks. Where one neither does nor covers everything, there is one block.
    void find_local() {
        const std::vector<double> nothing(block * columns);
        const runs_of in_block = runs(block, nothing, {});
        const std::vector<std::uint64_t> counts = detail::scheme_layout(in_block.s, in_block.view).counts();
        local = std::min<std::size_t>(1, plain.levels.size());
        bool inside = true;
        for (std::size_t level = 1; level < plain.levels.size(); ++level) {
            const scale_group& group = in_block.s.levels[level].group;
            inside = inside && !group.is_tensor() && counts[level - 1] % group.length == 0;
            if (inside) {
                local = level + 1;
            } else if (!group.is_tensor()) {
                block = rows;
                local = plain.levels.size();
                return;
            }
        }
    }

    /// The scales of a block. `kept`: levels but the innermost come from there.
    [[nodiscard]] fixed_scales::content find(std::size_t of_rows, std::span<const double> x,
                                             std::span<const double> weights, const fixed_scales::content* kept,
                                             bool whole) const {
        const runs_of in(runs(of_rows, x, weights));
        const detail::scheme_layout layout(in.s, in.view);
        fixed_scales::content out;
        quantize_options options;
        options.importance = in.importance;
        if (rule.kind() == element_kind::affine || rule.kind() == element_kind::mean ||
            rule.kind() == element_kind::bitsandbytes) {
            std::vector<std::uint64_t> codes(in.x.size());
            const quantize_report report =
                quantize(in.x, in.view, in.s, std::span(codes), out.planes, options);  // for its planes
            out.zero_scales = report.zero_scales;
        } else if (!in.s.levels.empty()) {
            choose_levels(in, layout, options, kept, whole ? in.s.levels.size() : local, out);
        }
        out.groups = detail::fix_groups(rule, in.s, layout, in.x, out.planes, out.steps);
        return out;
    }

    void choose_levels(const runs_of& in, const detail::scheme_layout& layout, const quantize_options& options,
                       const fixed_scales::content* kept, std::size_t own_levels, fixed_scales::content& out) const {
        out.planes.resize(in.s.levels.size());
        for (std::size_t level = own_levels; level < in.s.levels.size(); ++level) out.planes[level] = outer[level];
        std::vector<detail::group_maxima> maxima = detail::find_all_maxima(in.x, layout, 1);
        if (in.s.percentile != 0) detail::take_percentiles(in.x, layout, in.s.percentile, 1, maxima[0]);
        if (kept != nullptr) {
            for (std::size_t level = 1; level < own_levels; ++level) out.planes[level] = kept->planes[level];
            out.steps = kept->steps;
        } else {
            out.steps = own_levels < in.s.levels.size() ? steps : detail::binary32_steps<double>(in.s, maxima);
        }
        if (out.steps) {
            out.zero_scales =
                detail::find_binary32_scales<double>(in.s, layout, options, *out.steps, maxima[0], out.planes);
        } else {
            for (std::size_t level = kept != nullptr ? 1 : own_levels; level-- > 0;) {
                const scale_rule by(in.s, level, nullptr, 32);
                out.zero_scales +=
                    detail::fill_level(out.planes[level], layout.counts()[level], 1, [&](std::uint64_t i) {
                        const dyadic amax = binary64_format.magnitude_value(maxima[level].magnitude[i]);
                        return by.scale(amax, detail::outer_scales(in.s, layout, out.planes, level, i).all(), false, 0);
                    });
            }
        }
        if (in.s.search != scale_search::none || is_four_over_six(in.s.scale_recipe))
            out.zero_scales -= detail::choose_scales(in.x, in.s, layout, options, maxima[0], out.planes);
    }

    /// Scales of a matrix whose only block it is are quantized once more, where the scheme asks for it.
    void quantize_again(fixed_scales::content& out) const {
        out.planes = detail::quantize_scales(out.planes[0], own, 1);
        const std::vector<std::uint64_t> again = detail::dequantize_scales(out.planes, own, 1);
        out.decoding.assign(again.size(), {});
        for (std::size_t i = 0; i < again.size(); ++i) out.decoding[i].include(binary32_format, again[i]);
    }
};

row_quantizer::row_quantizer(const scheme& s, std::size_t rows, std::size_t columns, int axis, int channel_axis)
    : state_(std::make_unique<state>(s, rows, columns, axis, channel_axis)) {}
row_quantizer::~row_quantizer() = default;
row_quantizer::row_quantizer(row_quantizer&&) noexcept = default;
row_quantizer& row_quantizer::operator=(row_quantizer&&) noexcept = default;

std::size_t row_quantizer::block_rows() const noexcept { return state_->block; }
std::size_t row_quantizer::blocks() const noexcept { return detail::ceil_div(state_->rows, state_->block); }

void row_quantizer::start(std::span<const double> x) {
    state& is = *state_;
    if (x.size() != is.rows * is.columns) throw std::logic_error("internal: x has another size than the matrix");
    if (is.local == is.plain.levels.size()) return;
    const fixed_scales::content all = is.find(is.rows, x, {}, nullptr, true);
    is.outer = all.planes;
    is.steps = all.steps;
}

fixed_scales row_quantizer::choose(std::size_t block, std::span<const double> rows, std::span<const double> importance,
                                   const fixed_scales* outer) const {
    const state& is = *state_;
    std::size_t count = is.rows_in(block);
    std::vector<double> padded;
    std::vector<double> weights;
    // A tile at the lower edge is filled up with zeros, as it is in the whole matrix.
    if (!is.plain.levels.empty() && is.plain.levels[0].group.is_tile() && count < is.block) {
        padded.assign(rows.begin(), rows.end());
        padded.resize(is.block * is.columns);
        rows = padded;
        if (!importance.empty()) {
            weights.assign(importance.begin(), importance.end());
            weights.resize(padded.size());
            importance = weights;
        }
        count = is.block;
    }
    auto out = std::make_shared<fixed_scales::content>(
        is.find(count, rows, importance, outer == nullptr ? nullptr : &outer->is(), false));
    if (is.own.double_quant) is.quantize_again(*out);
    return fixed_scales(std::move(out));
}

std::vector<fixed_scales> row_quantizer::with(const scale_planes& planes) const {
    const state& is = *state_;
    if (is.rule.kind() == element_kind::mean || is_binary32(is.plain.scale_recipe)) {
        throw std::invalid_argument("scheme is " + to_string(is.own) +
                                    ", allowed: recipes whose elements ask for nothing but the scales; this one keeps "
                                    "more of a group than its scale says");
    }
    detail::check_planes(is.own, is.view(is.rows), planes);
    const std::vector<double> nothing(is.rows * is.columns);
    const runs_of all = is.runs(is.rows, nothing, {});
    const detail::scheme_layout layout(all.s, all.view);
    const bool again = is.own.double_quant;
    const std::vector<fixed_group> groups =
        detail::fix_groups(is.rule, all.s, layout, all.x,
                           again ? scale_planes{detail::dequantize_scales(planes, is.own, 1)} : planes, std::nullopt);
    std::vector<fixed_scales> out;
    auto from = groups.begin();
    for (std::size_t b = 0; b < blocks(); ++b) {
        auto one = std::make_shared<fixed_scales::content>();
        const auto to = is.plain.levels.empty() ? groups.end() : from + static_cast<std::ptrdiff_t>(groups_in(b));
        one->groups.assign(from, to);
        if (!is.plain.levels.empty()) from = to;
        out.emplace_back(std::move(one));
    }
    return out;
}

std::size_t row_quantizer::groups_in(std::size_t block) const {
    const state& is = *state_;
    if (is.plain.levels.empty()) return 1;
    return static_cast<std::size_t>(scale_counts(is.plain, is.view(is.rows_in(block)))[0]);
}

std::size_t row_quantizer::group_of(std::size_t row, std::size_t column) const noexcept {
    const state& is = *state_;
    if (is.plain.levels.empty()) return 0;
    const scale_group& group = is.plain.levels[0].group;
    if (group.is_tensor()) return 0;
    if (group.channel) return is.channel_axis == 0 ? row : column;
    if (is.plain.flat) return (row * is.columns + column) / group.length;
    if (group.is_tile()) {
        const std::size_t wide = std::min<std::size_t>(group.length, is.columns);
        return row / group.rows * detail::ceil_div(is.columns, wide) + column / wide;
    }
    if (is.axis == 0) return row / group.length * is.columns + column;
    return row * detail::ceil_div(is.columns, group.length) + column / group.length;
}

std::uint64_t row_quantizer::project(const fixed_scales& scales, std::size_t row, std::span<const double> x,
                                     std::span<std::uint64_t> codes, std::span<double> values) const {
    const fixed_scales::content& is = scales.is();
    const detail::float_environment environment;
    const bool again = !is.decoding.empty();
    return state_->rule.visit([&](const auto& project_one) {
        std::uint64_t saturated = 0;
        for (std::size_t c = 0; c < x.size(); ++c) {
            const std::size_t g = group_of(row, c);
            saturated += project_one(x[c], is.groups[g], again ? is.decoding[g] : is.groups[g].scale, is.steps,
                                     codes[c], values[c]);
        }
        return saturated;
    });
}

fixed_scales row_quantizer::merged(const fixed_scales& scales, const fixed_scales& other,
                                   std::span<const std::uint8_t> take) const {
    auto out = std::make_shared<fixed_scales::content>(scales.is());
    const fixed_scales::content& from = other.is();
    for (std::size_t g = 0; g < take.size(); ++g) {
        if (take[g] == 0) continue;
        out->groups[g] = from.groups[g];
        if (!out->planes.empty()) out->planes[0][g] = from.planes[0][g];
        if (state_->rule.kind() == element_kind::affine) out->planes.back()[g] = from.planes.back()[g];
    }
    return fixed_scales(std::move(out));
}

scale_planes row_quantizer::whole(std::span<const std::optional<fixed_scales>> blocks) const {
    const state& is = *state_;
    scale_planes out = is.outer;
    const std::size_t planes = blocks.empty() ? is.local : blocks.front()->planes().size();
    out.resize(std::max(planes, out.size()));
    for (std::size_t level = 0; level < out.size(); ++level) {
        if (level >= is.local && level < is.plain.levels.size()) continue;  // fixed at the start
        out[level].clear();
        for (const auto& block : blocks)
            out[level].insert(out[level].end(), block->planes()[level].begin(), block->planes()[level].end());
    }
    return out;
}

}  // namespace halfulp
