"""The two accounts of a private server: one that may read little of OM's schema, one that owns ThirdEye's."""

from dataclasses import dataclass

from pymysql.connections import Connection
from pymysql.cursors import Cursor

from thirdeye.mirror.openmetadata.source_tables import grant_statements


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """Names and passwords, as the settings take them."""

    om_user: str = "om_ro"
    om_password: str
    thirdeye_user: str = "thirdeye_rw"
    thirdeye_password: str


def make_accounts(connection: Connection, accounts: Accounts, *, om_schema: str, thirdeye_schema: str) -> None:
    """Creates both accounts anew with the rights they need now; `connection` is root's."""
    with connection.cursor() as cursor:
        for user, password in (
            (accounts.om_user, accounts.om_password),
            (accounts.thirdeye_user, accounts.thirdeye_password),
        ):
            # Rights of an older run must not linger.
            cursor.execute(f"DROP USER IF EXISTS '{user}'@'%'")
            cursor.execute(f"CREATE USER '{user}'@'%%' IDENTIFIED BY %s", (password,))
        # In a grant on a whole schema `_` stands for any character.
        schema = thirdeye_schema.replace("_", r"\_")
        cursor.execute(f"GRANT ALL PRIVILEGES ON `{schema}`.* TO '{accounts.thirdeye_user}'@'%'")
        for statement in grant_statements(existing_columns(cursor, om_schema), om_schema, f"'{accounts.om_user}'@'%'"):
            cursor.execute(statement)


def existing_columns(cursor: Cursor, schema: str) -> dict[str, set[str]]:
    """Tables and columns of a schema."""
    cursor.execute("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = %s", (schema,))
    columns: dict[str, set[str]] = {}
    for table, column in cursor.fetchall():
        columns.setdefault(table, set()).add(column)
    return columns
