"""What statements write and read, in the dialects of warehouses: what is not known to write reads."""

import pytest

from thirdeye.inventory.table_names import word_key
from thirdeye.mirror.statements.known import StatementName, names_of, schema_word
from thirdeye.mirror.views.sql_reader_child import answer
from thirdeye.mirror.views.sql_references import UnreadableText, written_and_read

CASES = [
    (
        "INSERT INTO mart.orders SELECT * FROM staging.orders o JOIN x ON ? = ?",
        "snowflake",
        "mart.orders",
        "staging.orders x",
    ),
    ("INSERT OVERWRITE TABLE t PARTITION (d = ?) SELECT * FROM s", "hive", "t", "s"),
    ("INSERT INTO t (a, b) VALUES (?, ?)", "postgres", "t", ""),
    ("WITH a AS (SELECT * FROM s) INSERT INTO t SELECT * FROM a", "tsql", "t", "s"),
    ("UPDATE t SET a = a + ? WHERE b = ?", "mysql", "t", ""),
    ("UPDATE o SET x = 1 FROM orders o", "tsql", "o", "orders"),
    ("DELETE FROM t WHERE a IN (SELECT a FROM t)", "redshift", "t", "t"),
    ("DELETE a FROM t a JOIN s b ON a.x = b.x", "mysql", "", "a t s"),
    ("MERGE INTO `p.d.t` T USING `p.d.s` S ON T.id = S.id WHEN MATCHED THEN DELETE", "bigquery", "p.d.t", "p.d.s"),
    ("TRUNCATE TABLE a.t", "snowflake", "a.t", ""),
    ("CREATE OR REPLACE TABLE a.t AS SELECT * FROM b.t", "snowflake", "a.t", "b.t"),
    ("CREATE TABLE t CLONE s", "snowflake", "t", "s"),
    ("CREATE VIEW v AS SELECT * FROM t", "mysql", "", "v t"),
    ("COPY t FROM 's3://x'", "redshift", "t", ""),
    ("COPY t TO 's3://x'", "redshift", "", "t"),
    ("INSERT INTO t SELECT 1 RETURNING a", "postgres", "", "t"),
    ("INSERT INTO t OUTPUT inserted.id VALUES (1)", "tsql", "", "t"),
    ("WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d", "postgres", "", "t"),
    ("INSERT INTO t SELECT * FROM s; SELECT * FROM t", "mysql", "t", "s t"),
    ("DROP TABLE t", "mysql", "", "t"),
    ("ALTER TABLE t ADD COLUMN a INT", "mysql", "", "t"),
    ("EXPORT DATA OPTIONS (uri = ?) AS SELECT * FROM t", "bigquery", "", "t"),
    ("SELECT * FROM t", "mysql", "", "t"),
    ("", "mysql", "", ""),
]
UNREADABLE = [
    ("CALL p()", "mysql"),
    ("UNLOAD ('select * from t') TO 's3://x'", "redshift"),
    ("INSERT INTO t SELECT * FROM {{ ref('s') }}", "snowflake"),
    ("INSERT INTO t SELECT * FROM dblink(?)", "postgres"),
    ("INSERT INTO t SELECT FROM WHERE", "mysql"),
    ("INSERT INTO t EXEC p", "tsql"),
]


@pytest.mark.parametrize(("text", "dialect", "written", "read"), CASES)
def test_what_a_statement_writes_and_reads(text: str, dialect: str, written: str, read: str) -> None:
    found = written_and_read(text, dialect)
    assert [{".".join(path) for path in paths} for paths in found] == [set(written.split()), set(read.split())]


@pytest.mark.parametrize(("text", "dialect"), UNREADABLE)
def test_what_may_read_more_than_it_names(text: str, dialect: str) -> None:
    with pytest.raises(UnreadableText):
        written_and_read(text, dialect)
    assert answer(f"+{dialect}\0{text}".encode()) == b"null"


def test_names_are_keys() -> None:
    names = names_of("shop", [("a", "T")], [("t",), ("db", "", "s")])
    key = word_key("shop", "t")
    assert names == [
        StatementName(key, schema_word("A"), True),
        StatementName(key, 0, False),
        StatementName(word_key("shop", "S"), 0, False),
    ]


def test_wildcards_and_too_many_names_are_not_told() -> None:
    assert names_of("shop", [("t",)], [("a", "events_*")]) is None
    assert names_of("shop", [("t",)], [(f"t{number}",) for number in range(200)]) is None
