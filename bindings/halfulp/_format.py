"""Formats: which values exist, and the integers that store them."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp import _core
from halfulp._phase_format import NAME, PhaseFormat, names_phases

if TYPE_CHECKING:
    import pandas

Number = float | Fraction


def _exact(parts: tuple[bool, int, int]) -> Fraction:
    negative, significand, exponent = parts
    value = Fraction(significand) * (Fraction(2) ** exponent)
    return -value if negative else value


def _number(parts: tuple[bool, int, int]) -> Number:
    """The number as a float where a float holds it, else as a Fraction."""
    negative, significand, exponent = parts
    try:
        value = math.ldexp(significand, exponent)
    except OverflowError:
        return _exact(parts)
    exact = _exact((False, significand, exponent))
    if Fraction(value) != exact:
        return _exact(parts)
    return -value if negative else value


class Format:
    """A number format: the map from codes to values. Get one with :func:`format`, :func:`float_format` or
    :func:`codebook`.

    Formats compare and hash by what they are, not by the name they were asked for by. ``str(f)`` is the canonical name.
    Properties that only floats have (precision, bias, emin …) are None for the other kinds.
    """

    __slots__ = ("_hash", "_name", "_spec")

    def __init__(self, spec: _core.Format, name: str | None = None) -> None:
        self._spec = spec
        self._name = name
        self._hash = hash(spec)

    @property
    def name(self) -> str:
        """The name given to :func:`float_format` or :func:`codebook`, else the canonical name."""
        return self._name or str(self._spec)

    @property
    def kind(self) -> str:
        """ "float", "integer", "fixed point", "posit" or "codebook"."""
        return self._spec.kind

    @property
    def bits(self) -> int:
        """Width of a code in bits."""
        return self._spec.bits

    @property
    def precision(self) -> int | None:
        """Significant bits of a normal member, the hidden one included."""
        return self._spec.precision

    @property
    def exponent_bits(self) -> int | None:
        return self._spec.exponent_bits

    @property
    def mantissa_bits(self) -> int | None:
        """Fraction bits stored (precision - 1)."""
        return self._spec.mantissa_bits

    @property
    def bias(self) -> int | None:
        """What is taken off the exponent field."""
        return self._spec.bias

    @property
    def emin(self) -> int | None:
        """Exponent of the lowest normal binade."""
        return self._spec.emin

    @property
    def emax(self) -> int | None:
        """Exponent of the largest finite member."""
        return self._spec.emax

    @property
    def max(self) -> Number:
        """The largest finite member: a float where exact, else a Fraction."""
        return _number(self._spec.max)

    @property
    def min(self) -> Number:
        """The smallest finite member, negative in a signed format."""
        return _number(self._spec.min)

    @property
    def min_positive(self) -> Number | None:
        """The smallest member above zero, None where there is none: int1, tables without positive numbers."""
        return _number(self._spec.min_positive) if self.max > 0 else None

    @property
    def min_normal(self) -> Number | None:
        """The smallest positive normal member."""
        parts = self._spec.min_normal
        return None if parts is None else _number(parts)

    @property
    def min_subnormal(self) -> Number | None:
        """The smallest positive subnormal member, None in a format without subnormals."""
        return _number(self._spec.min_positive) if self._spec.has_subnormals else None

    @property
    def epsilon(self) -> float | None:
        """The distance from 1 to the next larger number of this precision: 2^-mantissa_bits."""
        bits = self._spec.mantissa_bits
        return None if bits is None else 2.0**-bits

    @property
    def has_inf(self) -> bool:
        return self._spec.has_inf

    @property
    def has_nan(self) -> bool:
        return self._spec.has_nan

    @property
    def has_zero(self) -> bool:
        return self._spec.has_zero

    @property
    def signed(self) -> bool:
        return self._spec.signed

    @property
    def code_dtype(self) -> np.dtype[Any]:
        """The smallest NumPy integer that holds a code: signed for integers and fixed point with a sign, else
        unsigned."""
        width = 8 if self.bits <= 8 else 16 if self.bits <= 16 else 32 if self.bits <= 32 else 64
        return np.dtype(f"{'int' if self._spec.signed_codes else 'uint'}{width}")

    def _code_array(self) -> np.ndarray:
        """Every code as an array of code_dtype, in the order of bit patterns."""
        patterns = np.arange(self._spec.last_code + 1, dtype=np.int64)
        if self._spec.signed_codes:
            patterns -= (patterns >> (self.bits - 1)) << self.bits
        return patterns.astype(self.code_dtype)

    def values(self) -> np.ndarray:
        """The value of every code, in the order of codes (of bit patterns, where codes have a sign): float32 where that
        holds them all, else float64.

        Where no carrier holds them: an object array of Fractions. Raises ValueError above 16 bits (there are too many).
        """
        if self.bits > 16:
            raise ValueError(f"format {self.name} has 2^{self.bits} codes, allowed for values(): 16 bits or fewer")
        from halfulp._convert import decode

        if not self._spec.holds("binary64"):
            exact = [self.exact(code) for code in self._code_array().tolist()]
            out = np.empty(len(exact), dtype=object)
            out[:] = [float(value) if isinstance(value, str) else value for value in exact]
            return out
        return decode(self._code_array(), self)

    def exact(self, code: int) -> Fraction | str:
        """The value of one code, exactly: a Fraction, or "nan", "inf", "-inf", or "-0" for negative zero."""
        last = self._spec.last_code
        least, most = (-(last // 2) - 1, last // 2) if self._spec.signed_codes else (0, last)
        if isinstance(code, (bool, np.bool_)) or not isinstance(code, (int, np.integer)):
            raise TypeError(f"code is {code!r}, allowed: an integer from {least} to {most}")
        code = int(code)
        if not least <= code <= most:
            raise ValueError(f"code is {code}, allowed: {least} to {most} ({self.name} has {self.bits} bits)")
        code %= 2**self.bits
        if self._spec.is_nan(code):
            return "nan"
        negative, significand, exponent = self._spec.finite_value(code)
        if self._spec.is_inf(code):
            return "-inf" if negative else "inf"
        if significand == 0 and negative:
            return "-0"
        return _exact((negative, significand, exponent))

    def describe(self) -> str:
        """Everything about the format, as a YAML block."""
        text = self._spec.describe() + f"native_overflow: {self._spec.native_overflow()}\n"
        return text if self._name is None else text.replace("name: ", f"label: {self._name}\nname: ", 1)

    def __str__(self) -> str:
        return str(self._spec)

    def __repr__(self) -> str:
        return f"halfulp.format({str(self._spec)!r})"

    def __eq__(self, other: object) -> bool:
        return self._spec == other._spec if isinstance(other, Format) else NotImplemented

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (str(self._spec), self._name)


def _rebuild(text: str, name: str | None) -> Format:
    return Format(_core.parse_format(text), name)


def format(text: Any) -> Format | PhaseFormat:
    """A format by name ("e4m3fn", "nf4", "int8", "posit16_2", "q4.4"), or the format of a dtype: see
    :func:`real_format`. "pm1_pmi", the code of complex numbers {±1, ±i}, is a PhaseFormat."""
    if isinstance(text, PhaseFormat) or (isinstance(text, str) and text == NAME):
        return PhaseFormat()
    return real_format(text)


def real_format(text: Any) -> Format:
    """A format by name ("e4m3fn", "Binary8p3se", "e5m6b20fn_nosub"), or the format of a NumPy, ml_dtypes, torch
    or JAX dtype.

    Raises ValueError for a name that is not known, saying which one was probably meant.
    """
    if isinstance(text, Format):
        return text
    if isinstance(text, str):
        if names_phases(text):
            raise TypeError(
                f"format is {text!r}, allowed here: formats of real numbers; x has to be complex for {text!r}"
            )
        return _named(text)
    name = _dtype_name(text)
    if name is None:
        raise TypeError(
            f"format is a {type(text).__name__}, allowed: a name, a Format, or a NumPy, ml_dtypes or torch dtype"
        )
    try:
        return Format(_core.parse_format(name))
    except ValueError:
        raise ValueError(
            f"format is the dtype {text}, allowed: float dtypes such as float16, bfloat16, float8_e4m3fn"
        ) from None


@lru_cache(maxsize=1024)
def _named(text: str) -> Format:
    check_ascii("format", text)
    return Format(_core.parse_format(text))


def check_ascii(argument: str, text: str) -> None:
    """No name holds anything else, and messages may then be cut anywhere."""
    if not text.isascii():
        raise ValueError(f"{argument} is {text[:80]!r}, allowed: names in ASCII characters")


def _dtype_name(thing: Any) -> str | None:
    """The name of a dtype object, None for anything else."""
    kind = type(thing)
    if kind.__module__ == "torch" and kind.__name__ == "dtype":
        return str(thing).removeprefix("torch.")
    if kind.__module__.startswith("jax.") and isinstance(getattr(thing, "dtype", None), np.dtype):
        return thing.dtype.name  # jax.numpy.float8_e4m3fn and its like
    if isinstance(thing, np.dtype) or (isinstance(thing, type) and issubclass(thing, np.generic)):
        return np.dtype(thing).name
    return None


def formats() -> list[Format]:
    """The registry: every format with a name of its own. Families (P3109, ``e<E>m<M>``) are reached by name without
    rows."""
    return [Format(spec) for _, _, spec, _ in _core.registry()]


def formats_table() -> pandas.DataFrame:
    """The registry as a table: one row for each format."""
    import pandas

    return pandas.DataFrame(
        {
            "name": name,
            "kind": spec.kind,
            "aliases": ", ".join(aliases),
            "bits": spec.bits,
            "exponent_bits": spec.exponent_bits,
            "mantissa_bits": spec.mantissa_bits,
            "bias": spec.bias,
            "max": float(_number(spec.max)),
            "min_normal": math.nan if spec.min_normal is None else float(_number(spec.min_normal)),
            "min_positive": float(_number(spec.min_positive)),
            "signed": spec.signed,
            "inf": spec.has_inf,
            "nan": spec.has_nan,
            "zero": "none" if not spec.has_zero else "±0" if spec.has_negative_zero else "0",
            "native_overflow": spec.native_overflow(),
            "source": source,
        }
        for name, aliases, spec, source in _core.registry()
    )


def float_format(
    *,
    exponent_bits: int,
    mantissa_bits: int,
    bias: int | None = None,
    specials: str = "ieee",
    signed: bool = True,
    subnormals: bool = True,
    name: str | None = None,
) -> Format:
    """One's own float format.

    exponent_bits: 1 to 19. mantissa_bits: stored fraction bits. bias: None for 2^(exponent_bits-1) - 1 (one more for
    "fnuz"). specials: "ieee" (the top exponent is infinity and NaN), "f" (all codes are numbers), "fn" (NaN at all
    ones), "fnuz" (NaN at negative zero). name: a label for tables and plots; ``str()`` stays the canonical name, which
    :func:`format` reads back. Raises ValueError that names the limit for a shape that cannot exist.
    """
    integers = (
        ("exponent_bits", exponent_bits, "1 to 19"),
        ("mantissa_bits", mantissa_bits, "0 to 63"),
        ("bias", bias, "|bias| < 2^19"),
    )
    for argument, value, allowed in integers:
        if argument == "bias" and value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError(f"{argument} is {value!r}, allowed: an integer")
        if not -(2**31) <= value < 2**31:
            raise ValueError(f"{argument} is {value}, allowed: {allowed}")
    for argument, flag in (("signed", signed), ("subnormals", subnormals)):
        if not isinstance(flag, (bool, np.bool_)):
            raise TypeError(f"{argument} is {flag!r}, allowed: True or False")
    if not isinstance(specials, str):
        raise TypeError(f"specials is {specials!r}, allowed: 'ieee', 'f', 'fn', 'fnuz'")
    check_ascii("specials", specials)
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name is {name!r}, allowed: a text or None")
    made = Format(
        _core.make_float_format(exponent_bits, mantissa_bits, bias, specials, bool(signed), bool(subnormals)), name
    )
    if name is not None and name.isascii() and _means_another(name, made):
        raise ValueError(f"name is {name!r}, which is the name of another format, allowed: a label of its own")
    return made


def codebook(values: Any, name: str | None = None) -> Format:
    """One's own table: a format whose codes are the indices of `values`, 2 to 65536 finite numbers, each once.

    values: taken exactly as float64. name: a label for tables and plots; ``str()`` is "table:" and a hash of the
    values, which :func:`format` reads back in this process. Rounding goes to the nearest value on the real line, a tie
    to the lower one (contract, section 2.1). Raises ValueError that names the value that is repeated or not finite.
    """
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name is {name!r}, allowed: a text or None")
    table = np.asarray(values)
    if table.dtype.kind == "c":
        raise TypeError(f"values has dtype {table.dtype}, allowed: real numbers")
    if table.dtype.kind not in "fiu" or table.ndim != 1:
        raise TypeError(f"values has dtype {table.dtype} and shape {table.shape}, allowed: one axis of real numbers")
    made = Format(_core.make_codebook([float(v) for v in table], name or ""), name)
    if name is not None and name.isascii() and _means_another(name, made):
        raise ValueError(f"name is {name!r}, which is the name of another format, allowed: a label of its own")
    return made


def _means_another(name: str, made: Format) -> bool:
    try:
        return Format(_core.parse_format(name)) != made
    except ValueError:
        return False
