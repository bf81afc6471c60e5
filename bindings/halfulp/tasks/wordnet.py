"""Real text from WordNet: its database files are read where they are installed, and nothing of them is shipped.

Format: the manual page wndb(5WN) of WordNet 3.0. A line of data.noun and its like is a synset: words that share a
meaning, then after "|" a definition and, in double quotes, example sentences.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

FOLDER = "/usr/share/wordnet"  # where Debian's package wordnet-base puts it
_FILES = ("data.noun", "data.verb", "data.adj", "data.adv")
_MARKER = re.compile(r"\((?:a|p|ip)\)$")  # an adjective's place in a sentence
_QUOTED = re.compile(r'"([^"]+)"')


class Synset(NamedTuple):
    """words: headwords, with blanks inside as in "physical entity". examples: sentences and phrases that use one."""

    words: tuple[str, ...]
    definition: str
    examples: tuple[str, ...]


def read_synsets(folder: str | os.PathLike[str] = FOLDER) -> list[Synset]:
    """Every synset, in the order of the files: nouns, verbs, adjectives, adverbs.

    Raises FileNotFoundError that names the Debian package where a file is missing, ValueError with the line where one
    is no WordNet database.
    """
    found = []
    for name in _FILES:
        path = Path(folder) / name
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise FileNotFoundError(
                f"{path} is not there: the text is WordNet's, Debian's package wordnet-base "
                "(apt-get install wordnet-base); elsewhere pass wordnet=, the folder that holds data.noun"
            ) from None
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is not a WordNet database: it is not UTF-8 ({error.reason})") from None
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.startswith("  "):  # the license stands in lines that begin with two blanks
                found.append(_synset(line, path, number))
    return found


def _synset(line: str, path: Path, number: int) -> Synset:
    facts, bar, gloss = line.partition("|")
    fields = facts.split()
    try:
        count = int(fields[3], 16)
        words = fields[4 : 4 + 2 * count : 2]
    except (IndexError, ValueError):
        words = []
    if not bar or not words:
        raise ValueError(f"{path}, line {number} is not a WordNet synset: {line[:60]!r}")
    definition, _, rest = gloss.strip().partition('; "')
    examples = _QUOTED.findall('"' + rest) if rest else []
    return Synset(
        tuple(_MARKER.sub("", word).replace("_", " ") for word in words),
        definition.strip(" ;"),
        tuple(example.strip() for example in examples),
    )
