"""`thirdeye grants` is about exactly the account that was named, on both servers.

Reproduced with an account that may come from `10.%` alone: the statements named another one. Relatives: no account named,
every way to quote, wildcards, several @, IPv6, no host, no user, quotes and backslashes in names, and what names nobody.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.support.api import settings_for
from tests.support.deployment import process_environment
from thirdeye.cli import cli
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.settings import process_settings
from thirdeye.sql_text import parse_account, quote_account

# By what is given: user and host.
ACCOUNTS: dict[str, tuple[str, str]] = {
    "app@'10.%'": ("app", "10.%"), "app@10.%": ("app", "10.%"), "'app'@'10.%'": ("app", "10.%"),
    '"app"@"10.%"': ("app", "10.%"),
    "`app`@`10.%`": ("app", "10.%"), " app@10.% ": ("app", "10.%"), "app": ("app", "%"), "'app'": ("app", "%"),
    "app@10.0.0.0/255.0.0.0": ("app", "10.0.0.0/255.0.0.0"), "app@10.__.%": ("app", "10.__.%"), "app@::1": ("app", "::1"),
    "'app'@'fe80::%'": ("app", "fe80::%"), "app@localhost": ("app", "localhost"), "'me@corp'@'10.%'": ("me@corp", "10.%"),
    "me@corp@10.%": ("me@corp", "10.%"), "@10.%": ("", "10.%"), "''@'10.%'": ("", "10.%"), "'o''r'@10.%": ("o'r", "10.%"),
    r"'o\'r'@'10.%'": ("o'r", "10.%"), "`a``b`@`10.%`": ("a`b", "10.%"), '"a""b"@h': ('a"b', "h"),
    r"a\b@10.%": (r"a\b", "10.%"),
    "my app@10.%": ("my app", "10.%"), "App@10.%": ("App", "10.%"), "`o'r`@h": ("o'r", "h"), "app_x@h": ("app_x", "h"),
    "größe@h": ("größe", "h"),
}  # fmt: skip
NONE = (
    "'app", "app'", "'app'x", "app@'10.%", "'a'@'b'@'c'", "'a' @ 'b'", "app;'x'", "'a'@'b'; DROP USER x", "a\n@b", "a\0",
    "`a`b`@c",
    "\x1b[1m@x", "a'b@c", "app@'10'%",
)  # fmt: skip


@pytest.mark.parametrize("given", ACCOUNTS)
def test_an_account_is_what_its_text_says(given: str) -> None:
    assert parse_account(given) == quote_account(*ACCOUNTS[given])


@pytest.mark.parametrize("given", NONE)
def test_what_names_nobody_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="must be an account"):
        parse_account(given)


@examples(max_examples=100)
@given(st.text(st.characters(exclude_categories=["C", "Z"])), st.text(st.characters(exclude_categories=["C", "Z"])))
def test_what_is_quoted_is_the_same_account_again(user: str, host: str) -> None:
    assert parse_account(quote_account(user, host)) == quote_account(user, host)


@pytest.fixture
def run(
    sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer, schema_name: Callable[[str], str]
) -> Iterator[tuple[str, Callable[..., Any]]]:
    """An OM schema of one table, and `thirdeye grants` over it with an account that may come from one network alone."""
    om = schema_name("om")
    settings = settings_for(sql_server, redis_server, om_schema=om, schema="thirdeye_none", signer=signer)
    environment = process_environment(settings) | {"OM_MYSQL_USER_RO": "grants_app", "OM_MYSQL_PW_RO": "x@'%"}

    def invoke(*arguments: str) -> Any:
        process_settings.cache_clear()
        return CliRunner().invoke(cli, ["grants", *arguments], env=environment)

    with sql_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{om}`")
        cursor.execute(f"CREATE TABLE `{om}`.user_entity (id INT, name TEXT, json TEXT)")
        cursor.execute("CREATE USER 'grants_app'@'127.%%' IDENTIFIED BY %s", ("x@'%",))
        cursor.execute("CREATE USER 'grants_app'@'10.%'")
        cursor.execute(f"GRANT SELECT ON `{om}`.* TO 'grants_app'@'127.%'")
        yield om, invoke
        cursor.execute("DROP USER 'grants_app'@'127.%', 'grants_app'@'10.%'")
    process_settings.cache_clear()


def granted(cursor: Any, om: str, printed: str) -> set[tuple[str, str]]:
    """Who may read a column after the statements that were printed."""
    for statement in printed.strip().split("\n"):
        cursor.execute(statement.removesuffix(";"))
    cursor.execute("SELECT User, Host FROM mysql.columns_priv WHERE Db = %s", (om,))
    return {(text(user), text(host)) for user, host in cursor.fetchall()}


def text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def test_the_statements_are_for_that_account_and_no_other(
    sql_server: MariaDB | MySQL, run: tuple[str, Callable[..., Any]]
) -> None:
    om, grants = run
    with sql_server.connect() as connection, connection.cursor() as cursor:
        for given, (user, host) in ACCOUNTS.items():
            account = quote_account(user, host)
            cursor.execute(f"CREATE USER {account}")
            try:
                printed = grants("--account", given)
                assert printed.exit_code == 0, printed.output
                assert granted(cursor, om, printed.stdout) == {(user, host)}, given
            finally:
                cursor.execute(f"DROP USER {account}")
        for given in NONE:
            refused = grants("--account", given)
            assert (refused.exit_code, refused.stdout) == (2, ""), given


def test_without_a_name_they_are_for_the_account_that_logs_in(
    sql_server: MariaDB | MySQL, run: tuple[str, Callable[..., Any]]
) -> None:
    om, grants = run
    printed = grants()
    assert printed.stdout == f"GRANT SELECT (`id`, `name`) ON `{om}`.`user_entity` TO 'grants_app'@'127.%';\n"
    with sql_server.connect() as connection, connection.cursor() as cursor:
        assert granted(cursor, om, printed.stdout) == {("grants_app", "127.%")}
    # Without asking the server its host is not known.
    everything = grants("--all")
    assert everything.exit_code == 0
    assert all(line.endswith(" TO 'grants_app'@'%';") for line in everything.stdout.splitlines())
