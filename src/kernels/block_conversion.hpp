// One call of quantize or fake_quantize by vector kernels, chunk by chunk: largest magnitudes, scales, elements, while the chunk is
// in the first-level cache. A group or a chunk that the kernels do not vouch for is done by the scalar definition.
#pragma once

#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

#include "find_scales.hpp"
#include "halfulp/blocks/scale.hpp"
#include "run_plan.hpp"
#include "scheme_layout.hpp"
#include "simd/blockplanner.hpp"
#include "streaming.hpp"

namespace halfulp::detail {

/// T to Out: the same type for fake_quantize, a code type for quantize. define(piece, scale of its lane k, k) is the scalar definition
/// of a lane's elements; it returns how many saturated.
template <carrier T, class Out>
class block_conversion {
    static constexpr bool codes = !std::is_same_v<T, Out>;
    static constexpr bool in_double = std::is_same_v<T, double>;
    /// What elements are computed in, and its bits.
    using lane = std::conditional_t<in_double, double, float>;
    using lane_bits = std::conditional_t<in_double, std::uint64_t, std::uint32_t>;
    static constexpr lane_bits infinity = static_cast<lane_bits>(carrier_traits<lane>::format.infinity_magnitude());

  public:
    static constexpr std::size_t chunk_elements = 2048;

    block_conversion(const scheme& s, const scheme_layout& layout, const axis_view& view,
                     const quantize_options& options)
        : scheme_(s), layout_(layout), view_(view), options_(options) {
        kernels_ = simd::active_table();
        integers_ = simd::active_integers();
        blocks_ = simd::active_blocks();
        if (kernels_ == nullptr || (in_double && blocks_->quotients64 == nullptr)) return;
        const std::size_t levels = s.levels.size();
        const bool grouped = levels > 0 && !s.levels[0].group.is_tensor();
        fused_ = grouped && (levels == 1 || (levels == 2 && s.levels[1].group.is_tensor()));
        if (!in_double && fused_ && levels == 1 && s.levels[0].group.length <= chunk_elements) {
            power_ = simd::plan_power(s, options, codes);
            integer_power_ = simd::plan_integer_power(s, options, codes);
        }
        if (!by_powers()) {
            quotient_ = simd::plan_quotients(s, options, codes, in_double);
            integer_quotient_ = simd::plan_integer_quotients(s, options, codes, in_double);
            if (fused_ && by_quotients()) scale_ = simd::plan_scales(s, 0, options, in_double);
            fused_ = fused_ && scale_.has_value();
        }
        if constexpr (sizeof(T) == 2) {
            to_float_ = simd::plan_decoding(carrier_traits<T>::format);
            from_float_ = simd::plan_conversion<float>(carrier_traits<T>::format, {}, true, false);
            from_double_ = simd::plan_conversion<double>(carrier_traits<T>::format, {}, true, false);
        }
        for (std::size_t level = 0; level < levels; ++level)
            rules_.emplace_back(s, level, options.scale_rounding ? &*options.scale_rounding : nullptr,
                                options.random_bits);
    }

    [[nodiscard]] bool covers() const noexcept { return by_powers() || by_quotients(); }
    /// Are scales found on the way? Otherwise the caller finds all of them first (find_scales).
    [[nodiscard]] bool finds_scales() const noexcept { return by_powers() || fused_; }

    /// Codes of 4 bits go two to a byte into `packed`, and nothing into `out`. Only where packs_pairs().
    void pack_into(std::uint8_t* packed) noexcept {
        packed_ = packed;
        if (integer_power_) integer_power_->plan.grid.code_mask = 0x0F;
        if (integer_quotient_ && integer_quotient_->at_once) integer_quotient_->at_once->code_mask = 0x0F;
    }
    /// Do all stretches of elements that are stored together begin and end between bytes?
    [[nodiscard]] bool packs_pairs() const noexcept {
        if (!covers() || !in_rows() || scheme_.element.bits() != 4) return false;
        if (layout_.whole()) return view_.size() % 2 == 0;
        return scheme_.levels[0].group.length % 2 == 0 && view_.length % 2 == 0;
    }

    /// `scales`: filled where scales are found on the way and it is not null, else read.
    template <class Define>
    quantize_report run(std::span<const T> x, Out* out, scale_planes* scales, const Define& define) {
        const float_environment environment;
        x_ = x.data();
        out_ = out;
        scales_ = scales;
        const bool keep_codes = finds_scales() && scales != nullptr;
        if (keep_codes) {
            scales->resize(scheme_.levels.size());
            for (std::size_t level = 0; level < scales->size(); ++level)
                (*scales)[level].resize(layout_.counts()[level]);
        }
        keeps_codes_ = keep_codes;
        if (finds_scales() && scheme_.levels.size() == 2) find_outer_scale();
        stream_ = may_stream() && should_stream(x_, out_, x.size());
        std::atomic<std::uint64_t> zero_scales{0};
        std::atomic<std::uint64_t> saturated{0};
        const auto part = [&](std::size_t begin, std::size_t end, const auto& body) {
            const float_environment within;  // each thread has its own
            const auto owned = std::make_unique_for_overwrite<workspace>();  // too large for a thread's stack
            workspace& w = *owned;
            quantize_report report;
            body(begin, end, w, report);
            fence_streams(stream_);
            zero_scales += report.zero_scales;
            saturated += report.saturated;
        };
        if (in_rows()) {
            const std::size_t groups = layout_.whole() ? layout_.pieces() : layout_.counts()[0];
            const std::size_t grain = layout_.whole() ? 1 : std::max<std::size_t>(1, chunk_elements / group_length());
            parallel_for(groups, options_.threads, grain, [&](std::size_t begin, std::size_t end) {
                part(begin, end, [&](std::size_t from, std::size_t to, workspace& w, quantize_report& report) {
                    rows(from, to, w, report, define);
                });
            });
        } else {
            parallel_for(layout_.pieces(), options_.threads, 1, [&](std::size_t begin, std::size_t end) {
                part(begin, end, [&](std::size_t from, std::size_t to, workspace& w, quantize_report& report) {
                    for (std::size_t p = from; p < to; ++p) columns(layout_.piece_at(p), w, report, define);
                });
            });
        }
        return {zero_scales + (outer_zero_ ? 1 : 0), saturated};
    }

  private:
    [[nodiscard]] bool by_powers() const noexcept { return power_.has_value() || integer_power_.has_value(); }
    [[nodiscard]] bool by_quotients() const noexcept { return quotient_.has_value() || integer_quotient_.has_value(); }
    /// Does one kernel divide, round and store?
    [[nodiscard]] bool at_once() const noexcept {
        return (quotient_ && quotient_->at_once) || (integer_quotient_ && integer_quotient_->at_once);
    }

    struct workspace {
        std::array<float, chunk_elements> values;
        std::array<float, chunk_elements> results;
        std::array<std::uint32_t, chunk_elements> words;
        std::array<double, chunk_elements> quotients;
        std::array<std::uint64_t, chunk_elements> codes;
        std::array<lane_bits, chunk_elements> largest;
        std::array<double, chunk_elements + 16> scale;
        std::array<double, chunk_elements + 16> reciprocal;
        std::array<float, chunk_elements + 16> reciprocal32;
        std::array<float, chunk_elements + 16> high;
        std::array<float, chunk_elements + 16> low;
        bool has_short;
        std::array<std::int32_t, chunk_elements> exponent;
        std::array<std::uint8_t, chunk_elements> scale_codes;
        std::array<std::uint8_t, chunk_elements> rare;
        std::array<Out, chunk_elements> narrow;
        std::array<std::uint8_t, chunk_elements> bytes;  ///< codes on their way to a wider Out
    };

    /// Do all stores of a kernel's own results begin at multiples of the widest vector?
    [[nodiscard]] bool may_stream() const noexcept {
        if (!std::is_same_v<T, float> || packed_ != nullptr || reinterpret_cast<std::uintptr_t>(out_) % 64 != 0)
            return false;
        const bool codes_go_through_others = codes && (sizeof(Out) != 1 || quotient_);
        if (!by_powers() && (codes_go_through_others || !at_once())) return false;
        if (layout_.whole()) return true;
        if (!in_rows()) return view_.inner * sizeof(Out) % 64 == 0;
        const std::uint64_t length = scheme_.levels[0].group.length;
        return length * sizeof(Out) % 64 == 0 && view_.length % length == 0;
    }
    [[nodiscard]] bool in_rows() const noexcept { return layout_.whole() || view_.inner == 1; }
    [[nodiscard]] std::size_t group_length() const noexcept {
        if (layout_.whole()) return chunk_elements;
        return static_cast<std::size_t>(
            std::max<std::uint64_t>(1, std::min<std::uint64_t>(scheme_.levels[0].group.length, view_.length)));
    }
    [[nodiscard]] bool is_stochastic() const noexcept { return halfulp::is_stochastic(options_.rounding); }

    /// Elements `first` and on as binary32 numbers: themselves, or in the buffer.
    const lane* load(std::uint64_t first, std::size_t size, float* buffer) const {
        if constexpr (sizeof(T) == 2) {
            kernels_->decode16(reinterpret_cast<const std::uint16_t*>(x_ + first), buffer, size, *to_float_, false);
            return buffer;
        } else {
            return x_ + first;
        }
    }

    const std::uint32_t* random(std::uint64_t first, std::size_t size, std::uint32_t* buffer) const {
        if (!is_stochastic()) return nullptr;
        if (options_.random.from == randomness::kind::given) return options_.random.given.data() + first;
        kernels_->fill_words(options_.random.source.seed, options_.random.source.stream,
                             options_.random.source.offset + first, 0, buffer, size);
        return buffer;
    }

    /// binary32 results, exact in T, to where they belong.
    void store(const float* y, std::uint64_t first, std::size_t size) const {
        if constexpr (sizeof(T) == 2 && !codes)
            run_plan(kernels_->encode32_16, *from_float_, y, reinterpret_cast<std::uint16_t*>(out_ + first), size);
    }

    /// The codes in w.narrow to where they belong. Those of groups that are left to the definition are overwritten by it.
    void pack([[maybe_unused]] std::uint64_t first, [[maybe_unused]] std::size_t size,
              [[maybe_unused]] workspace& w) const {
        if constexpr (std::is_same_v<Out, std::uint8_t>) {
            if (packed_ != nullptr) blocks_->pack4(w.narrow.data(), packed_ + first / 2, size);
        }
    }

    // ---- scales

    void largest_of(std::uint64_t first, std::size_t groups, std::size_t length, lane_bits* largest,
                    workspace& w) const {
        if constexpr (in_double) {
            blocks_->largest_of_groups64(x_ + first, groups, length, largest);
        } else if constexpr (std::is_same_v<T, float>) {
            blocks_->largest_of_groups(x_ + first, groups, length, largest);
        } else {
            for (std::size_t g = 0; g < groups; ++g) {
                largest[g] = 0;
                for (std::size_t done = 0; done < length; done += chunk_elements) {
                    const std::size_t size = std::min(chunk_elements, length - done);
                    lane_bits most = 0;
                    blocks_->largest_of_groups(load(first + g * length + done, size, w.values.data()), 1, size, &most);
                    largest[g] = std::max(largest[g], most);
                }
            }
        }
    }

    /// x ÷ scale, so that rounding by a deterministic mode gives what it gives for the exact quotient. False where it does not.
    bool divide(const lane* x, double* q, std::size_t size, const double* scale, const double* reciprocal,
                std::size_t run) const {
        if constexpr (in_double) {
            return blocks_->quotients64(x, q, size, scale, reciprocal, run) == 0;
        } else {
            blocks_->quotients(x, q, size, reciprocal, run);
            return true;
        }
    }

    /// The one scale of the second level: of the largest finite magnitude of all.
    void find_outer_scale() {
        // Groups along a row are looked at once for both levels; elsewhere the array is cut into parts of one size.
        constexpr std::uint64_t part = 16384;
        const bool by_groups = in_rows();
        const std::uint64_t size = view_.size();
        const std::uint64_t groups = layout_.counts()[0];
        if (by_groups) tops_ = std::make_unique_for_overwrite<lane_bits[]>(groups);
        const std::uint64_t at_once = std::max<std::uint64_t>(1, part / group_length());
        const std::uint64_t parts = by_groups ? (groups + at_once - 1) / at_once : (size + part - 1) / part;
        std::vector<lane_bits> tops(parts);
        parallel_for(parts, options_.threads, 16, [&](std::size_t begin, std::size_t end) {
            const float_environment environment;
            const auto owned = std::make_unique_for_overwrite<workspace>();
            for (std::size_t p = begin; p < end; ++p) {
                if (!by_groups) {
                    tops[p] = finite_top(p * part, std::min(part, size - p * part), *owned);
                    continue;
                }
                tops[p] = 0;
                for_stretches(p * at_once, std::min(groups, (p + 1) * at_once), at_once,
                              [&](std::uint64_t first, std::uint64_t group, std::size_t count, std::size_t length) {
                                  largest_of(first, count, length, &tops_[group], *owned);
                                  lane_bits most = 0;
                                  for (std::size_t g = 0; g < count; ++g) most = std::max(most, tops_[group + g]);
                                  if (most >= infinity) most = finite_top(first, count * length, *owned);
                                  tops[p] = std::max(tops[p], most);
                              });
            }
        });
        lane_bits most = 0;
        for (const lane_bits top : tops) most = std::max(most, top);
        const group_scale found = rules_[1].scale(carrier_traits<lane>::format.magnitude_value(most), {}, false, 0);
        outer_ = found;
        outer_zero_ = found.rounded_to_zero;
        outer_value_ = std::ldexp(static_cast<double>(found.value.significand), found.value.exponent);
        if (keeps_codes_) (*scales_)[1][0] = found.code;
    }

    lane_bits finite_top(std::uint64_t first, std::size_t size, workspace& w) const {
        lane_bits most = 0;
        largest_of(first, 1, size, &most, w);
        if (most < infinity) return most;
        most = 0;
        for (std::size_t i = 0; i < size; ++i) {
            const std::uint64_t m = to_bits(x_[first + i]) & carrier_traits<T>::format.magnitude_mask();
            if (m >= carrier_traits<T>::format.infinity_magnitude()) continue;
            const dyadic value = carrier_traits<T>::format.magnitude_value(m);  // the lane holds it
            const std::uint64_t bits = carrier_grid<lane>.magnitude_code(value.significand, value.exponent);
            most = std::max(most, static_cast<lane_bits>(bits));
        }
        return most;
    }

    /// Scales of groups out of their largest magnitudes; w.rare marks those that are left to the definition. Group `group` is the first.
    void scales_of(std::size_t groups, std::uint64_t group, workspace& w) {
        const double divisor = scale_->reach * (scheme_.levels.size() == 2 ? outer_value_ : 1.0);
        if (divisor == 0) {
            std::fill_n(w.rare.begin(), groups, std::uint8_t{1});
            w.has_short = false;
            return;
        }
        const double reciprocal = 1 / divisor;
        std::array<lane, chunk_elements> tops;
        std::memcpy(tops.data(), w.largest.data(), groups * sizeof(lane));
        const bool divided = divide(tops.data(), w.quotients.data(), groups, &divisor, &reciprocal, groups);
        simd::flags odd = 0;
        if (keeps_codes_) {
            odd |= run_plan(kernels_->encode64, scale_->code, w.quotients.data(), w.codes.data(), groups);
            std::copy_n(w.codes.data(), groups, (*scales_)[0].begin() + static_cast<std::ptrdiff_t>(group));
        }
        odd |= run_plan(kernels_->round64, scale_->value, w.quotients.data(), w.scale.data(), groups);
        // Where the scale is zero or a member of the group is not finite, elements follow rules of their own.
        const double outer = scheme_.levels.size() == 2 ? outer_value_ : 1.0;
        if constexpr (in_double) {
            for (std::size_t g = 0; g < groups; ++g) {
                w.rare[g] = w.largest[g] >= infinity || !(w.scale[g] > 0);
                w.scale[g] *= outer;
                w.reciprocal[g] = 1 / w.scale[g];
            }
        } else {
            blocks_->invert_scales(w.largest.data(), w.scale.data(), w.reciprocal.data(), w.rare.data(), outer, groups);
        }
        if (odd != 0 || !divided) std::fill_n(w.rare.begin(), groups, std::uint8_t{1});
        shorten(groups, w);
    }

    /// The scales again, for binary32 lanes, where these decide.
    void shorten(std::size_t groups, workspace& w) const {
        const bool wanted = integer_quotient_ ? integer_quotient_->at_once && integer_quotient_->at_once->has_short
                                              : quotient_->at_once && quotient_->at_once->has_short;
        w.has_short = wanted && blocks_->shorten_scales != nullptr &&
                      blocks_->shorten_scales(w.scale.data(), w.reciprocal.data(), groups, w.reciprocal32.data(),
                                              w.high.data(), w.low.data());
    }

    /// The scale codes over group `group`, for the definition.
    combined_scale define_scale(const piece& at, std::uint64_t k, quantize_report& report) {
        const std::uint64_t group = at.group + k;
        if (!finds_scales()) return combine_scales(scheme_, layout_, *scales_, group);
        constexpr float_format own = carrier_traits<T>::format;
        std::uint64_t most = 0;
        bool nonfinite = false;
        for (std::uint64_t j = 0; j < at.count; ++j) {
            const std::uint64_t m = to_bits(x_[at.first + j * at.stride + k]) & own.magnitude_mask();
            if (m >= own.infinity_magnitude()) {
                nonfinite = true;
            } else {
                most = std::max(most, m);
            }
        }
        const bool two = scheme_.levels.size() == 2;
        const group_scale found =
            rules_[0].scale(own.magnitude_value(most), std::span(&outer_.value, two ? 1 : 0), nonfinite, 0);
        report.zero_scales += found.rounded_to_zero;
        if (keeps_codes_) (*scales_)[0][group] = found.code;
        const std::array<std::uint64_t, 2> found_codes{found.code, outer_.code};
        return combine_scale_codes(scheme_, found_codes);
    }

    template <class Define>
    void define_lanes(const piece& at, quantize_report& report, const Define& define) {
        for (std::uint64_t k = 0; k < at.lanes; ++k) report.saturated += define(at, define_scale(at, k, report), k);
    }

    // ---- elements

    /// Elements first to first + size - 1, size at most chunk_elements, under w.scale and w.reciprocal. False, and nothing
    /// written, where the kernels do not vouch for the result.
    bool quotient_elements(std::uint64_t first, std::size_t size, const double* scale, const double* reciprocal,
                           std::size_t run, workspace& w, quantize_report& report) {
        if (integer_quotient_) return integer_quotients(first, size, scale, reciprocal, run, w, report);
        const lane* x = load(first, size, w.values.data());
        if constexpr (std::is_same_v<T, float> && !codes) {
            if (quotient_->at_once) {
                const std::ptrdiff_t at = scale - w.scale.data();
                const simd::short_scales brief{w.reciprocal32.data() + at, w.high.data() + at, w.low.data() + at};
                report.saturated +=
                    blocks_->round_quotients(x, out_ + first, size, scale, reciprocal, run,
                                             w.has_short ? &brief : nullptr, *quotient_->at_once, stream_);
                return true;
            }
        }
        const std::uint32_t* words = random(first, size, w.words.data());
        if (!divide(x, w.quotients.data(), size, scale, reciprocal, run)) return false;
        if constexpr (codes) {
            if (run_plan(kernels_->encode64, quotient_->element, w.quotients.data(), w.codes.data(), size,
                         {words, 0, 0, 0}) != 0)
                return false;
            std::uint64_t over = 0;
            Out* to = packed_ == nullptr ? out_ + first : w.narrow.data();
            for (std::size_t i = 0; i < size; ++i) {
                over += w.codes[i] >> 62;
                to[i] = static_cast<Out>(w.codes[i] & ~simd::saturated_code);
            }
            pack(first, size, w);
            report.saturated += over;
        } else {
            double* q = w.quotients.data();
            if (run_plan(kernels_->round64, quotient_->element, q, q, size, {words, 0, 0, 0}) != 0) return false;
            if constexpr (std::is_same_v<T, float>) {
                report.saturated += blocks_->products(q, out_ + first, size, scale, run, quotient_->largest);
            } else if constexpr (in_double) {
                report.saturated += blocks_->exact_products(q, out_ + first, size, scale, run, quotient_->largest);
            } else {
                report.saturated += blocks_->exact_products(q, q, size, scale, run, quotient_->largest);
                run_plan(kernels_->encode64, *from_double_, q, w.codes.data(), size);
                for (std::size_t i = 0; i < size; ++i) out_[first + i] = from_bits<T>(w.codes[i]);
            }
        }
        return true;
    }

    /// The same for integers and fixed point.
    bool integer_quotients(std::uint64_t first, std::size_t size, const double* scale, const double* reciprocal,
                           std::size_t run, workspace& w, quantize_report& report) {
        const simd::integer_quotient_choice& how = *integer_quotient_;
        const lane* x = load(first, size, w.values.data());
        if constexpr (!in_double && (codes || std::is_same_v<T, float>)) {
            if (how.at_once) {
                const std::ptrdiff_t at = scale - w.scale.data();
                const simd::short_scales brief{w.reciprocal32.data() + at, w.high.data() + at, w.low.data() + at};
                const simd::short_scales* if_short = w.has_short ? &brief : nullptr;
                if constexpr (codes) {
                    std::uint8_t* to = narrow_codes(first, w);
                    report.saturated += integers_->encode_quotients(x, to, size, scale, reciprocal, run, if_short,
                                                                    *how.at_once, stream_);
                    widen_codes(first, size, w);
                    pack(first, size, w);
                } else {
                    report.saturated += integers_->round_quotients(x, out_ + first, size, scale, reciprocal, run,
                                                                   if_short, *how.at_once, stream_);
                }
                return true;
            }
        }
        const std::uint32_t* words = random(first, size, w.words.data());
        double* q = w.quotients.data();
        if (!divide(x, q, size, scale, reciprocal, run)) return false;
        if constexpr (codes) {
            run_plan(integers_->encode64, how.element, q, w.codes.data(), size, {words, 0, 0, 0});
            Out* to = packed_ == nullptr ? out_ + first : w.narrow.data();
            constexpr int up = 64 - simd::integer_code_bits;
            for (std::size_t i = 0; i < size; ++i) {
                report.saturated += w.codes[i] >> 62;
                const std::int64_t code = static_cast<std::int64_t>(w.codes[i] << up) >> up;
                to[i] = static_cast<Out>(packed_ == nullptr ? code : code & 0x0F);
            }
            pack(first, size, w);
        } else {
            run_plan(integers_->round64, how.element, q, q, size, {words, 0, 0, 0});
            constexpr double infinite = std::numeric_limits<double>::infinity();
            for (std::size_t i = 0; i < size; ++i) {
                report.saturated += std::abs(q[i]) == infinite;
                q[i] = std::min(std::max(q[i], how.lowest), how.highest);
            }
            if constexpr (std::is_same_v<T, float>) {
                blocks_->products(q, out_ + first, size, scale, run, infinite);
            } else if constexpr (in_double) {
                blocks_->exact_products(q, out_ + first, size, scale, run, infinite);
            } else {
                blocks_->exact_products(q, q, size, scale, run, infinite);
                run_plan(kernels_->encode64, *from_double_, q, w.codes.data(), size);
                for (std::size_t i = 0; i < size; ++i) out_[first + i] = from_bits<T>(w.codes[i]);
            }
        }
        return true;
    }

    /// Where a kernel puts codes of at most 8 bits.
    std::uint8_t* narrow_codes(std::uint64_t first, workspace& w) const {
        if constexpr (sizeof(Out) == 1) {
            return packed_ == nullptr ? out_ + first : w.narrow.data();
        } else {
            return w.bytes.data();
        }
    }
    /// Those codes to a wider Out, integers with a sign as two's complement numbers.
    void widen_codes([[maybe_unused]] std::uint64_t first, [[maybe_unused]] std::size_t size,
                     [[maybe_unused]] const workspace& w) const {
        if constexpr (sizeof(Out) != 1) {
            if (scheme_.element.has_signed_codes()) {
                for (std::size_t i = 0; i < size; ++i)
                    out_[first + i] = static_cast<Out>(static_cast<std::int8_t>(w.bytes[i]));
            } else {
                std::copy_n(w.bytes.data(), size, out_ + first);
            }
        }
    }

    /// Groups of one length, side by side, in one workspace, under power-of-two scales.
    template <class Define>
    void power_groups(std::uint64_t first, std::uint64_t group, std::size_t groups, std::size_t length, workspace& w,
                      quantize_report& report, const Define& define) {
        const std::size_t size = groups * length;
        const float* x = load(first, size, w.values.data());
        const std::uint32_t* words = random(first, size, w.words.data());
        std::uint8_t* scale_codes = keeps_codes_ ? w.scale_codes.data() : nullptr;
        with_power_kernels([&](const auto& choice, const auto& kernels) {
            const auto engine = static_cast<std::size_t>(choice.engine);
            const float_environment environment(choice.direction);
            if constexpr (!codes) {
                float* y = std::is_same_v<T, float> ? reinterpret_cast<float*>(out_ + first) : w.results.data();
                report.saturated += kernels.round_groups[engine](x, y, groups, length, words, choice.plan, scale_codes,
                                                                 w.rare.data(), stream_);
            } else {
                report.saturated +=
                    kernels.encode_groups[engine](x, narrow_codes(first, w), groups, length, words, choice.plan,
                                                  scale_codes, w.rare.data(), stream_ && sizeof(Out) == 1);
            }
        });
        if constexpr (codes) widen_codes(first, size, w);
        pack(first, groups * length, w);
        if constexpr (!codes && sizeof(T) == 2) {
            for (std::size_t g = 0; g < groups; ++g) {
                if (w.rare[g] == 0) store(w.results.data() + g * length, first + g * length, length);
            }
        }
        if (keeps_codes_) std::copy_n(scale_codes, groups, (*scales_)[0].begin() + static_cast<std::ptrdiff_t>(group));
        for (std::size_t g = 0; g < groups; ++g) {
            if (w.rare[g] != 0) define_lanes(piece{first + g * length, length, 1, 1, group + g}, report, define);
        }
    }

    /// A run of groups of one length, side by side, in one workspace.
    template <class Define>
    void row_of_groups(std::uint64_t first, std::uint64_t group, std::size_t groups, std::size_t length, workspace& w,
                       quantize_report& report, const Define& define) {
        const auto as_piece = [&](std::size_t g) { return piece{first + g * length, length, 1, 1, group + g}; };
        if constexpr (!in_double) {
            if (by_powers()) {
                power_groups(first, group, groups, length, w, report, define);
                return;
            }
        }
        if (finds_scales()) {
            if (tops_) {
                std::copy_n(&tops_[group], groups, w.largest.begin());
            } else {
                largest_of(first, groups, length, w.largest.data(), w);
            }
            scales_of(groups, group, w);
        } else {
            known_scales(groups, group, w);
        }
        // Stretches of groups without a rare one between them.
        for (std::size_t g = 0; g < groups;) {
            std::size_t stop = g;
            if (g == 0 && !any_rare(groups, w)) {
                stop = groups;
            } else {
                while (stop < groups && w.rare[stop] == 0) ++stop;
            }
            if (stop == g) {
                define_lanes(as_piece(g), report, define);
                ++g;
                continue;
            }
            bool done = true;
            const std::size_t size = (stop - g) * length;
            for (std::size_t at = 0; at < size && done;
                 at += chunk_elements) {  // more than one round: a single long group
                const std::size_t count = std::min(chunk_elements, size - at);
                const quantize_report before = report;
                done =
                    quotient_elements(first + g * length + at, count, &w.scale[g], &w.reciprocal[g], length, w, report);
                if (!done && at == 0) {
                    report = before;
                    for (std::size_t one = g; one < stop; ++one) define_lanes(as_piece(one), report, define);
                } else if (!done) {
                    // The beginning of a long group is written and, in place, gone: the rest has the same scale.
                    report = before;
                    const piece rest{first + g * length + at, length - at, 1, 1, group + g};
                    report.saturated += define(rest, scale_in_use(g, group, w), 0);
                }
            }
            g = stop;
        }
    }

    static bool any_rare(std::size_t groups, const workspace& w) {
        std::uint8_t any = 0;
        for (std::size_t g = 0; g < groups; ++g) any = static_cast<std::uint8_t>(any | w.rare[g]);
        return any != 0;
    }

    /// The scale of group `group`, of which w.scale[g] has been made.
    combined_scale scale_in_use(std::size_t g, std::uint64_t group, workspace& w) {
        if (!finds_scales()) return combine_scales(scheme_, layout_, *scales_, layout_.whole() ? 0 : group + g);
        const bool two = scheme_.levels.size() == 2;
        const group_scale found = rules_[0].scale(carrier_traits<lane>::format.magnitude_value(w.largest[g]),
                                                  std::span(&outer_.value, two ? 1 : 0), false, 0);
        const std::array<std::uint64_t, 2> found_codes{found.code, outer_.code};
        return combine_scale_codes(scheme_, found_codes);
    }

    /// Scales that were found before. Those that are not plain positive numbers are left to the definition.
    void known_scales(std::size_t groups, std::uint64_t group, workspace& w) {
        for (std::size_t g = 0; g < groups; ++g) {
            const combined_scale scale = combine_scales(scheme_, layout_, *scales_, layout_.whole() ? 0 : group + g);
            w.rare[g] = scale.is_nan || scale.is_infinite || scale.is_zero || scale.negative || !scale.product.fits;
            w.scale[g] = w.rare[g] != 0
                             ? 1.0
                             : std::ldexp(static_cast<double>(scale.product.significand), scale.product.exponent);
            w.reciprocal[g] = 1 / w.scale[g];
            w.largest[g] = 0;
        }
        shorten(groups, w);
    }

    /// Are all of these elements finite? Where scales were found before, nobody has looked at the chunk yet.
    [[nodiscard]] bool all_finite(std::uint64_t first, std::size_t size, workspace& w) const {
        lane_bits top = 0;
        largest_of(first, 1, size, &top, w);
        return top < infinity;
    }

    /// Groups begin to end, each in its line.
    template <class Define>
    void rows(std::size_t begin, std::size_t end, workspace& w, quantize_report& report, const Define& define) {
        if (layout_.whole()) {
            known_scales(1, 0, w);
            const bool rare = w.rare[0] != 0;
            for (std::size_t p = begin; p < end; ++p) {
                const piece at = layout_.piece_at(p);
                for (std::size_t done = 0; done < at.count; done += chunk_elements) {
                    const std::size_t size = std::min<std::size_t>(chunk_elements, at.count - done);
                    const piece part{at.first + done, size, 1, 1, 0};
                    if (rare || !all_finite(part.first, size, w) ||
                        !quotient_elements(part.first, size, w.scale.data(), w.reciprocal.data(), size, w, report)) {
                        report.saturated += define(part, combine_scales(scheme_, layout_, *scales_, 0), 0);
                    }
                }
            }
            return;
        }
        const std::size_t at_once = std::max<std::size_t>(1, chunk_elements / group_length());
        for_stretches(begin, end, at_once,
                      [&](std::uint64_t first, std::uint64_t group, std::size_t groups, std::size_t length) {
                          if (finds_scales() || all_finite(first, groups * length, w)) {
                              row_of_groups(first, group, groups, length, w, report, define);
                              return;
                          }
                          for (std::uint64_t k = 0; k < groups; ++k)
                              define_lanes(piece{first + k * length, length, 1, 1, group + k}, report, define);
                      });
    }

    /// Groups begin to end of rows as stretches of at most `at_once` groups of one length, side by side: body(first element, first
    /// group, groups, length).
    template <class Body>
    void for_stretches(std::uint64_t begin, std::uint64_t end, std::uint64_t at_once, const Body& body) const {
        const std::uint64_t length = scheme_.levels[0].group.length;
        const std::uint64_t per_line = layout_.counts()[0] / std::max<std::uint64_t>(1, view_.outer);
        const std::uint64_t last = view_.length - (per_line - 1) * length;  // of the last group of a line
        for (std::uint64_t g = begin; g < end;) {
            const std::uint64_t in_line = g % per_line;
            std::uint64_t groups = std::min(at_once, end - g);
            std::uint64_t own_length = length;
            if (last != length) {
                if (in_line == per_line - 1) {
                    groups = 1;
                    own_length = last;
                } else {
                    groups = std::min(groups, per_line - 1 - in_line);
                }
            }
            body(g / per_line * view_.length + in_line * length, g, groups, own_length);
            g += groups;
        }
    }

    /// A piece whose lanes are groups side by side.
    template <class Define>
    void columns(const piece& at, workspace& w, quantize_report& report, const Define& define) {
        const std::size_t lanes = at.lanes;
        std::fill_n(w.largest.begin(), lanes, lane_bits{0});
        for (std::uint64_t j = 0; j < at.count; ++j) {
            const lane* x = load(at.first + j * at.stride, lanes, w.values.data());
            if constexpr (in_double) {
                blocks_->raise_largest64(x, lanes, w.largest.data());
            } else {
                blocks_->raise_largest(x, lanes, w.largest.data());
            }
        }
        bool rare = false;
        if (by_powers()) {
            if constexpr (!in_double) {
                const simd::scale_exponents& exponents = power_ ? power_->plan.scales : integer_power_->plan.scales;
                rare = !blocks_->choose_power_scales(w.largest.data(), lanes, exponents, w.exponent.data(),
                                                     w.scale_codes.data());
            }
        } else {
            if (finds_scales()) {
                scales_of(lanes, at.group, w);
            } else {
                std::array<lane_bits, chunk_elements> tops = w.largest;
                known_scales(lanes, at.group, w);
                for (std::size_t k = 0; k < lanes; ++k) rare = rare || tops[k] >= infinity;
            }
            for (std::size_t k = 0; k < lanes; ++k) rare = rare || w.rare[k] != 0;
        }
        if (rare) {
            define_lanes(at, report, define);
            return;
        }
        if (by_powers() && keeps_codes_)
            std::copy_n(w.scale_codes.data(), lanes, (*scales_)[0].begin() + static_cast<std::ptrdiff_t>(at.group));
        for (std::uint64_t j = 0; j < at.count; ++j) {
            const std::uint64_t first = at.first + j * at.stride;
            if (by_powers()) {
                if constexpr (!in_double) power_row(first, lanes, w, report);
            } else if (!quotient_elements(first, lanes, w.scale.data(), w.reciprocal.data(), 0, w, report)) {
                for (std::uint64_t k = 0; k < lanes; ++k) {
                    const piece one{first, 1, at.stride, at.lanes, at.group};
                    report.saturated += define(one, scale_in_use(k, at.group, w), k);
                }
            }
        }
    }

    void power_row(std::uint64_t first, std::size_t lanes, workspace& w, quantize_report& report) {
        const float* x = load(first, lanes, w.values.data());
        const std::uint32_t* words = random(first, lanes, w.words.data());
        with_power_kernels([&](const auto& choice, const auto& kernels) {
            const auto engine = static_cast<std::size_t>(choice.engine);
            const float_environment environment(choice.direction);
            if constexpr (!codes) {
                float* y = std::is_same_v<T, float> ? reinterpret_cast<float*>(out_ + first) : w.results.data();
                report.saturated +=
                    kernels.round_lanes[engine](x, y, lanes, words, choice.plan, w.exponent.data(), stream_);
                store(y, first, lanes);
            } else {
                report.saturated += kernels.encode_lanes[engine](x, narrow_codes(first, w), lanes, words, choice.plan,
                                                                 w.exponent.data(), stream_ && sizeof(Out) == 1);
            }
        });
        if constexpr (codes) widen_codes(first, lanes, w);
    }

    /// Calls body(choice, kernels) with those of the element's kind.
    template <class Body>
    void with_power_kernels(const Body& body) const {
        if (power_) {
            body(*power_, *blocks_);
        } else {
            body(*integer_power_, *integers_);
        }
    }

    const scheme& scheme_;
    const scheme_layout& layout_;
    const axis_view view_;
    const quantize_options& options_;
    const simd::kernel_table* kernels_ = nullptr;
    const simd::block_kernels* blocks_ = nullptr;
    bool fused_ = false;
    bool keeps_codes_ = false;
    bool stream_ = false;
    bool outer_zero_ = false;
    const simd::integer_kernels* integers_ = nullptr;
    std::optional<simd::power_choice> power_;
    std::optional<simd::integer_power_choice> integer_power_;
    std::optional<simd::quotient_choice> quotient_;
    std::optional<simd::integer_quotient_choice> integer_quotient_;
    std::optional<simd::scale_choice> scale_;
    std::optional<simd::decode_plan> to_float_;
    std::optional<simd::conversion_plan<float>> from_float_;
    std::optional<simd::conversion_plan<double>> from_double_;
    std::vector<scale_rule> rules_;
    std::unique_ptr<lane_bits[]> tops_;  ///< of every group, where rows have been looked at for the outer scale
    group_scale outer_{};
    double outer_value_ = 1;
    const T* x_ = nullptr;
    Out* out_ = nullptr;
    std::uint8_t* packed_ = nullptr;
    scale_planes* scales_ = nullptr;
};

}  // namespace halfulp::detail
