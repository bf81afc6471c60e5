"""The page: its text, with style and script inside. Everything that comes from the table is escaped or is data."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

# In the order in which each needs those before it.
_SCRIPTS = ("elements", "columns", "state", "axis", "scatter", "schemes", "details", "main")


def page(
    *,
    title: str,
    lines: list[str],
    data: dict[str, Any],
    tasks: pandas.DataFrame | None,
    pictures: list[tuple[str, str]],
    about: dict[str, Any],
) -> str:
    """The whole file. lines: sentences whose text before the first colon is set bold. pictures: captions and URIs."""
    script = '"use strict";\n(() => {\n' + "\n".join(_asset(f"{name}.js") for name in _SCRIPTS) + "})();\n"
    parts = {
        "POLICY": escape(_policy(script)),
        "TITLE": escape(_visible(title)),
        "STYLE": _asset("page.css"),
        "SCRIPT": script,
        # Inside <script> nothing is unescaped; "<" as JSON's escape can neither end it nor open a comment.
        "DATA": json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
        "FINDINGS": "\n".join(_finding(line) for line in lines),
        "ABOUT": escape(_about(about)),
        "TASKS": _tasks(tasks),
        "PICTURES": _pictures(pictures),
        "COLUMNS": _meanings(about.get("columns", {})),
    }
    # In one pass: what a part brings along is not looked at again.
    return re.sub(r"@@([A-Z]+)@@", lambda found: parts[found[1]], _asset("page.html"))


def _asset(name: str) -> str:
    return (files("halfulp.report") / "page" / name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """Lets this very script run and nothing else, and nothing be fetched: what a name smuggled in would stay text."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def _visible(text: str) -> str:
    """Text without characters that cannot be shown or stored."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _finding(line: str) -> str:
    head, colon, rest = line.partition(": ")
    text = escape(_visible(line))
    return f"<li><b>{escape(_visible(head))}:</b> {escape(_visible(rest))}</li>" if colon else f"<li>{text}</li>"


def _about(about: dict[str, Any]) -> str:
    facts = []
    if "version" in about:
        facts.append(f"halfulp {about['version']}")
    if "weights" in about:
        facts.append(f"weights: {about['weights']}")
    if about.get("left_out"):
        facts.append("left out: " + ", ".join(f"{count} × {reason}" for reason, count in about["left_out"].items()))
    return _visible("; ".join(facts))


def _tasks(tasks: pandas.DataFrame | None) -> str:
    """All end-task results, those of schemes that the sweep has not too."""
    if tasks is None or tasks.empty:
        return ""
    numbers = [tasks[name].dtype.kind in "iuf" for name in tasks.columns]
    heads = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in tasks.columns)
    rows = []
    for row in tasks.itertuples(index=False):
        cells = (
            f'<td class="number">{escape(_short(value))}</td>' if number else f"<td>{escape(_visible(str(value)))}</td>"
            for value, number in zip(row, numbers, strict=True)
        )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return (
        '<section id="tasks"><h2>End tasks</h2>\n<details>'
        f"<summary>All {len(rows)} results, low and high being the ends of 95 % intervals</summary>\n"
        f'<div class="wide"><table><thead><tr>{heads}</tr></thead>\n<tbody>'
        + "\n".join(rows)
        + "</tbody></table></div></details></section>"
    )


def _short(value: Any) -> str:
    number = float(value)
    return "–" if math.isnan(number) else f"{number:.6g}".replace("-", "−")


def _pictures(pictures: list[tuple[str, str]]) -> str:
    if not pictures:
        return ""
    figures = (
        f'<figure><img src="{uri}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'
        for caption, uri in ((escape(_visible(caption)), uri) for caption, uri in pictures)
    )
    return '<section id="pictures"><h2>Pictures</h2>\n<div>' + "\n".join(figures) + "</div></section>"


def _meanings(columns: dict[str, str]) -> str:
    return "".join(
        f"<dt><code>{escape(str(name))}</code></dt><dd>{escape(str(meaning))}</dd>" for name, meaning in columns.items()
    )
