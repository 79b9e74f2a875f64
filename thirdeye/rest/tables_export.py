"""The tables of the estate as CSV and as JSON lines, streamed in pages so that memory does not grow with the estate."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final, cast

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
from thirdeye.estate.loaders import judged_table, shown_columns, with_snapshot
from thirdeye.estate.validation import validate_sort
from thirdeye.graphql.scalars import parse_bytes, parse_count, parse_day, parse_decimal
from thirdeye.inventory.columns import Array
from thirdeye.inventory.filters import FIELDS, Arguments
from thirdeye.inventory.query import Sort, matching_numbers, required_fields
from thirdeye.inventory.rules import ACTIVITIES, EVIDENCES, UnknownReason
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.inventory.verdicts import BLOCKERS, VERDICTS
from thirdeye.rest.csv_cells import csv_columns, csv_header
from thirdeye.verdict.decided_tables import as_decided
from thirdeye.verdict.loaders import Decided, read_decisions

_PAGE: Final = 500
COLUMNS: Final = (
    "fqn", "service", "serviceType", "database", "schema", "name", "displayName", "tableType", "owners", "tier", "tags",
    "domain", "described", "sizeBytes", "storageCost", "queryCost", "monthlyCost", "created", "lastAccessed",
    "lastWritten", "queries30d", "daysOfUse", "longestPauseDays", "idleDays", "evidence", "activity", "activityReason",
    "inUse", "inUseThroughLineage", "zombie", "recommendation", "purgeScore", "returnRisk", "saving", "blockerCodes",
    "url", "id", "knownSince", "unknownReason", "domains", "formerOwners",
)  # fmt: skip
# These stand only in exports that name them: they are for lists with one row a series.
_OF_SERIES: Final[Mapping[str, str]] = {"series": "fqn", "seriesTables": "tables", "seriesMonthlyCost": "monthlyCost"}
_SINGLE: Final = ("sortBy", "sortDir", "search", "first", "collapseSeries")
_PARAMETERS: Final = (*FIELDS, *_SINGLE, "columns")
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
RenderPage = Callable[[Sequence[Table]], bytes]
# With these columns.
Render = Callable[[Sequence[str], Sequence[Table]], bytes]


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """What an export is asked for. `first`: how many tables at most; None for all of them. `collapse`: one row a series."""

    arguments: Arguments
    search: str | None
    sort: Sort | None
    first: int | None
    columns: Sequence[str]
    collapse: bool


def export_routes(prefix: str, context_of: Callable[[Scope], Context], slots: ExportSlots) -> list[Route]:
    """The routes `tables.csv` and `tables.jsonl`."""

    def route(name: str, media_type: str, head: Callable[[Sequence[str]], bytes], render: Render) -> Route:
        async def export(request: Request) -> Response:
            context = context_of(request.scope)
            wanted = _parse_parameters(request.query_params)
            numbers, refreshed_at = await _find(context, wanted)
            headers = {
                "cache-control": "no-store",
                "content-disposition": f'attachment; filename="{name}"',
                "x-refreshed-at": refreshed_at.isoformat(),
            }
            if request.method == "HEAD":
                return Response(media_type=media_type, headers=headers)
            pages = _pages(context, numbers, head(wanted.columns), partial(render, wanted.columns))
            return StreamingResponse(pages, media_type=media_type, headers=headers)

        return Route(f"{prefix}/{name}", slots.bounded(export), methods=["GET"])

    return [
        route("tables.csv", "text/csv; charset=utf-8", csv_header, _csv),
        route("tables.jsonl", "application/x-ndjson", lambda _: b"", _json_lines),
    ]


async def _find(context: Context, wanted: _Wanted) -> tuple[Array, datetime]:
    """The numbers of the matching tables, in order, and when their inventory was published."""
    caller = context.principal.name if context.principal else None

    async def find(snapshot: Snapshot) -> tuple[Array, datetime]:
        table_filter = await parse_filter(context.estate, snapshot, wanted.arguments, wanted.search, caller)
        fields = required_fields(table_filter, wanted.sort) | ({"series"} if wanted.collapse else set())
        await snapshot.load(fields)
        representatives = snapshot.representatives if wanted.collapse else None
        match = partial(matching_numbers, representatives=representatives)
        numbers = await asyncio.to_thread(match, snapshot.catalogue, table_filter, wanted.sort)
        return numbers[: wanted.first], snapshot.refreshed_at

    return await with_snapshot(context, find)


def _parse_parameters(parameters: QueryParams) -> _Wanted:
    """Filter, search, sort and columns out of a query string. Raises BadInput for unknown parameters and invalid values."""
    if unknown := sorted(set(parameters) - set(_PARAMETERS)):
        name = unknown[0][:40]
        raise BadInput(f"{name}: is no parameter of this export; there are {', '.join(_PARAMETERS)}", name)
    for name in _SINGLE:
        _check_single(name, parameters.getlist(name))
    arguments = {name: _value(name, parameters.getlist(name)) for name in FIELDS if name in parameters}
    sort, collapse = (
        None,
        "collapseSeries" in parameters and _parse_flag("collapseSeries", parameters["collapseSeries"]),
    )
    # Rows of series come in the order of a list, by cost unless told otherwise.
    if "sortBy" in parameters or "sortDir" in parameters or collapse:
        sort = validate_sort(parameters.get("sortBy"), parameters.get("sortDir"))
    return _Wanted(
        arguments=arguments,
        search=parameters.get("search"),
        sort=sort,
        first=_parse_first(parameters.get("first")),
        columns=_parse_columns(parameters.getlist("columns")),
        collapse=collapse,
    )


def _parse_first(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_count(text)
    except BadInput as error:
        raise BadInput(f"first: {error.message}", "first") from None


def _parse_columns(names: list[str]) -> Sequence[str]:
    """The columns in the order in which they are named; all of them where none is."""
    known = (*COLUMNS, *_OF_SERIES)
    if unknown := [name for name in names if name not in known]:
        raise BadInput(f"columns: '{unknown[0][:40]}' is no column; there are {', '.join(known)}", "columns")
    if twice := [name for name in names if names.count(name) > 1]:
        raise BadInput(f"columns: give {twice[0]} once", "columns")
    return names or COLUMNS


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
    return _parse_flag(name, values[0])


def _parse_flag(name: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise BadInput(f"{name}: must be true or false", name)
    return text == "true"


def _check_single(name: str, values: list[str]) -> None:
    if len(values) > 1:
        raise BadInput(f"{name}: give it once", name)


async def _pages(context: Context, numbers: Array, head: bytes, render: RenderPage) -> AsyncIterator[bytes]:
    if head:
        yield head
    reading: asyncio.Task[_Rows] | None = None
    try:
        for start in range(0, len(numbers), _PAGE):
            page = await (reading or _read(context, numbers, start))
            # The next one is read while this one is rendered.
            following = start + _PAGE
            reading = asyncio.create_task(_read(context, numbers, following)) if following < len(numbers) else None
            yield await asyncio.to_thread(_render_rows, context, page, render)
    finally:
        if reading is not None:
            reading.cancel()
            await asyncio.wait((reading,))


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """A page of an export, as it is in a snapshot."""

    snapshot: Snapshot
    rows: list[Row]
    decided: Mapping[int, Decided]


async def _read(context: Context, numbers: Array, start: int) -> _Rows:
    page = numbers[start : start + _PAGE].tolist()

    async def read(snapshot: Snapshot) -> _Rows:
        rows = await context.estate.rows(snapshot, page)
        # Tables that were removed since the search are left out.
        there = [row for number in page if (row := rows.get(number)) is not None and row["removed_at"] is None]
        decided = await read_decisions(context, [row["number"] for row in there])
        return _Rows(snapshot=snapshot, rows=there, decided=decided)

    # A refresh published meanwhile keeps a table's number, but not what its row refers to.
    return await with_snapshot(context, read)


def _render_rows(context: Context, page: _Rows, render: RenderPage) -> bytes:
    # As the same tables are in any other answer.
    columns = shown_columns(page.snapshot, [row["number"] for row in page.rows])
    return render(
        [
            as_decided(judged_table(context, page.snapshot, row, shown), page.decided[row["number"]], page.snapshot)
            for row, shown in zip(page.rows, columns, strict=True)
        ]
    )


def _csv(columns: Sequence[str], tables: Sequence[Table]) -> bytes:
    return csv_columns([_values_of(tables, name) for name in columns])


def _json_lines(columns: Sequence[str], tables: Sequence[Table]) -> bytes:
    rows = ({name: _value_of(table, name) for name in columns} for table in tables)
    return b"".join(orjson.dumps(row, default=_json_default, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def _values_of(tables: Sequence[Table], column: str) -> list[object]:
    if column in _OF_SERIES:
        return [_value_of(table, column) for table in tables]
    return [table[column] for table in tables]


def _value_of(table: Table, column: str) -> object:
    if column not in _OF_SERIES:
        return table[column]
    series: Mapping[str, object] | None = cast("Mapping[str, object] | None", table["series"])
    return None if series is None else series[_OF_SERIES[column]]


def _json_default(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError
