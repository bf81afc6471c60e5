// halfulp in a simulator: correctly rounded results for a testbench to compare with, over the C library halfulp_c by DPI
// (IEEE 1800-2017, clause 35). Codes are longint unsigned with the format's code in the low bits; results of signed integer formats
// have their sign in all 64 bits. What operations, modes and policies mean: docs/contract.md, section 2; names: halfulp.h.
//
// A wrong argument ends the simulation by $fatal with a text that says what is allowed. Each object frees its memory in close().
package halfulp_pkg;

  typedef enum int {
    NEAREST_TIES_TO_EVEN,
    NEAREST_TIES_TO_AWAY,
    NEAREST_TIES_TO_ZERO,
    NEAREST_TIES_TO_ODD,
    NEAREST_TIES_UP,
    NEAREST_TIES_DOWN,
    TOWARD_ZERO,
    AWAY_FROM_ZERO,
    TOWARD_POSITIVE,
    TOWARD_NEGATIVE,
    TO_ODD,
    STOCHASTIC_A,
    STOCHASTIC_B,
    STOCHASTIC_C,
    STOCHASTIC_EQUAL
  } rounding_e;

  typedef enum int {
    OVERFLOW_NATIVE,
    OVERFLOW_SAT_FINITE,
    OVERFLOW_SAT_PROPAGATE,
    OVERFLOW_SAT_NONE,
    OVERFLOW_TO_NAN,
    OVERFLOW_WRAP
  } overflow_e;

  typedef enum int {NAN_RAISE, NAN_TO_MAX, NAN_TO_ZERO} nan_e;
  typedef enum int {FTZ_NONE, FTZ_BEFORE, FTZ_AFTER} ftz_e;
  typedef enum int {TININESS_AFTER, TININESS_BEFORE} tininess_e;
  typedef enum int {NAN_RULE_CANONICAL, NAN_RULE_X86, NAN_RULE_ARM} nan_rule_e;

  // Flags, in the places of RISC-V's fflags.
  localparam bit [7:0] INEXACT = 1;
  localparam bit [7:0] UNDERFLOW = 2;
  localparam bit [7:0] OVERFLOW = 4;
  localparam bit [7:0] DIVIDE_BY_ZERO = 8;
  localparam bit [7:0] INVALID = 16;

  import "DPI-C" function chandle halfulp_dpi_format(input string name);
  import "DPI-C" function void halfulp_dpi_format_free(input chandle handle);
  import "DPI-C" function string halfulp_dpi_format_message(input chandle handle);
  import "DPI-C" function int halfulp_dpi_format_bits(input chandle handle);
  import "DPI-C" function int halfulp_dpi_decode(input chandle handle, input longint unsigned code, output real value);

  import "DPI-C" function chandle halfulp_dpi_operation(
    input string operation, input string a, input string b, input string c, input string result, input int rounding,
    input int overflow, input int nan, input int ftz, input int random_bits, input int daz, input int tininess,
    input int nan_rule);
  import "DPI-C" function void halfulp_dpi_operation_free(input chandle handle);
  import "DPI-C" function string halfulp_dpi_operation_message(input chandle handle);
  import "DPI-C" function int halfulp_dpi_calculate(
    input chandle handle, input longint unsigned a, input longint unsigned b, input longint unsigned c,
    input int unsigned random, output longint unsigned result, output byte unsigned flags);

  import "DPI-C" function chandle halfulp_dpi_dot(
    input string accumulator, input string a, input string b, input string c, input string result, input int rounding,
    input int overflow, input int nan, input int ftz);
  import "DPI-C" function void halfulp_dpi_dot_free(input chandle handle);
  import "DPI-C" function string halfulp_dpi_dot_message(input chandle handle);
  import "DPI-C" function int halfulp_dpi_dot_push(
    input chandle handle, input longint unsigned a, input longint unsigned b);
  import "DPI-C" function int halfulp_dpi_dot_finish(
    input chandle handle, input longint unsigned c, output longint unsigned result, output byte unsigned flags);

  // A format: its width, and the values of codes for people to read.
  class number_format;
    local chandle handle;

    function new(string name);
      handle = halfulp_dpi_format(name);
      if (handle == null) $fatal(1, "halfulp: out of memory");
      if (halfulp_dpi_format_message(handle) != "") $fatal(1, "halfulp: %s", halfulp_dpi_format_message(handle));
    endfunction

    function int bits();
      return halfulp_dpi_format_bits(handle);
    endfunction

    // To nearest even where a real does not hold it.
    function real decode(longint unsigned code);
      real value;
      if (halfulp_dpi_decode(handle, code, value) != 0) $fatal(1, "halfulp: %s", halfulp_dpi_format_message(handle));
      return value;
    endfunction

    function void close();
      halfulp_dpi_format_free(handle);
      handle = null;
    endfunction
  endclass

  // An operation by its name ("add", "mul", "fma", "convert" ...) on codes of the formats a, b and c. Where b, c or result is "", it
  // is a's format.
  class operation;
    local chandle handle;
    byte unsigned flags;  // of the last result

    function new(string name, string a, string b = "", string c = "", string result = "",
                 rounding_e rounding = NEAREST_TIES_TO_EVEN, overflow_e overflow = OVERFLOW_NATIVE,
                 nan_e nan = NAN_RAISE, ftz_e ftz = FTZ_NONE, int random_bits = 32, int daz = 0,
                 tininess_e tininess = TININESS_AFTER, nan_rule_e nan_rule = NAN_RULE_CANONICAL);
      handle = halfulp_dpi_operation(name, a, b == "" ? a : b, c == "" ? a : c, result == "" ? a : result,
                                     int'(rounding), int'(overflow), int'(nan), int'(ftz), random_bits, daz,
                                     int'(tininess), int'(nan_rule));
      if (handle == null) $fatal(1, "halfulp: out of memory");
      if (halfulp_dpi_operation_message(handle) != "")
        $fatal(1, "halfulp: %s", halfulp_dpi_operation_message(handle));
    endfunction

    // random: R of stochastic modes, below 2^random_bits.
    function longint unsigned calculate(longint unsigned a, longint unsigned b = 0, longint unsigned c = 0,
                                        int unsigned random = 0);
      longint unsigned result;
      if (halfulp_dpi_calculate(handle, a, b, c, random, result, flags) != 0)
        $fatal(1, "halfulp: %s", halfulp_dpi_operation_message(handle));
      return result;
    endfunction

    function void close();
      halfulp_dpi_operation_free(handle);
      handle = null;
    endfunction
  endclass

  // c + the sum of a[k] * b[k] by a named accumulator ("exact", "sequential", "fma", "pairwise", "blocked_8", "h100_fp16" ...): push
  // the factors in order, then finish.
  class dot_product;
    local chandle handle;
    byte unsigned flags;  // of the last result

    function new(string accumulator, string a, string b, string c, string result,
                 rounding_e rounding = NEAREST_TIES_TO_EVEN, overflow_e overflow = OVERFLOW_NATIVE,
                 nan_e nan = NAN_RAISE, ftz_e ftz = FTZ_NONE);
      handle = halfulp_dpi_dot(accumulator, a, b, c, result, int'(rounding), int'(overflow), int'(nan), int'(ftz));
      if (handle == null) $fatal(1, "halfulp: out of memory");
      if (halfulp_dpi_dot_message(handle) != "") $fatal(1, "halfulp: %s", halfulp_dpi_dot_message(handle));
    endfunction

    function void push(longint unsigned a, longint unsigned b);
      if (halfulp_dpi_dot_push(handle, a, b) != 0) $fatal(1, "halfulp: %s", halfulp_dpi_dot_message(handle));
    endfunction

    function longint unsigned finish(longint unsigned c = 0);
      longint unsigned result;
      if (halfulp_dpi_dot_finish(handle, c, result, flags) != 0)
        $fatal(1, "halfulp: %s", halfulp_dpi_dot_message(handle));
      return result;
    endfunction

    function void close();
      halfulp_dpi_dot_free(handle);
      handle = null;
    endfunction
  endclass

endpackage
