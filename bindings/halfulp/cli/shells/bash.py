"""The script for bash 4.4 and newer."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from halfulp.cli.shells.tree import Node, Values
from halfulp.cli.words import words

_HEAD = """\
# Completes halfulp in bash. In ~/.bashrc: eval "$(halfulp completion bash)"
_halfulp_words() { # WORDS: those that begin with what is typed
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word")
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *: ]]; then compopt -o nospace 2>/dev/null; fi
}
_halfulp_paths() { # -f or -d: files and folders, or folders alone, after the words
    local -a paths
    mapfile -t paths < <(compgen "$1" -- "$word")
    COMPREPLY+=("${paths[@]}")
    compopt -o filenames 2>/dev/null
}
_halfulp() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} earlier= joined=
    if ((COMP_CWORD > 1)); then earlier=${COMP_WORDS[COMP_CWORD-2]}; fi
    COMPREPLY=()
"""

# bash takes =, : and @ as words of their own: --rounding=rz is three words, and so is e2m1fn/32:e8m0fnu.
_JOIN = """\
    case $word in =|:) earlier=$before before=$word word= ;; esac
    if [[ $before == = ]]; then before=$earlier joined=yes; fi
"""

_TAIL = """\
}
complete -F _halfulp halfulp
"""


def script(tree: Sequence[Node]) -> str:
    lines = [_HEAD + _JOIN.rstrip("\n")]
    top = " ".join([*(node.name for node in tree), "help", "--help", "--version"])
    lines += ["    if ((COMP_CWORD == 1)); then", f"        _halfulp_words {quote(top)}", "        return", "    fi"]
    lines += ["    case ${COMP_WORDS[1]} in"]
    for node in tree:
        lines += [f"    {node.name})", *_command(node), "        ;;"]
    lines += [f"    help) _halfulp_words {quote(' '.join(node.name for node in tree))} ;;", "    esac"]
    return "\n".join(lines) + "\n" + _TAIL


def _command(node: Node) -> list[str]:
    lines = ["        case $before in"]
    for option in node.options:
        if option.values is not None:
            lines.append(f"        {'|'.join(option.flags)}) {_complete(option.values)}; return ;;")
    if node.takes_schemes:
        scales = quote(" ".join(words("formats")))
        lines.append(f"        :) if [[ $earlier != dask ]]; then _halfulp_words {scales}; fi; return ;;")
        recipes = quote(" ".join(words("recipes")))
        lines.append(f"        recipe) if [[ $joined ]]; then _halfulp_words {recipes}; return; fi ;;")
    lines.append("        esac")
    flags = " ".join(flag for option in node.options for flag in option.flags)
    lines.append(f"        if [[ $word == -* ]]; then _halfulp_words {quote(flags)}; return; fi")
    lines.append(f"        {_complete(node.values)}")
    return lines


def _complete(values: Values) -> str:
    steps = [f"_halfulp_words {quote(' '.join(values.words))}"] if values.words else []
    if values.files or values.folders:
        steps.append(f"_halfulp_paths {'-f' if values.files else '-d'}")
    return "; ".join(steps) or ":"
