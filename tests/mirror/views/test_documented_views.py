"""Views as the manuals of the warehouses write them, with the options that these list: read, or counted as not to be read."""

import pytest

from thirdeye.mirror.views.sql_references import UnreadableText, paths_in

# In the words of no manual: one example for each clause that CREATE VIEW, or its kin, has there; and what it reads.
# BigQuery: data definition language; Snowflake, Redshift, PostgreSQL, MySQL, Oracle, Transact-SQL, Databricks, Trino, Hive and
# ClickHouse: CREATE VIEW, CREATE MATERIALIZED VIEW, CREATE DYNAMIC TABLE.
DOCUMENTED = (
    (
        "bigquery",
        "CREATE OR REPLACE VIEW `shop.core.recent` (id OPTIONS (description = 'the key'), day) OPTIONS "
        "(expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 48 HOUR), friendly_name = 'recent', "
        "labels = [('team', 'sales')]) AS SELECT id, day FROM `shop.core.orders`",
        {"shop.core.orders"},
    ),
    (
        "bigquery",
        "CREATE VIEW IF NOT EXISTS core.recent AS SELECT * EXCEPT (day) REPLACE (id / 2 AS id) FROM core.orders "
        "WHERE day > '2026-01-01'",
        {"core.orders"},
    ),
    (
        "bigquery",
        "CREATE MATERIALIZED VIEW core.daily PARTITION BY DATE(day) CLUSTER BY id OPTIONS (enable_refresh = "
        "true, refresh_interval_minutes = 60, max_staleness = INTERVAL '4' HOUR) AS SELECT DATE(day) AS day, id, "
        "SUM(paid) AS paid FROM core.orders GROUP BY 1, 2",
        {"core.orders"},
    ),
    (
        "bigquery",
        "CREATE VIEW core.items AS SELECT o.id, item.name FROM core.orders AS o CROSS JOIN UNNEST(o.items) AS "
        "item WITH OFFSET AS place",
        {"core.orders"},
    ),
    (
        "bigquery",
        "CREATE VIEW core.before AS SELECT * FROM core.orders FOR SYSTEM_TIME AS OF "
        "TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR)",
        {"core.orders"},
    ),
    (
        "bigquery",
        "CREATE VIEW core.wide AS SELECT * FROM core.orders PIVOT (SUM(paid) FOR quarter IN ('Q1', 'Q2'))",
        {"core.orders"},
    ),
    (
        "bigquery",
        "CREATE MATERIALIZED VIEW core.copy AS REPLICA OF shop.core.orders",
        {"shop.core.orders"},
    ),
    (
        "snowflake",
        "CREATE OR REPLACE SECURE VIEW core.recent COPY GRANTS COMMENT = 'the last month' AS SELECT id, day FROM "
        "shop.core.orders",
        {"shop.core.orders"},
    ),
    (
        "snowflake",
        "CREATE VIEW core.recent (id COMMENT 'the key', day) COMMENT = 'x' AS SELECT id, day FROM core.orders "
        "WHERE day > '2026-01-01'",
        {"core.orders"},
    ),
    (
        "snowflake",
        "CREATE OR REPLACE RECURSIVE VIEW core.bosses (title, id, boss) AS SELECT title, id, boss FROM "
        "core.people WHERE boss IS NULL UNION ALL SELECT p.title, p.id, p.boss FROM core.people p INNER JOIN "
        "bosses b ON p.boss = b.id",
        {"core.people"},
    ),
    (
        "snowflake",
        "CREATE OR REPLACE VIEW core.recent (id WITH MASKING POLICY hidden, day) WITH ROW ACCESS POLICY own ON "
        "(id) AS SELECT id, day FROM core.orders",
        {"core.orders"},
    ),
    (
        "snowflake",
        "CREATE OR REPLACE MATERIALIZED VIEW core.recent CLUSTER BY (day) AS SELECT id, day FROM core.orders",
        {"core.orders"},
    ),
    (
        "snowflake",
        "CREATE OR REPLACE DYNAMIC TABLE core.recent TARGET_LAG = '20 minutes' WAREHOUSE = big REFRESH_MODE = "
        "AUTO AS SELECT id, day FROM core.orders",
        {"core.orders"},
    ),
    (
        "snowflake",
        "CREATE VIEW core.items AS SELECT o.id, i.value:name::string AS name FROM core.orders o, LATERAL "
        "FLATTEN(input => o.items) i",
        {"core.orders"},
    ),
    (
        "snowflake",
        "CREATE VIEW core.before AS SELECT * FROM core.orders AT (OFFSET => -60 * 5)",
        {"core.orders"},
    ),
    (
        "snowflake",
        "CREATE VIEW core.a_part AS SELECT * FROM core.orders SAMPLE BERNOULLI (10)",
        {"core.orders"},
    ),
    (
        "redshift",
        "CREATE VIEW core.recent AS SELECT id FROM core.orders UNION ALL SELECT id FROM lake.old_orders WITH NO "
        "SCHEMA BINDING",
        {"core.orders", "lake.old_orders"},
    ),
    (
        "redshift",
        "CREATE MATERIALIZED VIEW core.daily BACKUP NO DISTSTYLE KEY DISTKEY (id) SORTKEY (day) AUTO REFRESH YES "
        "AS SELECT id, day FROM core.orders",
        {"core.orders"},
    ),
    (
        "redshift",
        "CREATE OR REPLACE VIEW core.recent (a, b) AS SELECT id, day FROM dev.core.orders",
        {"dev.core.orders"},
    ),
    (
        "postgres",
        "CREATE RECURSIVE VIEW core.numbers (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 100",
        set(),
    ),
    (
        "postgres",
        "CREATE VIEW core.open WITH (security_barrier = true, check_option = 'local') AS SELECT * FROM "
        "core.orders WHERE state = 'open' WITH CASCADED CHECK OPTION",
        {"core.orders"},
    ),
    (
        "postgres",
        "CREATE MATERIALIZED VIEW IF NOT EXISTS core.daily USING heap WITH (fillfactor = 70) TABLESPACE fast AS "
        "SELECT day, count(*) FROM core.orders GROUP BY day WITH NO DATA",
        {"core.orders"},
    ),
    (
        "postgres",
        "CREATE OR REPLACE TEMP VIEW recent AS TABLE core.orders",
        {"core.orders"},
    ),
    (
        "postgres",
        "CREATE VIEW core.last AS SELECT DISTINCT ON (o.id) o.* FROM ONLY core.orders o JOIN LATERAL (SELECT * "
        "FROM core.items i WHERE i.id = o.id LIMIT 1) i ON true",
        {"core.orders", "core.items"},
    ),
    (
        "mysql",
        "CREATE OR REPLACE ALGORITHM = MERGE DEFINER = `ann`@`%` SQL SECURITY INVOKER VIEW core.recent (a) AS "
        "SELECT id FROM core.orders WITH LOCAL CHECK OPTION",
        {"core.orders"},
    ),
    (
        "mysql",
        "CREATE VIEW core.both AS SELECT o.id FROM core.orders PARTITION (p0, p1) AS o STRAIGHT_JOIN core.items "
        "AS i USE INDEX (day) ON i.id = o.id",
        {"core.orders", "core.items"},
    ),
    (
        "oracle",
        "CREATE OR REPLACE FORCE EDITIONABLE VIEW core.recent (id, day) AS SELECT id, day FROM core.orders WITH "
        "READ ONLY",
        {"core.orders"},
    ),
    (
        "oracle",
        "CREATE OR REPLACE NONEDITIONABLE VIEW core.recent AS SELECT id FROM core.orders WITH CHECK OPTION "
        "CONSTRAINT own",
        {"core.orders"},
    ),
    (
        "oracle",
        "CREATE MATERIALIZED VIEW core.daily BUILD IMMEDIATE REFRESH FAST ON COMMIT ENABLE QUERY REWRITE AS "
        "SELECT day, COUNT(*) AS number_of FROM core.orders GROUP BY day",
        {"core.orders"},
    ),
    (
        "oracle",
        "CREATE VIEW core.tree AS SELECT LPAD(' ', LEVEL) || name AS name FROM core.people START WITH boss IS "
        "NULL CONNECT BY PRIOR id = boss",
        {"core.people"},
    ),
    (
        "tsql",
        "CREATE OR ALTER VIEW dbo.recent WITH SCHEMABINDING, VIEW_METADATA AS SELECT TOP (100) PERCENT id, day "
        "FROM dbo.orders WITH (NOLOCK) ORDER BY day WITH CHECK OPTION",
        {"dbo.orders"},
    ),
    (
        "tsql",
        "CREATE VIEW dbo.recent (id, day) AS SELECT o.[id], o.[day] FROM [shop].[dbo].[orders] AS o CROSS APPLY "
        "(SELECT TOP 1 * FROM dbo.items i WHERE i.id = o.id) AS x",
        {"dbo.items", "shop.dbo.orders"},
    ),
    (
        "tsql",
        "CREATE VIEW dbo.before AS SELECT * FROM dbo.orders FOR SYSTEM_TIME ALL",
        {"dbo.orders"},
    ),
    (
        "databricks",
        "CREATE OR REPLACE VIEW core.recent (id COMMENT 'the key', day) COMMENT 'the last month' TBLPROPERTIES "
        "('owner' = 'sales') AS SELECT id, day FROM main.core.orders",
        {"main.core.orders"},
    ),
    (
        "databricks",
        "CREATE VIEW IF NOT EXISTS core.before AS SELECT * FROM core.orders VERSION AS OF 3",
        {"core.orders"},
    ),
    (
        "databricks",
        "CREATE VIEW core.items AS SELECT o.id, i.name FROM core.orders o LATERAL VIEW explode(o.items) i AS name",
        {"core.orders"},
    ),
    (
        "databricks",
        "CREATE MATERIALIZED VIEW core.daily SCHEDULE EVERY 1 HOUR AS SELECT day, count(*) AS number_of FROM "
        "core.orders GROUP BY day",
        {"core.orders"},
    ),
    (
        "spark",
        "CREATE GLOBAL TEMPORARY VIEW recent AS SELECT o.id FROM core.orders o LEFT ANTI JOIN core.items i ON "
        "i.id = o.id",
        {"core.orders", "core.items"},
    ),
    (
        "trino",
        "CREATE OR REPLACE VIEW core.recent COMMENT 'the last month' SECURITY INVOKER AS SELECT id FROM "
        "shop.core.orders TABLESAMPLE BERNOULLI (50)",
        {"shop.core.orders"},
    ),
    (
        "trino",
        "CREATE MATERIALIZED VIEW core.daily GRACE PERIOD INTERVAL '1' HOUR COMMENT 'x' WITH (format = 'ORC') AS "
        "SELECT day, count(*) c FROM core.orders GROUP BY day",
        {"core.orders"},
    ),
    (
        "athena",
        "CREATE OR REPLACE VIEW recent AS SELECT id, day FROM core.orders WHERE day > current_date - interval '30' day",
        {"core.orders"},
    ),
    (
        "hive",
        "CREATE VIEW IF NOT EXISTS core.recent (id COMMENT 'the key') COMMENT 'x' TBLPROPERTIES ('owner' = "
        "'sales') AS SELECT DISTINCT id FROM core.orders",
        {"core.orders"},
    ),
    (
        "clickhouse",
        "CREATE MATERIALIZED VIEW core.daily TO core.daily_sums AS SELECT day, sum(paid) AS paid FROM "
        "core.orders GROUP BY day",
        {"core.orders"},
    ),
    (
        "clickhouse",
        "CREATE VIEW core.of_day AS SELECT * FROM core.orders FINAL WHERE day = {day: Date}",
        {"core.orders"},
    ),
    (
        "clickhouse",
        "CREATE MATERIALIZED VIEW core.daily ENGINE = SummingMergeTree ORDER BY day POPULATE AS SELECT day, paid "
        "FROM core.orders",
        {"core.orders"},
    ),
)
# What sqlglot cannot read yet holds all that it names.
UNREADABLE = 4


@pytest.mark.parametrize(("dialect", "text", "tables"), DOCUMENTED)
def test_what_a_manual_shows_is_read_or_known_not_to_be(dialect: str, text: str, tables: set[str]) -> None:
    found = read(dialect, text)
    assert found is None or found == tables


def test_most_of_it_is_read() -> None:
    assert sum(read(dialect, text) is None for dialect, text, _ in DOCUMENTED) <= UNREADABLE


def read(dialect: str, text: str) -> set[str] | None:
    """The tables that a text reads; None where nobody can tell."""
    try:
        return {".".join(path) for path in paths_in(text, dialect)}
    except UnreadableText:
        return None


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        # What the view reads is where it writes to.
        ("clickhouse", "CREATE MATERIALIZED VIEW core.daily TO core.daily_sums AS SELECT day FROM core.orders"),
        ("bigquery", "CREATE MATERIALIZED VIEW core.copy AS REPLICA OF shop.core.orders"),
        # Itself.
        ("postgres", "CREATE RECURSIVE VIEW core.numbers (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM numbers"),
        # Behind options that sqlglot does not know stands what hides a table in any query.
        ("oracle", "CREATE OR REPLACE FORCE EDITIONABLE VIEW core.all_of AS SELECT * FROM CONTAINERS(core.orders)"),
        ("oracle", "CREATE OR REPLACE FORCE EDITIONABLE VIEW core.none AS"),
        ("oracle", "CREATE OR REPLACE FORCE EDITIONABLE PROCEDURE core.fill AS SELECT id FROM core.orders"),
        ("oracle", "ALTER SESSION SET x = 1; CREATE FORCE EDITIONABLE VIEW core.recent AS SELECT id FROM core.orders"),
    ],
)
def test_what_says_more_than_a_query_is_not_read(dialect: str, text: str) -> None:
    with pytest.raises(UnreadableText):
        paths_in(text, dialect)
