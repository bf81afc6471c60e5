// A formula turned into steps over columns of runs, with its gradient by reverse accumulation (Griewank and Walther 2008,
// chapter 3). Steps that no parameter reaches are done once, when the table is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "halfulp/kernels/elementary.hpp"
#include "halfulp/scaling/formula.hpp"
#include "kernels/columns.hpp"

namespace halfulp::detail {

/// Columns of a table, a number (or the number of a label) for each run.
struct tape_columns {
    std::map<std::string, std::vector<double>> numbers;
    std::map<std::string, std::vector<std::uint32_t>> labels;
};

/// Where a parameter's numbers stand among all: at `first`, or at first + the label's number.
struct tape_parameter {
    std::size_t first = 0;
    std::size_t count = 1;
    bool positive = false;
};

/// What a tape's columns hold, for some runs: gathered once where a fit leaves runs out.
struct tape_rows {
    std::size_t size = 0;
    std::vector<std::vector<double>> constants;
    std::vector<std::vector<std::uint32_t>> labels;

    /// The last run again and again, so that columns end where a kernel's step does.
    void fill_up();
};

class tape {
  public:
    /// parameters: by name; every other name is a column. The root may be a number for each run or one for all.
    tape(const formula& f, const tape_columns& columns, const std::map<std::string, tape_parameter>& parameters,
         std::size_t runs);

    /// All runs of the table, or those of these places.
    [[nodiscard]] const tape_rows& all_rows() const noexcept { return rows_; }
    [[nodiscard]] tape_rows rows_of(std::span<const std::size_t> places) const;

    static constexpr std::size_t block = 256;  ///< runs at a time: values and adjoints of a law stay in the first cache

    /// A thread's memory.
    class workspace {
        friend class tape;
        std::vector<double> scalars, scalar_adjoints, vectors, vector_adjoints, parameter_adjoints, spare;
        std::vector<const double*> adjoints;  ///< where a vector's is; null where nothing has been passed on to it
    };
    [[nodiscard]] workspace make_workspace() const;

    /// One pass forward and, where wanted, back over blocks of rows. natural: every parameter's number; logs: their logarithms
    /// (read for positive ones alone). seed(first, count, prediction, adjoint) is called for each block: it reads `count`
    /// predictions and writes the derivative of the sought sum with respect to each. gradient: with respect to log p for
    /// positive parameters, to p for others; added to. Empty: no pass back.
    template <class Seed>
    void run(const tape_rows& rows, std::span<const double> natural, std::span<const double> logs, workspace& work,
             std::span<double> gradient, const Seed& seed) const {
        start(natural, logs, work, !gradient.empty());
        double* const adjoint = work.spare.data() + block;
        for (std::size_t first = 0; first < rows.size; first += block) {
            const std::size_t count = rows.size - first < block ? rows.size - first : block;
            seed(first, count, forward(rows, first, count, natural, logs, work), adjoint);
            if (!gradient.empty()) backward(rows, first, count, natural, work, adjoint);
        }
        if (!gradient.empty()) finish(natural, work, gradient);
    }

  private:
    enum class kind : std::uint8_t { number, scalar, constant, vector };  ///< scalar and vector depend on parameters
    enum class op : std::uint8_t {
        add,
        subtract,
        multiply,
        divide,
        negate,
        exp,
        log,
        sqrt,
        tanh,
        power,  // power: by a number that is no parameter's
        parameter,
        log_parameter,
        gather,
        gather_log
    };
    struct slot {
        kind what = kind::number;
        std::size_t place = 0;  ///< in its kind's memory
        double number = 0;
        bool positive = false;  ///< greater than 0 for every run, whatever the parameters
    };
    struct step {
        op what = op::add;
        std::size_t out = 0, a = 0, b = 0;
    };

    struct builder;

    /// What a slot holds for one run after another from `first` on; null where it is one number, which number_of() has.
    const double* column_of(const tape_rows& rows, std::size_t first, const workspace& work, std::size_t s) const;
    double number_of(const workspace& work, std::size_t s) const;
    void start(std::span<const double> natural, std::span<const double> logs, workspace& work, bool back) const;
    const double* forward(const tape_rows& rows, std::size_t first, std::size_t count, std::span<const double> natural,
                          std::span<const double> logs, workspace& work) const;
    void backward(const tape_rows& rows, std::size_t first, std::size_t count, std::span<const double> natural,
                  workspace& work, double* seed) const;
    void finish(std::span<const double> natural, workspace& work, std::span<double> gradient) const;

    elementary_functions functions_;
    const simd::column_kernels* columns_;
    std::vector<slot> slots_;
    std::vector<step> scalar_steps_, vector_steps_;  ///< each in the order of a pass forward
    std::vector<tape_parameter> parameters_;
    std::size_t numbers_ = 0;  ///< parameters' numbers in all
    std::size_t scalars_ = 0, vectors_ = 0;
    std::size_t root_ = 0;
    tape_rows rows_;
};

}  // namespace halfulp::detail
