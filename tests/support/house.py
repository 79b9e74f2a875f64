"""Servers of a test's own, that it may break, and real processes over them."""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.api import GRAPHQL, TODAY, load_sample, prepare_accounts, settings_for
from thirdeye.local.processes import Child
from thirdeye.local.servers import MariaDB, Redis, free_port, wait_until
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

CLOCKED = Path(__file__).resolve().with_name("clocked.py")
ROOT = Path(__file__).resolve().parent.parent.parent
NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
SECONDS = 30.0


class House:
    """Servers of this test's own, that it may break, and processes over them."""

    def __init__(self, folder: Path, signer: Signer, *, durable: bool = False, measured: bool = True) -> None:
        self.folder = folder
        self.measured = measured
        self.signer = signer
        self.mariadb = MariaDB(folder / "mariadb", fast=not durable)
        self.redis = Redis(folder / "redis")
        self.mariadb.start()
        self.redis.start()
        load_sample(self.mariadb, "om", tables=60)
        prepare_accounts(self.mariadb, "om", "thirdeye")
        self.clock = folder / "clock"
        self.move_clock(NOON)
        self.children: list[Child] = []

    def move_clock(self, now: datetime) -> None:
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(now.isoformat())
        fresh.rename(self.clock)

    def settings(self) -> Settings:
        return settings_for(self.mariadb, self.redis, om_schema="om", schema="thirdeye", signer=self.signer)

    def environment(self, **more: str) -> dict[str, str]:
        made = {**environment_of(self.settings()), **more}
        # What is watched from outside need not be measured from inside, which costs as much again.
        return made if self.measured else {name: made[name] for name in made if not name.startswith("COVERAGE_")}

    def start(self, *command: str, name: str, **environment: str) -> Child:
        log = self.folder / f"{name}-{len(self.children)}.log"
        child = Child([sys.executable, *command], log=log, env=self.environment(**environment), guarded=True)
        self.children.append(child)
        return child

    def start_api(self) -> "Client":
        port = free_port()
        child = self.start(str(CLOCKED), "api", str(self.clock), name="api", THIRDEYE_PORT=str(port))
        return Client(port, self.signer.token(), child)

    def serve(self, **environment: str) -> "Client":
        """`thirdeye serve`, by the clock of the machine."""
        port = free_port()
        child = self.start("-m", "thirdeye", "serve", name="serve", THIRDEYE_PORT=str(port), **environment)
        return Client(port, self.signer.token(), child)

    def start_worker(self) -> Child:
        return self.start(str(CLOCKED), "worker", str(self.clock), name="worker")

    def rows(self) -> list[tuple[Any, ...]]:
        with self.mariadb.connect("thirdeye") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT slot, score FROM health_score_history ORDER BY slot")
            return list(cursor.fetchall())

    def has_rows(self, count: int) -> bool:
        try:
            return len(self.rows()) >= count
        except Exception:
            return False  # the table is not there yet

    def end(self) -> None:
        for child in self.children:
            child.kill()
        self.mariadb.kill()
        self.redis.kill()


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment of a process with these settings of servers and tokens."""
    values = {
        "OM_MYSQL_HOST": settings.om_mysql_host,
        "OM_MYSQL_PORT": str(settings.om_mysql_port),
        "OM_MYSQL_DB": settings.om_mysql_db,
        "OM_MYSQL_USER_RO": settings.om_mysql_user_ro,
        "OM_MYSQL_PW_RO": settings.om_mysql_pw_ro.get_secret_value(),
        "THIRDEYE_MYSQL_SCHEMA": settings.thirdeye_mysql_schema,
        "THIRDEYE_MYSQL_USER": settings.thirdeye_mysql_user,
        "THIRDEYE_MYSQL_PW": settings.thirdeye_mysql_pw.get_secret_value(),
        "THIRDEYE_HOST": "127.0.0.1",
        "REDIS_URL": settings.redis_url,
        "JWT_PUBLIC_KEY": str(settings.jwt_public_key),
        # A test asks more often than any person.
        "RATE_LIMIT": "off",
        "PYTHONPATH": str(ROOT),
    }
    return {**os.environ, **values}


class Client:
    """Asks one API process over real HTTP."""

    def __init__(self, port: int, token: str, child: Child) -> None:
        self.port = port
        self._base = f"http://127.0.0.1:{port}"
        self._token = token
        self.child = child

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        return self._send(urllib.request.Request(self._base + path))

    def ask(self, query: str) -> dict[str, Any]:
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._token}"}
        body = json.dumps({"query": query}).encode()
        status, answer = self._send(urllib.request.Request(self._base + GRAPHQL, data=body, headers=headers))
        assert status == 200, answer
        return answer

    def _send(self, request: urllib.request.Request) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def ready(self) -> bool:
        try:
            return self.get("/api/v1/thirdeye/health/ready")[0] == 200
        except OSError:
            return False

    def score(self) -> dict[str, Any]:
        answer = self.ask("{ ziScore { score status stale } }")
        return {"code": answer["errors"][0]["extensions"]["code"]} if "errors" in answer else answer["data"]["ziScore"]


def until(what: Callable[[], bool], seconds: float = SECONDS) -> None:
    assert wait_until(what, seconds=seconds), f"not within {seconds} s"
