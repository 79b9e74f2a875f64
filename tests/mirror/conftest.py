"""An OM database of a test's own rows, emptied before each test."""

from collections.abc import AsyncIterator, Iterator

import pytest
import redis

from tests.support.api import prepare_accounts, settings_for
from tests.support.database import copy_migrated, empty_thirdeye
from tests.support.om_estate import OMEstate, watching
from tests.support.om_rows import OMRows
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

OM_SCHEMA, SCHEMA = "om_rows", "thirdeye_rows"


@pytest.fixture
def om(sql_server: MariaDB | MySQL) -> Iterator[OMRows]:
    """No row yet."""
    with sql_server.connect() as connection:
        yield OMRows.create(connection, OM_SCHEMA)


@pytest.fixture
def rows_settings(
    om: OMRows, sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer, request: pytest.FixtureRequest
) -> Settings:
    """Settings over these rows and a thirdeye schema that knows nothing."""
    prepare_accounts(sql_server, OM_SCHEMA, SCHEMA)
    # Of so few tables little is learnt: what is dead beyond doubt among thousands is not quite so among fifty.
    delete_risk = getattr(request.module, "DELETE_RISK", 0.2)
    settings = settings_for(
        sql_server, redis_server, om_schema=OM_SCHEMA, schema=SCHEMA, signer=signer, delete_risk=delete_risk
    )
    copy_migrated(sql_server, SCHEMA, settings)
    empty_thirdeye(sql_server, SCHEMA)
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return settings


@pytest.fixture
async def estate(om: OMRows, rows_settings: Settings) -> AsyncIterator[OMEstate]:
    """ThirdEye over these rows, before its first refresh."""
    async with watching(om, rows_settings) as estate:
        yield estate
