// Every pair of codes through one of four units, against halfulp: +unit=multiply, add, multiply_planted or add_planted.
module check_e4m3fn;
  import halfulp_pkg::*;

  logic [7:0] a, b, y;
  logic [7:0] product, sum, planted_product, planted_sum;

  e4m3fn_multiply multiply (.a(a), .b(b), .y(product));
  e4m3fn_add add (.a(a), .b(b), .y(sum));
  e4m3fn_multiply #(.PLANTED_FAULT(1)) multiply_planted (.a(a), .b(b), .y(planted_product));
  e4m3fn_add #(.PLANTED_FAULT(1)) add_planted (.a(a), .b(b), .y(planted_sum));

  string unit;
  operation oracle;
  number_format values;
  int wrong;
  logic [7:0] right;

  initial begin
    if (!$value$plusargs("unit=%s", unit)) unit = "multiply";
    values = new("e4m3fn");
    if (unit == "multiply" || unit == "multiply_planted") oracle = new("mul", "e4m3fn");
    else if (unit == "add" || unit == "add_planted") oracle = new("add", "e4m3fn");
    else $fatal(1, "unit is '%s', allowed: multiply, add, multiply_planted, add_planted", unit);

    wrong = 0;
    for (int pair = 0; pair < 65536; pair++) begin
      a = pair[15:8];
      b = pair[7:0];
      #1;
      if (unit == "multiply") y = product;
      else if (unit == "add") y = sum;
      else if (unit == "multiply_planted") y = planted_product;
      else y = planted_sum;
      right = 8'(oracle.calculate({56'd0, a}, {56'd0, b}));
      if (y !== right) begin
        if (wrong == 0)
          $display("%s: first mismatch: a = %h (%g), b = %h (%g): the unit says %h (%g), right is %h (%g), flags %h",
                   unit, a, values.decode({56'd0, a}), b, values.decode({56'd0, b}), y, values.decode({56'd0, y}),
                   right, values.decode({56'd0, right}), oracle.flags);
        wrong++;
      end
    end

    oracle.close();
    values.close();
    if (wrong != 0) $fatal(1, "%s: %0d of 65536 pairs are wrong", unit, wrong);
    $display("%s: all 65536 pairs are right", unit);
    $finish;
  end
endmodule
