"""Completion scripts, written from the parsers of the commands.

A script holds all its words, so that a key press starts no Python. Written here and not by a package for it: the base
install needs NumPy alone, and none of those packages writes a script of this kind for all three shells.
"""

from halfulp.cli.shells import bash, fish, zsh
from halfulp.cli.shells.tree import command_tree

_WRITERS = {"bash": bash.script, "zsh": zsh.script, "fish": fish.script}


def completion_script(shell: str) -> str:
    """The script for bash, zsh or fish."""
    return _WRITERS[shell](command_tree())


__all__ = ["completion_script"]
