"""Every parameter and field of REST that takes a day or a moment, at the ends of the calendar: found by walking openapi.json."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.support.action_estate import Estate
from thirdeye.graphql.schema import build_schema
from thirdeye.rest.openapi import openapi

pytestmark = pytest.mark.anyio
PREFIX: Final = "/api/v1/thirdeye"
# All of those of GraphQL, through which these go, have a test of their own.
VALUES: Final = {
    "date": ("0001-01-01", "1000-01-01", "2026-03-01", "9999-12-31", "10000-01-01"),
    "date-time": (
        "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "2026-03-01T09:00:00Z", "9999-12-31T23:59:59.999999Z",
        "9999-12-31T23:59:59-23:59", "10000-01-01T00:00:00Z",
    ),
}  # fmt: skip
# Beside what the document lists: they take the filters of lists.
EXPORTS: Final = (
    ("GET", f"{PREFIX}/tables.csv", "lastAccessedAfter", "date"), ("GET", f"{PREFIX}/tables.csv", "lastWrittenBefore", "date"),
    ("GET", f"{PREFIX}/action-items.csv", "dueBefore", "date"),
)  # fmt: skip


def places() -> Iterator[tuple[str, str, str, str]]:
    """Method, path, name and format of each parameter, and of each field of a body."""
    for path, operations in openapi(PREFIX, build_schema())["paths"].items():
        for method, operation in operations.items():
            named = {parameter["name"]: parameter["schema"] for parameter in operation["parameters"]}
            if "requestBody" in operation:
                named |= operation["requestBody"]["content"]["application/json"]["schema"]["properties"]
            for name, schema in named.items():
                if (kind := format_of(schema)) in VALUES:
                    yield method.upper(), path, name, kind


def format_of(schema: dict[str, Any]) -> str:
    """The format, be it of one of several types."""
    formats = [each.get("format", "") for each in (schema, *schema.get("anyOf", ()), *schema.get("oneOf", ()))]
    return next(filter(None, formats), "")


WALK: Final = [*places(), *EXPORTS]


def test_the_walk_finds_them() -> None:
    assert {(method, name) for method, _, name, _ in WALK} >= {
        ("GET", "from"), ("GET", "to"), ("GET", "dueBefore"), ("POST", "dueDate"), ("PATCH", "dueDate"), ("PATCH", "snoozedUntil"),
    }  # fmt: skip


async def test_no_day_and_no_moment_is_an_internal_error(estate: Estate) -> None:
    item = (await estate.items())[0]["id"]
    statuses = set[int]()
    for method, path, name, kind in WALK:
        for value in VALUES[kind]:
            asked: dict[str, Any] = {"params": {name: str(value)}}
            if method != "GET":
                asked = {"json": {**({"title": "look"} if method == "POST" else {}), name: value}}
            answer = await estate.api.client.request(method, path.replace("{id}", str(item)), **asked)
            assert answer.status_code in (200, 201, 400), (method, path, name, value, answer.text)
            statuses.add(answer.status_code)
    # Some of the values can be meant, and some cannot.
    assert statuses == {200, 201, 400}
