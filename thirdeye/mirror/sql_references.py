"""Which tables a text of SQL names. The one module that knows sqlglot."""

import importlib.metadata
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

# What reads texts: sqlglot, and the rules of this module, whose number goes up with each change of what they find.
READER: Final = f"sqlglot {importlib.metadata.version('sqlglot')}, rules 2"
# OM's types of services by the dialect that they speak; others get the generic one.
DIALECTS: Final[Mapping[str, str]] = {
    "Athena": "athena", "AzureSQL": "tsql", "BigQuery": "bigquery", "Clickhouse": "clickhouse", "Cockroach": "postgres",
    "Databricks": "databricks", "DeltaLake": "databricks", "Doris": "doris", "Dremio": "dremio", "Druid": "druid",
    "DuckDB": "duckdb", "Exasol": "exasol", "Glue": "athena", "Greenplum": "postgres", "Hive": "hive", "Impala": "hive",
    "MariaDB": "mysql", "Mssql": "tsql", "Mysql": "mysql", "Oracle": "oracle", "Postgres": "postgres",
    "Presto": "presto", "Redshift": "redshift", "SQLite": "sqlite", "SingleStore": "mysql", "Snowflake": "snowflake",
    "StarRocks": "starrocks", "Synapse": "tsql", "Teradata": "teradata", "TimescaleDB": "postgres", "Trino": "trino",
    "UnityCatalog": "databricks", "Vertica": "postgres",
}  # fmt: skip
_MOST_PARTS: Final = 3
# Functions that read a table which their arguments name as a text, or in a way that sqlglot does not take for a table.
_READING_FUNCTIONS: Final = frozenset({
    "cluster", "clusterallreplicas", "crosstab", "dblink", "dictionary", "external_query", "identifier", "merge",
    "opendatasource", "openquery", "openrowset", "query", "remote", "remotesecure",
})  # fmt: skip
# What a template leaves to be filled in is lost, also where the text can be read without it.
_TEMPLATE: Final = re.compile(r"\{\{|\{%|\$\{")

# It warns of each statement that it cannot read.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

# The names of a table, the outermost first: of a database and a schema only if the text has them. A schema may be left
# empty after a database: `sales..orders`.
Path = tuple[str, ...]


class UnreadableText(Exception):
    """A text that is no query, or that sqlglot cannot read."""


def paths_in(text: str, dialect: str) -> list[Path]:
    """The tables that the queries of a text name, each once; what is defined by WITH is none. Raises UnreadableText."""
    if _TEMPLATE.search(text):
        raise UnreadableText
    try:
        statements = [statement for statement in sqlglot.parse(text, dialect=dialect) if statement is not None]
        if not any(statement.find(exp.Query) for statement in statements):
            raise UnreadableText
        return list(dict.fromkeys(path for statement in statements for path in _paths(statement)))
    except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise UnreadableText from error


def _paths(statement: exp.Expr) -> Iterator[Path]:
    for node in statement.walk():
        if _hides_tables(node):
            raise UnreadableText
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier | exp.Dot) and not _is_created(node):
            path = _path(node)
            if path[-1] and not (len(path) == 1 and _is_defined(node, node.this)):
                yield path


def _hides_tables(node: exp.Expr) -> bool:
    """Whether a part of a statement may read tables without naming them as such, or changes what names mean."""
    # What sqlglot does not know it keeps as a command; `TO` names where ClickHouse writes what a view reads.
    if isinstance(node, exp.Command | exp.Use | exp.ToTableProperty | exp.DynamicIdentifier):
        return True
    if isinstance(node, exp.TableFromRows):
        return isinstance(node.this, exp.Column | exp.Literal | exp.DynamicIdentifier)
    if isinstance(node, exp.Table):
        return isinstance(node.this, exp.Anonymous) and node.this.name.lower() in _READING_FUNCTIONS
    if isinstance(node, exp.In):
        return isinstance(node.args.get("field"), exp.Column)
    return isinstance(node, exp.From) and isinstance(node.this, exp.Struct)


def _path(table: exp.Table) -> Path:
    names = tuple(part.name for part in table.parts)[-_MOST_PARTS:]
    return (names[0], "", names[-1]) if table.catalog and not table.db else names


def _is_created(table: exp.Table) -> bool:
    """Whether a table is what a CREATE statement creates."""
    parent = table.parent
    if isinstance(parent, exp.Schema):
        return isinstance(parent.parent, exp.Create)
    return isinstance(parent, exp.Create) and table.arg_key == "this"


def _is_defined(table: exp.Table, name: exp.Expr) -> bool:
    """Whether a name is one that a WITH around it defines: a definition sees those before it, itself if it is recursive."""
    inner: exp.Expr = table
    definition: exp.Expr | None = None
    while (node := inner.parent) is not None:
        if isinstance(node, exp.CTE):
            definition = node
        elif isinstance(node, exp.With):
            if _is_among(name, _visible(node, definition)):
                return True
            # The query around it has the same WITH.
            inner, definition = node.parent or node, None
            continue
        elif (definitions := node.args.get("with_")) is not None and _is_among(name, _visible(definitions, None)):
            return True
        inner = node
    return False


def _is_among(name: exp.Expr, defined: Iterator[exp.Expr]) -> bool:
    """Whether one of these names is the same: with its case where either is quoted."""
    return any(
        each.name == name.name
        or (each.name.casefold() == name.name.casefold() and not (each.args.get("quoted") or name.args.get("quoted")))
        for each in defined
    )


def _visible(definitions: exp.With, inside: exp.Expr | None) -> Iterator[exp.Expr]:
    for definition in definitions.expressions:
        if definition is inside and not definitions.recursive:
            return
        yield definition.args["alias"].this
        if definition is inside:
            return
