"""REST for dashboards: the data of the persisted operations of the same meaning, so that there is one code path."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from thirdeye.rest.responses import error_response, json_response

# Runs a persisted operation for a request: its data, or its first error as (HTTP status, message).
Runner = Callable[[Request, str, dict[str, Any]], Awaitable[tuple[dict[str, Any] | None, tuple[int, str] | None]]]
_NOT_BUILT = "this is not built yet"


def dashboard_routes(prefix: str, run: Runner) -> list[Route]:
    """The routes under `/dashboard`, and the ones of the contract that wait to be built."""

    async def zi_score(request: Request) -> Response:
        data, error = await run(request, "get_zi_score_details", {})
        return json_response(data["ziScore"]) if data else error_response(*(error or (500, "no answer")))

    async def health_history(request: Request) -> Response:
        query = request.query_params
        variables: dict[str, Any] = {name: query[name] for name in ("from", "to", "after") if name in query}
        if "interval" in query:
            variables["interval"] = query["interval"].upper()
        if "first" in query:
            if not query["first"].isascii() or not query["first"].isdigit() or len(query["first"]) > 9:
                return error_response(400, "first: must be a whole number, 1 to 1000")
            variables["first"] = int(query["first"])
        data, error = await run(request, "get_health_history", variables)
        return json_response(data["healthScoreHistory"]) if data else error_response(*(error or (500, "no answer")))

    async def not_built(_: Request) -> Response:
        return error_response(501, _NOT_BUILT)

    items = f"{prefix}/action-items"
    return [
        Route(f"{prefix}/dashboard/zi-score", zi_score, methods=["GET"]),
        Route(f"{prefix}/dashboard/health-history", health_history, methods=["GET"]),
        Route(f"{prefix}/dashboard/budget-forecast", not_built, methods=["GET"]),
        Route(items, not_built, methods=["GET", "POST"]),
        Route(items + "/{id}", not_built, methods=["GET", "PATCH", "DELETE"]),
        # The reference of these routes comes with them.
        *(Route(f"{prefix}/{page}", not_built, methods=["GET"]) for page in ("docs", "redoc", "openapi.json")),
    ]
