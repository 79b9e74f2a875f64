"""Writes docs/words.md: every word that ThirdEye uses for something, what it is, and the pages that explain it.

`python -m scripts.words` after a change of settings, metrics, the schema's enums, the doctor's catalogue or error codes.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from graphql import GraphQLEnumType, build_schema

from thirdeye import errors
from thirdeye.commands.doctor.catalogue import CATALOGUE
from thirdeye.observability.metrics import Metrics
from thirdeye.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "words.md"
LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
CALLS = re.compile(r"log\.|warnings\.add|self\.add|event=")
CODE = re.compile(r"`([^`\n]+)`|^#+ (.+)$", re.MULTILINE)
MOST_PAGES = 3
# Where each kind of word has its table.
OWN_PAGES = (
    ("a setting", "settings.md"), ("a metric", "metrics.md"), ("a finding", "doctor.md"), ("a code", "troubleshooting.md"),
    ("a warning", "operations.md"), ("an event", "logs.md"), ("an event", "operations.md"), ("an alert", "runbooks.md"),
)  # fmt: skip
# Two more that graphql-core finds.
FOUND_BEFORE = ("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED")
HEAD = """# Words

Every setting, metric, code, warning, state, log event and alert of ThirdEye: what it is, and the pages that explain it. An
error *message* is in [troubleshooting](troubleshooting.md#messages-outside-graphql). `python -m scripts.words` writes this page
out of the code; `tests/test_book_words.py` compares.

| word | what it is | explained in |
|---|---|---|
"""


def settings() -> Iterator[tuple[str, str]]:
    yield from ((name.upper(), "a setting") for name in Settings.model_fields)


def metrics() -> Iterator[tuple[str, str]]:
    for family in Metrics().registry.collect():
        yield family.name + ("_total" if family.type == "counter" else ""), f"a metric: {family.documentation}"


def error_codes() -> Iterator[tuple[str, str]]:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ThirdEyeError)
    ]
    yield from ((code, "a code of errors") for code in {*(kind.code for kind in kinds), *FOUND_BEFORE})


def states() -> Iterator[tuple[str, str]]:
    schema = build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLEnumType) and not kind.name.startswith("__"):
            for name, value in kind.values.items():
                yield name, f"`{kind.name}`: {' '.join((value.description or '').split())}"


def findings() -> Iterator[tuple[str, str]]:
    yield from ((code, f"a finding of the doctor: {entry.meaning}") for code, entry in CATALOGUE.items())


@cache
def all_calls() -> list[ast.Call]:
    """Every call in the files that log or warn."""
    files = [path for package in ("thirdeye", "worker") for path in sorted((ROOT / package).rglob("*.py"))]
    texts = (path.read_text(encoding="utf-8") for path in files if "local" not in path.parts)
    nodes = (node for text in texts if CALLS.search(text) for node in ast.walk(ast.parse(text)))
    return [node for node in nodes if isinstance(node, ast.Call)]


def calls(names: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Calls of methods with these names and a text: what it is a method of, and that text."""
    for node in all_calls():
        if isinstance(node.func, ast.Attribute) and node.func.attr in names and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield ast.unparse(node.func.value), first.value


def refresh_warnings() -> Iterator[tuple[str, str]]:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = re.search(r"^\| warning of a run \|.*?\n\n", text, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| (`[^|]*)\|", table[0] if table else "", re.MULTILINE)
    yield from ((code, "a warning of a refresh") for row in rows for code in re.findall(r"`([A-Z_]+)`", row))


def warnings_of_the_code() -> set[str]:
    """Codes that are written where they are counted; some come out of tables of their modules."""
    return {
        code for of, code in calls(frozenset({"add"})) if of.endswith("warnings") or (of == "self" and code.isupper())
    }


def log_events() -> Iterator[tuple[str, str]]:
    logged = {event for of, event in calls(LEVELS) if of in {"log", "_log"}}
    keywords = (keyword for node in all_calls() for keyword in node.keywords if keyword.arg == "event")
    periodic = {node.value.value for node in keywords if isinstance(node.value, ast.Constant)}
    yield from ((event, "an event of the log") for event in sorted(logged | periodic))


def alerts() -> Iterator[tuple[str, str]]:
    files = [path for path in sorted((ROOT / "deploy").rglob("*.y*ml")) if "node_modules" not in path.parts]
    for path in files:
        for name in re.findall(r"^\s*-? *alert: *[\"']?(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            yield name, "an alert"


def words() -> dict[str, list[str]]:
    """By word what it is, in no more words than are needed."""
    found: dict[str, list[str]] = {}
    for each in (settings, metrics, error_codes, states, findings, refresh_warnings, log_events, alerts):
        for word, what in each():
            if what not in found.setdefault(word, []):
                found[word].append(what)
    return found


def pages() -> dict[str, str]:
    """The text of each page of docs/ but this one, by file."""
    files = sorted((ROOT / "docs").glob("*.md"))
    return {path.name: path.read_text(encoding="utf-8") for path in files if path != PAGE}


def mentions(texts: dict[str, str]) -> dict[str, Counter[str]]:
    """By file how often words stand there as code or in a heading; what has spaces counts as a whole, too."""
    found = {}
    for name, text in texts.items():
        spans = [code or heading for code, heading in CODE.findall(text)]
        found[name] = Counter([*(word for span in spans for word in set(re.findall(r"\w+", span))), *spans])
    return found


def explained_in(word: str, mentioned: dict[str, Counter[str]]) -> list[str]:
    """The files that name a word in code, those that do it most often first."""
    return sorted(
        (name for name in mentioned if mentioned[name][word]), key=lambda name: (-mentioned[name][word], name)
    )


def page() -> str:
    """The text of docs/words.md."""
    texts, lines = pages(), []
    mentioned = mentions(texts)
    titles = {name: text.partition("\n")[0].removeprefix("# ") for name, text in texts.items()}
    titles["../schema.graphql"] = "the schema"
    for word, whats in sorted(words().items(), key=lambda item: (item[0].lower(), item[0])):
        files = explained_in(word, mentioned)
        own = [file for start, file in OWN_PAGES if any(what.startswith(start) for what in whats) and file in files]
        links = list(dict.fromkeys([*own, *files]))[:MOST_PAGES] or ["../schema.graphql"]
        meaning = "; ".join(what.replace("|", "\\|").rstrip(".") for what in whats)
        lines.append(f"| `{word}` | {meaning} | {', '.join(f'[{titles[name]}]({name})' for name in links)} |\n")
    return HEAD + "".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
