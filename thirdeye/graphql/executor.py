"""An executor that completes plain fields of dicts directly, with the results and errors of graphql-core's own.

Most answers are rows: objects of leaves that live in dicts, without resolvers or arguments, or with values that a list has
prefetched (`batch_resolvers.py`). For each of their fields graphql-core makes a path, an info and several calls. Here such a
field, with everything below it, is compiled into functions of its value. These only read, so at the first thing out of the
ordinary (a null where none may be, a value that does not serialize, an awaitable, a callable) they give up, and graphql-core
does that field again, errors and all.
The compiled functions are kept with the document, unless directives make them depend on variables.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

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
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLString,
    TypeNameMetaFieldDef,
    default_field_resolver,
    print_ast,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import Path, is_async_iterable, is_awaitable
from orjson import Fragment

from thirdeye.batch_resolvers import Prefetched, is_batch_resolver
from thirdeye.pacing import keep_pace

# Completes a value; raises to leave it to graphql-core's executor.
Complete = Callable[[object], object]
# By type and identity of the selected nodes: the field's name, and how to complete it if that is possible here.
Plans = dict[tuple[object, ...], tuple[str, Complete | None]]

# A value of exactly one of these types is neither null nor awaitable, callable, an error or undefined.
_PLAIN: Final = frozenset({str, int, float, bool, datetime, date, Decimal, bytes})
_SERIALIZED: Final = frozenset({str, int, float, bool, dict, list})
# These return values of exactly this type unchanged.
_UNCHANGED: Final = (
    (GraphQLString.coerce_output_value, str),
    (GraphQLID.coerce_output_value, str),
    (GraphQLBoolean.coerce_output_value, bool),
)
_COERCE_INT: Final = GraphQLInt.coerce_output_value
_KNOWN_DIRECTIVES: Final = frozenset({"skip", "include"})


class _Selection(NamedTuple):
    """A set of fields, kept so that its identity stays its own: the keys of the answer, those that need no resolver (key,
    name, how to complete it) and all others.
    """

    fields: GroupedFieldSet
    keys: list[str]
    plain: list[tuple[str, str, Complete]]
    others: GroupedFieldSet


class _NotPlainError(Exception):
    """graphql-core's executor must do this field."""


def plans_for(document: DocumentNode) -> Plans | None:
    """Where the plans of a document are kept, with the document itself; None when every execution needs its own."""
    return None if "@" in print_ast(document) else {}


class PlainExecutor(Executor[Any]):
    """graphql-core's executor with a shortcut for fields that need no resolver."""

    def __init__(self, *args: Any, plans: Plans | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._has_shortcut = (
            self.field_resolver is default_field_resolver
            and self.middleware_manager is None
            and self.abort_signal is None
            and self.is_awaitable is is_awaitable
            and self.is_async_iterable is is_async_iterable
        )
        self._plans: Plans = {} if plans is None else plans
        self._selections: dict[tuple[GraphQLObjectType, int], _Selection] = {}

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> Any:
        """As graphql-core does, but with all fields of a dict that need no resolver done in one go."""
        if self._has_shortcut and type(source_value) is dict:
            selection = self._selection(parent_type, grouped_field_set)
            if selection.plain:
                get, results, failed = source_value.get, dict[str, Any].fromkeys(selection.keys), set[str]()
                for key, name, complete in selection.plain:
                    try:
                        results[key] = complete(get(name))
                    except Exception:  # as below
                        failed.add(key)
                others = selection.others
                if failed:
                    # In their order: one may keep those after it from being executed.
                    others = {
                        key: details for key, details in grouped_field_set.items() if key in others or key in failed
                    }
                if not others:
                    return results
                rest = super().execute_fields(parent_type, source_value, path, others, position_context)
                return results | rest if isinstance(rest, dict) else _merged(results, rest)
        return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)

    def _selection(self, parent_type: GraphQLObjectType, fields: GroupedFieldSet) -> "_Selection":
        """What is known of a set of fields; the executor keeps the same set for all objects of a list."""
        key = (parent_type, id(fields))
        known = self._selections.get(key)
        if known is None:
            plans = {name: self._plan(parent_type, details) for name, details in fields.items()}
            plain = [(key, name, complete) for key, (name, complete) in plans.items() if complete is not None]
            others = {key: fields[key] for key, (_, complete) in plans.items() if complete is None}
            exist = [key for key, (name, _) in plans.items() if self.schema.get_field(parent_type, name)]
            known = self._selections[key] = _Selection(fields, exist, plain, others)
        return known

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,
    ) -> Any:
        if self._has_shortcut and type(source) is dict:
            name, complete = self._plan(parent_type, field_details_list)
            if complete is not None:
                try:
                    return complete(source.get(name))
                except Exception:  # noqa: S110
                    pass  # whatever it was, graphql-core comes to it again and reports it
        return super().execute_field(parent_type, source, field_details_list, path, position_context)

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        if self._has_shortcut and type(result) is dict:
            complete = self._value_plan(return_type, field_details_list)
            if complete is not None:
                try:
                    return complete(result)
                except Exception:  # noqa: S110
                    pass  # as above
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)

    def _value_plan(self, type_: GraphQLOutputType, details: FieldDetailsList) -> Complete | None:
        """How to complete a value that a resolver gave, if nothing below it needs graphql-core's executor."""
        key = ("value", type_, *[id(detail.node) for detail in details])
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = ("", self._completion(type_, details))
        return plan[1]

    async def complete_awaitable_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """As graphql-core does, but with turns for other requests before the value is worked out and before it is completed."""
        return await super().complete_awaitable_value(
            return_type, field_details_list, info, path, _paced(result), position_context
        )

    def _plan(self, parent_type: GraphQLObjectType, details: FieldDetailsList) -> tuple[str, Complete | None]:
        key = (parent_type, *[id(detail.node) for detail in details])
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = (details[0].node.name.value, self._compile(parent_type, details))
        return plan

    def _compile(self, parent_type: GraphQLObjectType, details: FieldDetailsList) -> Complete | None:
        """The function that completes this field's value, if nothing about the field needs graphql-core's executor."""
        field = self.schema.get_field(parent_type, details[0].node.name.value)
        if field is None or any(_is_special(detail.node) for detail in details):
            return None
        if field is TypeNameMetaFieldDef:
            type_name = parent_type.name
            return lambda _: type_name
        if field.args or (field.resolve is not None and not is_batch_resolver(field.resolve)):
            return None
        complete = self._completion(field.type, details)
        return complete if complete is None or field.resolve is None else _prefetched(complete)

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

        def complete_object(value: object) -> object:
            if type(value) is dict:
                get = value.get
                return {key: complete(get(name)) for key, name, complete in fields}
            return _null(value, nullable)

        return complete_object


async def _merged(results: dict[str, Any], rest: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return results | await rest


async def _paced(result: Any) -> Any:
    try:
        await keep_pace()
    except asyncio.CancelledError:
        # Nobody waits for it any more: it is not begun.
        if isinstance(result, Coroutine):
            result.close()
        raise
    value = await result
    await keep_pace()
    return value


def _is_special(node: FieldNode) -> bool:
    directives = {directive.name.value for directive in node.directives or ()}
    return bool(node.arguments) or not directives <= _KNOWN_DIRECTIVES


def _null(value: object, nullable: bool) -> object:
    if value is not None or not nullable:
        raise _NotPlainError
    return None


def _prefetched(complete: Complete) -> Complete:
    def complete_prefetched(value: object) -> object:
        if type(value) is Prefetched:
            return complete(value.value)
        # The resolver has to be asked.
        raise _NotPlainError

    return complete_prefetched


def _list(complete_item: Complete, nullable: bool) -> Complete:
    def complete_list(value: object) -> object:
        if type(value) is list or type(value) is tuple:
            return [complete_item(item) for item in value]
        # A resolver has written all that is asked of it.
        if type(value) is Fragment:
            return value
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
        # Null is an error here, and an awaitable would have to be awaited.
        if type(coerced) not in _SERIALIZED:
            raise _NotPlainError
        return coerced

    return complete_leaf
