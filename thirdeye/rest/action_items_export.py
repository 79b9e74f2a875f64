"""Action items as CSV, streamed page by page through a persisted operation."""

import csv
import io
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from thirdeye.rest.handlers import Runner, asked, failed
from thirdeye.rest.routes import RestRoute
from thirdeye.rest.tables_export import safe_cell

COLUMNS: Final = (
    "id", "title", "status", "category", "priority", "table", "monthlyCost", "assignee", "dueDate", "overdue",
    "snoozedUntil", "stage", "stageUntil", "alert", "resolution", "resolutionReason", "resolvedAt", "projectedSavingUsd",
    "realizedSavingUsd", "savingNote", "detected", "createdBy", "createdAt", "updatedAt", "version",
)  # fmt: skip
EXPORT: Final = RestRoute(
    method="GET",
    path="/action-items.csv",
    operation="export_action_items",
    root="actionItems",
    summary="All action items under a filter, as CSV",
    query={name: name for name in ("status", "sortBy", "sortDir", "search")},
    filter="filter",
)


def items_csv_route(prefix: str, types: Mapping[str, Any], run: Runner) -> Route:
    """`action-items.csv`."""

    async def export(request: Request) -> Response:
        variables = asked(EXPORT, types, request)
        first, error = await run(request, EXPORT.operation, variables)
        if first is None:
            return failed(error or {})
        headers = {
            "cache-control": "no-store",
            "content-disposition": 'attachment; filename="action-items.csv"',
        }
        return StreamingResponse(
            _pages(request, variables, first[EXPORT.root], run), media_type="text/csv; charset=utf-8", headers=headers
        )

    return Route(prefix + EXPORT.path, export, methods=["GET"])


async def _pages(
    request: Request, variables: dict[str, Any], page: Mapping[str, Any], run: Runner
) -> AsyncIterator[bytes]:
    yield (",".join(COLUMNS) + "\r\n").encode()
    while True:
        yield _csv(edge["node"] for edge in page["edges"])
        if not page["pageInfo"]["hasNextPage"]:
            return
        data, error = await run(request, EXPORT.operation, {**variables, "after": page["pageInfo"]["endCursor"]})
        if data is None:
            # Half a file must not look like a whole one: the server ends the connection.
            raise RuntimeError(f"the export ended early: {error}")
        page = data[EXPORT.root]


def _csv(items: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([_cell(_flat(item)[name]) for name in COLUMNS] for item in items)
    return text.getvalue().encode()


def _flat(item: Mapping[str, Any]) -> dict[str, Any]:
    table = item["table"] or {}
    return {**item, "table": table.get("fqn"), "monthlyCost": table.get("monthlyCost")}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return safe_cell(str(value))
