"""A sound installation over real servers, for tests that break one thing and take it back."""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from typer.testing import CliRunner

from tests.support import PATIENCE
from tests.support.api import prepare_accounts, settings_for
from tests.support.database import copy_migrated
from tests.support.deployment import process_environment
from tests.support.fronts import ask
from tests.support.om_rows import OMRows
from tests.support.stand_in import Reply, Request, answering
from tests.support.waiting import wait_for
from thirdeye.cli import cli
from thirdeye.clock import utc_now
from thirdeye.jobs import report_key
from thirdeye.local.processes import Child
from thirdeye.local.servers import MariaDB, MySQL, Redis, free_port
from thirdeye.local.tokens import Signer
from thirdeye.services import open_services
from thirdeye.settings import Settings, process_settings

OM, SCHEMA = "om_installation", "thirdeye_installation"


def replies_of(signer: Signer) -> dict[str, Reply]:
    """What OpenMetadata answers."""
    return {
        "/api/v1/system/config/jwks": Reply(200, json.dumps({"keys": [signer.jwk()]}).encode()),
        "/api/v1/system/version": Reply(200, b'{"version": "1.9.4", "revision": "0"}'),
        "/api/v1/users/loggedInUser": Reply(401, b'{"code": 401, "message": "Not Authorized"}'),
    }


@dataclass
class Installation:
    """An installation whose OpenMetadata answers by `replies`; `environment` is that of its commands."""

    server: MariaDB | MySQL
    redis: Redis
    signer: Signer
    settings: Settings
    environment: dict[str, str] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)

    def sql(self, statements: Sequence[str]) -> None:
        """Statements of the administrator of the server."""
        with self.server.connect(SCHEMA) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def report(self) -> None:
        """What a worker tells Redis every ten seconds."""
        with redis.Redis.from_url(self.redis.url) as client:
            client.set(report_key(SCHEMA), "Nov-28 12:00:00 j_complete=1 j_failed=0 j_retried=0 j_ongoing=0 queued=0")

    def run(self, *arguments: str, **changes: str) -> Any:
        """`thirdeye doctor` in this process, with other variables of the environment."""
        process_settings.cache_clear()
        try:
            return CliRunner().invoke(cli, ["doctor", *arguments], env={**self.environment, **changes})
        finally:
            process_settings.cache_clear()

    def examine(self, *arguments: str, **changes: str) -> tuple[list[dict[str, str]], dict[str, Any], int]:
        """The findings, the whole answer and the exit code."""
        result = self.run("--json", "--seconds", str(PATIENCE), *arguments, **changes)
        assert isinstance(result.exception, SystemExit | None), result.exc_info
        answer = json.loads(result.stdout)
        return answer["findings"], answer, result.exit_code

    def respond(self, request: Request) -> Reply:
        return self.replies.get(request.path, Reply(404))


@contextmanager
def installed(server: MariaDB | MySQL, redis_server: Redis, signer: Signer) -> Iterator[Installation]:
    """Three tables that are read each day, a refresh and a score, a worker that has reported."""
    with server.connect() as connection:
        om = OMRows.create(connection, OM)
        for name in ("orders", "customers", "items"):
            om.read(f"shop.main.public.{name}", range(121), count=2 + len(name))
    prepare_accounts(server, OM, SCHEMA)
    settings = settings_for(server, redis_server, om_schema=OM, schema=SCHEMA, signer=signer)
    copy_migrated(server, SCHEMA, settings)
    asyncio.run(_refresh(settings))
    made = Installation(server, redis_server, signer, settings, replies=replies_of(signer))
    with answering(made.respond) as base:
        made.environment = process_environment(settings) | {
            "JWT_PUBLIC_KEY": "", "JWT_JWKS_URL": f"{base}/api/v1/system/config/jwks", "OM_BASE_URL": base,
            "JWT_REVOCATION": "fail-open",
        }  # fmt: skip
        made.report()
        yield made
    with redis.Redis.from_url(redis_server.url) as client:
        client.delete(report_key(SCHEMA))
    with server.connect() as connection, connection.cursor() as cursor:
        for schema in (OM, SCHEMA):
            cursor.execute(f"DROP DATABASE `{schema}`")


async def _refresh(settings: Settings) -> None:
    async with open_services(settings, clock=utc_now, watches=False) as services:
        await services.refresh.run("FULL")


@contextmanager
def serving(installation: Installation, folder: Path) -> Iterator[int]:
    """`thirdeye serve` over an installation; its port."""
    port = free_port()
    environment = {**installation.environment, "THIRDEYE_PORT": str(port)}
    child = Child([sys.executable, "-m", "thirdeye", "serve"], log=folder / "log", env=environment, guarded=True)
    try:
        wait_for(lambda: _is_healthy(port), saying=child.log_end)
        yield port
    finally:
        child.kill()


def _is_healthy(port: int) -> bool:
    try:
        return ask(port, "GET", "/api/v1/thirdeye/health").status == 200
    except OSError:
        return False
