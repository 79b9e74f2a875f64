"""What is resolved for a whole list is taken where it is there, and left to the executor where it is not."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLInt, GraphQLList, GraphQLObjectType, GraphQLSchema, GraphQLString, graphql

from thirdeye.batch_resolvers import Prefetched, batch_resolver, is_batch_resolver, prefetched
from thirdeye.errors import DatabaseUnavailable

pytestmark = pytest.mark.anyio


class Things:
    """A list of objects with a plain field, one that is worked out, one that fails, and one that fails as a whole list."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[int], frozenset[str]]] = []
        self.given: list[dict[str, Any]] = [{"id": 1}, {"id": 2}]

        @batch_resolver
        async def doubles(things: Sequence[Any], _: Any, fields: frozenset[str]) -> list[object]:
            self.asked.append(([thing["id"] for thing in things], fields))
            return [{"a": 2 * thing["id"], "b": 0} for thing in things]

        @batch_resolver
        async def broken(_things: Sequence[Any], _: Any, _fields: frozenset[str]) -> list[object]:
            raise RuntimeError("broken")

        @batch_resolver
        async def of_one_alone(things: Sequence[Any], _: Any, _fields: frozenset[str]) -> list[object]:
            if len(things) > 1:
                raise ValueError
            return [str(things[0]["id"])]

        async def things(*arguments: Any) -> Sequence[dict[str, Any]]:
            return await prefetched(arguments[1], (), "Thing", self.given)

        double = GraphQLObjectType("Double", {"a": GraphQLField(GraphQLInt), "b": GraphQLField(GraphQLInt)})
        thing = GraphQLObjectType("Thing", {
            "id": GraphQLField(GraphQLInt),
            "double": GraphQLField(double, resolve=doubles),
            "broken": GraphQLField(GraphQLString, resolve=broken),
            "alone": GraphQLField(GraphQLString, resolve=of_one_alone),
        })  # fmt: skip
        self.schema = GraphQLSchema(
            GraphQLObjectType("Query", {"things": GraphQLField(GraphQLList(thing), resolve=things)})
        )

    async def ask(self, query: str, **variables: Any) -> Any:
        return await graphql(self.schema, query, variable_values=variables)


async def test_a_field_is_worked_out_once_for_all() -> None:
    things = Things()
    result = await things.ask("{ things { id double { a } more: double { ...B } } } fragment B on Double { b }")
    assert result.data == {
        "things": [{"id": number, "double": {"a": 2 * number}, "more": {"b": 0}} for number in (1, 2)]
    }
    assert things.asked == [([1, 2], frozenset({"a", "b"}))]
    # Whoever has the same objects finds nothing of it in them.
    assert things.given == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("{ things { id } }", []),
        ("query ($w: Boolean = false) { things { id double @include(if: $w) { a } } }", []),
        ("query ($w: Boolean = true) { things { id ... @skip(if: $w) { double { a } } } }", []),
        ("query ($w: Boolean = true) { things { id ... @include(if: $w) { double { a b @skip(if: $w) } } } }", ["a"]),
    ],
)
async def test_nothing_is_worked_out_that_is_not_asked_for(query: str, asked: list[str]) -> None:
    things = Things()
    result = await things.ask(query)
    assert result.errors is None
    assert things.asked == ([([1, 2], frozenset(asked))] if asked else [])


async def test_what_fails_is_told_of_each() -> None:
    result = await Things().ask("{ things { broken alone double { a } } }")
    assert result.data == {
        "things": [{"broken": None, "alone": str(number), "double": {"a": 2 * number}} for number in (1, 2)]
    }
    assert [(error.message, error.path) for error in result.errors] == [
        ("broken", ["things", place, "broken"]) for place in (0, 1)
    ]


async def test_what_is_unavailable_is_asked_for_once_and_told_of_each() -> None:
    things, asked = Things(), list[int]()

    @batch_resolver
    async def away(found: Sequence[Any], _: Any, _fields: frozenset[str]) -> list[object]:
        asked.append(len(found))
        raise DatabaseUnavailable("thirdeye", "it is away")

    things.schema.type_map["Thing"].fields["broken"].resolve = away  # type: ignore[attr-defined]
    result = await things.ask("{ things { id broken } }")
    assert result.data == {"things": [{"id": 1, "broken": None}, {"id": 2, "broken": None}]}
    assert [error.path for error in result.errors] == [["things", place, "broken"] for place in (0, 1)]
    assert {type(error.original_error) for error in result.errors} == {DatabaseUnavailable}
    assert asked == [2]


async def test_a_null_that_decides_what_is_asked_for_is_told_where_it_does() -> None:
    query = "query ($w: Boolean = true) { things { id double { a @include(if: $w) b @skip(if: $w) } } }"
    result = await Things().ask(query, w=None)
    assert result.data == {"things": [{"id": 1, "double": None}, {"id": 2, "double": None}]}
    assert [error.path for error in result.errors] == [["things", place, "double"] for place in (0, 1)]


async def test_of_no_objects_nothing_is_told() -> None:
    things = Things()
    things.given = []
    assert (await things.ask("{ things { double { a } broken } }")).data == {"things": []}


async def test_a_resolver_takes_what_is_prefetched_and_nothing_else() -> None:
    things = Things()
    things.given = [{"id": 1, "double": Prefetched(None)}, {"id": 2, "double": {"a": 7}}, {"id": 3}]
    field = things.schema.type_map["Query"].fields["things"]  # type: ignore[attr-defined]
    field.resolve = lambda *_: things.given
    assert (await things.ask("{ things { double { a } } }")).data == {
        "things": [{"double": None}, {"double": {"a": 4}}, {"double": {"a": 6}}]
    }
    assert things.asked == [([2], frozenset({"a"})), ([3], frozenset({"a"}))]
    assert not is_batch_resolver(field.resolve)


async def test_who_gives_up_gives_all_of_it_up() -> None:
    things, ended = Things(), list[str]()

    async def waiting(_things: object, _: object, _fields: object) -> list[object]:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("one")
        return []

    fields = things.schema.type_map["Thing"].fields  # type: ignore[attr-defined]
    fields["double"].resolve, fields["broken"].resolve = batch_resolver(waiting), batch_resolver(waiting)
    task = asyncio.create_task(things.ask("{ things { double { a } broken } }"))
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert ended == ["one"] * 2
