"""Writes tests/vectors/arithmetic/posits.txt: python softposit_arithmetic.py OUTPUT

Records SoftPosit through softposit 0.3.4.4 (posit8_0, posit16_1, posit32_2) and Universal through universal_dtypes
2.5.1 (posit8_2, posit16_2, posit32_2). All pairs of 8 bits as SHA-256 and a sample; wider ones as samples from a fixed
seed.
"""

import hashlib
import random
import sys
from pathlib import Path

import numpy as np
import softposit
import universal_dtypes
from common import write

BINARY = ("add", "sub", "mul", "div")
COUNT = 150


def softposit_call(prefix, op, codes):
    make = getattr(softposit, {"p8": "posit8_t", "p16": "posit16_t", "p32": "posit32_t"}[prefix])
    given = []
    for code in codes:
        posit = make()
        posit.v = code
        given.append(posit)
    return int(getattr(softposit, f"{prefix}_{op}")(*given).v)


def universal_call(bits, op, codes):
    dtype = np.dtype(getattr(universal_dtypes, f"posit{bits}"))
    unsigned = np.dtype(f"u{bits // 8}")
    given = [np.array([c], dtype=unsigned).view(dtype) for c in codes]
    compute = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}[op]
    return int(compute(*given).view(unsigned)[0])


def universal_table(op):
    """All pairs of posit8_2 at once."""
    codes = np.arange(256, dtype=np.uint8)
    a, b = (x.reshape(-1) for x in np.meshgrid(codes, codes, indexing="ij"))
    dtype = np.dtype(universal_dtypes.posit8)
    compute = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}[op]
    with np.errstate(all="ignore"):
        return compute(a.view(dtype), b.view(dtype)).view(np.uint8).tobytes()


def tables():
    """(peer, format, operation, results of all pairs of codes with the first operand outermost)."""
    for op in BINARY:
        pairs = ((a, b) for a in range(256) for b in range(256))
        yield "softposit", "posit8_0", op, bytes(softposit_call("p8", op, pair) for pair in pairs)
    for op in BINARY:
        yield "universal", "posit8_2", op, universal_table(op)


def draw(bits, rng):
    if rng.getrandbits(3) == 0:
        top = 1 << (bits - 1)
        return [0, 1, top - 1, top, top + 1, (1 << bits) - 1, top >> 1, top + (top >> 1)][rng.getrandbits(3)]
    return rng.getrandbits(bits)


def samples():
    rng = random.Random("posits")
    rows = [("softposit", "posit8_0", "p8", 8), ("softposit", "posit16_1", "p16", 16)]
    rows += [("softposit", "posit32_2", "p32", 32)]
    for peer, name, prefix, bits in rows:
        for op, theirs, count in (
            *((op, op, 2) for op in BINARY),
            ("sqrt", "sqrt", 1),
            ("round_to_integral", "roundToInt", 1),
            ("fma", "mulAdd", 3),
        ):
            met = {tuple(draw(bits, rng) for _ in range(count)) for _ in range(COUNT)}
            for codes in sorted(met):
                yield peer, name, op, bits, codes, softposit_call(prefix, theirs, codes)
    for name, bits in (("posit16_2", 16), ("posit32_2", 32)):
        for op in BINARY:
            met = {tuple(draw(bits, rng) for _ in range(2)) for _ in range(COUNT)}
            for codes in sorted(met):
                yield "universal", name, op, bits, codes, universal_call(bits, op, codes)


def main(output):
    lines = []
    for peer, name, op, results in tables():
        assert len(results) == 65536
        lines.append(f"all {peer} {name} {op} {hashlib.sha256(results).hexdigest()}")
    for peer, name, op, bits, codes, result in samples():
        digits = bits // 4
        given = " ".join(f"{c:0{digits}x}" for c in codes)
        lines.append(f"{peer} {name} {op} {given} : {result:0{digits}x}")
    comments = [
        "Posit arithmetic of SoftPosit (softposit 0.3.4.4, CC0-1.0) and Universal (universal_dtypes 2.5.1, MIT), "
        "recorded by tools/make_vectors/softposit_arithmetic.py.",
        "all PEER FORMAT OPERATION SHA256: of the result codes of all 65536 pairs, one byte each, the first operand "
        "outermost.",
        "PEER FORMAT OPERATION OPERANDS : RESULT, codes in hexadecimal.",
    ]
    write(Path(output) / "posits.txt", comments, lines)
    print(len(lines), "rows")


if __name__ == "__main__":
    main(sys.argv[1])
