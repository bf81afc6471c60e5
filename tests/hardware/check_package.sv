// What hardware/halfulp_pkg.sv promises. +package: one line for each answer, which check_verilator.cmake compares. +wrong=...: something
// that is refused. Otherwise it is the check of the example units.
module check_package;
  import halfulp_pkg::*;

  check_e4m3fn units ();

  task automatic answers();
    operation op;
    dot_product dot;
    number_format f;
    longint unsigned result;

    f = new("binary16");
    $display("binary16 has %0d bits, c000 is %g", f.bits(), f.decode(64'hC000));
    f.close();

    // 1.125 * 1.5 + 2^-24 in binary16: 1.6875 and something, up.
    op = new("fma", "e4m3fn", "", "binary32", "binary16", TOWARD_POSITIVE);
    result = op.calculate(64'h39, 64'h3C, 64'h33800000);
    $display("fma: %h, flags %h", 16'(result), op.flags);
    op.close();

    // 17 / 16 lies half way from 1 to 1.125: with one random bit it goes up for R = 1.
    op = new("convert", "binary32", "", "", "e4m3fn", STOCHASTIC_A, OVERFLOW_NATIVE, NAN_RAISE, FTZ_NONE, 1);
    result = op.calculate(64'h3F880000, 0, 0, 0);
    $display("stochastic: %h", 8'(result));
    result = op.calculate(64'h3F880000, 0, 0, 1);
    $display("stochastic: %h", 8'(result));
    op.close();

    op = new("mul", "e4m3fn", "", "", "", NEAREST_TIES_TO_EVEN, OVERFLOW_SAT_FINITE);
    result = op.calculate(64'h7E, 64'h7E);
    $display("saturated: %h, overflow %b", 8'(result), (op.flags & OVERFLOW) != 0);
    op.close();

    // A signed integer's code has its sign in all bits: -5.
    op = new("sub", "int8");
    result = op.calculate(64'h03, 64'h08);
    $display("int8: %0d", $signed(result));
    op.close();

    op = new("add", "binary16", "", "", "", NEAREST_TIES_TO_EVEN, OVERFLOW_NATIVE, NAN_RAISE, FTZ_NONE, 32, 0,
             TININESS_AFTER, NAN_RULE_X86);
    result = op.calculate(64'h7C00, 64'hFC00);
    $display("x86: %h, flags %h", 16'(result), op.flags);
    op.close();

    // 448 * 448 + 1 - 448 * 448: an exact sum keeps the 1, binary16's own is far too coarse to.
    dot = new("exact", "e4m3fn", "e4m3fn", "binary16", "binary16");
    for (int round = 0; round < 2; round++) begin
      dot.push(64'h7E, 64'h7E);
      dot.push(64'h38, 64'h38);
      dot.push(64'hFE, 64'h7E);
      result = dot.finish();
      $display("exact: %h, flags %h", 16'(result), dot.flags);
    end
    dot.close();
    // Rounded and saturated step by step: 65504, 65504, 65504 - 200704.
    dot = new("fma", "e4m3fn", "e4m3fn", "binary16", "binary16", NEAREST_TIES_TO_EVEN, OVERFLOW_SAT_FINITE);
    dot.push(64'h7E, 64'h7E);
    dot.push(64'h38, 64'h38);
    dot.push(64'hFE, 64'h7E);
    result = dot.finish(64'h3C00);
    $display("fma: %h, flags %h", 16'(result), dot.flags);
    dot.close();
  endtask

  string wrong;
  operation op;
  dot_product dot;
  number_format f;
  longint unsigned result;

  initial begin
    if ($test$plusargs("package")) begin
      answers();
      $finish;
    end
    if ($value$plusargs("wrong=%s", wrong)) begin
      if (wrong == "format") f = new("e4m3fm");
      if (wrong == "operation") op = new("times", "e4m3fn");
      if (wrong == "operand") op = new("add", "e4m3fn", "e9m9m9");
      if (wrong == "accumulator") dot = new("fp32", "e4m3fn", "e4m3fn", "binary16", "binary16");
      if (wrong == "unit") dot = new("h100_fp16", "e4m3fn", "binary16", "binary32", "binary32");
      if (wrong == "code") begin
        op = new("add", "e4m3fn");
        result = op.calculate(64'h100, 64'h00);
      end
      if (wrong == "closed") begin
        op = new("add", "e4m3fn");
        op.close();
        result = op.calculate(64'h00, 64'h00);
      end
      if (wrong == "factor") begin
        dot = new("exact", "e4m3fn", "e4m3fn", "binary16", "binary16");
        dot.push(64'h100, 64'h00);
      end
      $display("nothing was refused: %h", result);
      $finish;
    end
  end
endmodule
