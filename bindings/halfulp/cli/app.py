"""Runs a command line: which command, what its errors look like, and the exit code."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence

from halfulp import __version__
from halfulp.cli import commands, orientation
from halfulp.cli.command import did_you_mean
from halfulp.cli.numbers import number


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line (None: the process's own) and returns the exit code; like argparse, it raises SystemExit
    after --help and for words that no command takes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a character shows a '?' for it
            stream.reconfigure(errors="replace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    name, rest = (words[0], words[1:]) if words else ("", [])
    if name == "help" and rest:
        name, rest = rest[0], ["--help"]
    if name in commands.SUMMARIES:
        options = parse([name, *rest])
        return _finish(f"halfulp {name}", options, lambda: commands.load(name).run(options) or 0)
    return _finish("halfulp", None, lambda: _without_command(name))


def parse(words: Sequence[str]) -> Namespace:
    """The options of a command line whose first word is a command."""
    return commands.load(words[0]).parser().parse([_shielded(word) for word in words[1:]])


def _without_command(name: str) -> int:
    answers = {
        "": orientation.SHORT,
        "help": orientation.LONG,
        "-h": orientation.LONG,
        "--help": orientation.LONG,
        "--version": f"halfulp {__version__}\n",
    }
    if name in answers:
        print(answers[name], end="")
        return 0
    known = [*commands.SUMMARIES, "help", "--help", "--version"]
    raise ValueError(f"COMMAND is {name!r}{did_you_mean(name, known)}, allowed: {', '.join(known)}")


def _finish(who: str, options: Namespace | None, run: Callable[[], int]) -> int:
    try:
        code = run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _fail(who, "interrupted", code=130)
    except BrokenPipeError:  # the reader has seen enough, as in: halfulp formats | head
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, TypeError, ImportError, OSError, MemoryError, RuntimeError) as error:
        if options is not None and options.debug:
            raise
        return _fail(who, " ".join(str(error).split()) or type(error).__name__)
    return code


def _fail(who: str, message: str, code: int = 2) -> int:
    print(f"{who}: {message}", file=sys.stderr)
    return code


def _shielded(word: str) -> str:
    """Negative numbers with a blank before them: argparse takes -1e-3, -inf and -0x1p-3 for options otherwise."""
    return f" {word}" if word.startswith("-") and number(word) is not None else word
