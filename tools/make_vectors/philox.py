"""Philox4x32 in plain Python and the vectors of tests/vectors/random: python philox.py OUTPUT [KAT_VECTORS]

KAT_VECTORS is tests/kat_vectors of the public repository DEShawResearch/random123; its philox4x32 lines are
compared with this implementation.
"""

import sys
from pathlib import Path

from common import write

MASK = 0xFFFFFFFF


def philox4x32(counter, key, rounds=10):
    c = list(counter)
    k0, k1 = key
    for r in range(rounds):
        if r:
            k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k0, b & MASK, (a >> 32) ^ c[3] ^ k1, a & MASK]
    return c


def word(seed, stream, r, i):
    """The 32-bit word of element i: section 3 of the design contract."""
    block, lane = divmod(i, 4)
    counter = (block & MASK, block >> 32, stream, r)
    return philox4x32(counter, (seed & MASK, seed >> 32))[lane]


PI = ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0))
ONES = ((MASK,) * 4, (MASK,) * 2)
ZERO = ((0,) * 4, (0,) * 2)
KNOWN = {  # Random123's published answers
    (10, ZERO): "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    (10, ONES): "408f276d 41c83b0e a20bc7c6 6d5451fd",
    (10, PI): "d16cfe09 94fdcceb 5001e420 24126ea1",
    (7, ZERO): "5f6fb709 0d893f64 4f121f81 4f730a48",
}
OWN = [(10, ((1, 0, 0, 0), (0x2A, 0))), (10, ((0, 0, 0, 0), (0x2A, 0)))]


def main(output, kat=None):
    def hexes(words):
        return " ".join(f"{w:08x}" for w in words)

    def words(seed, stream, r, first):
        six = hexes(word(seed, stream, r, first + j) for j in range(6))
        return f"words {seed:016x} {stream:08x} {r:08x} {first:x} : {six}"

    for (rounds, (counter, key)), answer in KNOWN.items():
        assert hexes(philox4x32(counter, key, rounds)) == answer
    checked = 0
    if kat:
        for line in Path(kat).read_text().splitlines():
            fields = line.split()
            if fields and fields[0] == "philox4x32":
                numbers = [int(f, 16) for f in fields[2:]]
                assert philox4x32(numbers[:4], numbers[4:6], int(fields[1])) == numbers[6:], line
                checked += 1
        assert checked
    lines = [f"block {n} : {hexes(c)} : {hexes(k)} : {answer}" for (n, (c, k)), answer in KNOWN.items()]
    lines += [f"block {n} : {hexes(c)} : {hexes(k)} : {hexes(philox4x32(c, k, n))}" for n, (c, k) in OWN]
    for seed in (0, 1, 42, 0xFFFFFFFF, 1 << 32, 0x0123456789ABCDEF, (1 << 64) - 1):
        for stream in (0, 1, 0xFFFFFFFF):
            for r in (0, 1, 2, 1 << 31, (1 << 31) + 1):
                for first in (0, 2, 1 << 20):
                    if r > 1 and first:
                        continue
                    lines.append(words(seed, stream, r, first))
    # where the element index crosses 2^32 and 2^34 (the counter's second word), and its largest value
    for first in ((1 << 32) - 3, (1 << 34) - 3, (1 << 34) + 1, (1 << 63) - 6, (1 << 64) - 6):
        for seed, stream, r in ((42, 0, 0), (0x0123456789ABCDEF, 7, 1)):
            lines.append(words(seed, stream, r, first))
    reproduced = checked or "(not run)"
    comments = [
        "Philox4x32-10 (Salmon et al., SC 2011). The first four blocks are published known answers "
        "of Random123 (DEShawResearch/random123 at 9545ff6, tests/kat_vectors, BSD-3-Clause); the rest was "
        "computed by the plain Python of tools/make_vectors/philox.py, which reproduces all "
        f"{reproduced} philox4x32 lines of that file.",
        "block ROUNDS : COUNTER (4 words) : KEY (2 words) : OUTPUT (4 words), words in hexadecimal, lowest "
        "index first.",
        "words SEED STREAM R FIRST : the 32-bit words of elements FIRST, FIRST+1, ... (six), hexadecimal. "
        "Element i is word i mod 4 of the block with counter (lo32(i div 4), hi32(i div 4), STREAM, R) and "
        "key (lo32(SEED), hi32(SEED)).",
        "N random bits are a word's top N.",
    ]
    write(Path(output) / "philox4x32_10.txt", comments, lines)
    print(len(lines), "lines; Random123 lines checked:", checked)


if __name__ == "__main__":
    main(*sys.argv[1:])
