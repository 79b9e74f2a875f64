"""Action items as CSV, streamed page by page through a persisted operation."""

from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from thirdeye.edge.exports import ExportSlots
from thirdeye.graphql.request import JsonObject
from thirdeye.rest.csv_cells import csv_header, csv_rows
from thirdeye.rest.handlers import Execute, error_of
from thirdeye.rest.routes import RestRoute
from thirdeye.rest.variables import Variables, parse_query

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


def items_csv_route(prefix: str, variables: Variables, execute: Execute, slots: ExportSlots) -> Route:
    """`action-items.csv`."""

    async def export(request: Request) -> Response:
        values = parse_query(EXPORT, variables, request.query_params)
        answer = await execute(request.scope, EXPORT.operation, values)
        if answer.errors or answer.data is None:
            return error_of(answer, variables, values)
        headers = {"cache-control": "no-store", "content-disposition": 'attachment; filename="action-items.csv"'}
        pages = _pages(request, values, answer.data[EXPORT.root], execute)
        return StreamingResponse(pages, media_type="text/csv; charset=utf-8", headers=headers)

    return Route(prefix + EXPORT.path, slots.bounded(export), methods=["GET"])


async def _pages(request: Request, values: JsonObject, page: JsonObject, execute: Execute) -> AsyncIterator[bytes]:
    yield csv_header(COLUMNS)
    while True:
        yield csv_rows(_row(edge["node"]) for edge in page["edges"])
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]
        answer = await execute(request.scope, EXPORT.operation, {**values, "after": after})
        if answer.errors or answer.data is None:
            # Half a file must not look like a whole one: the server ends the connection.
            raise RuntimeError(f"the export ended early: {[error.body for error in answer.errors]}")
        page = answer.data[EXPORT.root]


def _row(item: JsonObject) -> list[object]:
    table = item["table"] or {}
    values = {**item, "table": table.get("fqn"), "monthlyCost": table.get("monthlyCost")}
    return [values[name] for name in COLUMNS]
