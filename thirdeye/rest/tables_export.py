"""The tables of the estate as CSV and as JSON lines, streamed in pages so that memory does not grow with the estate."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Scope

from thirdeye.context import Context
from thirdeye.database import Row
from thirdeye.edge.exports import ExportSlots
from thirdeye.errors import BadInput
from thirdeye.estate.listing import parse_filter
from thirdeye.estate.loaders import table_of, with_snapshot
from thirdeye.estate.validation import validate_sort
from thirdeye.graphql.scalars import parse_bytes, parse_count, parse_day, parse_decimal
from thirdeye.inventory.columns import Array
from thirdeye.inventory.filters import FIELDS, Arguments
from thirdeye.inventory.query import Sort, matching_numbers, required_fields
from thirdeye.inventory.reader import Snapshot
from thirdeye.inventory.rules import ACTIVITIES, EVIDENCES, UnknownReason
from thirdeye.inventory.verdicts import BLOCKERS, VERDICTS
from thirdeye.rest.csv_cells import csv_header, csv_rows

_PAGE: Final = 500
COLUMNS: Final = (
    "fqn", "service", "serviceType", "database", "schema", "name", "displayName", "tableType", "owners", "tier", "tags",
    "domain", "described", "sizeBytes", "storageCost", "queryCost", "monthlyCost", "created", "lastAccessed",
    "lastWritten", "queries30d", "daysOfUse", "longestPauseDays", "idleDays", "evidence", "activity", "activityReason",
    "inUse", "inUseThroughLineage", "zombie", "recommendation", "purgeScore", "returnRisk", "saving", "blockerCodes",
    "url", "id", "knownSince", "unknownReason", "domains", "formerOwners",
)  # fmt: skip
_SINGLE: Final = ("sortBy", "sortDir", "search")
_PARAMETERS: Final = (*FIELDS, *_SINGLE)
_LISTS: Final = frozenset(
    {
        "service", "database", "schema", "owner", "tier", "tag", "domain", "activity", "unknownReasons", "evidence",
        "verdict", "blocker", "formerOwner",
    }
)  # fmt: skip
_ENUMS: Final[Mapping[str, tuple[str, ...]]] = {
    "activity": ACTIVITIES, "unknownReasons": tuple(UnknownReason), "evidence": EVIDENCES, "verdict": VERDICTS,
    "blocker": BLOCKERS,
}  # fmt: skip
_PARSERS: Final[Mapping[str, Callable[[str], object]]] = {
    **dict.fromkeys(("minimumBytes", "maximumBytes"), parse_bytes),
    **dict.fromkeys(("minimumMonthlyCost", "maximumMonthlyCost", "minimumSaving"), parse_decimal),
    **dict.fromkeys(("minimumPurgeScore", "maximumReturnRisk"), lambda text: float(parse_decimal(text))),
    "maximumQueries": parse_count,
    **dict.fromkeys(("lastAccessedAfter", "lastAccessedBefore", "lastWrittenAfter", "lastWrittenBefore"), parse_day),
}
Table = Mapping[str, object]
# Renders a page of tables.
Render = Callable[[Sequence[Table]], bytes]


def export_routes(prefix: str, context_of: Callable[[Scope], Context], slots: ExportSlots) -> list[Route]:
    """The routes `tables.csv` and `tables.jsonl`."""

    def route(name: str, media_type: str, head: bytes, render: Render) -> Route:
        async def export(request: Request) -> Response:
            context = context_of(request.scope)
            arguments, search, sort = _parse_parameters(request.query_params)
            numbers, refreshed_at = await _find(context, arguments, search, sort)
            headers = {
                "cache-control": "no-store",
                "content-disposition": f'attachment; filename="{name}"',
                "x-refreshed-at": refreshed_at.isoformat(),
            }
            if request.method == "HEAD":
                return Response(media_type=media_type, headers=headers)
            return StreamingResponse(_pages(context, numbers, head, render), media_type=media_type, headers=headers)

        return Route(f"{prefix}/{name}", slots.bounded(export), methods=["GET"])

    return [
        route("tables.csv", "text/csv; charset=utf-8", csv_header(COLUMNS), _csv),
        route("tables.jsonl", "application/x-ndjson", b"", _json_lines),
    ]


async def _find(
    context: Context, arguments: Arguments, search: str | None, sort: Sort | None
) -> tuple[Array, datetime]:
    """The numbers of the matching tables, in order, and when their inventory was published."""
    caller = context.principal.name if context.principal else None

    async def find(snapshot: Snapshot) -> tuple[Array, datetime]:
        table_filter = await parse_filter(context.estate, snapshot, arguments, search, caller)
        await snapshot.load(required_fields(table_filter, sort))
        numbers = await asyncio.to_thread(matching_numbers, snapshot.catalogue, table_filter, sort)
        return numbers, snapshot.refreshed_at

    return await with_snapshot(context, find)


def _parse_parameters(parameters: QueryParams) -> tuple[Arguments, str | None, Sort | None]:
    """Filter, search and sort out of a query string. Raises BadInput for unknown parameters and invalid values."""
    if unknown := sorted(set(parameters) - set(_PARAMETERS)):
        name = unknown[0][:40]
        raise BadInput(f"{name}: is no parameter of this export; there are {', '.join(_PARAMETERS)}", name)
    for name in _SINGLE:
        _check_single(name, parameters.getlist(name))
    arguments = {name: _value(name, parameters.getlist(name)) for name in FIELDS if name in parameters}
    sort = None
    if "sortBy" in parameters or "sortDir" in parameters:
        sort = validate_sort(parameters.get("sortBy"), parameters.get("sortDir"))
    return arguments, parameters.get("search"), sort


def _value(name: str, values: list[str]) -> object:
    if name in _LISTS:
        members = _ENUMS.get(name)
        if members is not None and (wrong := [value for value in values if value not in members]):
            raise BadInput(f"{name}: must be one of {', '.join(members)}, not {wrong[0][:40]}", name)
        return values
    _check_single(name, values)
    if name in _PARSERS:
        try:
            return _PARSERS[name](values[0])
        except BadInput as error:
            raise BadInput(f"{name}: {error.message}", name) from None
    if values[0] not in {"true", "false"}:
        raise BadInput(f"{name}: must be true or false", name)
    return values[0] == "true"


def _check_single(name: str, values: list[str]) -> None:
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
        ordered = [rows.get(number) for number in numbers]
        return await asyncio.to_thread(_render_rows, context, snapshot, ordered, render)

    # A refresh published meanwhile keeps a table's number, but not what its row refers to.
    return await with_snapshot(context, read)


def _render_rows(context: Context, snapshot: Snapshot, rows: list[Row | None], render: Render) -> bytes:
    # Tables that were removed since the search are left out.
    return render([table_of(context, snapshot, row) for row in rows if row is not None and row["removed_at"] is None])


def _csv(tables: Sequence[Table]) -> bytes:
    return csv_rows([table[name] for name in COLUMNS] for table in tables)


def _json_lines(tables: Sequence[Table]) -> bytes:
    return b"".join(
        orjson.dumps({name: table[name] for name in COLUMNS}, default=_json_default, option=orjson.OPT_APPEND_NEWLINE)
        for table in tables
    )


def _json_default(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError
