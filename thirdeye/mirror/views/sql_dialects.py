"""What is known of texts of SQL without sqlglot, which only the process that reads them loads: it takes 7 MB."""

import importlib.metadata
from collections.abc import Mapping
from typing import Final

# What reads texts: sqlglot, and the rules of `sql_references.py`, whose number goes up with each change of what they find.
READER: Final = f"sqlglot {importlib.metadata.version('sqlglot')}, rules 4"
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
# The names of a table, the outermost first: of a database and a schema only if the text has them. A schema may be left
# empty after a database: `sales..orders`.
Path = tuple[str, ...]
# Before the dialect: asks that process for what statements write and read.
STATEMENTS: Final = "+"
