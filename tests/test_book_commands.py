"""Commands in the book work: those that can run here are run, the others are read by a shell, and what they name exists."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from typer.main import get_command

from scripts.book import brought_in, text_of
from tests.support import ROOT
from tests.test_docs import table_after
from thirdeye.cli import cli

HELP = "--help"


def pages() -> list[str]:
    inside = [path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")]
    return sorted({*inside, *(path for path in brought_in(text_of) if path.endswith(".md"))} - {"CHANGELOG.md"})


@cache
def commands() -> dict[str, frozenset[str]]:
    """By command, as it is typed, its options."""
    return dict(walk(get_command(cli), "thirdeye"))


def walk(command: object, name: str) -> Iterator[tuple[str, frozenset[str]]]:
    children = getattr(command, "commands", None)
    for child, kind in (children or {}).items():
        yield from walk(kind, f"{name} {child}")
    if children is None:
        yield name, frozenset(option for parameter in command.params for option in parameter.opts)  # type: ignore[attr-defined]


def test_every_command_and_option_is_documented_and_no_other() -> None:
    documented: dict[str, set[str]] = {}
    name = ""
    for command, does, option, meaning in table_after(
        (ROOT / "docs/commands.md").read_text(encoding="utf-8"), "command"
    ):
        name = command.strip("`") or name
        assert bool(option) == bool(meaning)
        assert does if command else option
        documented.setdefault(name, set()).update({option.strip("`").lower()} - {""})
    assert documented == {name: set(options) for name, options in commands().items()}


def shell_blocks(page: str) -> list[str]:
    return re.findall(r"^```(?:sh|bash|console)\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL)


def inline_commands(page: str) -> list[str]:
    text = re.sub(r"^```.*?^```", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`(thirdeye(?: [^`]+)?)`", text)


def calls(script: str) -> list[list[str]]:
    """Calls of `thirdeye` in a script, as words."""
    joined = re.sub(r"\\\n", " ", script)
    lines = [line for line in joined.splitlines() if re.search(r"(^|[\s/])thirdeye ", line)]
    words = [shlex.split(line, comments=True) for line in lines]
    found = []
    for line in words:
        starts = [at for at, word in enumerate(line) if is_call(line, at, word)]
        for at in starts:
            ends = [end for end, word in enumerate(line) if end > at and word in {"&&", "|", ">", "<", ";", "or:"}]
            found.append(line[at : min(ends, default=len(line))])
    return found


def is_call(line: list[str], at: int, word: str) -> bool:
    """Whether a word is the program, and not the name of something, as in `kubectl delete secret thirdeye`."""
    before = line[at - 1] if at else "&&"
    in_container = line[0] in {"docker", "podman"} and at + 1 < len(line)
    return Path(word).name == "thirdeye" and (
        before in {"&&", "|", ";", "--", "exec", "or:"} or "=" in before or in_container
    )


def problem_of(words: list[str]) -> str | None:
    """Why a call cannot work: an unknown command, or an option that it does not have."""
    plain = ["thirdeye", *words[1:]]
    for size in (3, 2):
        options = commands().get(" ".join(plain[:size]))
        if options is not None:
            given = {word.partition("=")[0] for word in plain[size:] if word.startswith("--")}
            unknown = given - options - {HELP}
            return f"{' '.join(plain)}: no option {', '.join(sorted(unknown))}" if unknown else None
    return f"{' '.join(plain)}: no such command"


@pytest.mark.parametrize("page", pages())
def test_commands_that_are_named_exist(page: str) -> None:
    groups = {name.rsplit(" ", 1)[0] for name in commands()}
    scripts = [call for script in shell_blocks(page) for call in calls(script)]
    named = [shlex.split(text) for text in inline_commands(page)]
    problems = [problem_of(words) for words in [*scripts, *named] if " ".join(words) not in groups]
    assert [problem for problem in problems if problem] == []


@pytest.mark.parametrize("page", pages())
def test_shell_blocks_are_read_by_a_shell(page: str) -> None:
    for script in shell_blocks(page):
        # What a prompt shows is a command; the rest of such a block is an answer.
        text = (
            "\n".join(re.findall(r"^\$ ((?:.*\\\n)*.*)$", script, re.MULTILINE)) if "\n$ " in f"\n{script}" else script
        )
        read = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
        assert (read.returncode, read.stderr) == (0, ""), text


def named_paths(script: str) -> list[str]:
    """Files of the repository that a script names."""
    return [word for word in re.findall(r"[\w./-]+", script) if re.match(r"(deploy|docs|scripts|tests|bench)/", word)]


@pytest.mark.parametrize("page", pages())
def test_files_and_make_targets_in_shell_blocks_exist(page: str) -> None:
    scripts = "\n".join(shell_blocks(page))
    assert [path for path in named_paths(scripts) if not (ROOT / path).exists()] == []
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    asked = re.findall(r"(?:^|\s)make ([a-z-]+)", scripts, re.MULTILINE) + re.findall(
        r"`make ([a-z-]+)`", text_of(page)
    )
    assert set(asked) - targets == set()
    modules = re.findall(r"python -m ((?:bench|tests|thirdeye)[\w.]*)", text_of(page))
    assert [name for name in modules if not is_module(name)] == []


@pytest.mark.parametrize("page", pages())
def test_files_that_commands_are_given_are_there(page: str) -> None:
    scripts = "\n".join(shell_blocks(page))
    given = re.findall(r"(?<![\w./>$\"-])([\w-][\w./-]*\.(?:ya?ml|sql|env|template))\b", scripts)
    given += re.findall(r"(?:kustomize|--kustomize|-k) ([\w./-]+)", scripts)
    written = set(re.findall(r"> ?([\w.-]+)", scripts))
    # Where the page lies, at the top, or in the folder of `deploy/` that the block has gone to.
    places = [(ROOT / page).parent, ROOT, *(path for path in (ROOT / "deploy").iterdir() if path.is_dir())]
    lost = [name for name in given if name not in written and not any((place / name).exists() for place in places)]
    assert lost == []


def is_module(name: str) -> bool:
    path = ROOT / Path(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__main__.py").exists()
