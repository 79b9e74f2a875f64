"""The two accounts of a private server may do what they must, and nothing else."""

from collections.abc import Callable, Iterator
from typing import Any

import pymysql
import pytest

from thirdeye.local.accounts import Accounts, existing_columns, make_accounts
from thirdeye.local.servers import HOST, MariaDB, MySQL
from thirdeye.mirror.openmetadata.source_tables import READABLE, grant_statements
from thirdeye.sql_text import excess_privileges

ACCOUNTS = Accounts(
    om_user="accounts_om", om_password="o'\\\"%s", thirdeye_user="accounts_thirdeye", thirdeye_password="t%%:@/"
)
DENIED = (1044, 1142, 1143, 1227)


@pytest.fixture
def schemas(sql_server: MariaDB | MySQL, schema_name: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """An OM schema with a few tables, and the name of a thirdeye schema beside it."""
    om, thirdeye = schema_name("om"), schema_name("thirdeye")
    with sql_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{om}`")
        cursor.execute(f"CREATE TABLE `{om}`.table_entity (id INT, name TEXT, json TEXT, secret TEXT)")
        cursor.execute(f"CREATE TABLE `{om}`.dbservice_entity (id INT, name TEXT, json TEXT)")
        cursor.execute(f"CREATE TABLE `{om}`.user_entity (id INT, name TEXT, json TEXT)")
        cursor.execute(f"CREATE TABLE `{om}`.entity_extension (id INT, json TEXT)")
        make_accounts(connection, ACCOUNTS, om_schema=om, thirdeye_schema=thirdeye)
        yield om, thirdeye
        for user in (ACCOUNTS.om_user, ACCOUNTS.thirdeye_user):
            cursor.execute(f"DROP USER '{user}'@'%'")


def connect(server: MariaDB | MySQL, user: str, password: str) -> Any:
    # Over TCP, as the service comes: MySQL's caching_sha2_password needs a key exchange there.
    return pymysql.connect(host=HOST, port=server.port, user=user, password=password)


def denied(cursor: Any, statement: str) -> bool:
    try:
        cursor.execute(statement)
    except pymysql.err.MySQLError as error:
        return error.args[0] in DENIED
    return False


def test_om_ro_reads_the_allowed_columns_and_nothing_else(
    sql_server: MariaDB | MySQL, schemas: tuple[str, str]
) -> None:
    om, thirdeye = schemas
    with connect(sql_server, ACCOUNTS.om_user, ACCOUNTS.om_password) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT id, json FROM `{om}`.table_entity")
        cursor.execute(f"SELECT name FROM `{om}`.dbservice_entity")
        for statement in (
            f"SELECT secret FROM `{om}`.table_entity",
            f"SELECT * FROM `{om}`.table_entity",
            f"SELECT json FROM `{om}`.dbservice_entity",
            f"SELECT json FROM `{om}`.user_entity",
            f"SELECT id FROM `{om}`.entity_extension",
            f"UPDATE `{om}`.table_entity SET name = 'x'",
            f"CREATE TABLE `{om}`.mine (a INT)",
            f"CREATE DATABASE `{thirdeye}`",
            "SELECT * FROM mysql.user",
        ):
            assert denied(cursor, statement), statement
        cursor.execute("SHOW GRANTS")
        assert excess_privileges(str(row[0]) for row in cursor.fetchall()) == []


def test_thirdeye_rw_owns_its_schema_and_sees_nothing_of_oms(
    sql_server: MariaDB | MySQL, schemas: tuple[str, str]
) -> None:
    om, thirdeye = schemas
    user, password = ACCOUNTS.thirdeye_user, ACCOUNTS.thirdeye_password
    with connect(sql_server, user, password) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{thirdeye}`")
        cursor.execute(f"CREATE TABLE `{thirdeye}`.t (a INT)")
        cursor.execute(f"INSERT INTO `{thirdeye}`.t VALUES (1)")
        assert denied(cursor, f"SELECT id FROM `{om}`.table_entity")
        # An underscore in a GRANT's schema stands for any character.
        assert denied(cursor, f"CREATE DATABASE `{thirdeye.replace('_', 'x', 1)}`")
        assert denied(cursor, "CREATE USER somebody")


def test_making_them_again_takes_back_what_was_granted_before(
    sql_server: MariaDB | MySQL, schemas: tuple[str, str]
) -> None:
    om, thirdeye = schemas
    with sql_server.connect() as root, root.cursor() as cursor:
        cursor.execute(f"GRANT SELECT ON `{om}`.* TO '{ACCOUNTS.om_user}'@'%'")
        make_accounts(root, ACCOUNTS, om_schema=om, thirdeye_schema=thirdeye)
        assert existing_columns(cursor, om)["dbservice_entity"] == {"id", "name", "json"}
    with connect(sql_server, ACCOUNTS.om_user, ACCOUNTS.om_password) as connection, connection.cursor() as cursor:
        assert denied(cursor, f"SELECT json FROM `{om}`.user_entity")


def test_grants_name_only_what_exists() -> None:
    existing = {"user_entity": {"id", "name", "json"}, "entity_usage": {"percentile1"}, "unknown": {"id"}}
    assert list(grant_statements(existing, "om", "'a'@'%'")) == [
        "GRANT SELECT (`id`, `name`) ON `om`.`user_entity` TO 'a'@'%'"
    ]
    assert list(grant_statements({}, "om", "'a'@'%'")) == []


def test_no_secret_is_readable() -> None:
    assert "json" not in READABLE["dbservice_entity"]
    assert "json" not in READABLE["user_entity"]
    assert "entity_extension" not in READABLE
