"""The statements for the end of a table, read by a SQL parser that is not ours: they do what they say, to that table."""

import re
import string
from datetime import date

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as some
from sqlglot import exp
from sqlglot.tokens import TokenType

from thirdeye.errors import BadInput
from thirdeye.inventory.warehouses import has_plan
from thirdeye.text import visible
from thirdeye.verdict.dropped_tables import kept_after_drop
from thirdeye.verdict.removal import (
    DIALECTS,
    NEXT_STAGE,
    WAITING_DAYS,
    RemovalStep,
    Stage,
    refusal,
    removal_plan,
    renamed_name,
)

DAY = date(2026, 11, 21)
LOCATION = "s3://bucket/archive/x=1/"
ODD = [
    "orders", 'we"ird', "we`ird", "it's", "a.b", "x; DROP TABLE y", "x -- y", "x /* y", "back\\slash", "ünï☃ 表", "select",
    "a\\'; DROP TABLE y; --", '"; DROP TABLE y; --', "`; DROP TABLE y; --", "😀", " ", "$$", "%s {table} {0}", "x" * 400,
]  # fmt: skip
NAMES = some.one_of(
    some.sampled_from(ODD),
    some.text(some.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40),
    some.text("\"'`\\;-.$ {}ab", min_size=1, max_size=20),
)
# What a statement of each kind is made of besides names and texts; the parser knows a few of them only as tokens.
SHAPES = {
    "snowflake": {
        "REVOKE SELECT ON TABLE # FROM ROLE #", "GRANT SELECT ON TABLE # TO ROLE #", "ALTER TABLE # RENAME TO #",
        "COPY INTO ' FROM ( SELECT * FROM # ) FILE_FORMAT = ( TYPE = PARQUET ) HEADER = TRUE", "DROP TABLE #",
        "UNDROP TABLE #",
    },
    "bigquery": {
        "REVOKE # ON TABLE # FROM '", "GRANT # ON TABLE # TO '", "ALTER TABLE # RENAME TO #",
        "EXPORT DATA OPTIONS ( URI = ' , FORMAT = ' ) AS SELECT * FROM #", "DROP TABLE #",
    },
    "redshift": {
        "REVOKE SELECT ON TABLE # FROM #", "GRANT SELECT ON TABLE # TO #", "ALTER TABLE # RENAME TO #",
        "UNLOAD ( ' ) TO ' IAM_ROLE DEFAULT FORMAT AS PARQUET", "DROP TABLE #",
    },
    "databricks": {
        "REVOKE SELECT ON TABLE # FROM #", "GRANT SELECT ON TABLE # TO #", "ALTER TABLE # RENAME TO #",
        "INSERT OVERWRITE DIRECTORY ' USING PARQUET SELECT * FROM #", "DROP TABLE #", "UNDROP TABLE #",
    },
    "postgres": {
        "REVOKE SELECT ON TABLE # FROM #", "GRANT SELECT ON TABLE # TO #", "ALTER TABLE # RENAME TO #",
        "COPY ( SELECT * FROM # ) TO ' WITH ( FORMAT CSV , HEADER )", "DROP TABLE #",
    },
    "mysql": {
        "REVOKE SELECT ON TABLE # FROM '", "GRANT SELECT ON TABLE # TO '", "ALTER TABLE # RENAME TO #",
        "SELECT * FROM # INTO OUTFILE '", "DROP TABLE #",
    },
}  # fmt: skip
NOT_PARSED = ("UNDROP", "INSERT OVERWRITE DIRECTORY", "UNLOAD", "COPY", "EXPORT", "SELECT * FROM # INTO")


def plan(kind: str, path: tuple[str, str, str], readers: tuple[str, ...] = ("analyst",)) -> list[RemovalStep]:
    database, schema, name = path
    return removal_plan(
        service_type=kind, database=database, schema=schema, name=name, day=DAY, location=LOCATION, readers=readers
    )


def shape(statement: str, kind: str) -> tuple[str, list[tuple[str, ...]], list[str]]:
    """Its words, with # for a name and ' for a text; the names as tuples of parts; the texts."""
    words, names, texts = list[str](), list[tuple[str, ...]](), list[str]()
    parts, follows = list[str](), False
    if statement.startswith("UNLOAD "):
        # The tokenizer takes what follows this word for one text.
        words.append("UNLOAD")
        statement = statement.removeprefix("UNLOAD ")
    for token in sqlglot.tokenize(statement, read=kind):
        if token.token_type is TokenType.IDENTIFIER:
            if follows:
                parts.append(token.text)
            else:
                parts = [token.text]
                words.append("#")
            names = [*names[: -1 if follows else None], tuple(parts)]
            follows = False
        elif token.token_type is TokenType.DOT:
            follows = True
        elif token.token_type is TokenType.STRING:
            words.append("'")
            texts.append(token.text)
        else:
            words.append(token.text.upper())
    return " ".join(words), names, texts


@pytest.mark.parametrize("kind", sorted(DIALECTS))
@given(
    database=NAMES,
    schema=NAMES,
    name=NAMES,
    reader=NAMES.filter(lambda name: len(name) <= 256 and visible(name) == name),
)
def test_statements_are_one_each_and_about_this_table_only(
    kind: str, database: str, schema: str, name: str, reader: str
) -> None:
    dialect = DIALECTS[kind]
    path = (database, schema, name)[-dialect.parts :]
    moved = (*path[:-1], renamed_name(name, dialect.max_name_bytes, DAY))
    assert len(moved[-1].encode()) <= dialect.max_name_bytes
    assert moved != path
    for step in plan(kind, (database, schema, name), (reader,)):
        for statement in (*step.statements, *step.undo):
            words, names, texts = shape(statement, kind)
            assert words in SHAPES[kind], statement
            allowed = {path, moved, moved[-1:], path[-1:], (reader,), ("roles/bigquery.dataViewer",)}
            assert set(names) <= allowed, (statement, names)
            inner = texts if words.startswith("UNLOAD") else []
            for text in inner[:1]:
                assert shape(text, kind)[:2] == ("SELECT * FROM #", [moved]), text
            assert set(texts) - set(inner[:1]) <= {LOCATION, reader, "PARQUET"}, (statement, texts)
            if not words.startswith(NOT_PARSED):
                (tree,) = sqlglot.parse(statement, read=kind, error_level=sqlglot.ErrorLevel.RAISE)
                assert isinstance(tree, exp.Alter | exp.Drop | exp.Grant | exp.Revoke), statement


@pytest.mark.parametrize("kind", sorted(DIALECTS))
def test_each_stage_does_what_it_says_and_back(kind: str) -> None:
    steps = {step.stage: step for step in plan(kind, ("shop", "core", "orders"))}
    assert list(steps) == list(Stage)
    assert {stage: step.waiting_days for stage, step in steps.items()} == dict(WAITING_DAYS)
    words = {stage: [shape(each, kind)[0].split()[0] for each in step.statements] for stage, step in steps.items()}
    assert words[Stage.ANNOUNCED] == []
    assert words[Stage.RESTRICTED] == ["REVOKE", "ALTER"]
    assert len(words[Stage.ARCHIVED]) == 1
    assert words[Stage.DROPPED] == ["DROP"]
    path = ("shop", "core", "orders")[-DIALECTS[kind].parts :]
    moved = (*path[:-1], renamed_name("orders", DIALECTS[kind].max_name_bytes, DAY))
    # Away and back: the new name first, then the old one.
    assert shape(steps[Stage.RESTRICTED].statements[-1], kind)[1][0] == path
    assert shape(steps[Stage.RESTRICTED].undo[0], kind)[1][0] == moved
    # What is unloaded and dropped is what was renamed.
    assert shape(steps[Stage.DROPPED].statements[0], kind)[1] == [moved]
    assert all(path not in shape(each, kind)[1] for each in steps[Stage.ARCHIVED].statements)
    assert bool(steps[Stage.DROPPED].undo) == (kind in {"snowflake", "databricks"})


@pytest.mark.parametrize(
    ("service_type", "table_type", "kind", "granted", "undrops"),
    [
        ("Snowflake", "MaterializedView", "MATERIALIZED VIEW", "ON MATERIALIZED VIEW # {to} ROLE #", False),
        ("Snowflake", "Dynamic", "DYNAMIC TABLE", "ON DYNAMIC TABLE # {to} ROLE #", True),
        # In Postgres rights on materialized views are those on tables.
        ("Postgres", "MaterializedView", "MATERIALIZED VIEW", "ON TABLE # {to} #", False),
    ],
)
@given(name=NAMES, reader=NAMES.filter(lambda name: len(name) <= 256))
def test_what_is_made_of_other_tables_has_statements_of_its_own(
    service_type: str, table_type: str, kind: str, granted: str, undrops: bool, name: str, reader: str
) -> None:
    dialect = service_type.lower()
    steps = removal_plan(
        service_type=service_type, table_type=table_type, database="db", schema="core", name=name, day=DAY,
        location=LOCATION, readers=[reader],
    )  # fmt: skip
    rename = f"ALTER {kind} # RENAME TO #"
    by_stage = {step.stage: step for step in steps}
    words = {stage: [shape(each, dialect)[0] for each in step.statements] for stage, step in by_stage.items()}
    assert words[Stage.RESTRICTED] == [f"REVOKE SELECT {granted.format(to='FROM')}", rename]
    grant = f"GRANT SELECT {granted.format(to='TO')}"
    assert [shape(each, dialect)[0] for each in by_stage[Stage.RESTRICTED].undo] == [rename, grant]
    assert words[Stage.ARCHIVED][0].startswith("COPY ")
    assert words[Stage.DROPPED] == [f"DROP {kind} #"]
    undo = [shape(each, dialect)[0] for each in by_stage[Stage.DROPPED].undo]
    assert undo == ([f"UNDROP {kind} #", rename, grant] if undrops else [])
    parts = DIALECTS[dialect].parts
    moved = (*("db", "core")[3 - parts :], renamed_name(name, DIALECTS[dialect].max_name_bytes, DAY))
    (dropped,) = by_stage[Stage.DROPPED].statements
    assert shape(dropped, dialect)[1] == [moved]
    if kind == "MATERIALIZED VIEW":
        # What the parser knows of them is a whole statement about this very view.
        (tree,) = sqlglot.parse(dropped, read=dialect, error_level=sqlglot.ErrorLevel.RAISE)
        assert isinstance(tree, exp.Drop)
        assert (tree.args["kind"], tree.args["materialized"]) == ("VIEW", True)
        assert [table.name for table in tree.find_all(exp.Table)] == [moved[-1]]
    if not undrops:
        assert "definition" in by_stage[Stage.DROPPED].way_back


@pytest.mark.parametrize(
    ("service_type", "table_type", "why"),
    [
        *((kind, "MaterializedView", "renamed") for kind in ("BigQuery", "Redshift", "Databricks", "UnityCatalog", "Mysql")),
        *((kind, "MaterializedView", f"view of {kind}$") for kind in ("Oracle", "Trino", "Clickhouse", "Mssql")),
        (None, "MaterializedView", "of an unknown warehouse$"),
        *((kind, "Dynamic", "renamed") for kind in ("BigQuery", "Databricks", "Postgres")),
        *(("Snowflake", kind, f"a {kind}") for kind in ("View", "SecureView", "SemanticView", "External", "Stage")),
        *(("Postgres", kind, f"a {kind}") for kind in ("Foreign", "Stream", "View")),
    ],
)  # fmt: skip
def test_what_cannot_be_removed_step_by_step_is_refused_with_the_reason(
    service_type: str | None, table_type: str, why: str
) -> None:
    assert re.search(why, refusal(service_type, table_type) or "")
    with pytest.raises(BadInput, match=why) as caught:
        removal_plan(
            service_type=service_type, table_type=table_type, database="d", schema="s", name="t", day=DAY
        )  # fmt: skip
    assert caught.value.extensions["argument"] == "fqn"


@pytest.mark.parametrize(
    ("service_type", "table_type", "parts"),
    [
        ("Snowflake", "Regular", ["Time Travel", "90", "7 days of Fail-safe"]),
        ("Snowflake", "Transient", ["1 at most", "without any Fail-safe"]),
        ("Snowflake", "Dynamic", ["tables that it is made from stay", "Fail-safe"]),
        ("Snowflake", "MaterializedView", ["tables that it is made from stay"]),
        ("BigQuery", "Partitioned", ["7 days of time travel", "physical bytes", "logical bytes"]),
        ("UnityCatalog", "Regular", ["7 days", "external table", "deletedFileRetentionDuration", "VACUUM"]),
        ("Redshift", None, ["at once", "snapshots"]),
        ("MariaDB", "Regular", ["at once"]),
        ("Snowflake", "View", None),
        ("Trino", "Regular", None),
        (None, None, None),
    ],
)
def test_what_goes_on_to_cost_is_said(
    service_type: str | None, table_type: str | None, parts: list[str] | None
) -> None:
    sentence = kept_after_drop(service_type, table_type)
    if parts is None:
        assert sentence is None
        return
    assert sentence is not None
    assert all(part in sentence for part in parts), sentence
    if has_plan(service_type, table_type):
        steps = removal_plan(
            service_type=service_type, table_type=table_type, database="d", schema="s", name="t", day=DAY
        )  # fmt: skip
        assert steps[-1].what == f"It is dropped. {sentence}"


def test_every_warehouse_with_statements_says_what_goes_on_to_cost() -> None:
    assert [kind for kind in DIALECTS if kept_after_drop(kind, "Regular") is None] == []


def test_stages_follow_each_other_to_the_end() -> None:
    stage, seen = NEXT_STAGE[None], list[Stage]()
    while stage is not None:
        seen.append(stage)
        stage = NEXT_STAGE[stage]
    assert seen == list(Stage)


def test_nothing_is_unloaded_without_a_place() -> None:
    steps = removal_plan(service_type="Snowflake", database="d", schema="s", name="t", day=DAY)
    assert [step.statements for step in steps if step.stage is Stage.ARCHIVED] == [[]]
    assert all("REVOKE" not in statement for step in steps for statement in step.statements)


@given(name=some.text(min_size=1, max_size=300), longest=some.integers(40, 300))
def test_new_names_fit_and_tell_tables_apart(name: str, longest: int) -> None:
    if not name.isprintable():
        return
    assert len(renamed_name(name, longest, DAY).encode()) <= longest
    assert renamed_name(name, longest, DAY) != renamed_name(name + "x", longest, DAY)


@pytest.mark.parametrize(
    ("changed", "argument"),
    [
        ({"service_type": "Oracle"}, "fqn"), ({"service_type": None}, "fqn"), ({"name": "a\0b"}, "fqn"),
        ({"name": "a\nb"}, "fqn"), ({"name": "a\ud800"}, "fqn"),
        ({"name": "\x9b"}, "fqn"), ({"schema": None}, "fqn"), ({"database": ""}, "fqn"),
        ({"location": ""}, "archiveLocation"), ({"location": "x' ; DROP"}, "archiveLocation"),
        ({"location": "x" * 1025}, "archiveLocation"), ({"readers": [""]}, "readers"), ({"readers": ["x"] * 101}, "readers"),
        ({"readers": ["a\nb"]}, "readers"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_refused(changed: dict[str, object], argument: str) -> None:
    case = {"service_type": "Snowflake", "database": "d", "schema": "s", "name": "t", "day": DAY, **changed}
    with pytest.raises(BadInput) as caught:
        removal_plan(**case)  # type: ignore[arg-type]
    assert caught.value.extensions["argument"] == argument


@pytest.mark.parametrize("name", ["UnityCatalog", "MariaDB", "POSTGRES", "BigQuery"])
def test_types_are_known_by_other_names_too(name: str) -> None:
    assert removal_plan(service_type=name, database="d", schema="s", name=string.ascii_letters, day=DAY)
