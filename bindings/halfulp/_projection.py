"""Projections: how a real number becomes a member of a format."""

from __future__ import annotations

from dataclasses import dataclass

from halfulp import _core


@dataclass(frozen=True)
class Projection:
    """Everything that is not the format: rounding mode, overflow, NaN and underflow policy, number of random bits.

    A field that is None takes the default: nearest_ties_to_even, the format's native overflow, nan="raise", no flushing, 32.
    Names are checked when the object is made; ValueError says what is allowed.
    """

    rounding: str | None = None
    overflow: str | None = None
    nan: str | None = None
    ftz: str | None = None
    random_bits: int | None = None

    def __post_init__(self) -> None:
        _core.make_projection(_core.default_projection(), self.rounding, self.overflow, self.nan, self.ftz, self.random_bits)


def resolve(
    spec: _core.FloatFormat,
    projection: Projection | str | None,
    rounding: str | None,
    overflow: str | None,
    nan: str | None,
    ftz: str | None,
    random_bits: int | None,
) -> _core.Projection:
    """The projection of one call: the object or preset, with the single keywords that are not None on top."""
    base = _core.default_projection()
    if isinstance(projection, str):
        base = _core.preset_projection(projection, spec, rounding is not None)
    elif isinstance(projection, Projection):
        base = _core.make_projection(base, projection.rounding, projection.overflow, projection.nan, projection.ftz, projection.random_bits)
    elif projection is not None:
        raise TypeError(f"projection is a {type(projection).__name__}, allowed: a Projection or a preset's name")
    for argument, value in (("rounding", rounding), ("overflow", overflow), ("nan", nan), ("ftz", ftz)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{argument} is {value!r}, allowed: a name (a string) or None")
    if random_bits is not None and (isinstance(random_bits, bool) or not hasattr(random_bits, "__index__")):
        raise TypeError(f"random_bits is {random_bits!r}, allowed: an integer from 1 to 32")
    return _core.make_projection(base, rounding, overflow, nan, ftz, None if random_bits is None else _small(random_bits))


def _small(random_bits: int) -> int:
    value = int(random_bits)
    if not 1 <= value <= 32:
        raise ValueError(f"random_bits is {value}, allowed: 1 to 32")
    return value
