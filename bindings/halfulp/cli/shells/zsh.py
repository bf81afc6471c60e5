"""The script for zsh."""

from __future__ import annotations

from collections.abc import Sequence

from halfulp.cli.shells.tree import Node, Option, Values

_HEAD = """\
#compdef halfulp
# Completes halfulp in zsh. In ~/.zshrc: eval "$(halfulp completion zsh)"
# Or as a file named _halfulp in a folder of $fpath.
_halfulp() {
    if ((CURRENT == 2)); then
        local -a commands
        commands=(
"""

_MIDDLE = """\
        )
        _describe command commands
        return
    fi
    local command=$words[2]
    shift words
    ((CURRENT--))
    case $command in
"""

_TAIL = """\
    esac
}
if [[ $funcstack[1] == _halfulp ]]; then
    _halfulp "$@"
else
    (($+functions[compdef])) || { autoload -Uz compinit && compinit; }
    compdef _halfulp halfulp
fi
"""


def script(tree: Sequence[Node]) -> str:
    top = [*((node.name, node.summary) for node in tree), ("help", "explain a command")]
    names = "".join(f"            {_quoted(f'{name}:{_plain(summary)}')}\n" for name, summary in top)
    cases = "".join(_command(node) for node in tree)
    topics = _quoted(f"1:COMMAND:({' '.join(node.name for node in tree)})")
    return _HEAD + names + _MIDDLE + cases + f"    help) _arguments {topics} ;;\n" + _TAIL


def _command(node: Node) -> str:
    specs = [spec for option in node.options for spec in _option(option)]
    if node.metavar:
        specs.append(f"*:{_plain(node.metavar)}:{_action(node.values)}")
    lines = " \\\n".join(f"            {_quoted(spec)}" for spec in specs)
    return f"    {node.name})\n        _arguments \\\n{lines}\n        ;;\n"


def _option(option: Option) -> list[str]:
    excluded = f"({' '.join(option.flags)})" if len(option.flags) > 1 else ""
    value = "" if option.values is None else f":{_plain(option.metavar)}:{_action(option.values)}"
    joined = "=" if option.values is not None else ""  # a value may follow the option's = as well
    return [
        f"{excluded}{flag}{joined if flag.startswith('--') else ''}[{_plain(option.meaning)}]{value}"
        for flag in option.flags
    ]


def _action(values: Values) -> str:
    """What _arguments calls an action. Words that end in a colon go on, so that no blank follows them."""
    whole = " ".join(word for word in values.words if not word.endswith(":"))
    begun = " ".join(word.replace(":", "\\:") for word in values.words if word.endswith(":"))
    paths = "_files" if values.files else "_files -/" if values.folders else ""
    if whole and not begun and not paths:
        return f"({whole})"
    steps = [f"compadd -- {whole}" if whole else "", f'compadd -S "" -- {begun}' if begun else "", paths]
    return "{" + "; ".join(filter(None, steps)) + "}" if any(steps) else " "


def _plain(text: str) -> str:
    """Without what _arguments reads as punctuation."""
    for character in "\\[]:":
        text = text.replace(character, "\\" + character)
    return text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
