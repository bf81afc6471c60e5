// CPU bits, CUDA kernels and the hardware's own conversions against each other. A template over the machine: the tests run it on
// host_machine, where it must find nothing, and on a faulty one, where it must find something.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <iomanip>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "arrays_on.hpp"
#include "comparison.hpp"
#include "halfulp/formats/name.hpp"
#include "halfulp/rounding/name.hpp"
#include "hardware_cases.hpp"
#include "hardware_on.hpp"
#include "portable_convert.hpp"
#include "probe_random_bits.hpp"
#include "sample_values.hpp"

namespace halfulp::cuda {

struct validation_size {
    std::size_t elements = 4096;  ///< of each array
    std::uint64_t patterns = std::uint64_t{1} << 32;  ///< float32 patterns for each form of cvt, from 0 upward
    std::uint64_t rs_cases = std::uint64_t{1} << 30;  ///< of each stochastic form
    std::uint64_t sweep_piece = std::uint64_t{1} << 28;  ///< cases of one launch: between two, progress is shown
    bool all_schemes = true;
};

/// Less of everything: for tests, and to see that the program works.
inline constexpr validation_size quick_validation{700, 1u << 16, 1u << 14, 1u << 15, false};

template <class Machine>
class validation {
  public:
    using progress_function = std::function<void(const std::string&)>;

    validation(Machine& machine, const validation_size& size, progress_function progress)
        : machine_(machine), size_(size), progress_(std::move(progress)) {}

    void run() {
        run_carrier<float16>("float16");
        run_carrier<bfloat16>("bfloat16");
        run_carrier<float>("float32");
        run_carrier<double>("float64");
        run_forms();
    }

    std::vector<comparison> comparisons;
    std::vector<lane_finding> lanes;

    [[nodiscard]] std::uint64_t differences() const {
        std::uint64_t out = 0;
        for (const comparison& c : comparisons) out += c.differences;
        return out;
    }

  private:
    static std::string hex(std::uint64_t x) {
        std::ostringstream out;
        out << "0x" << std::hex << x;
        return out.str();
    }

    comparison begin(const std::string& what, const std::string& against) const {
        progress_(what);
        return {what, against, 0, 0, {}};
    }
    void end(comparison c) { comparisons.push_back(std::move(c)); }

    template <class T>
    static std::uint64_t bits_of(T x) {
        if constexpr (carrier<T>) {
            return to_bits(x);
        } else {
            return x;
        }
    }

    /// Compares bit for bit; every two NaNs of a carrier are alike.
    template <class T>
    static void compare(comparison& c, std::span<const T> device, std::span<const T> cpu, const std::string& where) {
        for (std::size_t i = 0; i < cpu.size(); ++i) {
            bool same = bits_of(device[i]) == bits_of(cpu[i]);
            if constexpr (carrier<T>) {
                constexpr float_format f = carrier_traits<T>::format;
                same = same || (f.is_nan(to_bits(device[i])) && f.is_nan(to_bits(cpu[i])));
            }
            c.add(same, [&] {
                return where + " element " + std::to_string(i) + ": device " + hex(bits_of(device[i])) + ", CPU " +
                       hex(bits_of(cpu[i]));
            });
        }
    }

    static std::vector<std::pair<std::string, float_format>> formats() {
        std::vector<std::pair<std::string, float_format>> out;
        for (const registered_format& row : registry) out.emplace_back(row.name, row.format);
        for (const char* name : {"Binary8p3se", "Binary8p1uf", "e4m3_nosub", "e5m0f", "e3m2u", "e7m9fnuz"})
            out.emplace_back(name, parse_float_format(name));
        return out;
    }

    std::vector<std::string> schemes() const {
        std::vector<std::string> out{"mxfp4", "nvfp4", "mxfp8_e4m3", "e2m1fn/7:bfloat16"};
        if (size_.all_schemes) {
            for (const char* more : {"mxfp6_e3m2", "mxfp6_e2m3", "mxfp8_e5m2", "e4m3fn", "e5m2/tensor:binary32",
                                     "e3m2f/5:e2m1f", "e2m1fn/3:e4m3fn/2:e5m10/tensor:binary32"})
                out.emplace_back(more);
        }
        return out;
    }

    template <carrier T>
    void run_carrier(const std::string& name) {
        using on = arrays_on<Machine, T>;
        constexpr float_format own = carrier_traits<T>::format;
        comparison rounded = begin("round " + name, "CPU");
        comparison encoded = begin("encode " + name, "CPU");
        comparison decoded = begin("decode " + name, "CPU");
        const random_source random{.seed = 1, .stream = 2, .offset = 3};
        for (const auto& [format_name, format] : formats()) {
            const std::vector<T> x = sample_values<T>(format, size_.elements, 7);
            const bool held = holds(own, format);
            std::vector<T> cpu(x.size()), device(x.size());
            std::vector<std::uint64_t> cpu_codes(x.size()), codes(x.size());
            for (const rounding_mode_row& mode : rounding_modes) {
                for (const auto overflow :
                     {overflow_policy::sat_finite, overflow_policy::sat_none, overflow_policy::to_nan}) {
                    const std::string where =
                        format_name + " " + std::string(mode.name) + " " + std::string(to_string(overflow));
                    const projection how{.rounding = mode.mode,
                                         .overflow = overflow,
                                         .ftz = static_cast<ftz_policy>(static_cast<int>(overflow) % 3),
                                         .random_bits = 11};
                    if (held) {
                        halfulp::round(std::span<const T>(x), std::span(cpu), format, how, random);
                        on::round(machine_, x, device, format, how, random);
                        compare<T>(rounded, device, cpu, where);
                    }
                    halfulp::encode(std::span<const T>(x), std::span(cpu_codes), format, how, random);
                    on::encode(machine_, x, codes, format, how, random);
                    compare<std::uint64_t>(encoded, codes, cpu_codes, where);
                }
            }
            if (!held) continue;
            const std::size_t count = format.bits() > 16 ? size_.elements : std::size_t{1} << format.bits();
            std::vector<std::uint64_t> every(count);
            for (std::size_t i = 0; i < count; ++i) {
                every[i] = (format.bits() > 16 ? i * 0x9E3779B97F4A7C15u : i) & format.code_mask();
            }
            std::vector<T> cpu_values(count), values(count);
            halfulp::decode(std::span<const std::uint64_t>(every), std::span(cpu_values), format);
            on::decode(machine_, every, values, format);
            compare<T>(decoded, values, cpu_values, format_name);
        }
        end(rounded);
        end(encoded);
        end(decoded);
        run_schemes<T>(name);
    }

    template <carrier T>
    void run_schemes(const std::string& name) {
        using on = arrays_on<Machine, T>;
        comparison quantized = begin("quantize " + name, "CPU");
        comparison faked = begin("fake_quantize " + name, "CPU");
        comparison dequantized = begin("dequantize " + name, "CPU");
        for (const std::string& text : schemes()) {
            const scheme s = parse_scheme(text);
            for (const axis_view& view : {axis_view{1, size_.elements, 1}, {3, 33, 1}, {2, 50, 5}}) {
                std::vector<T> x = sample_values<T>(*s.element.as_float(), view.size(), 11);
                x.resize(view.size());
                for (const rounding_mode_row& mode : rounding_modes) {
                    const std::string where = text + " " + std::string(mode.name) + " view " +
                                              std::to_string(view.outer) + "x" + std::to_string(view.length) + "x" +
                                              std::to_string(view.inner);
                    quantize_options options;
                    options.rounding = mode.mode;
                    options.random_bits = 9;
                    options.random = random_source{.seed = 5};
                    if (view.outer == 3 && !is_stochastic(mode.mode)) options.scale_rounding = mode.mode;
                    std::vector<std::uint64_t> cpu_codes(x.size()), codes(x.size());
                    scale_planes cpu_scales, scales;
                    const quantize_report cpu =
                        halfulp::quantize(std::span<const T>(x), view, s, std::span(cpu_codes), cpu_scales, options);
                    const device_report device = on::quantize(machine_, x, view, s, codes, scales, options);
                    compare<std::uint64_t>(quantized, codes, cpu_codes, where);
                    for (std::size_t level = 0; level < cpu_scales.size(); ++level)
                        compare<std::uint64_t>(quantized, scales[level], cpu_scales[level],
                                               where + " scales " + std::to_string(level));
                    quantized.add(
                        device.report.saturated == cpu.saturated && device.report.zero_scales == cpu.zero_scales,
                        [&] { return where + ": the counts of saturated elements or zero scales"; });
                    std::vector<T> cpu_values(x.size()), values(x.size());
                    halfulp::dequantize(std::span<const std::uint64_t>(cpu_codes), view, s, cpu_scales,
                                        std::span(cpu_values));
                    on::dequantize(machine_, cpu_codes, view, s, cpu_scales, values);
                    compare<T>(dequantized, values, cpu_values, where);
                    if (!holds(carrier_traits<T>::format, s.element)) continue;
                    halfulp::fake_quantize(std::span<const T>(x), view, s, std::span(cpu_values), options);
                    on::fake_quantize(machine_, x, view, s, values, options);
                    compare<T>(faked, values, cpu_values, where);
                }
            }
        }
        end(quantized);
        end(faked);
        end(dequantized);
    }

    void run_forms() {
        for (std::size_t i = 0; i < cvt_rows.size(); ++i) {
            const auto form = static_cast<cvt_form>(i);
            against_cpu(form);
            sweep(form, size_.patterns, row_of(form).ptx, [](std::uint64_t index) {
                return "operands " + hex(index) + ", " + hex(second_pattern(static_cast<std::uint32_t>(index)));
            });
        }
        for (std::size_t i = 0; i < decode_rows.size(); ++i) {
            const auto form = static_cast<decode_form>(i);
            sweep(form, std::uint64_t{1} << (2 * row_of(form).lane_bits), row_of(form).ptx,
                  [](std::uint64_t index) { return "codes " + hex(index); });
        }
        for (std::size_t i = 0; i < rs_rows.size(); ++i) {
            const auto form = static_cast<rs_form>(i);
            sweep(form, size_.rs_cases, row_of(form).ptx, [&](std::uint64_t index) {
                const rs_case c = rs_case_at(index);
                std::string out = "rbits " + hex(c.rbits) + ", lanes from 0:";
                for (int lane = 0; lane < row_of(form).lanes; ++lane) out += " " + hex(to_bits(c.x.lane[lane]));
                return out;
            });
            probe(form);
        }
    }

    /// The form (instruction or twin, as the device has it) against the CPU's encode.
    void against_cpu(cvt_form form) {
        const cvt_row& row = row_of(form);
        comparison c = begin(std::string(row.ptx), "CPU");
        std::vector<float> x = sample_values<float>(row.to, 16 * size_.elements, 13);
        if (x.size() % 2 != 0) x.push_back(0);
        const std::vector<std::uint32_t> packed = hardware_on<Machine>::convert(machine_, form, x);
        const projection how = satfinite(row.to, row.rounding);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const auto lane = static_cast<int>(i % 2);
            const std::uint64_t got = packed[i / 2] >> (lane * row.lane_bits) & low_ones(row.lane_bits);
            const std::uint64_t want =
                binary32_format.is_nan(to_bits(x[i])) ? canonical_nan(row.to) : halfulp::encode(x[i], row.to, how);
            c.add(got == want,
                  [&] { return "operand " + hex(to_bits(x[i])) + ": device " + hex(got) + ", CPU " + hex(want); });
        }
        end(c);
    }

    /// The form against its twin, both on the device.
    template <class Form, class Describe>
    void sweep(Form form, std::uint64_t cases, std::string_view ptx, const Describe& describe) {
        comparison c = begin(std::string(ptx), "its twin on the device");
        bool instruction = false;
        for (std::uint64_t first = 0; first < cases; first += size_.sweep_piece) {
            const std::uint64_t last = std::min(cases, first + size_.sweep_piece);
            const sweep_result result = hardware_on<Machine>::sweep(machine_, form, first, last);
            if (c.differences == 0 && result.differences != 0) c.first = describe(result.first);
            c.compared += last - first;
            c.differences += result.differences;
            instruction = result.instructions != 0;
            if (!instruction && result.differences == 0) break;  // the twin against itself says nothing more
            if (last < cases) progress_(std::string(ptx) + ": " + std::to_string(last * 100 / cases) + " %");
        }
        if (!instruction) {
            c.what += " (no such instruction here)";
            c.compared = 0;
        }
        end(c);
    }

    static std::string written(const random_lane& lane) {
        std::string out = std::to_string(lane.count) + " bits:";
        for (std::size_t i = 0; i < lane.count; ++i) out += " " + std::to_string(lane.from[i]);
        return out;
    }

    void probe(rs_form form) {
        const rs_row& row = row_of(form);
        constexpr std::array<const char*, 3> known{"documented", "measured by others", "inferred"};
        for (int lane = 0; lane < row.lanes; ++lane) {
            const probed_lane found = probe_random_bits(machine_, form, lane);
            lanes.push_back({std::string(row.ptx), lane, known[static_cast<std::size_t>(row.known)],
                             written(row.random[static_cast<std::size_t>(lane)]),
                             found.ambiguous ? "ambiguous" : written(found.lane)});
        }
    }

    Machine& machine_;
    validation_size size_;
    progress_function progress_;
};

}  // namespace halfulp::cuda
