"""The tables of the estate as CSV and as JSON lines, streamed page by page: memory does not grow with the estate."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Scope

from thirdeye.context import Context
from thirdeye.database import Row
from thirdeye.errors import BadInput
from thirdeye.estate.listing import filter_of
from thirdeye.estate.loaders import of_one_generation, table_of
from thirdeye.graphql.scalars import parse_bytes, parse_count, parse_day, parse_decimal
from thirdeye.inventory.columns import Array
from thirdeye.inventory.filters import FIELDS
from thirdeye.inventory.query import Sort, fields_of, ordered, validate_sort
from thirdeye.inventory.reader import Snapshot
from thirdeye.inventory.rules import ACTIVITIES, EVIDENCES
from thirdeye.inventory.verdicts import BLOCKERS, VERDICTS
from thirdeye.rest.csv_cells import csv_header, csv_rows

_PAGE: Final = 500
COLUMNS: Final = (
    "fqn", "service", "serviceType", "database", "schema", "name", "displayName", "tableType", "owners", "tier", "tags",
    "domain", "described", "sizeBytes", "storageCost", "queryCost", "monthlyCost", "created", "lastAccessed",
    "lastWritten", "queries30d", "daysOfUse", "longestPauseDays", "idleDays", "evidence", "activity", "activityReason",
    "inUse", "inUseThroughLineage", "zombie", "recommendation", "purgeScore", "returnRisk", "saving", "blockerCodes",
    "url", "id",
)  # fmt: skip
_ONCE: Final = ("sortBy", "sortDir", "search")
_KNOWN: Final = dict.fromkeys((*FIELDS, *_ONCE)).keys()
_LISTS: Final = frozenset(
    {"service", "database", "schema", "owner", "tier", "tag", "domain", "activity", "evidence", "verdict", "blocker"}
)
_ONE_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "activity": ACTIVITIES,
    "evidence": EVIDENCES,
    "verdict": VERDICTS,
    "blocker": BLOCKERS,
}
_CONVERTED: Final[Mapping[str, Callable[[str], Any]]] = {
    **dict.fromkeys(("minimumBytes", "maximumBytes"), parse_bytes),
    **dict.fromkeys(("minimumMonthlyCost", "maximumMonthlyCost", "minimumSaving"), parse_decimal),
    **dict.fromkeys(("minimumPurgeScore", "maximumReturnRisk"), lambda text: float(parse_decimal(text))),
    "maximumQueries": parse_count,
    **dict.fromkeys(("lastAccessedAfter", "lastAccessedBefore", "lastWrittenAfter", "lastWrittenBefore"), parse_day),
}
_HEADERS: Final = {"cache-control": "no-store"}
# What a format makes of a page of tables, and what stands before the first.
Render = Callable[[list[dict[str, Any]]], bytes]


def export_routes(prefix: str, context_of: Callable[[Scope], Context]) -> list[Route]:
    """`tables.csv` and `tables.jsonl`."""

    def route(name: str, media_type: str, head: bytes, render: Render) -> Route:
        async def export(request: Request) -> Response:
            context = context_of(request.scope)
            wanted, search, sort = _asked(request.query_params)
            numbers, refreshed_at = await _find(context, wanted, search, sort)
            headers = {
                **_HEADERS,
                "content-disposition": f'attachment; filename="{name}"',
                "x-refreshed-at": refreshed_at.isoformat(),
            }
            if request.method == "HEAD":
                return Response(media_type=media_type, headers=headers)
            return StreamingResponse(_pages(context, numbers, head, render), media_type=media_type, headers=headers)

        return Route(f"{prefix}/{name}", export, methods=["GET"])

    return [
        route("tables.csv", "text/csv; charset=utf-8", csv_header(COLUMNS), _csv),
        route("tables.jsonl", "application/x-ndjson", b"", _json_lines),
    ]


async def _find(
    context: Context, wanted: dict[str, Any], search: str | None, sort: Sort | None
) -> tuple[Array, datetime]:
    """The numbers of the tables asked for, in order, and when the inventory they were found in was published."""
    caller = context.principal.name if context.principal else None

    async def find(snapshot: Snapshot) -> tuple[Array, datetime]:
        found = await filter_of(context.estate, snapshot, wanted, search, caller)
        await snapshot.load(fields_of(found, sort))
        return await asyncio.to_thread(ordered, snapshot.catalogue, found, sort), snapshot.refreshed_at

    return await of_one_generation(context, find)


def _asked(parameters: QueryParams) -> tuple[dict[str, Any], str | None, Sort | None]:
    """Filter, search and sort out of a query string. Raises BadInput for what is not known or cannot be."""
    unknown = sorted(set(parameters) - _KNOWN)
    if unknown:
        name = unknown[0][:40]
        raise BadInput(f"{name}: is no parameter of this export; there are {', '.join(_KNOWN)}", name)
    for name in _ONCE:
        _once(name, parameters.getlist(name))
    wanted = {name: _value(name, parameters.getlist(name)) for name in FIELDS if name in parameters}
    sort = None
    if "sortBy" in parameters or "sortDir" in parameters:
        sort = validate_sort(parameters.get("sortBy"), parameters.get("sortDir"))
    return wanted, parameters.get("search"), sort


def _value(name: str, values: list[str]) -> Any:
    if name in _LISTS:
        known = _ONE_OF.get(name)
        if known is not None and (wrong := [value for value in values if value not in known]):
            raise BadInput(f"{name}: must be one of {', '.join(known)}, not {wrong[0][:40]}", name)
        return values
    _once(name, values)
    if name in _CONVERTED:
        try:
            return _CONVERTED[name](values[0])
        except BadInput as error:
            raise BadInput(f"{name}: {error.message}", name) from None
    if values[0] not in {"true", "false"}:
        raise BadInput(f"{name}: must be true or false", name)
    return values[0] == "true"


def _once(name: str, values: list[str]) -> None:
    if len(values) > 1:
        raise BadInput(f"{name}: give it once", name)


async def _pages(context: Context, numbers: Array, head: bytes, render: Render) -> AsyncIterator[bytes]:
    if head:
        yield head
    for start in range(0, len(numbers), _PAGE):
        yield await _page(context, numbers[start : start + _PAGE].tolist(), render)


async def _page(context: Context, numbers: list[int], render: Render) -> bytes:
    async def read(snapshot: Snapshot) -> bytes:
        rows = await context.estate.rows(snapshot, numbers)
        return await asyncio.to_thread(_rendered, context, snapshot, [rows.get(number) for number in numbers], render)

    # A refresh may be published under way: a table's number stays, what its row refers to does not.
    return await of_one_generation(context, read)


def _rendered(context: Context, snapshot: Snapshot, rows: list[Row | None], render: Render) -> bytes:
    # What was removed since the search is left out.
    return render([table_of(context, snapshot, row) for row in rows if row is not None and row["removed_at"] is None])


def _csv(tables: list[dict[str, Any]]) -> bytes:
    return csv_rows([table[name] for name in COLUMNS] for table in tables)


def _json_lines(tables: list[dict[str, Any]]) -> bytes:
    return b"".join(
        orjson.dumps({name: table[name] for name in COLUMNS}, default=_json, option=orjson.OPT_APPEND_NEWLINE)
        for table in tables
    )


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError
