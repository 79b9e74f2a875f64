"""Whoever sees a word in a log or in an error finds it in the documentation."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support import ROOT
from tests.test_docs import table_after
from thirdeye import errors
from thirdeye.errors import ThirdEyeError

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def logs() -> str:
    return (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")


def events_of_the_code() -> dict[str, set[str]]:
    """By event the levels that it is logged at. What a periodic task raises is logged as an error."""
    events: dict[str, set[str]] = {}
    for path in [*(ROOT / "thirdeye").rglob("*.py"), *(ROOT / "worker").rglob("*.py")]:
        # Private servers, for development alone.
        if "local" not in path.relative_to(ROOT).parts:
            for event, level in events_of(path):
                events.setdefault(event, set()).add({"exception": "error"}.get(level, level))
    return events


def events_of(path: Path) -> Iterator[tuple[str, str]]:
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        function = call.func
        if isinstance(function, ast.Attribute) and function.attr in LEVELS and is_log(function.value):
            (event, *_) = call.args
            if isinstance(event, ast.Constant):
                yield event.value, function.attr
            else:
                # The one place that logs what it is told: by `event=`.
                assert path.name == "background.py", f"{path.name}: an event must be written out"
        for keyword in call.keywords:
            if keyword.arg == "event" and isinstance(keyword.value, ast.Constant):
                yield keyword.value.value, "error"


def is_log(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in {"log", "logger", "_log"}


def test_every_event_is_documented_with_its_level() -> None:
    documented = {event.strip("`"): level for event, level, _ in table_after(logs(), "event")}
    found = {event: "/".join(sorted(levels)) for event, levels in events_of_the_code().items()}
    assert found == documented
    assert len(found) > 40


def test_events_are_in_order_and_explained() -> None:
    rows = table_after(logs(), "event")
    events = [row[0].strip("`") for row in rows]
    assert events == sorted(events)
    assert [event for event, _, meaning in rows if not meaning.endswith(".")] == []


def codes_of_the_code() -> dict[str, str]:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ThirdEyeError)]
    codes = {kind.code: str(kind.status) for kind in kinds}
    # Made where a document is parsed, before there is an error of ours.
    assert 'code="GRAPHQL_PARSE_FAILED"' in (ROOT / "thirdeye" / "graphql" / "documents.py").read_text(encoding="utf-8")
    return {**codes, "GRAPHQL_PARSE_FAILED": "400"}


def test_every_error_code_is_documented_with_its_status_cause_and_remedy() -> None:
    rows = table_after(logs(), "code")
    assert {code.strip("`"): status for code, status, *_ in rows} == codes_of_the_code()
    assert [row[0] for row in rows if not (row[2].endswith(".") and row[3].endswith("."))] == []
