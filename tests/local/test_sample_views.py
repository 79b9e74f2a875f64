"""The texts of the sample's views: such as connectors store them, and readable but for a few."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from thirdeye.local.sample import Estate, EstateOptions, generate
from thirdeye.local.sample.dialects import DIALECTS
from thirdeye.local.sample.records import UPSTREAM, TableRecord

pytestmark = pytest.mark.unmeasured

TODAY = date(2026, 11, 20)
WITH_TEXT = {"View", "SecureView", "MaterializedView"}
READ_AS = {
    "Snowflake": "snowflake", "BigQuery": "bigquery", "Postgres": "postgres", "Redshift": "redshift",
    "Databricks": "databricks", "Hive": "hive", "Mssql": "tsql", "Mysql": "mysql", "Trino": "trino", "Athena": "trino",
    "Clickhouse": "clickhouse", "Oracle": "oracle",
}  # fmt: skip
BEGINNINGS = {
    "Snowflake": "create or replace ", "BigQuery": "CREATE ", "Postgres": "create ", "Redshift": "CREATE ",
    "Databricks": ("SELECT ", "WITH "), "Hive": ("SELECT ", "WITH "), "Mssql": "CREATE ", "Trino": "CREATE ",
    "Mysql": "CREATE ALGORITHM=", "Oracle": "CREATE OR REPLACE VIEW ",
}  # fmt: skip


@pytest.fixture(scope="module")
def estate() -> Estate:
    return generate(EstateOptions(today=TODAY, tables=5_000, usage_days=0))


@pytest.fixture(scope="module")
def views(estate: Estate) -> list[TableRecord]:
    return [table for table in estate.tables() if table.table_type in WITH_TEXT]


@pytest.fixture(scope="module")
def trees(views: list[TableRecord]) -> list[exp.Expression | None]:
    """What is read of each view; None of what cannot be."""
    logging.disable(logging.CRITICAL)
    return [read(view) for view in views]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def text_of(view: TableRecord) -> str:
    assert view.schema_definition is not None
    return view.schema_definition


def read(view: TableRecord) -> exp.Expression | None:
    try:
        tree = sqlglot.parse_one(text_of(view), read=READ_AS[view.service_type])
    except SqlglotError:
        return None
    return None if isinstance(tree, exp.Command) else tree


def names_in(tree: exp.Expression) -> set[str]:
    """The tables that a query reads, without case."""
    common = {cte.alias for cte in tree.find_all(exp.CTE)}
    query = tree.expression if isinstance(tree, exp.Create) else tree
    return {table.name.lower() for table in query.find_all(exp.Table)} - common


def test_most_texts_are_read_and_name_what_the_view_is_made_from(
    estate: Estate, views: list[TableRecord], trees: list[exp.Expression | None]
) -> None:
    failed, checked = Counter[str](), Counter[str]()
    texts = estate.views
    for view, tree in zip(views, trees, strict=True):
        checked[view.service_type] += 1
        if tree is None or not text_of(view):
            failed[view.service_type] += 1
        elif not texts.is_broken(view.index):
            assert names_in(tree) == {estate.name(source).lower() for source in texts.sources(view.index)}
    assert set(checked) == set(DIALECTS)
    assert 0.005 < failed.total() / checked.total() < 0.06


def test_texts_are_of_all_lengths_up_to_four_kilobytes(views: list[TableRecord]) -> None:
    lengths = sorted(len(text_of(view).encode()) for view in views if text_of(view))
    assert lengths[0] < 600 and lengths[-1] < 5_500 and lengths[len(lengths) * 98 // 100] < 4_200
    assert 1_700 < sum(lengths) / len(lengths) < 2_400


def test_texts_begin_as_the_connectors_of_openmetadata_store_them(estate: Estate, views: list[TableRecord]) -> None:
    for view in views:
        if not estate.views.is_broken(view.index) and view.service_type in BEGINNINGS:
            assert text_of(view).startswith(BEGINNINGS[view.service_type])


def test_tables_are_named_by_one_two_and_three_parts(
    views: list[TableRecord], trees: list[exp.Expression | None]
) -> None:
    parts: dict[str, set[int]] = {}
    for view, tree in zip(views, trees, strict=True):
        query = tree.expression if isinstance(tree, exp.Create) else tree
        for table in query.find_all(exp.Table) if query is not None else ():
            parts.setdefault(view.service_type, set()).add(len(table.parts))
    assert parts["Snowflake"] == parts["Databricks"] == parts["Mssql"] == {1, 2, 3}
    # Names with dots have more parts between the backticks of BigQuery.
    assert parts["BigQuery"] >= {1, 2, 3}
    assert parts["Postgres"] == parts["Mysql"] == {1, 2}


BROKEN: dict[str, Callable[[str], bool]] = {
    "empty": lambda text: text == "",
    "a template": lambda text: text.startswith("{{"),
    "cut off": lambda text: bool(text) and not text.startswith("{{") and "\nFROM" not in text,
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_few_are_broken(views: list[TableRecord], kind: str) -> None:
    assert 0 < sum(BROKEN[kind](text_of(view)) for view in views) < len(views) / 50


def test_of_some_views_openmetadata_has_lineage_and_of_others_the_text_alone(
    estate: Estate, views: list[TableRecord]
) -> None:
    made = {edge.to_id for edge in estate.relations() if edge.lineage_source == "ViewLineage"}
    with_lineage = {service.id for service in estate.services if service.lineage}
    named = [view for view in views if view.service_id in with_lineage and estate.views.sources(view.index)]
    assert 0.5 < sum(view.id in made for view in named) / len(named) < 0.7
    for edge in estate.relations():
        assert edge.lineage_source != "ViewLineage" or edge.relation == UPSTREAM


def test_semantic_views_have_no_text_and_some_tables_have_one(estate: Estate) -> None:
    kinds = Counter((table.table_type, table.schema_definition is None) for table in estate.tables())
    assert kinds["SemanticView", True] and not kinds["SemanticView", False]
    assert kinds["Regular", False] and all(
        table.schema_definition.startswith("CREATE TABLE ")
        for table in estate.tables()
        if table.table_type == "Regular" and table.schema_definition
    )


@pytest.mark.parametrize("share", [0.0, 0.15, 0.3])
def test_as_many_tables_as_asked_for_are_views(share: float) -> None:
    estate = generate(EstateOptions(today=TODAY, tables=6_000, usage_days=0, view_share=share))
    views = sum(table.table_type in {*WITH_TEXT, "SemanticView"} for table in estate.tables())
    assert views / 6_000 == pytest.approx(share, abs=0.04)
