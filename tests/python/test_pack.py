"""pack and unpack against a bit string written out in Python: dense, little-endian bit order, low nibble first."""

from __future__ import annotations

import halfulp as hu
import numpy as np
import pytest

RNG = np.random.default_rng(64)
COUNTS = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 130]


def by_bit_string(codes: list[int], bits: int) -> list[int]:
    string = "".join(format(code, f"0{bits}b")[::-1] for code in codes)  # the lowest bit of the first code comes first
    string += "0" * (-len(string) % 8)
    return [int(string[i : i + 8][::-1], 2) for i in range(0, len(string), 8)]


def random_codes(count: int, bits: int) -> list[int]:
    edges = [0, 1, 2**bits - 1, 2 ** (bits - 1)]
    drawn = [int(w) >> (64 - bits) for w in RNG.integers(0, 2**64, size=count, dtype=np.uint64)]
    return [edges[int(RNG.integers(4))] if RNG.random() < 0.2 else code for code in drawn]


def smallest_dtype(bits: int) -> type[np.unsignedinteger]:
    return np.uint8 if bits <= 8 else np.uint16 if bits <= 16 else np.uint32 if bits <= 32 else np.uint64


@pytest.mark.parametrize("bits", range(1, 65))
def test_pack_writes_the_bit_string_and_unpack_reads_it_back(bits: int) -> None:
    for count in COUNTS:
        codes = random_codes(count, bits)
        packed = hu.pack(np.array(codes, dtype=np.uint64), bits)
        assert packed.dtype == np.uint8
        assert packed.tolist() == by_bit_string(codes, bits)
        got = hu.unpack(packed, bits, count)
        assert got.dtype == smallest_dtype(bits)
        assert got.tolist() == codes


@pytest.mark.parametrize("bits", range(1, 65))
def test_unpack_takes_any_count_that_the_bytes_hold_and_ignores_what_follows(bits: int) -> None:
    codes = random_codes(40, bits)
    packed = hu.pack(np.array(codes, dtype=np.uint64), bits)
    noisy = np.concatenate([packed, RNG.integers(0, 256, size=5, dtype=np.uint64).astype(np.uint8)])
    for count in (0, 1, 5, 39, 40):
        assert hu.unpack(noisy, bits, count).tolist() == codes[:count]
        needed = -(-count * bits // 8)
        assert hu.unpack(noisy[:needed].copy(), bits, count).tolist() == codes[:count]
        if needed:
            with pytest.raises(ValueError, match=f"count is {count}, allowed"):
                hu.unpack(noisy[: needed - 1], bits, count)


@pytest.mark.parametrize(
    "dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.uint64, np.int64, ">u2", ">i8"]
)
@pytest.mark.parametrize("bits", [1, 3, 4, 7])
def test_the_integer_type_of_the_codes_does_not_matter(dtype: object, bits: int) -> None:
    codes = random_codes(37, bits)
    assert (
        hu.pack(np.array(codes).astype(dtype), bits).tolist()
        == hu.pack(codes, bits).tolist()
        == by_bit_string(codes, bits)
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.uint64])
def test_a_code_type_of_the_very_width_packs_all_its_codes(dtype: type[np.unsignedinteger]) -> None:
    bits = np.dtype(dtype).itemsize * 8
    codes = np.array(random_codes(21, bits), dtype=dtype)
    assert hu.pack(codes, bits).tobytes() == codes.astype(codes.dtype.newbyteorder("<")).tobytes()
    with_more = hu.pack(codes, min(64, bits + 5))
    assert with_more.tolist() == by_bit_string([int(c) for c in codes], min(64, bits + 5))


def test_arrays_are_packed_in_c_order_of_the_logical_array() -> None:
    codes = np.arange(12, dtype=np.uint8).reshape(3, 4)
    want = by_bit_string(list(range(12)), 5)
    padded = np.zeros((3, 8), np.uint8)
    padded[:, ::2] = codes
    reverse = np.ascontiguousarray(codes[::-1, ::-1])
    for other in (codes, np.asfortranarray(codes), padded[:, ::2], reverse[::-1, ::-1], codes.tolist()):
        assert hu.pack(other, 5).tolist() == want
    packed = np.array(want, np.uint8)
    for other in (packed, np.repeat(packed, 2)[::2], packed[::-1].copy()[::-1]):
        assert hu.unpack(other, 5, 12).tolist() == list(range(12))


def test_low_nibble_first() -> None:
    assert hu.pack([0x1, 0xA, 0xF], 4).tolist() == [0xA1, 0x0F]
    assert hu.unpack(np.array([0xA1, 0x0F], np.uint8), 4, 3).tolist() == [0x1, 0xA, 0xF]


@pytest.mark.parametrize("bits", [*range(1, 65, 3), 8, 16, 32])
def test_a_code_one_beyond_the_width_is_refused_at_its_place(bits: int) -> None:
    codes = random_codes(11, bits)
    if bits < 64:
        codes[9] = 2**bits
        with pytest.raises(ValueError, match=rf"codes\[9\] is {2**bits}, allowed: 0 to {2**bits - 1}"):
            hu.pack(np.array(codes, dtype=np.uint64), bits)


@pytest.mark.parametrize("name", ["e2m1fn", "e3m2fn", "e4m3fnu", "e4m3fn", "dlfloat16", "tf32", "e5m30"])
def test_codes_of_a_format_survive_packing(name: str) -> None:
    f = hu.format(name)
    codes = hu.encode(RNG.standard_normal((5, 7)) ** 2, f)
    packed = hu.pack(codes, f.bits)
    assert packed.size == -(-35 * f.bits // 8)
    again = hu.unpack(packed, f.bits, 35).reshape(5, 7)
    assert again.dtype == codes.dtype == f.code_dtype
    np.testing.assert_array_equal(again, codes)
