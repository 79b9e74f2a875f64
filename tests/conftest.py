"""Real servers for the tests: started when first needed, gone with the run."""

import os
import shutil
import subprocess
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.support.action_estate import Estate, made
from tests.support.api import Api, load_sample, prepare_accounts, running, settings_for
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
_REAL_MYSQL = ROOT.parent / "shared" / "tools" / "real-mysql"

hypothesis_settings.register_profile(
    "thirdeye", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
hypothesis_settings.load_profile("thirdeye")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _no_settings_of_the_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    # `.env` is read from the current folder.
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    server = MariaDB(tmp_path_factory.mktemp("mariadb"), fast=True)
    server.start()
    yield server
    server.kill()
    shutil.rmtree(server.folder)


def _mysqld() -> str:
    given = os.environ.get("THIRDEYE_TEST_MYSQLD")
    if given:
        return given
    if not _REAL_MYSQL.exists():
        pytest.skip("no real MySQL here: set THIRDEYE_TEST_MYSQLD to the path of a mysqld")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "thirdeye" / "mysql"
    done = subprocess.run([str(_REAL_MYSQL), str(cache)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"real MySQL cannot be unpacked: {done.stderr.strip()[-300:]}")
    return done.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="session")
def mysql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MySQL]:
    server = MySQL(tmp_path_factory.mktemp("mysql"), _mysqld(), fast=True)
    server.start()
    yield server
    server.kill()
    shutil.rmtree(server.folder)


@pytest.fixture(scope="session", params=["mariadb", "mysql"])
def sql_server(request: pytest.FixtureRequest) -> MariaDB | MySQL:
    server: MariaDB | MySQL = request.getfixturevalue(request.param)
    return server


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    server = Redis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()
    shutil.rmtree(server.folder)


@pytest.fixture
def schema_name(sql_server: MariaDB | MySQL) -> Iterator[Callable[[str], str]]:
    """Makes names of schemas that are dropped after the test; the schema itself is for the test to make."""
    made: list[str] = []

    def make(prefix: str) -> str:
        made.append(f"{prefix}_{uuid.uuid4().hex[:12]}")
        return made[-1]

    yield make
    with sql_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_notes = 0")
        for name in made:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer.generate()


@pytest.fixture(scope="session")
def sample_schema(sql_server: MariaDB | MySQL) -> str:
    """An OM database with the sample estate of 300 tables, loaded once a server."""
    load_sample(sql_server, "om_sample")
    return "om_sample"


@pytest.fixture
def settings(sql_server: MariaDB | MySQL, redis_server: Redis, sample_schema: str, signer: Signer) -> Settings:
    """Settings over the sample estate and a thirdeye schema that holds no row; the first test migrates it."""
    schema = "thirdeye_shared"
    prepare_accounts(sql_server, sample_schema, schema)
    with sql_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (schema,))
        tables = {row[0] for row in cursor.fetchall()}
        if "storage_price" in tables:
            cursor.execute(f"DELETE FROM `{schema}`.storage_price WHERE set_by <> 'thirdeye'")
        if "action_rule" in tables:
            cursor.execute(f"DELETE FROM `{schema}`.action_rule WHERE set_by <> 'thirdeye'")
        for table in {name for name in tables if "yoyo" not in name} - {"storage_price", "action_rule"}:
            cursor.execute(f"TRUNCATE TABLE `{schema}`.`{table}`")
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return settings_for(sql_server, redis_server, om_schema=sample_schema, schema=schema, signer=signer)


@pytest.fixture(scope="module")
def make_settings(
    request: pytest.FixtureRequest, mariadb: MariaDB, redis_server: Redis, signer: Signer
) -> Callable[..., Settings]:
    """Makes settings over an empty estate, in a schema of the module's own."""
    schema = f"thirdeye_{request.path.stem.removeprefix('test_')}"
    prepare_accounts(mariadb, "om_empty", schema)

    def make(**more: Any) -> Settings:
        return settings_for(mariadb, redis_server, om_schema="om_empty", schema=schema, signer=signer, **more)

    return make


@pytest.fixture
async def api(settings: Settings, signer: Signer) -> AsyncIterator[Api]:
    """The API over the sample estate."""
    async with running(settings, signer) as api:
        yield api


@pytest.fixture
async def estate(sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer) -> AsyncIterator[Estate]:
    """The API over a small estate that detection has been through."""
    async with made(sql_server, redis_server, signer, "thirdeye_actions") as estate:
        await estate.refresh()
        yield estate


# What these look at does not depend on the server; on MySQL they are left to the long runs.
_ON_MYSQL_IN_SOAK = frozenset({
    "test_generations.py", "test_grants.py", "test_action_items.py", "test_reference.py", "test_detection.py",
    "test_idempotency.py", "test_people.py", "test_retention.py", "test_verdicts.py",
})  # fmt: skip

# These compare, over and over, what other tests run through as well.
_UNMEASURED = frozenset({
    "test_audits.py", "test_clock.py", "test_detection_model.py", "test_executor.py", "test_faults.py", "test_generations.py",
    "test_random_estates.py", "test_sample_estate.py", "test_sample_loading.py", "test_verdicts.py",
})  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The files that take longest first, so that both halves of a run end at about the same time.
    items.sort(key=lambda item: item.path.parent.name not in {"faults", "verdict"})
    for item in items:
        on_mysql = "[mysql" in item.nodeid
        if on_mysql or item.path.name in _UNMEASURED:
            item.add_marker(pytest.mark.unmeasured)
        if on_mysql and item.path.name in _ON_MYSQL_IN_SOAK:
            item.add_marker(pytest.mark.soak)
