"""openapi.json out of the table of routes and the GraphQL schema: what operations take and what they select."""

from collections.abc import Iterable, Mapping
from typing import Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
)

from thirdeye import __version__
from thirdeye.graphql.request import JsonObject
from thirdeye.rest.routes import ROUTES, Answers, RestRoute
from thirdeye.rest.variables import body_names, parameters_of, parse_operation, variables_of

_SCALARS: Final[Mapping[str, JsonObject]] = {
    "Int": {"type": "integer", "format": "int32"},
    "Float": {"type": "number"},
    "String": {"type": "string"},
    "Boolean": {"type": "boolean"},
    "ID": {"type": "string"},
    "DateTime": {"type": "string", "format": "date-time"},
    "Date": {"type": "string", "format": "date"},
    "Decimal": {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
    "Bytes": {"type": "integer", "format": "int64"},
}
_ERRORS: Final[Mapping[int, str]] = {
    400: "Something of the request cannot be; the message names it",
    401: "There is no valid token",
    403: "The caller may not do this",
    404: "There is no such thing",
    408: "The body did not arrive in time",
    409: "It is another by now, or the Idempotency-Key was used for another request",
    412: "The version of If-Match is not the current one",
    413: "The body is too large",
    415: "The body is no JSON",
    429: "Too many requests; Retry-After says when to come back",
    500: "An internal error; the log has more",
    503: "Something ThirdEye depends on is away; Retry-After or a little patience",
    504: "It took too long",
}
_COMMON_ERRORS: Final = (400, 401, 403, 429, 500, 503, 504)
_ERROR: Final = {
    "code": {"type": "integer", "description": "The HTTP status."},
    "message": {"type": "string", "description": "What was wrong, and what is allowed."},
    "timestamp": {"type": "string", "format": "date-time"},
}
_PAGING: Final = {
    "total": {"type": "integer", "description": "How many there are under this filter."},
    "after": {"type": "string", "description": "Where the next page begins; absent on the last."},
}
_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key and request get the first answer again, for 24 hours, if it changed something.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}
_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETags of the versions that the change is meant for, or *.",
    "schema": {"type": "string", "pattern": '^(\\*|(W/)?"[0-9]{1,9}")$'},
}
_ITEM_ID: Final = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The number of the item.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
}


def openapi(prefix: str, schema: GraphQLSchema) -> JsonObject:
    """The whole document."""
    paths: dict[str, JsonObject] = {}
    for route in ROUTES:
        paths.setdefault(prefix + route.path, {})[route.method.lower()] = _operation(schema, route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ThirdEye",
            "version": __version__,
            "description": "The REST side of ThirdEye; everything else is asked of GraphQL.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": {"Error": _object(_ERROR)},
        },
    }


def _operation(schema: GraphQLSchema, route: RestRoute) -> JsonObject:
    variables = variables_of(schema, route.operation)
    parameters = [
        {
            "name": name,
            "in": "query",
            "schema": _input(type_),
            **({"style": "form", "explode": True} if isinstance(get_nullable_type(type_), GraphQLList) else {}),
        }
        for name, type_ in parameters_of(route, variables).items()
    ]
    changes = route.method != "GET"
    operation: JsonObject = {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [route.path.split("/")[1]],
        "parameters": [
            *([_ITEM_ID] if "{id}" in route.path else []),
            *parameters,
            *([_KEY] if changes else []),
            *([_IF_MATCH] if changes and "version" in variables else []),
        ],
        "responses": _responses(schema, route),
    }
    if route.body:
        types = {name: variables[name].type for name in body_names(variables)}
        body = _object(
            {name: _input(type_, null=True) for name, type_ in types.items()},
            required=(name for name, type_ in types.items() if isinstance(type_, GraphQLNonNull)),
        )
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation


def _responses(schema: GraphQLSchema, route: RestRoute) -> JsonObject:
    statuses = [*_COMMON_ERRORS]
    if "{id}" in route.path:
        statuses.append(404)
    if route.method != "GET":
        statuses.append(409)
    if route.body:
        statuses += [408, 413, 415]
    if "version" in variables_of(schema, route.operation):
        statuses.append(412)
    success: JsonObject = {"description": route.summary}
    status = {Answers.CREATED: 201, Answers.DELETED: 204}.get(route.answers, 200)
    if route.answers is not Answers.DELETED:
        success["content"] = {"application/json": {"schema": _body(schema, route)}}
    if route.versioned:
        success["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "The version."}}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    errors = {str(code): {"description": _ERRORS[code], "content": error} for code in sorted(statuses)}
    return {str(status): success, **errors}


# ---- types


def _object(properties: JsonObject, required: Iterable[str] | None = None) -> JsonObject:
    """An object with these properties and no others, all of which are required if `required` does not name some."""
    names = list(properties if required is None else required)
    return {"type": "object", "required": names, "additionalProperties": False, "properties": properties}


def _input(type_: GraphQLInputType, *, null: bool = False) -> JsonObject:
    inner = get_nullable_type(type_)
    if isinstance(inner, GraphQLList):
        return {"type": "array", "items": _input(inner.of_type)}
    schema = _leaf(inner)
    return _or_null(schema) if null and not isinstance(type_, GraphQLNonNull) else schema


def _leaf(type_: GraphQLInputType | GraphQLOutputType) -> JsonObject:
    if isinstance(type_, GraphQLEnumType):
        return {"type": "string", "enum": list(type_.values)}
    return dict(_SCALARS[get_named_type(type_).name])


def _or_null(schema: JsonObject) -> JsonObject:
    enum = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **enum} if "type" in schema else schema


def _body(schema: GraphQLSchema, route: RestRoute) -> JsonObject:
    """What an operation selects, as a JSON schema."""
    node, document = parse_operation(route.operation)
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    root = schema.get_root_type(node.operation)
    assert root is not None
    selection = _SelectionSchema(schema, fragments)
    answer = {**selection.object(root, node.selection_set)["properties"][route.root], "type": "object"}
    if route.answers is not Answers.LIST:
        return answer
    item = answer["properties"]["edges"]["items"]["properties"]["node"]
    return _object({"data": {"type": "array", "items": item}, "paging": _object(_PAGING, ("total",))})


class _SelectionSchema:
    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments

    def object(self, type_: GraphQLObjectType, selections: SelectionSetNode) -> JsonObject:
        properties: JsonObject = {}
        for node in selections.selections:
            if isinstance(node, FragmentSpreadNode):
                spread = self.object(type_, self._fragments[node.name.value].selection_set)
                properties |= spread["properties"]
            elif isinstance(node, FieldNode):
                field = self._schema.get_field(type_, node.name.value)
                assert field is not None
                name = node.alias.value if node.alias else node.name.value
                properties[name] = self._value(field.type, node)
                if field.description:
                    properties[name]["description"] = field.description
        return _object(properties)

    def _value(self, type_: GraphQLOutputType, node: FieldNode) -> JsonObject:
        inner = get_nullable_type(type_)
        if isinstance(inner, GraphQLList):
            schema: JsonObject = {"type": "array", "items": self._value(inner.of_type, node)}
        elif node.selection_set is not None:
            named = get_named_type(inner)
            assert isinstance(named, GraphQLObjectType)
            schema = self.object(named, node.selection_set)
        else:
            schema = _leaf(inner)
        return schema if isinstance(type_, GraphQLNonNull) else _or_null(schema)
