"""SQL dialects of services: how each writes names and views, and how OpenMetadata's connectors store a view's text.

Read from OM's ingestion: Snowflake, Trino, Athena, SQL Server and MySQL give the whole CREATE statement as the server has
it; BigQuery, Redshift, PostgreSQL and Oracle connectors write one before the query; Databricks and Hive store the query
alone.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

PLAIN = re.compile(r"[a-z_][a-z0-9_]*").fullmatch
Quote = Callable[[str], str]


def _quoted(opening: str, closing: str) -> Quote:
    return lambda name: opening + name.replace(closing, closing * 2) + closing


@dataclass(frozen=True, slots=True)
class Dialect:
    """`create` is what stands before the query, with {kind}, {path} and {name}; `filters` and `values` are its own words.

    `databases`: a name of three parts reaches another database. `in_one`: quotes stand around the whole path.
    """

    quote: Quote
    create: str
    values: tuple[str, ...]
    filter: str
    databases: bool = True
    in_one: bool = False
    upper: bool = False
    end: str = ""

    def path(self, names: tuple[str, ...], *, quoted: bool) -> str:
        """A name of one to three parts; in quotes if it asks for them, or only where it must be."""
        plain = all(map(PLAIN, names))
        if self.in_one:
            return self.quote(".".join(names)) if quoted or not plain else ".".join(names)
        if plain and not quoted:
            return ".".join(names).upper() if self.upper else ".".join(names)
        return ".".join([self.quote(name) for name in names])


_DOUBLE, _BACKTICK = _quoted('"', '"'), _quoted("`", "`")
SNOWFLAKE = Dialect(
    _DOUBLE,
    "create or replace {kind} {path} copy grants as\n",
    (
        "t.payload:address.city::string as city",
        "iff(t.is_active, t.amount, 0) as active_amount",
        "to_char(t.created_at, 'YYYY-MM') as month",
    ),
    "t.created_at >= dateadd(day, -90, current_date())\n"
    "qualify row_number() over (partition by t.id order by t.created_at desc) = 1",
    upper=True,
    end=";",
)
BIGQUERY = Dialect(
    _BACKTICK,
    "CREATE {kind} {plain} AS ",
    (
        "SAFE_CAST(t.amount AS NUMERIC) AS amount_numeric",
        "JSON_EXTRACT_SCALAR(t.payload, '$.city') AS city",
        "STRUCT(t.status AS code, t.region AS place) AS state",
    ),
    "DATE(t.created_at) >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)",
    in_one=True,
)
POSTGRES = Dialect(
    _DOUBLE,
    "create {kind} {plain} as  ",
    (
        "t.amount::numeric(12,2) AS amount_numeric",
        "t.payload ->> 'city'::text AS city",
        "(t.created_at AT TIME ZONE 'UTC'::text) AS created_utc",
    ),
    "t.created_at >= (now() - '90 days'::interval)",
    databases=False,
    end=";",
)
REDSHIFT = Dialect(
    _DOUBLE,
    "CREATE {kind} {plain} AS ",
    (
        "nvl(t.amount, 0) AS amount_known",
        "json_extract_path_text(t.payload, 'city') AS city",
        "t.created_at::date AS created_on",
    ),
    "t.created_at >= dateadd(day, -90, getdate())",
    end=" ;",
)
DATABRICKS = Dialect(
    _BACKTICK,
    "",
    (
        "get_json_object(t.payload, '$.city') AS city",
        "CAST(t.amount AS DECIMAL(12, 2)) AS amount_decimal",
        "element_at(split(t.region, '-'), 1) AS continent",
    ),
    "t.created_at >= date_sub(current_date(), 90)",
)
SQL_SERVER = Dialect(
    _quoted("[", "]"),
    "CREATE {kind} {path}\nAS\n",
    (
        "ISNULL(t.amount, 0) AS amount_known",
        "JSON_VALUE(t.payload, '$.city') AS city",
        "CONVERT(date, t.created_at) AS created_on",
    ),
    "t.created_at >= DATEADD(day, -90, GETDATE())",
)
MYSQL = Dialect(
    _BACKTICK,
    "CREATE ALGORITHM=UNDEFINED DEFINER=`etl`@`%` SQL SECURITY DEFINER VIEW {path} AS ",
    (
        "ifnull(t.amount,0) AS `amount_known`",
        "json_unquote(json_extract(t.payload,'$.city')) AS `city`",
        "date_format(t.created_at,'%Y-%m') AS `month`",
    ),
    "t.created_at >= (now() - interval 90 day)",
    databases=False,
)
TRINO = Dialect(
    _DOUBLE,
    "CREATE {kind} {path} SECURITY DEFINER AS\n",
    (
        "TRY_CAST(t.amount AS decimal(12, 2)) amount_decimal",
        "json_extract_scalar(t.payload, '$.city') city",
        "date_trunc('month', t.created_at) created_month",
    ),
    "t.created_at >= (current_date - INTERVAL '90' DAY)",
)
CLICKHOUSE = Dialect(
    _BACKTICK,
    "CREATE {kind} {path} AS ",
    (
        "JSONExtractString(t.payload, 'city') AS city",
        "toDate(t.created_at) AS created_on",
        "if(t.is_active, t.amount, 0) AS active_amount",
    ),
    "t.created_at >= (now() - toIntervalDay(90))",
    databases=False,
)
ORACLE = Dialect(
    _DOUBLE,
    "CREATE OR REPLACE VIEW {name} AS ",
    (
        "NVL(t.amount, 0) AS amount_known",
        "TO_CHAR(t.created_at, 'YYYY-MM') AS created_month",
        "DECODE(t.status, 'open', 1, 0) AS is_open",
    ),
    "t.created_at >= SYSDATE - 90",
    databases=False,
    upper=True,
)
DIALECTS: dict[str, Dialect] = {
    "Snowflake": SNOWFLAKE, "BigQuery": BIGQUERY, "Postgres": POSTGRES, "Redshift": REDSHIFT, "Databricks": DATABRICKS,
    "Hive": DATABRICKS, "Mssql": SQL_SERVER, "Mysql": MYSQL, "Trino": TRINO, "Athena": TRINO, "Clickhouse": CLICKHOUSE,
    "Oracle": ORACLE,
}  # fmt: skip
