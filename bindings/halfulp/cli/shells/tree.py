"""Commands, options and the words that go with them, as plain data."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from halfulp.cli import commands
from halfulp.cli.words import FILES, FOLDERS, words


@dataclass(frozen=True)
class Values:
    """What can stand for a value: words, and perhaps files or folders. Neither is a value that nobody can list."""

    words: tuple[str, ...] = ()
    files: bool = False
    folders: bool = False


@dataclass(frozen=True)
class Option:
    """flags: its spellings. values: None for an option without a value."""

    flags: tuple[str, ...]
    meaning: str
    metavar: str
    values: Values | None


@dataclass(frozen=True)
class Node:
    """A command. values: of all its positional arguments together."""

    name: str
    summary: str
    options: tuple[Option, ...]
    metavar: str
    values: Values
    takes_schemes: bool


def command_tree() -> list[Node]:
    """Every command, in the order of the help."""
    return [_node(name, summary) for name, summary in commands.SUMMARIES.items()]


def _node(name: str, summary: str) -> Node:
    parser = commands.load(name).parser()
    options = {}
    for action in parser.options().values():
        value = None if action.nargs == 0 else _values(action, parser.kinds.get(action.dest))
        meaning = (action.help or "").replace("%(default)s", str(action.default))
        metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
        options[action.dest, action.option_strings[0]] = Option(tuple(action.option_strings), meaning, metavar, value)
    positionals = parser.positionals()
    kinds = [parser.kinds.get(action.dest) for action in positionals]
    values = [_values(action, kind) for action, kind in zip(positionals, kinds, strict=True)]
    return Node(
        name,
        summary,
        tuple(options.values()),
        " ".join(str(action.metavar) for action in positionals),
        Values(
            tuple(word for value in values for word in value.words),
            any(value.files for value in values),
            any(value.folders for value in values),
        ),
        "schemes" in kinds,
    )


def _values(action: argparse.Action, kind: str | None) -> Values:
    if action.choices is not None:
        return Values(tuple(map(str, action.choices)))
    if kind in (None, FILES, FOLDERS):
        return Values(files=kind == FILES, folders=kind == FOLDERS)
    return Values(tuple(words(str(kind))))
