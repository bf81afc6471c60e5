"""The rows of the table and of the picture: which cases stand together, and what a reader calls them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from speed.results import Duel, Floor
from speed.timing import quantile

# Groups of benchmark_floors and python_floors, in the order of the table.
LABELS = {
    "round": "round float32, every deterministic mode, saturating or not",
    "round_stochastic": "round float32, `stochastic_a`, Philox inside",
    "round_float64": "round float64, nearest even",
    "round_in_cache": "round float32, nearest even, 2^14 elements in the cache",
    "encode": "encode float32 → codes",
    "decode": "decode codes → float32",
    "fake_quantize": "fake_quantize MX formats, along rows",
    "fake_quantize_nvfp4": "fake_quantize NVFP4, along rows",
    "fake_quantize_generic": "fake_quantize element/length:scale, along rows",
    "fake_quantize_stochastic": "fake_quantize MXFP4, `stochastic_a`, along rows",
    "fake_quantize_across": "fake_quantize MX formats, along columns and middle axes",
    "fake_quantize_nvfp4_across": "fake_quantize NVFP4, along columns and middle axes",
    "fake_quantize_generic_across": "fake_quantize element/length:scale, along columns and middle axes",
    "fake_quantize_stochastic_across": "fake_quantize MXFP4, `stochastic_a`, along columns and middle axes",
    "quantize_packed": "quantize MXFP4 to packed codes",
    "pack": "pack codes of 1 to 6 bits",
    "unpack": "unpack codes of 1 to 6 bits",
    "encode_integers": "encode float32 → integers",
    "round_integers": "round float32 to integers",
    "quantize_integers": "quantize to INT4 and INT8 codes in groups",
    "quantize_packed_integers": "quantize to packed INT4 codes in groups",
    "fake_quantize_integers": "fake_quantize INT4 and INT8 in groups",
    "encode_table": "encode float32 → codes of ≤ 8 bits that are no floats",
    "round_table": "round float32 to formats of ≤ 8 bits that are no floats",
    "decode_table": "decode codes of ≤ 8 bits that are no floats",
    "quantize_table": "quantize to codebooks, powers of two, ternary, binary, posits",
    "quantize_packed_table": "the same to packed codes",
    "fake_quantize_table": "fake_quantize the same",
    "dequantize_table": "dequantize the same",
    "encode_posit": "encode float32 → posit16",
    "round_posit": "round float32 to posit16",
    "decode_posit": "decode posit16",
    "dequantize_packed": "dequantize packed codes",
    "complex quantize": "quantize complex64 to {±1, ±i}",
    "complex encode": "encode complex64 → {±1, ±i}",
    "complex dequantize": "dequantize {±1, ±i}",
    "product": "512³ products, every multiplication and addition rounded, nearest even: billions of roundings a second",
    "product_fused": "512³ products by fused multiply-adds, each rounded once, nearest even: billions a second",
    "product_directed": "512³ products, `toward_negative`: billions of roundings a second",
    "product_stochastic": "512³ products, `stochastic_a`: billions of roundings a second",
    "two_threads": "two threads",
    "python_round": "round float32 from Python, `out=`",
    "python_call": "one call from Python on 16 elements, `out=`",
}

BACKENDS = ("best", "avx512", "avx2", "sse2", "neon", "scalar")


@dataclass(frozen=True)
class PictureRow:
    """A row of the picture: floor groups, and the peers' operations that belong beside them."""

    label: str
    groups: tuple[str, ...]
    peer_operation: str = ""
    peer_stochastic: bool = False


PICTURE_ROWS = (
    PictureRow("round, nearest even and directed", ("round",), "round"),
    PictureRow("round, stochastic (Philox inside)", ("round_stochastic",), "round", True),
    PictureRow("round float64", ("round_float64",)),
    PictureRow("encode to codes", ("encode",), "encode"),
    PictureRow("decode codes", ("decode",), "decode"),
    PictureRow("fake_quantize MX", ("fake_quantize",), "fake_quantize"),
    PictureRow("fake_quantize NVFP4", ("fake_quantize_nvfp4",)),
    PictureRow("fake_quantize other schemes", ("fake_quantize_generic",)),
    PictureRow(
        "fake_quantize across memory",
        ("fake_quantize_across", "fake_quantize_nvfp4_across", "fake_quantize_generic_across"),
    ),
    PictureRow("fake_quantize MXFP4, stochastic", ("fake_quantize_stochastic",)),
    PictureRow("quantize to codes and scales", ("quantize_packed",), "quantize"),
    PictureRow("quantize integers in groups", ("quantize_integers", "quantize_packed_integers")),
    PictureRow("quantize tables, ternary, ±1, posits", ("quantize_table", "quantize_packed_table")),
    PictureRow("dequantize the same", ("dequantize_table",)),
    PictureRow("complex {±1, ±i}", ("complex quantize", "complex encode", "complex dequantize")),
    PictureRow("round in the second-level cache", ("round_in_cache",)),
)


def by_group(floors: Iterable[Floor]) -> dict[tuple[str, str], list[Floor]]:
    """Floors by (group, backend), in the order of LABELS and BACKENDS; groups that nobody named come last."""
    found: dict[tuple[str, str], list[Floor]] = {}
    for floor in floors:
        found.setdefault((floor.group, floor.backend), []).append(floor)
    groups, backends = list(LABELS), list(BACKENDS)

    def place(key: tuple[str, str]) -> tuple[int, int]:
        group, backend = key
        return (
            groups.index(group) if group in groups else len(groups),
            backends.index(backend) if backend in backends else len(backends),
        )

    return dict(sorted(found.items(), key=lambda item: place(item[0])))


def worst(floors: list[Floor]) -> Floor:
    """The case nearest to its floor, or below it by most; without floors the slowest."""
    judged = [floor for floor in floors if floor.floor is not None]
    if judged:
        return min(judged, key=lambda floor: floor.margin)
    return min(floors, key=lambda floor: floor.summary.median)


def duels_by_peer(duels: Iterable[Duel]) -> dict[tuple[str, str], list[Duel]]:
    found: dict[tuple[str, str], list[Duel]] = {}
    for duel in duels:
        found.setdefault((duel.peer, duel.operation), []).append(duel)
    return found


def memory_bytes_per_s(floors: Iterable[Floor]) -> float:
    """What memcpy of the float32 array moved in this run, read and written: the roof."""
    rates = [
        floor.bytes_per_element * floor.elements / seconds
        for floor in floors
        if floor.reference == "memcpy of the float32 array" and floor.group == "round"
        for seconds in floor.reference_s
    ]
    return quantile(rates, 0.5)


def share_of_roof(floor: Floor, roof_bytes_per_s: float) -> float:
    """Bytes moved per second as a share of memcpy's. Where memcpy is the case's own reference, that is its ratio."""
    if floor.reference.startswith("memcpy") and floor.group not in ("quantize_packed", "pack", "unpack"):
        return floor.summary.median
    return floor.bytes_per_element * floor.elements / quantile(floor.subject_s, 0.5) / roof_bytes_per_s
