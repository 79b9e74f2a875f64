"""Whether what a process depends on can be used: here a Redis that answers, and takes nothing."""

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
import structlog

from tests.support import PATIENCE
from tests.support.api import Api, running
from thirdeye.local.servers import MariaDB, Redis
from thirdeye.local.tokens import Signer

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """One that a test may spoil."""
    server = Redis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()
    shutil.rmtree(server.folder)


async def degraded(api: Api, expected: list[str]) -> None:
    """Waits until readiness names just these."""
    deadline = time.monotonic() + PATIENCE
    while (ready := await api.client.get("/api/v1/thirdeye/health/ready")).json()["degraded"] != expected:
        assert time.monotonic() < deadline, ready.text
        await asyncio.sleep(0.02)
    assert ready.status_code == 200


@pytest.mark.parametrize(
    ("spoil", "heal", "word"),
    [
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0"), "maxmemory"),
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE"), "read only replica"),
        (
            ("CONFIG", "SET", "min-replicas-to-write", "1"),
            ("CONFIG", "SET", "min-replicas-to-write", "0"),
            "good replicas",
        ),
    ],
    ids=["full", "a replica", "alone"],
)
async def test_readiness_names_a_redis_that_refuses_writes(
    make_settings: Callable[..., Any],
    signer: Signer,
    own_redis: Redis,
    spoil: tuple[str, ...],
    heal: tuple[str, ...],
    word: str,
) -> None:
    with redis.Redis.from_url(own_redis.url) as client, structlog.testing.capture_logs() as logs:
        async with running(make_settings(redis_url=own_redis.url), signer) as api:
            await degraded(api, [])
            client.execute_command(*spoil)
            assert client.ping()
            await degraded(api, ["redis"])
            client.execute_command(*heal)
            await degraded(api, [])
    (away,) = [entry for entry in logs if entry["event"] == "dependency_away"]
    assert (away["dependency"], word in away["reason"]) == ("redis", True), away


async def test_a_process_says_at_start_what_its_schemas_are(
    make_settings: Callable[..., Any], mariadb: MariaDB, signer: Signer
) -> None:
    """A schema of a newer version, and an OpenMetadata that is not where the settings say: a line in the log for each."""
    settings = make_settings()
    async with running(settings, signer):
        pass
    note = (
        "INSERT INTO _yoyo_migration (migration_hash, migration_id, applied_at_utc) VALUES ('x', '9001.later', NOW())"
    )
    with mariadb.connect(settings.thirdeye_mysql_schema) as connection, connection.cursor() as cursor:
        cursor.execute(note)
        with structlog.testing.capture_logs() as logs:
            changes = {"om_mysql_db": "om_elsewhere", "allow_newer_schema": True}
            async with running(settings.model_copy(update=changes), signer) as api:
                await degraded(api, [])
            # Unless that is allowed, nothing works on it, for as long as it is so.
            async with running(settings, signer) as api:
                refused = await api.client.get("/api/v1/thirdeye/health/ready")
        cursor.execute("DELETE FROM _yoyo_migration WHERE migration_id = '9001.later'")
    assert (refused.status_code, refused.json()["degraded"]) == (503, ["thirdeye"])
    assert "migrations" in refused.json()["reason"]
    (problem,) = {entry["problem"] for entry in logs if entry["event"] == "thirdeye_schema_not_ready"}
    assert "newer version of ThirdEye (9001.later)" in problem
    (newer,) = [entry for entry in logs if entry["event"] == "thirdeye_schema_newer"]
    assert newer["migrations"] == ["9001.later"]
    assert "upgrade" in newer["advice"]
    missing, *_ = [entry for entry in logs if entry["event"] == "openmetadata_schema_missing"]
    assert "om_elsewhere" in missing["problem"]
    assert "OM_MYSQL_DB" in missing["advice"]
