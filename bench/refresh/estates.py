"""The server and the estates that refreshes and questions are measured on; kept between runs, for loading takes long."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pymysql

from tests.support.mysql import MySQLUnavailable, find_mysqld
from thirdeye.local.sample import EstateOptions, generate, load, loaded_options
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.settings import Settings, load_settings

HOME = Path(os.environ.get("THIRDEYE_BENCH_HOME", ".thirdeye/bench"))
# Every table is used, or not, over so many days.
USAGE_DAYS = 95
# Of a million tables, 300,000 are parts of series.
SERIES_SHARE = 0.3


@dataclass(frozen=True)
class Server:
    """A server with an account that may do everything."""

    host: str
    port: int
    user: str
    password: str

    @property
    def version(self) -> str:
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT VERSION()")
            return str(cursor.fetchone()[0])

    def connect(self, schema: str | None = None) -> Any:
        """A connection."""
        return pymysql.connect(
            host=self.host, port=self.port, user=self.user, password=self.password, database=schema,
            charset="utf8mb4", autocommit=True,
        )  # fmt: skip

    def settings(self, om: str, thirdeye: str) -> Settings:
        """Settings over two of its schemas."""
        return load_settings(
            _env_file=None, environment="development", jwt_enabled=False, om_mysql_host=self.host, om_mysql_port=self.port,
            om_mysql_db=om, om_mysql_user_ro=self.user, om_mysql_pw_ro=self.password, thirdeye_mysql_schema=thirdeye,
            thirdeye_mysql_user=self.user, thirdeye_mysql_pw=self.password,
        )  # fmt: skip


@contextmanager
def server() -> Iterator[Server]:
    """The server of THIRDEYE_BENCH_MYSQL (user:password@host:port), else a private MySQL, else a private MariaDB."""
    given = os.environ.get("THIRDEYE_BENCH_MYSQL")
    if given:
        parts = urlsplit(f"mysql://{given}")
        yield Server(parts.hostname or "", parts.port or 3306, parts.username or "", parts.password or "")
        return
    private: MySQL | MariaDB
    try:
        private = MySQL((HOME / "mysql").absolute(), find_mysqld(), fast=True, buffer_pool="2G")
    except MySQLUnavailable as reason:
        print(f"on MariaDB: {reason}", flush=True)
        private = MariaDB((HOME / "mariadb").absolute(), fast=True, buffer_pool="2G")
    private.start()
    try:
        with private.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE USER IF NOT EXISTS 'bench'@'%' IDENTIFIED BY 'bench'")
            cursor.execute("GRANT ALL ON *.* TO 'bench'@'%'")
        yield Server(private.host, private.port, "bench", "bench")
    finally:
        private.stop()


def estate(at: Server, tables: int) -> tuple[str, date]:
    """The schema of an estate of so many tables, loaded unless it is there; and the day it is of."""
    schema = f"om{tables}"
    with at.connect() as connection:
        found = loaded_options(connection, schema)
        wanted = (tables, USAGE_DAYS, SERIES_SHARE)
        if found is not None and (found.tables, found.usage_days, found.series_share) == wanted:
            return schema, found.today
        print(f"loading {tables:,} tables; a million takes 20 minutes ...", flush=True)
        today = datetime.now(UTC).date()
        options = EstateOptions(today=today, tables=tables, usage_days=USAGE_DAYS, series_share=SERIES_SHARE)
        load(generate(options), connection, schema=schema)
        return schema, today


def client() -> str:
    """The plain client."""
    found = shutil.which("mariadb") or shutil.which("mysql")
    if found is None:
        raise SystemExit("the mariadb client is missing; `make setup` installs it")
    return found
