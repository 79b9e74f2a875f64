"""The variables of a persisted operation: their types, their values out of a REST request, and which of them is wrong."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    get_named_type,
    get_operation_ast,
    is_input_type,
    parse,
    type_from_ast,
    validate_input_value,
)
from starlette.datastructures import QueryParams

from thirdeye.errors import BadInput
from thirdeye.graphql.errors import shorten
from thirdeye.graphql.request import JsonObject
from thirdeye.resources import resource
from thirdeye.rest.routes import RestRoute

_MAX_INT: Final = 2**31 - 1
_INTEGER: Final = re.compile(r"-?[0-9]{1,10}\Z")
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?\Z")


@dataclass(frozen=True, slots=True)
class Variable:
    """The type of a variable, and whether the operation has a default for it."""

    type: GraphQLInputType
    has_default: bool


Variables = Mapping[str, Variable]


@cache
def variables_of(schema: GraphQLSchema, operation: str) -> Variables:
    """The variables of a persisted operation, in its order."""
    node, _ = parse_operation(operation)
    variables = dict[str, Variable]()
    for definition in node.variable_definitions or ():
        type_ = type_from_ast(schema, definition.type)
        assert is_input_type(type_)
        variables[definition.variable.name.value] = Variable(type_, definition.default_value is not None)
    return variables


def parse_operation(operation: str) -> tuple[OperationDefinitionNode, DocumentNode]:
    """A persisted operation, and the document that has its fragments too."""
    document = parse((resource("operations") / f"{operation}.graphql").read_text(encoding="utf-8"))
    node = get_operation_ast(document)
    assert node is not None
    return node, document


def parameters_of(route: RestRoute, variables: Variables) -> Mapping[str, GraphQLInputType]:
    """The parameters of a route's query string, with their types."""
    parameters = {parameter: variables[name].type for parameter, name in route.query.items()}
    if route.filter is not None:
        filter_type = get_named_type(variables[route.filter].type)
        assert isinstance(filter_type, GraphQLInputObjectType)
        parameters |= {name: field.type for name, field in filter_type.fields.items() if name not in parameters}
    return parameters


def parse_query(route: RestRoute, variables: Variables, query: QueryParams) -> JsonObject:
    """Values of variables out of a query string. Raises BadInput, naming the parameter."""
    values = JsonObject()
    parameters = parameters_of(route, variables)
    for name in query:
        if name not in parameters:
            names = ", ".join(parameters) or "none"
            raise BadInput(f"{name[:40]}: is no parameter of this route; there are {names}", name[:40])
        value = parse_value(name, query.getlist(name), parameters[name])
        if name in route.query:
            values[route.query[name]] = value
        else:
            values.setdefault(route.filter or "", {})[name] = value
    return values


def parse_value(name: str, texts: list[str], type_: GraphQLInputType) -> object:
    """Texts of a query string as a value of a type. Raises BadInput, naming the parameter."""
    type_ = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if isinstance(type_, GraphQLList):
        return [parse_value(name, [text], type_.of_type) for text in texts]
    if len(texts) > 1:
        raise BadInput(f"{name}: give it once", name)
    if isinstance(type_, GraphQLEnumType):
        value = texts[0].upper()
        if value not in type_.values:
            raise BadInput(f"{name}: must be one of {', '.join(type_.values)}", name)
        return value
    parse_text, description = _SCALARS.get(get_named_type(type_).name, (str, "text"))
    try:
        return parse_text(texts[0])
    except ValueError:
        raise BadInput(f"{name}: must be {description}", name) from None


def parse_integer(text: str) -> int:
    """An integer of 32 bits. Raises ValueError."""
    if not _INTEGER.match(text) or abs(int(text)) > _MAX_INT:
        raise ValueError
    return int(text)


def _parse_number(text: str) -> float:
    if not _NUMBER.match(text):
        raise ValueError
    return float(text)


def _parse_boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError
    return text == "true"


# Other scalars are read from text by GraphQL itself.
_SCALARS: Final[Mapping[str, tuple[Callable[[str], Any], str]]] = {
    "Int": (parse_integer, "a whole number"),
    "Float": (_parse_number, "a number"),
    "Boolean": (_parse_boolean, "true or false"),
}


def body_names(variables: Variables) -> list[str]:
    """The variables of an operation that come in a body."""
    return [name for name in variables if name != "id"]


def check_body(variables: Variables, values: Mapping[str, object]) -> None:
    """Raises BadInput for a field that the operation does not have, or an enum value that the type does not have."""
    names = body_names(variables)
    for name, value in values.items():
        if name not in names:
            raise BadInput(f"{name[:40]}: is no field of this; there are {', '.join(names)}", name[:40])
        type_ = get_named_type(variables[name].type)
        if isinstance(type_, GraphQLEnumType) and value is not None and value not in list(type_.values):
            raise BadInput(f"{name}: must be one of {', '.join(type_.values)}", name)


def first_error(variables: Variables, values: Mapping[str, object]) -> str | None:
    """What is wrong with the first value that does not fit its variable, by the name that the caller gave it."""
    for name, variable in variables.items():
        value = values.get(name, Undefined)
        if value is Undefined and variable.has_default:
            continue
        errors = _errors_of(value, variable.type)
        if errors:
            error, path = errors[0]
            if value is Undefined:
                return f"{name}: is needed"
            # A scalar's own error says what is wrong, without the value around it.
            message = str(error.original_error or error.message)
            return f"{path[0] if path and isinstance(path[0], str) else name}: {shorten(message)}"
    return None


def _errors_of(value: object, type_: GraphQLInputType) -> list[tuple[GraphQLError, list[str | int]]]:
    errors: list[tuple[GraphQLError, list[str | int]]] = []
    validate_input_value(value, type_, lambda error, path: errors.append((error, path)), hide_suggestions=True)
    return errors
