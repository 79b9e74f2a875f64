"""An executor that completes plain fields over dicts directly, with the results and errors of the stock one.

Most of what is answered is rows: objects of leaves that live in dicts, without resolvers or arguments. For these the
stock executor still makes a path, an info and several calls for each field. Here such a field, with everything below
it, is compiled into functions of its value. These do nothing but read, so at the first thing out of
the ordinary (a null where none may be, a value that does not serialize, an awaitable, a callable) they give up, and
the stock executor does that field again, errors and all. What was compiled is kept with the document, unless
directives make it depend on variables.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    DocumentNode,
    Executor,
    FieldNode,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLString,
    TypeNameMetaFieldDef,
    default_field_resolver,
    print_ast,
)
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path, is_async_iterable, is_awaitable

# Completes a value; raises _NotPlainError to leave it to the stock executor.
Complete = Callable[[Any], Any]
# By type and identity of the selected nodes: the field's name, and how it is completed if that can be done here.
Plans = dict[tuple[object, ...], tuple[str, Complete | None]]

# Of exactly these types a value is neither null nor awaitable, callable, an error or undefined.
_PLAIN: Final = frozenset({str, int, float, bool, datetime, date, Decimal, bytes})
_SERIALIZED: Final = frozenset({str, int, float, bool, dict, list})
# These give back values of exactly this type as they are.
_UNCHANGED: Final = tuple(
    (type_.coerce_output_value, kind)
    for type_, kind in ((GraphQLString, str), (GraphQLID, str), (GraphQLBoolean, bool))
)
_COERCE_INT: Final = GraphQLInt.coerce_output_value
_HARMLESS_DIRECTIVES: Final = frozenset({"skip", "include"})
_KEPT: Final = 500


class _NotPlainError(Exception):
    """The stock executor must do this field."""


class PlanCache:
    """What was compiled for the documents used lately, to be given to their executions with one schema."""

    def __init__(self) -> None:
        # The document is kept so that its identity, and that of its nodes, stays its own.
        self._kept: OrderedDict[int, tuple[DocumentNode, Plans | None]] = OrderedDict()

    def of(self, document: DocumentNode) -> Plans | None:
        """The plans of a document, to be read and added to; None when each execution needs its own."""
        known = self._kept.get(id(document))
        if known is None:
            known = self._kept[id(document)] = (document, None if "@" in print_ast(document) else {})
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(id(document))
        return known[1]


class PlainExecutor(Executor[Any]):
    """graphql-core's executor with a short cut for fields that need no resolver."""

    def __init__(self, *args: Any, plans: Plans | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._short_cut = (
            self.field_resolver is default_field_resolver
            and self.middleware_manager is None
            and self.abort_signal is None
            and self.is_awaitable is is_awaitable
            and self.is_async_iterable is is_async_iterable
        )
        self._plans: Plans = {} if plans is None else plans

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,
    ) -> Any:
        if self._short_cut and type(source) is dict:
            name, complete = self._plan(parent_type, field_details_list)
            if complete is not None:
                try:
                    return complete(source.get(name))
                except Exception:  # noqa: S110
                    pass  # whatever it was, the stock executor comes to it again and reports it
        return super().execute_field(parent_type, source, field_details_list, path, position_context)

    def _plan(self, parent_type: GraphQLObjectType, details: FieldDetailsList) -> tuple[str, Complete | None]:
        key = (parent_type, *[id(detail.node) for detail in details])
        known = self._plans.get(key)
        if known is None:
            known = self._plans[key] = (details[0].node.name.value, self._compile(parent_type, details))
        return known

    def _compile(self, parent_type: GraphQLObjectType, details: FieldDetailsList) -> Complete | None:
        """The function that completes this field's value, if nothing about the field needs the stock executor."""
        field = self.schema.get_field(parent_type, details[0].node.name.value)
        if field is None or any(_is_special(detail.node) for detail in details):
            return None
        if field is TypeNameMetaFieldDef:
            type_name = parent_type.name
            return lambda _: type_name
        if field.resolve is not None or field.args:
            return None
        return self._completion(field.type, details)

    def _completion(self, type_: GraphQLOutputType, details: FieldDetailsList) -> Complete | None:
        nullable = not isinstance(type_, GraphQLNonNull)
        inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if isinstance(inner, GraphQLScalarType | GraphQLEnumType):
            return _leaf(inner, nullable)
        if isinstance(inner, GraphQLList):
            item = self._completion(inner.of_type, details)
            return None if item is None else _list(item, nullable)
        if isinstance(inner, GraphQLObjectType) and inner.is_type_of is None:
            return self._object(inner, details, nullable)
        return None

    def _object(self, type_: GraphQLObjectType, details: FieldDetailsList, nullable: bool) -> Complete | None:
        collected = self.collect_subfields(type_, details)
        if collected.new_defer_usages:
            return None
        fields = []
        for key, sub_details in collected.grouped_field_set.items():
            name, complete = self._plan(type_, sub_details)
            if complete is None:
                return None
            fields.append((key, name, complete))

        def complete_object(value: Any) -> Any:
            if type(value) is dict:
                get = value.get
                return {key: complete(get(name)) for key, name, complete in fields}
            return _null(value, nullable)

        return complete_object


def _is_special(node: FieldNode) -> bool:
    return bool(node.arguments) or any(d.name.value not in _HARMLESS_DIRECTIVES for d in node.directives or ())


def _null(value: Any, nullable: bool) -> None:
    if value is not None or not nullable:
        raise _NotPlainError


def _list(complete_item: Complete, nullable: bool) -> Complete:
    def complete_list(value: Any) -> Any:
        if type(value) is list or type(value) is tuple:
            return [complete_item(item) for item in value]
        return _null(value, nullable)

    return complete_list


def _leaf(type_: GraphQLLeafType, nullable: bool) -> Complete:
    coerce = type_.coerce_output_value
    unchanged = next((kind for coercion, kind in _UNCHANGED if coerce is coercion), None)
    is_int = coerce is _COERCE_INT

    def complete_leaf(value: Any) -> Any:
        kind = type(value)
        if kind is unchanged:
            return value
        if value is None and nullable:
            return None
        if is_int and kind is int and GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT:
            return value
        if kind not in _PLAIN:
            raise _NotPlainError
        coerced = coerce(value)
        # Null is an error here, and what is awaitable would have to be awaited.
        if type(coerced) not in _SERIALIZED:
            raise _NotPlainError
        return coerced

    return complete_leaf
