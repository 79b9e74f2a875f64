"""Serving the table of routes: values out of path, query string, body and headers; the operation; the response."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from graphql import GraphQLSchema
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from thirdeye.errors import STATUS_BY_CODE, BadInput, NotFound
from thirdeye.graphql.answer import Answer
from thirdeye.graphql.request import JsonObject, check_content_type, parse_json_object, read_body
from thirdeye.rest.preconditions import NO_VERSION, entity_tag, parse_if_match
from thirdeye.rest.responses import error_response, json_response
from thirdeye.rest.routes import ROUTES, Answers, RestRoute
from thirdeye.rest.variables import Variables, check_body, first_error, parse_integer, parse_query, variables_of

# Executes a persisted operation for the request with this scope.
Execute = Callable[[Scope, str, JsonObject], Awaitable[Answer]]
_NO_ITEM: Final = "id: there is no action item of this number"


def rest_routes(prefix: str, schema: GraphQLSchema, execute: Execute) -> list[Route]:
    """All routes of the table."""
    return [
        Route(
            prefix + route.path,
            partial(_serve, route, variables_of(schema, route.operation), execute),
            methods=[route.method],
        )
        for route in ROUTES
    ]


async def _serve(route: RestRoute, variables: Variables, execute: Execute, request: Request) -> Response:
    values = {"id": _item_id(request.path_params["id"])} if "id" in request.path_params else JsonObject()
    values |= parse_query(route, variables, request.query_params)
    if route.body:
        values |= await _body(variables, request)
    version = None
    if "version" in variables:
        version = await _version(request, execute, values["id"])
    if version is not None and values.setdefault("version", version) != version:
        raise BadInput("version: differs from If-Match; send one of them", "version")
    answer = await execute(request.scope, route.operation, values)
    if answer.errors or answer.data is None or answer.data[route.root] is None:
        return error_of(answer, variables, values, has_if_match=version is not None)
    return _response(route, answer, request)


def _item_id(text: str) -> int:
    try:
        number = parse_integer(text)
    except ValueError:
        number = 0
    if number <= 0:
        raise NotFound(_NO_ITEM, argument="id")
    return number


async def _body(variables: Variables, request: Request) -> JsonObject:
    headers = dict(reversed(request.scope["headers"]))
    body = await read_body(request.receive)
    check_content_type(headers)
    values = parse_json_object(body)
    check_body(variables, values)
    return values


async def _version(request: Request, execute: Execute, id_: int) -> int | None:
    """The version that a change of this item is meant for, from If-Match; None for any."""
    versions = parse_if_match(request.headers.getlist("if-match"))
    if versions is None or len(versions) < 2:
        return None if versions is None else next(iter(versions), NO_VERSION)
    answer = await execute(request.scope, "get_action_item", {"id": id_})
    item = (answer.data or {}).get("actionItem") or {}
    # The change itself compares again.
    return item["version"] if item.get("version") in versions else max(versions)


def _response(route: RestRoute, answer: Answer, request: Request) -> Response:
    assert answer.data is not None
    value = answer.data[route.root]
    replayed = {"idempotency-replayed": "true"} if answer.replayed else {}
    if route.answers is Answers.DELETED:
        if not value:
            raise NotFound(_NO_ITEM, argument="id")
        return Response(status_code=204, headers=replayed)
    if route.answers is Answers.LIST:
        return json_response(list_body(value))
    response = json_response(value, status=201 if route.answers is Answers.CREATED else 200)
    if route.versioned:
        response.headers["etag"] = entity_tag(value["version"])
    if route.answers is Answers.CREATED:
        response.headers["location"] = f"{request.url.path}/{value['id']}"
    response.headers.update(replayed)
    return response


def list_body(connection: JsonObject) -> dict[str, object]:
    """A connection in OpenMetadata's shape of lists."""
    page = connection["pageInfo"]
    paging = {"total": connection["totalCount"]}
    if page["hasNextPage"]:
        paging["after"] = page["endCursor"]
    return {"data": [edge["node"] for edge in connection["edges"]], "paging": paging}


def error_of(
    answer: Answer, variables: Variables, values: Mapping[str, object], *, has_if_match: bool = False
) -> Response:
    """The response for an operation's first error."""
    if not answer.errors:
        return error_response(500, "no answer")
    error = answer.errors[0]
    status = STATUS_BY_CODE.get(error.code, 500)
    if status in (400, 409) and has_if_match and error.argument == "version":
        status = 412
    message = first_error(variables, values) if error.is_before_execution else None
    return error_response(status, message or error.message)
