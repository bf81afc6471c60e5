"""The script for fish."""

from __future__ import annotations

from collections.abc import Sequence

from halfulp.cli.shells.tree import Node, Option, Values

_HEAD = """\
# Completes halfulp in fish. Once: halfulp completion fish > ~/.config/fish/completions/halfulp.fish
function __halfulp_command
    set -l words (commandline -opc)
    test (count $words) -ge 2; and contains -- $words[2] $argv
end
function __halfulp_no_command
    test (count (commandline -opc)) -eq 1
end
complete -c halfulp -f
"""


def script(tree: Sequence[Node]) -> str:
    lines = [_HEAD.rstrip("\n")]
    for name, summary in [*((node.name, node.summary) for node in tree), ("help", "explain a command")]:
        lines.append(f"complete -c halfulp -n __halfulp_no_command -a {name} -d {_quoted(summary)}")
    for flag in ("help", "version"):
        lines.append(f"complete -c halfulp -n __halfulp_no_command -l {flag}")
    names = " ".join(node.name for node in tree)
    lines.append(f"complete -c halfulp -n '__halfulp_command help' -a {_quoted(names)}")
    for node in tree:
        condition = _quoted(f"__halfulp_command {node.name}")
        lines += [f"complete -c halfulp -n {condition} {_option(option)}" for option in node.options]
        if node.values != Values():
            lines.append(f"complete -c halfulp -n {condition} {_values(node.values)}")
    return "\n".join(lines) + "\n"


def _option(option: Option) -> str:
    flags = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)
    words = [flags, f"-d {_quoted(option.meaning)}"]
    if option.values is not None:
        words.append("-r" if option.values.files or option.values.folders else "-x")
        if option.values != Values():
            words.append(_values(option.values))
    return " ".join(words)


def _values(values: Values) -> str:
    words = [f"-a {_quoted(' '.join(values.words))}"] if values.words else []
    if values.files:
        words.append("-F")
    elif values.folders:
        words.append("-a '(__fish_complete_directories)'")
    return " ".join(words)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
