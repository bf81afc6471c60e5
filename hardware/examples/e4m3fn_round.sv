// The last step of both units: significand * 2^exponent to an E4M3FN code (OCP OFP8 v1.0), nearest even. What is too large becomes NaN,
// the format's own overflow.
//
// PLANTED_FAULT = 1 makes the mistake that the examples are to find: the sticky bit takes in one discarded bit instead of all.
module e4m3fn_round #(
    parameter bit PLANTED_FAULT = 0
) (
    input  logic               negative,
    input  logic        [18:0] significand,
    input  logic signed [ 7:0] exponent,
    output logic        [ 7:0] code
);
  localparam int MANTISSA_BITS = 3;
  localparam int EMIN = -6;  // of the smallest normal number
  localparam logic [6:0] NAN = 7'h7F;

  integer last_given;  // the exponent of the significand's last place
  integer top;  // that of its leading one
  integer last;  // that of the last place that is kept
  integer drop;  // how many places are not
  logic [4:0] kept;  // and the first bit that is not
  logic [18:0] below;  // what is discarded after that bit
  logic sticky, away;
  logic [9:0] magnitude;

  always_comb begin
    last_given = 32'(exponent);
    top = EMIN - 1;
    for (int i = 0; i < 19; i = i + 1) begin
      if (significand[i]) top = last_given + i;
    end
    last = (top < EMIN ? EMIN : top) - MANTISSA_BITS;
    drop = last - last_given;

    kept = drop <= 0 ? 5'(significand << (1 - drop)) : 5'(significand >> (drop - 1));
    below = drop < 2 ? 19'd0 : significand & ~(19'h7FFFF << (drop - 1));
    sticky = (PLANTED_FAULT ? below >> (drop - 2) : below) != 0;
    away = kept[0] && (sticky || kept[1]);

    // Subnormals have exponent field 0; above them the hidden one in `kept` adds the 1 by which the field is more than this.
    magnitude = 10'((last - (EMIN - MANTISSA_BITS)) * 8) + 10'(kept[4:1]) + 10'(away);
    code = magnitude < 10'(NAN) ? {negative, magnitude[6:0]} : {1'b0, NAN};
  end
endmodule
