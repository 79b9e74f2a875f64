"""The API over a real refresh of the sample estate."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.api import TODAY, Api, prepare_accounts, running, settings_for
from tests.support.database import copy_migrated
from tests.support.mirror import mirror
from tests.support.published import NOON, publish_sample
from tests.support.second_inventory import Judged, second_inventory
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

SCHEMA = "thirdeye_estate"


@pytest.fixture(scope="session")
def refreshed(sql_server: MariaDB | MySQL, redis_server: Redis, sample_schema: str, signer: Signer) -> Settings:
    """Settings over an inventory of the sample estate, refreshed once a server; nobody may change it."""
    settings = settings_for(sql_server, redis_server, om_schema=sample_schema, schema=SCHEMA, signer=signer)
    with sql_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {SCHEMA}")
    prepare_accounts(sql_server, sample_schema, SCHEMA)
    copy_migrated(sql_server, SCHEMA, settings)

    async def refresh() -> None:
        async with mirror(settings, NOON) as estate:
            await estate.refresh()

    asyncio.run(refresh())
    return settings


@pytest.fixture
async def estate(refreshed: Settings, sql_server: MariaDB | MySQL, signer: Signer) -> AsyncIterator[Api]:
    """The API over the refreshed inventory, only to read."""
    # Other tests make the accounts anew, for other schemas.
    prepare_accounts(sql_server, refreshed.om_mysql_db, SCHEMA)
    async with running(refreshed, signer, clock=lambda: NOON) as api:
        yield api


@pytest.fixture
async def own_estate(sql_server: MariaDB | MySQL, settings: Settings, signer: Signer) -> AsyncIterator[Api]:
    """The API over an inventory of the test's own."""
    await publish_sample(sql_server, settings)
    async with running(settings, signer, clock=lambda: NOON) as api:
        yield api


@pytest.fixture(scope="session")
def judged(sql_server: MariaDB | MySQL, sample_schema: str) -> Judged:
    with sql_server.connect() as connection:
        return second_inventory(connection, sample_schema, TODAY)
