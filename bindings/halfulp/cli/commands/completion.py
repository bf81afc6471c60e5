"""``halfulp completion``: scripts for shells."""

from __future__ import annotations

import argparse

from halfulp.cli import shells
from halfulp.cli.command import Command, Parser
from halfulp.cli.output import print_json
from halfulp.cli.words import SHELLS

TEXT = """\
Prints the script that completes halfulp in a shell: commands, options, and the names of formats, schemes, rounding
modes and policies.

bash: add to ~/.bashrc    eval "$(halfulp completion bash)"
zsh:  add to ~/.zshrc     eval "$(halfulp completion zsh)"
fish: once                halfulp completion fish > ~/.config/fish/completions/halfulp.fish"""


def _arguments(parser: Parser) -> None:
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help="bash, zsh or fish")


def _run(options: argparse.Namespace) -> None:
    script = shells.completion_script(options.shell)
    if options.json:
        print_json({"shell": options.shell, "script": script})
    else:
        print(script, end="")


COMMAND = Command(
    name="completion",
    text=TEXT,
    examples=("halfulp completion bash", "halfulp completion zsh", "halfulp completion fish"),
    arguments=_arguments,
    run=_run,
    json={"the script": {"shell": "bash, zsh or fish", "script": "the text"}},
)
