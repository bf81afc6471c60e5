"""What a command says of itself, and the parser that follows from it."""

from __future__ import annotations

import argparse
import difflib
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

#: Exit codes that every command has; a command adds its own.
EXIT_CODES = {0: "done", 2: "the request cannot be met: one line on stderr says why", 130: "ended by Ctrl-C"}

_WIDTH = 100


class Parser(argparse.ArgumentParser):
    """Errors in one line, no abbreviated options, and for each argument the kind of words that can stand there."""

    def __init__(self, program: str, text: str, epilog: str) -> None:
        super().__init__(
            prog=program,
            description=text,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.kinds: dict[str, str] = {}

    def offer(self, kind: str, *flags: str, group: Any = None, **keywords: Any) -> None:
        """An argument that shell completion knows words for; halfulp.cli.words has the kinds. group: of the help."""
        self.kinds[(group or self).add_argument(*flags, **keywords).dest] = kind

    def options(self) -> dict[str, argparse.Action]:
        """Every option by its spelling."""
        return dict(self._option_string_actions)

    def positionals(self) -> list[argparse.Action]:
        return self._get_positional_actions()

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """Options may stand anywhere, also between the numbers of a list."""
        options, unknown = self.parse_known_intermixed_args(words)
        for word in unknown:
            flag = word.partition("=")[0]
            if flag.startswith("-"):
                known = ", ".join(flag for flag in self._option_string_actions if flag.startswith("--"))
                self.error(f"no option is {flag!r}{did_you_mean(flag, self._option_string_actions)}, allowed: {known}")
            self.error(f"{word!r} is one word too many")
        return options

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        try:
            return super()._get_value(action, arg_string)
        except argparse.ArgumentError:
            what = "an integer" if action.type is int else "a number"
            raise argparse.ArgumentError(None, f"{action.dest} is {arg_string!r}, allowed: {what}") from None

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            hint = did_you_mean(str(value), known)
            raise argparse.ArgumentError(None, f"{action.dest} is {value!r}{hint}, allowed: {', '.join(known)}")

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


@dataclass(frozen=True)
class Command:
    """text: what it does, for --help. examples: command lines, as typed. arguments: adds them to the parser. run: does
    it, and returns the exit code where that is not 0. json: what --json prints an object for, as "each number", and the
    keys of such an object, in order, with what they mean. exit_codes: beyond EXIT_CODES."""

    name: str
    text: str
    examples: Sequence[str]
    arguments: Callable[[Parser], None]
    run: Callable[[argparse.Namespace], int | None]
    json: Mapping[str, Mapping[str, str]]
    exit_codes: Mapping[int, str] = field(default_factory=dict)

    def parser(self) -> Parser:
        parser = Parser(f"halfulp {self.name}", self.text, self._epilog())
        self.arguments(parser)
        parser.add_argument("--json", action="store_true", help="JSON lines: an object a line, see below")
        parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
        return parser

    def _epilog(self) -> str:
        codes = EXIT_CODES | dict(self.exit_codes)
        return "\n".join(
            [
                "examples:",
                *(f"  {line}" for line in self.examples),
                "",
                *(
                    line
                    for what, keys in self.json.items()
                    for line in (f"--json has for {what}:", *_definitions(keys), "")
                ),
                "exit codes:",
                *_definitions({str(code): codes[code] for code in sorted(codes)}),
            ]
        )


def did_you_mean(word: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    """A hint at the known word that is nearest, or nothing."""
    near = difflib.get_close_matches(word, list(known), 1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _definitions(meanings: Mapping[str, str]) -> list[str]:
    width = max(map(len, meanings), default=0) + 4
    return [
        line
        for word, meaning in meanings.items()
        for line in textwrap.wrap(
            meaning, _WIDTH, initial_indent=f"  {word:{width - 2}}", subsequent_indent=" " * width
        )
    ]
