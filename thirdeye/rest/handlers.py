"""Serving the table of routes: variables out of path, query string, body and headers; the operation; its answer."""

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cache, partial
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    parse,
    type_from_ast,
)
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from thirdeye.errors import STATUS_OF_CODE, BadInput, NotFound
from thirdeye.graphql.request import check_content_type, parse_request, read_body
from thirdeye.resources import resource
from thirdeye.rest.responses import error_response, json_response
from thirdeye.rest.routes import ROUTES, Answers, RestRoute

# Runs a persisted operation for a request: its data, or its first error as GraphQL has it.
Runner = Callable[[Request, str, dict[str, Any]], Awaitable[tuple[dict[str, Any] | None, dict[str, Any] | None]]]
_TAG: Final = re.compile(r'(?:W/)?"(\d{1,9})"\Z')
_WHOLE: Final = re.compile(r"-?\d{1,10}\Z")
_VARIABLE: Final = re.compile(r"Variable '\$(\w+)' has invalid value(?: at \.(\w+)\S*)?: (.*)", re.DOTALL)
_INNER: Final = re.compile(r"Expected value of type '.*?', but encountered error '(.*)'; found: .*", re.DOTALL)
_NEEDED: Final = "Expected a value of non-null type"
_MOST_INT: Final = 2**31 - 1


@cache
def variables_of(schema: GraphQLSchema, operation: str) -> Mapping[str, Any]:
    """The variables of a persisted operation, with their types."""
    document = parse((resource("operations") / f"{operation}.graphql").read_text(encoding="utf-8"))
    node = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    return {each.variable.name.value: type_from_ast(schema, each.type) for each in node.variable_definitions or ()}


def parameters_of(route: RestRoute, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a route's query string, with their types."""
    found = {name: variables[variable] for name, variable in route.query.items()}
    if route.filter is not None:
        filter_type = get_named_type(variables[route.filter])
        assert isinstance(filter_type, GraphQLInputObjectType)
        found |= {name: each.type for name, each in filter_type.fields.items() if name not in found}
    return found


def rest_routes(prefix: str, schema: GraphQLSchema, run: Runner) -> list[Route]:
    """All routes of the table."""
    return [
        Route(
            prefix + route.path,
            partial(_serve, route, variables_of(schema, route.operation), run),
            methods=[route.method],
        )
        for route in ROUTES
    ]


async def _serve(route: RestRoute, types: Mapping[str, Any], run: Runner, request: Request) -> Response:
    variables = asked(route, types, request)
    if route.body:
        variables |= await _body(types, request)
    given = _version(request) if route.versioned and route.method != "GET" and "version" in types else None
    if given is not None and variables.setdefault("version", given) != given:
        raise BadInput("version: differs from If-Match; send one of them", "version")
    data, error = await run(request, route.operation, variables)
    if data is None or data.get(route.root) is None:
        return failed(error or {}, matched=given is not None)
    return _answer(route, data[route.root], request)


# ---- what is asked


def asked(route: RestRoute, types: Mapping[str, Any], request: Request) -> dict[str, Any]:
    """Variables out of path and query string. Raises BadInput, NotFound."""
    variables = dict[str, Any]()
    if "id" in request.path_params:
        text = request.path_params["id"]
        if not _WHOLE.match(text) or not 0 < int(text) <= _MOST_INT:
            raise NotFound("id: there is no action item of this number", argument="id")
        variables["id"] = int(text)
    parameters = parameters_of(route, types)
    for name in request.query_params:
        if name not in parameters:
            known = ", ".join(parameters) or "none"
            raise BadInput(f"{name[:40]}: is no parameter of this route; there are {known}", name[:40])
        value = value_of(name, request.query_params.getlist(name), parameters[name])
        if name in route.query:
            variables[route.query[name]] = value
        else:
            variables.setdefault(route.filter or "", {})[name] = value
    return variables


def value_of(name: str, texts: list[str], type_: Any) -> Any:
    """Texts of a query string as a variable of a type. Raises BadInput naming the parameter."""
    inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if isinstance(inner, GraphQLList):
        return [value_of(name, [text], inner.of_type) for text in texts]
    if len(texts) > 1:
        raise BadInput(f"{name}: give it once", name)
    if isinstance(inner, GraphQLEnumType):
        found = texts[0].upper()
        if found not in inner.values:
            raise BadInput(f"{name}: must be one of {', '.join(inner.values)}", name)
        return found
    try:
        return _CONVERSIONS.get(inner.name, str)(texts[0])
    except ValueError:
        raise BadInput(f"{name}: must be {_MEANT[inner.name]}", name) from None


def _whole(text: str) -> int:
    if not _WHOLE.match(text) or abs(int(text)) > _MOST_INT:
        raise ValueError
    return int(text)


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError
    return text == "true"


# Other scalars are read from text by GraphQL itself.
_CONVERSIONS: Final[Mapping[str, Callable[[str], Any]]] = {"Int": _whole, "Float": float, "Boolean": _boolean}
_MEANT: Final[Mapping[str, str]] = {"Int": "a whole number", "Float": "a number", "Boolean": "true or false"}


async def _body(types: Mapping[str, Any], request: Request) -> dict[str, Any]:
    headers = dict(reversed(request.scope["headers"]))
    raw = await read_body(headers, request.receive)
    check_content_type(headers)
    given = parse_request(raw, graphql=False)
    known = body_names(types)
    for name, value in given.items():
        if name not in known:
            raise BadInput(f"{name[:40]}: is no field of this; there are {', '.join(known)}", name[:40])
        kind = get_named_type(types[name])
        if isinstance(kind, GraphQLEnumType) and value is not None and value not in list(kind.values):
            raise BadInput(f"{name}: must be one of {', '.join(kind.values)}", name)
    return given


def body_names(types: Mapping[str, Any]) -> list[str]:
    """The variables of an operation that come in a body."""
    return [name for name in types if name != "id"]


def _version(request: Request) -> int | None:
    """The version that a change is meant for, of If-Match; None for any."""
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    match = _TAG.match(given.strip())
    if match is None:
        raise BadInput('If-Match: must be an ETag as an answer had it, such as "3"')
    return min(int(match[1]), _MOST_INT)


# ---- what is answered


def _answer(route: RestRoute, found: Any, request: Request) -> Response:
    if route.answers is Answers.DELETED:
        if not found:
            raise NotFound("id: there is no action item of this number", argument="id")
        return Response(status_code=204, headers=_replayed(request))
    if route.answers is Answers.LIST:
        return json_response(list_body(found))
    response = json_response(found, status=201 if route.answers is Answers.CREATED else 200)
    if route.versioned:
        response.headers["etag"] = f'"{found["version"]}"'
    if route.answers is Answers.CREATED:
        response.headers["location"] = f"{request.url.path}/{found['id']}"
    response.headers.update(_replayed(request))
    return response


def _replayed(request: Request) -> dict[str, str]:
    return {"idempotency-replayed": "true"} if request.scope["state"].get("replayed") else {}


def list_body(found: Mapping[str, Any]) -> dict[str, Any]:
    """A connection in OpenMetadata's shape of lists."""
    page = found["pageInfo"]
    paging = {"total": found["totalCount"]}
    if page["hasNextPage"]:
        paging["after"] = page["endCursor"]
    return {"data": [edge["node"] for edge in found["edges"]], "paging": paging}


def failed(error: Mapping[str, Any], *, matched: bool = False) -> Response:
    """The answer for an operation's first error."""
    extensions = error.get("extensions", {})
    status = STATUS_OF_CODE.get(extensions.get("code", ""), 500)
    if status == 409 and matched and extensions.get("argument") == "version":
        status = 412
    message = str(error.get("message", "no answer"))
    match = _VARIABLE.match(message)
    return error_response(status, message if match is None else _named(match))


def _named(match: re.Match[str]) -> str:
    """What is wrong with a variable, by the name that the caller gave it."""
    what = match[3]
    inner = _INNER.match(what)
    if what.startswith(_NEEDED):
        what = "is needed"
    return f"{match[2] or match[1]}: {inner[1] if inner else what}"
