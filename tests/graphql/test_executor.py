"""The short cut answers what graphql-core's own executor answers, in data and in errors."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    Undefined,
    build_schema,
    execute,
    parse,
    validate,
)
from hypothesis import event, given, settings
from hypothesis import strategies as st

from thirdeye.batch_resolvers import Prefetched, batch_resolver
from thirdeye.graphql.executor import PlainExecutor, Plans, plans_for

pytestmark = pytest.mark.unmeasured


class Colour(StrEnum):
    RED = "RED"


class Awaited:
    """Awaitable without being a coroutine, and more than once."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Any:
        yield from asyncio.sleep(0).__await__()
        return self.value


def _serialize_odd(value: Any) -> Any:
    if value == 13:
        raise ValueError("unlucky")
    if value == 14:
        return None
    if value == 15:
        return Undefined
    if value == 16:
        return Awaited("later")
    return f"odd {value}"


ODD = GraphQLScalarType("Odd", serialize=_serialize_odd)
COLOUR = GraphQLEnumType("Colour", {"RED": "RED", "GREEN": "GREEN", "SEVEN": 7})
LEAVES = (GraphQLString, GraphQLInt, GraphQLFloat, GraphQLBoolean, GraphQLID, ODD, COLOUR)
NAMES = ("a", "b", "c", "d")

plain_values = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.sampled_from(["RED", "GREEN", "12", "1.5", "true"]),
    st.integers(-3, 20),
    st.sampled_from([2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**60]),
    st.floats(),
    st.booleans(),
)
odd_values = st.sampled_from(
    [
        ValueError("as a value"),
        Undefined,
        Decimal("1.5"),
        datetime(2026, 1, 1, tzinfo=UTC),
        b"bytes",
        Colour.RED,
        Awaited("awaited"),
        Awaited(3),
        Awaited(None),
        lambda *_: "called",
        lambda *_: 1 / 0,
        object,
        [],
        {},
        (1, "x"),
        MappingProxyType({"a": "mapped", "b": 1}),
    ]
)
values = st.recursive(
    st.one_of(plain_values, plain_values, odd_values),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
        st.dictionaries(st.sampled_from(NAMES), inner, min_size=3, max_size=4),
    ),
    max_leaves=25,
)


@st.composite
def schemas(draw: st.DrawFn) -> GraphQLSchema:
    objects: list[GraphQLObjectType] = []
    named = GraphQLInterfaceType("Named", {"a": GraphQLField(GraphQLString)}, resolve_type=lambda *_: "Thing")
    thing = GraphQLObjectType("Thing", {"a": GraphQLField(GraphQLString)}, interfaces=[named])

    def field() -> GraphQLField:
        kinds: list[Any] = [*LEAVES, *LEAVES, *objects, *objects, thing, named]
        type_: Any = draw(st.sampled_from(kinds))
        for wrapper in draw(st.lists(st.sampled_from(["list", "!"]), max_size=3)):
            if wrapper == "list":
                type_ = GraphQLList(type_)
            elif not isinstance(type_, GraphQLNonNull):
                type_ = GraphQLNonNull(type_)
        special = draw(st.sampled_from(["", "", "", "", "resolver", "argument", "async"]))
        if special == "resolver":
            return GraphQLField(type_, resolve=_by_hand)
        if special == "async":
            return GraphQLField(type_, resolve=_by_hand_later)
        if special == "argument":
            return GraphQLField(type_, args={"n": GraphQLArgument(GraphQLInt, default_value=1)})
        return GraphQLField(type_)

    for number in range(draw(st.integers(1, 3))):
        objects.append(
            GraphQLObjectType(
                f"Object{number}",
                {name: field() for name in NAMES},
                is_type_of=(lambda value, _: value != {}) if draw(st.integers(0, 5)) == 0 else None,
            )
        )
    query = GraphQLObjectType("Query", {name: field() for name in NAMES})
    return GraphQLSchema(query, types=[thing], mutation=GraphQLObjectType("Mutation", {"a": field()}))


def _by_hand(source: Any, info: Any, **_: Any) -> Any:
    return source.get(info.field_name) if isinstance(source, dict) else None


async def _by_hand_later(source: Any, info: Any, **_: Any) -> Any:
    await asyncio.sleep(0)
    return _by_hand(source, info)


@st.composite
def documents(draw: st.DrawFn, schema: GraphQLSchema) -> str:
    """A document that asks for fields that exist, with aliases, fragments and directives."""
    fragments: list[str] = []
    budget = [30]

    def selection(type_: Any, depth: int) -> str:
        inner = type_
        while hasattr(inner, "of_type"):
            inner = inner.of_type
        fields = getattr(inner, "fields", None)
        if fields is None:
            return ""
        parts = []
        names = draw(st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=4))
        for name in names:
            budget[0] -= 1
            below = selection(fields[name].type, depth + 1) if depth < 4 and budget[0] > 0 else None
            if below is None or (below == "" and _has_fields(fields[name].type)):
                parts.append("__typename")
                continue
            alias = draw(st.sampled_from(["", "", f"{name}{depth}x: "]))
            directive = draw(st.sampled_from(["", "", "", "", " @include(if: $yes)", " @skip(if: $yes)"]))
            parts.append(f"{alias}{name}{directive}{below}")
        shape = draw(st.sampled_from(["plain", "plain", "inline", "spread"]))
        text = " ".join(parts)
        if shape == "inline":
            text = f"... on {inner.name} {{ {text} }} __typename"
        elif shape == "spread":
            fragment = f"F{len(fragments)}"
            fragments.append(f"fragment {fragment} on {inner.name} {{ {text} }}")
            text = f"...{fragment} ...{fragment}"
        return f" {{ {text} }}"

    body = selection(schema.query_type, 1)
    variables = "($yes: Boolean!)" if "$yes" in body + "".join(fragments) else ""
    return f"query Q{variables}{body} " + " ".join(fragments)


def _has_fields(type_: Any) -> bool:
    while hasattr(type_, "of_type"):
        type_ = type_.of_type
    return hasattr(type_, "fields")


def run(schema: GraphQLSchema, text: str | Any, root: Any, **options: Any) -> ExecutionResult:
    document = parse(text) if isinstance(text, str) else text

    async def running() -> ExecutionResult:
        result = execute(schema, document, root_value=root, **options)
        return result if isinstance(result, ExecutionResult) else await result

    return asyncio.run(running())


def told(result: ExecutionResult) -> tuple[str, list[Any]]:
    """What a caller gets to see; text, because NaN is not equal to itself and the order of keys counts."""
    errors = [(e.message, e.path, [tuple(place) for place in e.locations or ()]) for e in result.errors or ()]
    return repr(result.data), errors


def assert_same(schema: GraphQLSchema, text: str, root: Any, **options: Any) -> ExecutionResult:
    stock = run(schema, text, root, **options)
    own = run(schema, text, root, executor_class=PlainExecutor, **options)
    assert told(own) == told(stock)
    plans: Plans = {}
    document = parse(text)
    if "@" not in text:
        for _ in range(2):
            shared = run(schema, document, root, executor_class=PlainExecutor, plans=plans, **options)
            assert told(shared) == told(stock)
    return own


@settings(max_examples=100)
@given(data=st.data())
def test_equals_the_stock_executor_on_anything(data: st.DataObject) -> None:
    schema = data.draw(schemas())
    text = data.draw(documents(schema))
    if validate(schema, parse(text)):
        event("invalid")
        return
    root = data.draw(st.dictionaries(st.sampled_from(NAMES), values, min_size=2, max_size=4))
    variables = {"yes": data.draw(st.booleans())}
    result = assert_same(schema, text, root, variable_values=variables)
    event("errors" if result.errors else "no errors")


ROWS = build_schema(
    """
    type Query { rows: [Row!]! loose: [Row] }
    type Row { id: Int! title: String! status: Status note: String tags: [String!] child: Row }
    enum Status { OPEN DONE }
    """
)
QUERY = "{ rows { id title status note tags child { id title } __typename } loose { id title } }"


def row(**changes: Any) -> dict[str, Any]:
    return {"id": 1, "title": "t", "status": "OPEN", "note": None, "tags": ["x"], "child": None, **changes}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"id": None},
        {"id": 2**31},
        {"id": "7"},
        {"id": True},
        {"title": 5},
        {"title": None},
        {"status": "NO SUCH"},
        {"tags": [None]},
        {"tags": "text"},
        {"tags": ("a", "b")},
        {"tags": (part for part in ())},
        {"tags": iter([])},
        {"child": row()},
        {"child": row(title=None)},
        {"child": "not an object"},
        {"note": ValueError("as a value")},
        {"note": Awaited("later")},
        {"note": lambda _info: "called"},
        {"title": Colour.RED},
        {"note": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
)
def test_each_oddity_of_a_row(changes: dict[str, Any]) -> None:
    assert_same(ROWS, QUERY, {"rows": [row(), row(**changes), row()], "loose": [row(), None, row(**changes)]})


def test_rows_of_all_kinds_of_mappings_and_objects() -> None:
    class Item:
        id, title, status, note, tags, child = 1, "t", "OPEN", None, None, None

    class OwnDict(dict[str, Any]):
        pass

    for odd in (Item(), OwnDict(row()), MappingProxyType(row())):
        assert assert_same(ROWS, QUERY, {"rows": [row(), odd], "loose": [odd]}).errors is None


def test_what_is_plain_goes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = _count_infos(monkeypatch)
    root = {"rows": [row(child=row()) for _ in range(50)], "loose": None}
    assert run(ROWS, QUERY, root, executor_class=PlainExecutor).errors is None
    assert calls == []


def test_a_resolver_elsewhere_does_not_spoil_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = build_schema("type Query { page: Page } type Page { rows: [Row] total: Int } type Row { id: Int }")
    schema.type_map["Page"].fields["total"].resolve = lambda *_: 3  # type: ignore[attr-defined]
    calls = _count_infos(monkeypatch)
    root = {"page": {"rows": [{"id": 1}] * 20}}
    assert run(schema, "{ page { rows { id } total } }", root, executor_class=PlainExecutor).data == {
        "page": {"rows": [{"id": 1}] * 20, "total": 3}
    }
    assert calls == ["page", "total"]


def _count_infos(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    calls: list[str] = []
    stock = PlainExecutor.build_resolve_info

    def counting(self: Any, field: Any, nodes: Any, *rest: Any) -> Any:
        calls.append(nodes[0].name.value)
        return stock(self, field, nodes, *rest)

    monkeypatch.setattr(PlainExecutor, "build_resolve_info", counting)
    return calls


@pytest.mark.parametrize(
    "options",
    [
        {"middleware": [lambda next_, root, info, **args: next_(root, info, **args)]},
        {"field_resolver": lambda source, info: source.get(info.field_name)},
        {"is_awaitable": lambda _: False},
    ],
    ids=["middleware", "field_resolver", "is_awaitable"],
)
def test_custom_parts_switch_it_off(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    root = {"rows": [row()], "loose": []}
    assert_same(ROWS, QUERY, root, **options)
    calls = _count_infos(monkeypatch)
    run(ROWS, QUERY, root, executor_class=PlainExecutor, **options)
    assert "title" in calls


def test_plans_are_shared_only_where_variables_cannot_matter() -> None:
    plain, directed = parse("{ rows { id } }"), parse("query ($y: Boolean!) { rows { id @skip(if: $y) title } }")
    assert plans_for(plain) == {}
    assert plans_for(directed) is None
    root = {"rows": [row()], "loose": []}
    for skip, expected in ((True, {"title": "t"}), (False, {"id": 1, "title": "t"})):
        result = run(
            ROWS,
            directed,
            root,
            executor_class=PlainExecutor,
            plans=plans_for(directed),
            variable_values={"y": skip},
        )
        assert result.data == {"rows": [expected]}


def test_two_operations_over_one_fragment_share_their_plans() -> None:
    text = "query A { rows { ...F } } query B { loose { ...F note } } fragment F on Row { id title }"
    document, plans = parse(text), dict[Any, Any]()
    root = {"rows": [row()], "loose": [row(note="n"), None]}
    for name in ("A", "B", "A"):
        options: dict[str, Any] = {"operation_name": name}
        own = run(ROWS, document, root, executor_class=PlainExecutor, plans=plans, **options)
        assert told(own) == told(run(ROWS, document, root, **options))


def test_serializers_may_be_replaced() -> None:
    schema = build_schema("type Query { a: Shout b: String } scalar Shout")
    shout: Callable[[Any], Any] = lambda value: value.upper()  # noqa: E731
    schema.type_map["Shout"].coerce_output_value = shout  # type: ignore[attr-defined]
    assert assert_same(schema, "{ a b }", {"a": "x", "b": "y"}).data == {"a": "X", "b": "y"}


@pytest.mark.parametrize("value", [1, 13, 14, 15, 16])
def test_whatever_a_serializer_does(value: int) -> None:
    inner = GraphQLObjectType("Inner", {"a": GraphQLField(ODD), "b": GraphQLField(GraphQLNonNull(ODD))})
    schema = GraphQLSchema(GraphQLObjectType("Query", {"inner": GraphQLField(inner)}))
    assert_same(schema, "{ inner { a } }", {"inner": {"a": value}})
    assert_same(schema, "{ inner { a b } }", {"inner": {"a": 1, "b": value}})


@pytest.mark.parametrize("fits", [True, False])
def test_is_type_of_is_asked(fits: bool) -> None:
    schema = build_schema("type Query { inner: Inner } type Inner { a: Int }")
    schema.type_map["Inner"].is_type_of = lambda _value, _info: fits  # type: ignore[attr-defined]
    assert (assert_same(schema, "{ inner { a } }", {"inner": {"a": 1}}).errors is None) is fits


def test_what_resolvers_give_is_completed_by_what_is_asked_of_each() -> None:
    inner = GraphQLObjectType("Inner", {name: GraphQLField(GraphQLInt) for name in "abc"})

    async def later(*_: object) -> dict[str, object]:
        return {"a": 1, "b": "no number", "c": 3}

    query = GraphQLObjectType("Query", {
        "now": GraphQLField(inner, resolve=lambda *_: {"a": 1, "b": 2, "c": 3}),
        "later": GraphQLField(inner, resolve=later),
        "needed": GraphQLField(GraphQLNonNull(inner), resolve=later),
    })  # fmt: skip
    schema = GraphQLSchema(query)
    assert assert_same(schema, "{ x: now { a } y: now { b c } z: later { c } }", {}).data == {
        "x": {"a": 1}, "y": {"b": 2, "c": 3}, "z": {"c": 3},
    }  # fmt: skip
    assert assert_same(schema, "{ now { a } later { a b } }", {}).data == {
        "now": {"a": 1},
        "later": {"a": 1, "b": None},
    }
    assert assert_same(schema, "{ needed { a } needed { c } }", {}).data == {"needed": {"a": 1, "c": 3}}


def _with_batches(calls: list[object]) -> GraphQLSchema:
    """A list of objects, of which `twice` and `inner` may be prefetched; what is asked of resolvers is noted."""
    inner = GraphQLObjectType("Inner", {
        "a": GraphQLField(GraphQLNonNull(GraphQLInt)),
        "late": GraphQLField(GraphQLInt, resolve=lambda value, _: value["a"] + 1),
    })  # fmt: skip

    async def twice(answers: Any, *_: Any) -> list[int]:
        calls.extend(answer["id"] for answer in answers)
        return [2 * answer["id"] for answer in answers]

    async def inner_of(answers: Any, *_: Any) -> list[dict[str, int]]:
        calls.extend(("inner", answer["id"]) for answer in answers)
        return [{"a": answer["id"]} for answer in answers]

    thing = GraphQLObjectType("Thing", {
        "id": GraphQLField(GraphQLInt),
        "twice": GraphQLField(GraphQLNonNull(GraphQLInt), resolve=batch_resolver(twice)),
        "inner": GraphQLField(inner, resolve=batch_resolver(inner_of)),
    })  # fmt: skip
    return GraphQLSchema(GraphQLObjectType("Query", {"things": GraphQLField(GraphQLList(thing))}))


ALL = "{ things { id twice inner { a } } }"


def test_prefetched_values_need_no_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = list[object]()
    things = [
        {"id": number, "twice": Prefetched(2 * number), "inner": Prefetched({"a": number})} for number in range(3)
    ]
    infos = _count_infos(monkeypatch)
    result = run(_with_batches(calls), ALL, {"things": things}, executor_class=PlainExecutor)
    assert result.errors is None
    assert result.data == {"things": [{"id": n, "twice": 2 * n, "inner": {"a": n}} for n in range(3)]}
    assert (calls, infos) == ([], [])
    nothing = [{"id": 1, "twice": Prefetched(2), "inner": Prefetched(None)}, None]
    assert assert_same(_with_batches(calls), ALL, {"things": nothing}).data == {
        "things": [{"id": 1, "twice": 2, "inner": None}, None]
    }


@pytest.mark.parametrize(
    ("things", "asked"),
    [
        ([{"id": 1}, {"id": 2}], [1, ("inner", 1), 2, ("inner", 2)]),
        # Some of it, of one of them or of each.
        ([{"id": 1, "twice": Prefetched(2), "inner": Prefetched({"a": 1})}, {"id": 2}], [2, ("inner", 2)]),
        ([{"id": 1, "twice": Prefetched(2)}, {"id": 2, "twice": Prefetched(4)}], [("inner", 1), ("inner", 2)]),
        # What does not fit is told as if a resolver had given it.
        ([{"id": 1, "twice": Prefetched("no number"), "inner": Prefetched({"a": None})}], []),
        ([{"id": 1, "twice": Prefetched(None), "inner": Prefetched({"a": 1})}], []),
        ([{"id": 1, "twice": 2, "inner": {"a": 7}}], [1, ("inner", 1)]),
    ],
)
@pytest.mark.parametrize(
    "query", [ALL, "{ things { id twice inner { a late } } }", "{ things { inner { late } two: twice } }"]
)
def test_resolvers_are_asked_for_what_is_not_there(things: list[Any], asked: list[object], query: str) -> None:
    calls = list[object]()
    schema = _with_batches(calls)
    assert_same(schema, query, {"things": things})
    calls.clear()
    run(schema, query, {"things": things}, executor_class=PlainExecutor)
    assert sorted(calls, key=str) == sorted(asked, key=str)


@pytest.mark.parametrize(("twice", "asked"), [({}, ["twice", "inner"]), ({"twice": Prefetched(2)}, ["inner"])])
def test_what_is_not_prefetched_leaves_plain_fields_plain(
    twice: dict[str, Any], asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    infos = _count_infos(monkeypatch)
    things = [{"id": number, **twice} for number in (1, 1)]
    result = run(_with_batches([]), ALL, {"things": things}, executor_class=PlainExecutor)
    assert result.data == {"things": [{"id": 1, "twice": 2, "inner": {"a": 1}}] * 2}
    assert infos == ["things", *asked * 2]


@pytest.mark.parametrize(
    ("thing", "asked"),
    [
        ({"id": 1}, ["twice", "inner"]),
        ({"id": 1, "twice": Prefetched(2)}, ["inner"]),
        ({"id": "no number", "twice": Prefetched(2), "inner": Prefetched({"a": 1})}, ["id"]),
        ({"id": 1, "twice": Prefetched(ValueError("it failed")), "inner": Prefetched({"a": 1})}, ["twice"]),
    ],
)
def test_what_is_no_plain_value_leaves_the_others_done(
    thing: dict[str, Any], asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = list[str]()
    execute_field = PlainExecutor.execute_field

    def noted(self: Any, parent: Any, source: Any, details: Any, *rest: Any) -> Any:
        fields.append(details[0].node.name.value)
        return execute_field(self, parent, source, details, *rest)

    monkeypatch.setattr(PlainExecutor, "execute_field", noted)
    assert_same(_with_batches([]), ALL, {"things": [thing]})
    fields.clear()
    run(_with_batches([]), ALL, {"things": [thing]}, executor_class=PlainExecutor)
    assert fields == ["things", *asked]
