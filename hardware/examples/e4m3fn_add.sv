// y = a + b, all E4M3FN, nearest even. The exact sum is formed in fixed point, in steps of the smallest subnormal number, 2^-9.
module e4m3fn_add #(
    parameter bit PLANTED_FAULT = 0
) (
    input  logic [7:0] a,
    input  logic [7:0] b,
    output logic [7:0] y
);
  logic [18:0] a_steps, b_steps, magnitude;
  logic negative;
  logic [7:0] rounded;

  assign a_steps = {15'd0, a[6:3] != 0, a[2:0]} << (a[6:3] == 0 ? 4'd0 : a[6:3] - 4'd1);
  assign b_steps = {15'd0, b[6:3] != 0, b[2:0]} << (b[6:3] == 0 ? 4'd0 : b[6:3] - 4'd1);

  always_comb begin
    if (a[7] == b[7]) begin
      magnitude = a_steps + b_steps;
      negative  = a[7];
    end else if (a_steps >= b_steps) begin
      magnitude = a_steps - b_steps;
      negative  = a[7] && magnitude != 0;  // a zero of operands of opposite signs is +0
    end else begin
      magnitude = b_steps - a_steps;
      negative  = b[7];
    end
  end

  e4m3fn_round #(
      .PLANTED_FAULT(PLANTED_FAULT)
  ) round (
      .negative(negative),
      .significand(magnitude),
      .exponent(-8'sd9),
      .code(rounded)
  );

  assign y = a[6:0] == 7'h7F || b[6:0] == 7'h7F ? 8'h7F : rounded;
endmodule
