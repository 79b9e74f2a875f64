"""Whoever saw a word of ThirdEye's finds it in the book: what it is, and the page that explains it."""

import ast
import re
from collections.abc import Iterator

from scripts import words
from tests.support import ROOT

TROUBLESHOOTING = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
# Where requests are refused before, or without, an operation: their messages stand alone.
REFUSERS = (
    "auth", "edge", "graphql/http.py", "graphql/request.py", "graphql/turns.py", "graphql/operation_runner.py",
    "graphql/operations.py", "graphql/limits.py", "graphql/documents.py", "rest/responses.py", "ui/page.py",
)  # fmt: skip
REFUSALS = frozenset({
    "Unauthenticated", "TransportError", "RateLimited", "LimitExceeded", "Unavailable", "Forbidden", "RequestTimeout",
    "Conflict", "_refuse", "send_error",
})  # fmt: skip
SHORTEST = 12


def test_the_page_of_words_is_what_the_code_says() -> None:
    assert words.PAGE.read_text(encoding="utf-8") == words.page(), "run `python -m scripts.words`"


def test_every_word_is_explained() -> None:
    explained = [re.search(r"\| \[[^]]+\]\(", line) for line in words.page().splitlines() if line.startswith("| `")]
    assert len(explained) > 400
    mentioned = words.mentions(words.pages())
    in_schema = {name for name, _ in words.states()}
    assert [word for word in words.words() if word not in in_schema and not words.explained_in(word, mentioned)] == []


def test_warnings_of_refreshes_are_those_of_the_code() -> None:
    documented = {code for code, _ in words.refresh_warnings()}
    assert words.warnings_of_the_code() - documented == set()
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "thirdeye" / "mirror").rglob("*.py"))
    made = {code for code in documented if code.startswith("STATEMENT_")}  # of the names of states
    assert {code for code in documented - made if f'"{code}"' not in source} == set()


def messages() -> Iterator[tuple[str, list[str]]]:
    """Messages of refusals, in the pieces between what is filled in."""
    for path in sorted((ROOT / "thirdeye").rglob("*.py")):
        name = path.relative_to(ROOT / "thirdeye").as_posix()
        if not name.startswith(REFUSERS):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]:
            named = dict(assignments(function))
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and called(node) in REFUSALS:
                    texts = [named.get(each.id, each) if isinstance(each, ast.Name) else each for each in node.args]
                    yield from ((name, found) for each in texts if (found := pieces(each)))


def assignments(function: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def pieces(node: ast.expr) -> list[str]:
    """The fixed parts of a text that are long enough to be looked for."""
    values = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]
    return [text.strip(" :;,") for text in texts if len(text.strip(" :;,")) >= SHORTEST and " " in text.strip()]


def test_messages_of_refusals_are_explained() -> None:
    """All in one test: to find them takes two seconds, which each process of a run would need to collect them."""
    text, found = TROUBLESHOOTING.replace("\\|", "|"), list(messages())
    assert [(where, part) for where, parts in found for part in parts if part.replace("`", "") not in text] == []
    assert len(found) > 60


def test_exit_codes_are_explained() -> None:
    doctor = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")
    for code in range(4):
        assert f"| {code} |" in doctor
    for code in (0, 1, 2, 130):
        assert f"| {code} |" in TROUBLESHOOTING
