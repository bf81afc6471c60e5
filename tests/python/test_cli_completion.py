"""Shell completion: the scripts, run by the shells that are here."""

import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import halfulp as hu
import pytest
from cli_support import refused, run
from halfulp.cli import commands, shells, words

SHELLS = ("bash", "zsh", "fish")


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch) -> dict[str, Path]:
    """The script of each shell, in an empty working folder with one file and one folder."""
    found = {}
    for shell in SHELLS:
        found[shell] = tmp_path / f"script.{shell}"
        found[shell].write_text(shells.completion_script(shell), encoding="utf-8")
    work = tmp_path / "work"
    (work / "folder").mkdir(parents=True)
    (work / "a file.npz").touch()
    (work / "weights.npz").touch()
    monkeypatch.chdir(work)
    return found


def needs(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    return found


def bash(script: Path, *typed: str) -> list[str]:
    """What bash offers for the last word, given as bash splits words."""
    quoted = " ".join(f"'{word}'" for word in typed)
    command = f"source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(typed) - 1}; _halfulp; "
    command += 'if ((${#COMPREPLY[@]})); then printf "%s\\n" "${COMPREPLY[@]}"; fi'
    done = subprocess.run(
        [needs("bash"), "--norc", "-c", command], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_bash_offers_commands_options_and_names(scripts):
    # Catches: a command without its options; names of another kind; values offered where options belong.
    script = scripts["bash"]
    assert bash(script, "halfulp", "") == [*commands.SUMMARIES, "help", "--help", "--version"]
    assert bash(script, "halfulp", "de") == ["describe", "decode"]
    assert bash(script, "halfulp", "help", "sw") == ["sweep"]
    for name in commands.SUMMARIES:
        flags = set(commands.load(name).parser().options())
        assert set(bash(script, "halfulp", name, "-")) == flags
    assert bash(script, "halfulp", "round", "1", "e4m3") == ["e4m3fn", "e4m3", "e4m3fnuz", "e4m3b11fnuz", "e4m3fnu"]
    assert bash(script, "halfulp", "round", "1", "--rounding", "toward_") == [
        *("toward_zero", "toward_positive", "toward_negative"),
    ]
    assert bash(script, "halfulp", "round", "1", "--overflow", "") == list(words.OVERFLOW)
    assert bash(script, "halfulp", "encode", "1", "--nan", "") == list(words.NAN)
    assert bash(script, "halfulp", "encode", "1", "--ftz", "") == ["before", "after"]
    assert bash(script, "halfulp", "round", "1", "--projection", "torch") == ["torch", "torch_2_11"]
    assert set(map(str, hu.schemes())) <= set(bash(script, "halfulp", "describe", ""))
    assert bash(script, "halfulp", "completion", "") == list(SHELLS)
    assert bash(script, "halfulp", "formats", "--family", "fn") == ["fn", "fnuz"]
    assert bash(script, "halfulp", "round", "--rng", "") == []
    assert bash(script, "halfulp", "round", "1", "--check", "e2m1") == ["e2m1fn"]


def test_bash_offers_files_and_folders(scripts):
    # Catches: names with blanks cut in two; files where only a folder can stand.
    script = scripts["bash"]
    assert bash(script, "halfulp", "sweep", "we") == ["weights.npz"]
    assert bash(script, "halfulp", "sweep", "weights.npz", "nvf") == ["nvfp4"]
    assert bash(script, "halfulp", "sweep", "-o", "a") == ["a file.npz"]
    assert sorted(bash(script, "halfulp", "report", "")) == ["a file.npz", "folder", "weights.npz"]
    assert bash(script, "halfulp", "sweep", "--results", "") == ["folder"]


def test_bash_goes_on_within_what_it_splits(scripts):
    # Catches: nothing offered after =, : and @, at which bash begins a new word.
    script = scripts["bash"]
    assert bash(script, "halfulp", "round", "1", "--rounding", "=") == words.words("rounding")
    assert bash(script, "halfulp", "round", "1", "--rounding", "=", "toward_z") == ["toward_zero"]
    assert bash(script, "halfulp", "describe", "e2m1fn/32", ":", "e8") == ["e8m0fnu"]
    assert "e8m0fnu" in bash(script, "halfulp", "sweep", "w", "e2m1fn/32", ":")
    assert bash(script, "halfulp", "describe", "mxfp4", "@", "recipe", "=", "rceil") == ["rceil", "rceil_fp32"]
    assert bash(script, "halfulp", "sweep", "w", "--executor", "da") == ["dask:"]
    assert bash(script, "halfulp", "sweep", "w", "--executor", "dask", ":", "e8") == []


def test_fish_offers_commands_options_and_names(scripts):
    def fish(line: str) -> list[str]:
        done = subprocess.run(
            [needs("fish"), "--no-config", "-c", f"source {scripts['fish']}; complete -C '{line}'"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return [row.partition("\t")[0] for row in done.stdout.splitlines()]

    assert set(fish("halfulp ")) == {*commands.SUMMARIES, "help"}
    assert fish("halfulp rou") == ["round"]
    for name in commands.SUMMARIES:
        flags = {flag for flag in commands.load(name).parser().options() if flag.startswith("--")}
        assert set(fish(f"halfulp {name} --")) == flags
    assert set(fish("halfulp round 1 --rounding toward_")) == {"toward_zero", "toward_positive", "toward_negative"}
    assert fish("halfulp describe nvf") == ["nvfp4"]
    assert fish("halfulp sweep weights.npz nvf") == ["nvfp4"]
    assert fish("halfulp sweep wei") == ["weights.npz"]
    assert fish("halfulp completion z") == ["zsh"]
    assert "nvfp4" not in fish("halfulp round 1 nv")


START = {
    "bash": ("--norc", "--noprofile", "-i"),
    "zsh": ("-f", "-i"),
}
SET_UP = {
    "bash": "source {script}; PS1='REA''DY> '",
    "zsh": "PS1='REA''DY> '; source {script}; echo REA''DY",
}


def after_tab(shell: str, script: Path, line: str, expected: str) -> str:
    """What stands on the terminal after a line and the tab key, in a shell with a terminal of its own."""
    master, slave = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "TERM": "dumb", "HOME": str(script.parent)}
    process = subprocess.Popen(
        [needs(shell), *START[shell]], stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    )
    os.close(slave)
    text = ""

    def read_until(part: str) -> None:
        nonlocal text
        end = time.monotonic() + 20
        while part not in text and time.monotonic() < end:
            if select.select([master], [], [], 0.1)[0]:
                text += os.read(master, 65536).decode(errors="replace")

    try:
        os.write(master, f"{SET_UP[shell].format(script=script)}\n".encode())
        read_until("READY")
        time.sleep(0.2)
        text = ""
        os.write(master, f"{line}\t".encode())
        read_until(expected)
    finally:
        process.kill()
        process.wait()
        os.close(master)
    return text


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("halfulp rou", "halfulp round "),
        ("halfulp round 1 --rounding=toward_z", "--rounding=toward_zero "),
        ("halfulp round 1 --rounding toward_z", "--rounding toward_zero "),
        ("halfulp describe nvf", "describe nvfp4 "),
        ("halfulp sweep wei", "sweep weights.npz "),
        ("halfulp sweep weights.npz --results fol", "--results folder/"),
        ("halfulp sweep w --executor da", "--executor dask:"),
        ("halfulp help swe", "help sweep "),
    ],
)
def test_the_tab_key(scripts, shell: str, line: str, expected: str):
    # Catches: a script that the shell does not load, or that offers what the shell then does not take.
    assert expected in after_tab(shell, scripts[shell], line, expected)


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_hold_together(scripts, shell: str, capsys):
    # Catches: syntax that the shell does not read; another text on the command line.
    assert run(capsys, "completion", shell) == (0, scripts[shell].read_text(encoding="utf-8"), "")
    check = {"bash": "-n", "zsh": "-n", "fish": "--no-execute"}[shell]
    done = subprocess.run([needs(shell), check, scripts[shell]], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_shell_is_refused(capsys):
    line = refused(capsys, "completion", "tcsh")
    assert all(shell in line for shell in SHELLS)
