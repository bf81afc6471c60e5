// y = a * b, all E4M3FN, nearest even.
module e4m3fn_multiply #(
    parameter bit PLANTED_FAULT = 0
) (
    input  logic [7:0] a,
    input  logic [7:0] b,
    output logic [7:0] y
);
  // A number is significand * 2^(exponent - 10): the exponent field, 1 for subnormals, less the bias 7 and three fraction bits.
  logic [3:0] a_exponent, b_exponent, a_significand, b_significand;
  logic [7:0] product, rounded;
  logic signed [7:0] exponent;

  assign a_significand = {a[6:3] != 0, a[2:0]};
  assign b_significand = {b[6:3] != 0, b[2:0]};
  assign a_exponent = a[6:3] == 0 ? 4'd1 : a[6:3];
  assign b_exponent = b[6:3] == 0 ? 4'd1 : b[6:3];
  assign product = a_significand * b_significand;
  assign exponent = $signed({4'd0, a_exponent}) + $signed({4'd0, b_exponent}) - 8'sd20;

  e4m3fn_round #(
      .PLANTED_FAULT(PLANTED_FAULT)
  ) round (
      .negative(a[7] ^ b[7]),
      .significand({11'd0, product}),
      .exponent(exponent),
      .code(rounded)
  );

  assign y = a[6:0] == 7'h7F || b[6:0] == 7'h7F ? 8'h7F : rounded;
endmodule
