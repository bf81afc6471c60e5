"""The documentation keeps its word: examples run as typed, tables are fresh, links lead somewhere."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import halfulp as hu
import pytest
from halfulp import _core

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRACT = (DOCS / "contract.md").read_text(encoding="utf-8")
PAGES = sorted(DOCS.glob("*.md"))


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{re.escape(language)}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def cells(page: Path) -> list[str]:
    """The code cells of a page, without their option lines."""
    found = blocks(page.read_text(encoding="utf-8"), "{code-cell} ipython3")
    return [re.sub(r"\A(:\w[\w-]*:.*\n)+", "", cell) for cell in found]


def run(*command: object, cwd: Path, **environment: str) -> str:
    """The command's output; all of it is in the failure's message."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | environment,
    )
    assert done.returncode == 0, f"{shlex.join(map(str, command))}\n{done.stdout}"
    return done.stdout


# --- examples ---------------------------------------------------------------------------------------------------------


def test_python_example_of_the_readme_prints_what_it_says() -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(blocks(README, "python")[0], "README.md", "exec"), {})
    assert printed.getvalue() == blocks(README, "text")[0]


def test_oracle_example_of_the_readme_fails_as_it_says(tmp_path: Path) -> None:
    pytest.importorskip("ml_dtypes")
    (tmp_path / "test_my_cast.py").write_text(blocks(README, "python")[1], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "test_my_cast.py"],
        cwd=tmp_path,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"PYTEST_ADDOPTS": ""},
    )
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    for line in blocks(README, "text")[1].splitlines():
        assert line.strip() in done.stdout, done.stdout


@pytest.mark.parametrize("page", [page for page in PAGES if cells(page)], ids=lambda page: page.name)
def test_code_cells_of_a_page_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "\n".join(cells(page))
    for module in ("matplotlib", "pandas", "IPython", "ml_dtypes"):
        if re.search(rf"^(import|from) {module}\b", source, re.MULTILINE):
            pytest.importorskip(module)
    if "formats_table" in source or "hu.sweep(" in source:
        pytest.importorskip("pandas")
    monkeypatch.chdir(DOCS)
    monkeypatch.setenv("MPLBACKEND", "agg")
    with contextlib.redirect_stdout(io.StringIO()):
        namespace: dict[str, object] = {"__name__": "__main__", "subprocess": subprocess}
        for number, cell in enumerate(cells(page)):
            # IPython runs lines after a '!' in a shell and does not mind their failing.
            shown = re.sub(r"(?m)^!(.*)", lambda m: f"subprocess.run({m[1]!r}, shell=True, check=True)", cell)
            exec(compile(shown, f"{page.name}, cell {number}", "exec"), namespace)


def test_pages_have_no_python_that_is_not_run() -> None:
    for page in PAGES:
        assert not blocks(page.read_text(encoding="utf-8"), "python"), page


@pytest.mark.slow
@pytest.mark.consumer
def test_cxx_examples_build_and_print_what_they_say(tmp_path: Path) -> None:
    in_checkout, in_project = blocks(README, "sh")
    assert blocks((DOCS / "cpp.md").read_text(encoding="utf-8"), "sh")[0] == in_checkout
    main, oracle_line = blocks(README, "cpp")
    home = {"HOME": str(tmp_path), "CMAKE_BUILD_PARALLEL_LEVEL": os.environ.get("HALFULP_JOBS", "2")}
    run("bash", "-ec", in_checkout, cwd=ROOT, **home)

    project = tmp_path / "project"
    project.mkdir()
    (project / "CMakeLists.txt").write_text(blocks(README, "cmake")[0], encoding="utf-8")
    (project / "main.cpp").write_text(main, encoding="utf-8")
    output = run("bash", "-ec", in_project, cwd=project, **home)
    assert "\n1 1.125\nname: e5m3fnu\n" in output

    # The pages' examples, and the README's one line for another project's tests, with the same installed package.
    sources = sorted((DOCS / "examples").glob("*.cpp"))
    line = tmp_path / "line.cpp"
    line.write_text(
        "#undef NDEBUG\n#include <cassert>\n#include <halfulp/halfulp.hpp>\n"
        "std::uint64_t my_cast(float) { return 0x38; }\n"
        f"int main() {{ const float x = 1.0625f; {oracle_line} }}\n",
        encoding="utf-8",
    )
    lists = "cmake_minimum_required(VERSION 3.25)\nproject(pages LANGUAGES CXX)\n"
    lists += "find_package(halfulp REQUIRED COMPONENTS scaling)\n"
    for source in [*sources, line]:
        lists += f'add_executable({source.stem} "{source}")\n'
        library = source.stem if source.stem in ("matrices", "scaling") else "halfulp"
        lists += f"target_link_libraries({source.stem} PRIVATE halfulp::{library})\n"
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "CMakeLists.txt").write_text(lists, encoding="utf-8")
    options = [f"-DCMAKE_PREFIX_PATH={tmp_path / '.local'}"]
    if (xtensor := ROOT / ".deps/xtensor/include").is_dir():
        options.append(f"-DHALFULP_XTENSOR_INCLUDE={xtensor}")
    run("cmake", "-G", "Ninja", "-B", "build", *options, cwd=pages)
    run("cmake", "--build", "build", cwd=pages, **home)
    run(pages / "build/line", cwd=pages)
    for source in sources:
        expected = source.with_suffix(".txt").read_text(encoding="utf-8")
        assert run(pages / "build" / source.stem, cwd=pages) == expected, source.name


# --- tables and lists -------------------------------------------------------------------------------------------------


def test_tables_are_fresh() -> None:
    run(sys.executable, "tools/make_tables.py", "--check", cwd=ROOT)


def test_the_contract_names_what_the_code_knows() -> None:
    names = {*hu.__all__} - {"__version__"}
    names |= {"hu.add", "hu.dot", "hu.matmul", "hu.codebook", "hu.error", "hu.scaling", "hu.sharpness", "hu.allocate"}
    names |= {str(scheme) for scheme in hu.schemes()}
    names |= set(re.findall(r"\w+", _refusal(lambda: hu.round(1.0, "e4m3fn", "?"))))
    names |= set(re.findall(r"\w+", _refusal(lambda: hu.round(1.0, "e4m3fn", overflow="?"))))
    names |= set(re.findall(r"\w+", _refusal(lambda: hu.round(1.0, "e4m3fn", nan="?"))))
    names |= set(re.findall(r"\w+", _refusal(lambda: hu.round(1.0, "e4m3fn", projection="?")).partition(", or a")[0]))
    missing = sorted(name for name in names if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", CONTRACT))
    assert not missing


def _refusal(call: object) -> str:
    with pytest.raises(ValueError, match="allowed: ") as error:
        call()  # type: ignore[operator]
    return str(error.value).partition("allowed: ")[2]


def test_every_published_name_of_a_table_parses() -> None:
    for name, aliases, _, _ in _core.registry():
        assert f"`{name}`" in README
        for alias in aliases:
            assert hu.format(alias) == hu.format(name)
    for name, text in re.findall(r"^\| `([\w.]+)` \| `([^`]+/[^`]+)` \|$", CONTRACT, re.MULTILINE):
        assert hu.scheme(name) == hu.scheme(text)
    for name in re.findall(r"^\| `([\w.]+)`† \| `[^`]+` \|$", CONTRACT, re.MULTILINE):
        with pytest.raises(ValueError, match="does not build"):
            hu.scheme(name)


def test_every_python_name_has_its_place_in_the_api_page() -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\.\. auto\w+:: (?:halfulp\.)?([\w.]+)", page, re.MULTILINE))
    assert {*hu.__all__} - {"__version__", "testing", "plots"} <= listed
    assert "testing.assert_bitexact" in listed
    assert "currentmodule:: halfulp.plots" in page


# --- links and text ---------------------------------------------------------------------------------------------------


def tracked() -> list[Path]:
    """What is tracked or would be: everything that git does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def anchors(text: str) -> set[str]:
    """The targets of a page: labels, and headings in the form that GitHub and MyST give them."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in titles}
    return slugs | set(re.findall(r"^\(([\w-]+)\)=$", text, re.MULTILINE))


def test_internal_links_lead_somewhere() -> None:
    labels = set().union(*(anchors(page.read_text(encoding="utf-8")) for page in PAGES))
    broken = []
    for page in (path for path in tracked() if path.suffix == ".md"):
        text = page.read_text(encoding="utf-8")
        prose = re.sub(r"^```(?!\{toctree).*?^```|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            if re.match(r"\w+:", target):
                continue
            path, _, anchor = target.partition("#")
            there = (page.parent / path).resolve() if path else page
            if anchor and there.is_file():
                known = labels if there.parent == DOCS else anchors(there.read_text(encoding="utf-8"))
            else:
                known = {anchor}
            if not there.exists() or anchor not in known:
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert not broken


def test_no_text_names_a_machine() -> None:
    texts = {str(ROOT), str(Path.home()), *_package_hosts()}
    texts = {text for text in texts if len(text) > 5}
    if len(socket.gethostname()) > 7:
        texts.add(socket.gethostname())
    folder = re.compile(r"(?<![\w.$}/])/(?:home|root|Users|work|mnt|opt|tmp)/[\w.-]+")
    found = []
    for path in tracked():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture
        for number, line in enumerate(lines, 1):
            if folder.search(line) or any(text in line for text in texts):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert not found


def _package_hosts() -> set[str]:
    """The hosts that pip and its proxies are set to on this machine, but for the public index."""
    settings = [value for name, value in os.environ.items() if re.search(r"(INDEX_URL|_PROXY)$", name, re.IGNORECASE)]
    done = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True)
    settings += re.findall(r"https?://[^'\"\s]+", done.stdout)
    hosts = {urlsplit(setting).hostname or "" for text in settings for setting in text.split()}
    return hosts - {"pypi.org", "files.pythonhosted.org", "localhost", "127.0.0.1", ""}
