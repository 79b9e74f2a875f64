"""Which tables a text names, without a process around it."""

import json
from collections.abc import Iterator

import pytest

from tests.support.clocks import TODAY
from tests.support.second_texts import dialect_of, paths_read, read_text
from thirdeye.inventory.table_names import path_key
from thirdeye.local.sample import EstateOptions, generate
from thirdeye.local.sample.rows import all_rows
from thirdeye.mirror.views.references import Home, ReferenceKind, references
from thirdeye.mirror.views.sql_dialects import DIALECTS
from thirdeye.mirror.views.sql_references import UnreadableText, paths_in

HOME = Home("shop", "main", "core", "")


@pytest.mark.parametrize(
    ("text", "dialect", "paths"),
    [
        ("SELECT 1", "", []),
        ("SELECT * FROM a, b.c JOIN d.e.f USING (id)", "", [("a",), ("b", "c"), ("d", "e", "f")]),
        ("CREATE VIEW x.y (id) AS SELECT * FROM a UNION ALL SELECT * FROM b", "", [("a",), ("b",)]),
        # What WITH defines is no table, but the same name inside of its definition is.
        ("WITH a AS (SELECT * FROM a) SELECT * FROM A", "", [("a",)]),
        ("WITH RECURSIVE a AS (SELECT * FROM a JOIN r) SELECT * FROM a", "", [("r",)]),
        ("WITH a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT * FROM b", "", [("b",)]),
        ("SELECT * FROM t WHERE id IN (WITH t AS (SELECT * FROM q) SELECT id FROM t)", "", [("t",), ("q",)]),
        ("WITH a AS (SELECT 1) SELECT * FROM (SELECT * FROM a) s JOIN s2.a", "", [("s2", "a")]),
        ("SELECT * FROM unnest(ARRAY[1]) u, generate_series(1, 2) g, t", "postgres", [("t",)]),
        ("SELECT * FROM `p.d.events_*`, t, t.items", "bigquery", [("p", "d", "events_*"), ("t",)]),
        ("SELECT * FROM [db]..[t] JOIN [srv].[db].[s].[u] u ON 1 = 1", "tsql", [("db", "", "t"), ("db", "s", "u")]),
        ("SELECT f.value FROM a.b.c, LATERAL FLATTEN(input => c.x) f", "snowflake", [("a", "b", "c")]),
        ("CREATE MATERIALIZED VIEW v AS SELECT * FROM s.t; DO $$ x $$", "postgres", None),
        ("foo", "", None),
        ("", "", None),
        ("SELECT 1 FROM {{ ref('x') }}", "", None),
        ("select * from s.t where {{ condition }}", "snowflake", None),
        ("select * from ${orders.SQL_TABLE_NAME}", "mysql", None),
        ("use database other; create view v as select * from t", "snowflake", None),
        # Tables that are named in other ways.
        ("select * from identifier('db.s.t')", "snowflake", None),
        ("select * from table('db.s.t')", "snowflake", None),
        ("select * from table(s.t)", "snowflake", None),
        ("select * from openquery(srv, 'select * from x.t')", "tsql", None),
        ("select * from crosstab('select * from s.t') as x(a int)", "postgres", None),
        ("select * from merge('db', '^t')", "clickhouse", None),
        ("select a from s.t where a in db.u", "clickhouse", None),
        ("create materialized view mv to target as select * from src", "clickhouse", None),
        ("select a from s.t where a in (1, 2) or a in (select a from s.u)", "clickhouse", [("s", "t"), ("s", "u")]),
        # Names in quotes have their case.
        ('with "Orders" as (select 1 from x) select * from orders', "postgres", [("x",), ("orders",)]),
        ('with "Orders" as (select 1 from x) select * from "Orders"', "postgres", [("x",)]),
        ("SELECT " + "(" * 5_000, "", None),
    ],
)
def test_paths(text: str, dialect: str, paths: list[tuple[str, ...]] | None) -> None:
    if paths is None:
        with pytest.raises(UnreadableText):
            paths_in(text, dialect)
    else:
        assert set(paths_in(text, dialect)) == set(paths)


@pytest.mark.parametrize("dialect", sorted({*DIALECTS.values(), ""}))
def test_every_dialect_exists(dialect: str) -> None:
    assert paths_in("SELECT a FROM b", dialect) == [("b",)]


Place = tuple[str | None, str | None, str]
PATH, EITHER, PARTS = ReferenceKind.PATH, ReferenceKind.EITHER, ReferenceKind.PARTS


@pytest.mark.parametrize(
    ("path", "home", "first", "other", "kind"),
    [
        (("T",), HOME, ("main", "core", "t"), None, PATH),
        (("S", "t"), HOME, ("main", "s", "t"), None, PATH),
        (("main", "s", "t"), HOME, ("main", "s", "t"), None, PATH),
        # The engine may call the database something else.
        (("d", "s", "t"), HOME, ("d", "s", "t"), ("main", "s", "t"), PATH),
        (("t",), HOME._replace(dialect="postgres"), ("main", "core", "t"), ("main", "public", "t"), EITHER),
        (("t",), HOME._replace(dialect="postgres", schema="public"), ("main", "public", "t"), None, EITHER),
        (("d", "", "t"), HOME._replace(dialect="tsql"), ("d", "dbo", "t"), ("main", "dbo", "t"), PATH),
        (("s", "events_*"), HOME, ("main", "s", "events"), None, PARTS),
        (("s", "events_2026*"), HOME, ("main", "s", "events_2026"), ("main", "s", "events"), PARTS),
        (("t",), HOME._replace(schema=None), ("main", None, "t"), None, PATH),
    ],
)
def test_references(path: tuple[str, ...], home: Home, first: Place, other: Place | None, kind: ReferenceKind) -> None:
    keys = path_key("shop", *first), 0 if other is None else path_key("shop", *other), kind
    assert next(references(path, home))[:3] == keys


def sample_texts(seed: int) -> Iterator[tuple[str, str]]:
    """The texts of the views of a sample estate, each with its dialect."""
    for table, row in all_rows(generate(EstateOptions(today=TODAY, tables=300, seed=seed, usage_days=0))):
        if table == "table_entity":
            document = json.loads(next(value for value in row if isinstance(value, str) and value.startswith("{")))
            if "View" in str(document.get("tableType")) and isinstance(document.get("schemaDefinition"), str):
                yield document["schemaDefinition"], dialect_of(document.get("serviceType"))


@pytest.mark.parametrize("seed", [1, 7])
def test_another_reader_finds_the_same_names(seed: int) -> None:
    compared = 0
    for text, dialect in sample_texts(seed):
        paths, other = paths_read(text, dialect), read_text(text)
        # In what lies between these quotes dots mean different things in different dialects.
        if paths is not None and other.readable and "`" not in text:
            folded = {tuple(name.casefold() for name in path) for path in paths}
            others = {path[-3:] for path in other.names}
            assert folded == {tuple(name.casefold() for name in path) for path in others}, text
            compared += 1
    assert compared > 10
