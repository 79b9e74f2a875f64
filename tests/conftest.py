"""Real servers for the tests: started when first needed, gone with the run."""

import gc
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from coverage import Coverage
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.support.action_estate import Estate, made
from tests.support.api import Api, load_sample, prepare_accounts, running, settings_for
from tests.support.database import copy_migrated, empty_thirdeye
from tests.support.folders import server_folder
from tests.support.mysql import MySQLUnavailable, find_mysqld
from tests.support.published import publish_sample
from thirdeye.local import servers
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

_PROFILE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "database": None}
# Each run tries the same inputs, so that more of them find nothing that the first did not; `make soak` tries others.
hypothesis_settings.register_profile("suite", derandomize=True, max_examples=30, **_PROFILE)
hypothesis_settings.register_profile("soak", max_examples=300, **_PROFILE)
_WITH_SAMPLE = set[MariaDB | MySQL]()


def pytest_configure(config: pytest.Config) -> None:
    hypothesis_settings.load_profile("soak" if is_soak(config) else "suite")
    # A proxy of the shell's is not asked for what runs on this machine.
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1", "localhost")))
    # Each process of a run has ports of its own: one must not take what the other is about to use.
    share = len(servers.PORTS) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    start = servers.PORTS.start + share * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    servers.PORTS = range(start, start + share)


def pytest_collection_finish() -> None:
    # What is loaded by now stays: looking through it for garbage again and again takes a tenth of a run.
    gc.collect()
    gc.freeze()


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
    with server_folder(tmp_path_factory.mktemp("mariadb")) as folder:
        server = MariaDB(folder, fast=True)
        server.start()
        yield server
        server.kill()


@pytest.fixture(scope="session")
def mysql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MySQL]:
    try:
        mysqld = find_mysqld()
    except MySQLUnavailable as reason:
        pytest.skip(str(reason))
    with server_folder(tmp_path_factory.mktemp("mysql")) as folder:
        server = MySQL(folder, mysqld, fast=True)
        server.start()
        yield server
        server.kill()


@pytest.fixture(scope="session", params=["mariadb", pytest.param("mysql", marks=pytest.mark.unmeasured)])
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


@contextmanager
def schema_names(server: MariaDB | MySQL) -> Iterator[Callable[[str], str]]:
    made: list[str] = []

    def make(prefix: str) -> str:
        made.append(f"{prefix}_{uuid.uuid4().hex[:12]}")
        return made[-1]

    yield make
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_notes = 0")
        for name in made:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")


@pytest.fixture
def schema_name(sql_server: MariaDB | MySQL) -> Iterator[Callable[[str], str]]:
    """Makes names of schemas that are dropped after the test; the schema itself is for the test to make."""
    with schema_names(sql_server) as make:
        yield make


@pytest.fixture
def mariadb_schema_name(mariadb: MariaDB) -> Iterator[Callable[[str], str]]:
    """The same on MariaDB alone."""
    with schema_names(mariadb) as make:
        yield make


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer.generate()


@pytest.fixture(scope="session")
def sample_schema(sql_server: MariaDB | MySQL) -> str:
    """An OM database with the sample estate of 300 tables, loaded once a server."""
    # It is asked for again whenever the tests turn to the other server.
    if sql_server not in _WITH_SAMPLE:
        load_sample(sql_server, "om_sample")
        _WITH_SAMPLE.add(sql_server)
    return "om_sample"


@pytest.fixture
def settings(sql_server: MariaDB | MySQL, redis_server: Redis, sample_schema: str, signer: Signer) -> Settings:
    """Settings over the sample estate and a thirdeye schema that holds no row."""
    schema = "thirdeye_shared"
    prepare_accounts(sql_server, sample_schema, schema)
    made = settings_for(sql_server, redis_server, om_schema=sample_schema, schema=schema, signer=signer)
    copy_migrated(sql_server, schema, made)
    empty_thirdeye(sql_server, schema)
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return made


@pytest.fixture(scope="module")
def make_settings(
    request: pytest.FixtureRequest, mariadb: MariaDB, redis_server: Redis, signer: Signer
) -> Callable[..., Settings]:
    """Makes settings over an empty estate, in a schema of the module's own."""
    schema = f"thirdeye_{request.path.stem.removeprefix('test_')}"

    def make(**more: Any) -> Settings:
        # Each time: other tests make the accounts anew, for other schemas.
        prepare_accounts(mariadb, "om_empty", schema)
        return settings_for(mariadb, redis_server, om_schema="om_empty", schema=schema, signer=signer, **more)

    return make


@pytest.fixture
async def api(settings: Settings, signer: Signer) -> AsyncIterator[Api]:
    """The API over the sample estate."""
    async with running(settings, signer) as api:
        yield api


@pytest.fixture
async def scored_api(sql_server: MariaDB | MySQL, settings: Settings, signer: Signer) -> AsyncIterator[Api]:
    """The API over the sample estate after its first refresh and score, which no test has to wait for again."""
    await publish_sample(sql_server, settings)
    async with running(settings, signer) as api:
        await api.scored()
        yield api


@pytest.fixture
async def estate(sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer) -> AsyncIterator[Estate]:
    """The API over a small estate that detection has been through."""
    async with made(sql_server, redis_server, signer, "thirdeye_actions") as estate:
        await estate.refresh()
        yield estate


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    measured = Coverage.current()
    if measured is None or item.get_closest_marker("unmeasured") is None:
        return (yield)
    measured.stop()
    # Nor is what the test starts; `start` says it again.
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
    try:
        return (yield)
    finally:
        measured.start()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Who asks for no marks runs all there is.
    if config.option.markexpr:
        cases_take_turns(items)
    for item in items:
        # What is repeated with a hundred inputs takes as much longer as all others together.
        if getattr(getattr(item, "function", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.unmeasured)
            if is_soak(config):
                item.add_marker(pytest.mark.soak)
    # So that all processes of a run end at about the same time.
    items.sort(key=lambda item: item.get_closest_marker("starts_first") is None)


def is_soak(config: pytest.Config) -> bool:
    """Whether this is `make soak`."""
    return bool(config.option.markexpr == "soak")


def cases_take_turns(items: list[pytest.Item]) -> None:
    """Every test runs on both servers. Of one with several cases each case runs on one of them, and so does each test of a
    module marked `one_server`; `make soak` has the rest."""
    cases = dict[str, list[str]]()
    on_both = [item for item in items if server_of(item) and item.get_closest_marker("soak") is None]
    for item in on_both:
        of_test = cases.setdefault(turns_of(item), [])
        if case_of(item) not in of_test:
            of_test.append(case_of(item))
    for item in on_both if has_mysql() else ():
        of_test = cases[turns_of(item)]
        # Neighbours differ, and so do neighbours' neighbours now and then: no kind of case stays on one server.
        turn = ("mariadb", "mysql")[of_test.index(case_of(item)).bit_count() % 2]
        if len(of_test) > 1 and server_of(item) != turn:
            item.add_marker(pytest.mark.soak)


def turns_of(item: pytest.Item) -> str:
    """What has the same of those that take turns: cases of one test, or tests of one module."""
    return item.nodeid.partition("::" if item.get_closest_marker("one_server") else "[")[0]


def case_of(item: pytest.Item) -> str:
    """The same for both servers."""
    return item.nodeid.replace(server_of(item), "", 1)


def server_of(item: pytest.Item) -> str:
    """The SQL server that a test runs on, if it is one of those that run on both."""
    return str(item.callspec.params.get("sql_server", "")) if hasattr(item, "callspec") else ""


def has_mysql() -> bool:
    """Without it all that there is runs on MariaDB."""
    try:
        return bool(find_mysqld())
    except MySQLUnavailable:
        return False
