"""Whether OpenMetadata has a retention for a table: its own, or its schema's, or its database's."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.support.api import load_sample, prepare_accounts, settings_for
from tests.support.clocks import NOON
from tests.support.database import copy_migrated
from tests.support.mirror import Mirror, mirror
from tests.support.published import facts
from thirdeye.inventory.columns import IN_USE_THROUGH_SERIES, PRESENT, RETAINED
from thirdeye.inventory.reader import EstateReader
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.mirror.relations import set_retention
from thirdeye.mirror.state import State

pytestmark = pytest.mark.anyio
PERIOD = "JSON_UNQUOTE(JSON_EXTRACT(json, '$.retentionPeriod'))"


async def retained(of: Mirror) -> set[str]:
    """The ids of the tables that the inventory says have one."""
    snapshot = await EstateReader(of.thirdeye).snapshot()
    await snapshot.load(("flags",))
    columns = snapshot.catalogue.columns
    flags = np.concatenate([columns.parts(chunk)["flags"] for chunk in range(columns.chunks)])
    rows = await of.thirdeye.fetch_all("SELECT number, id FROM table_inventory WHERE removed_at IS NULL")
    return {row["id"] for row in rows if flags[row["number"]] & RETAINED}


def test_the_other_flags_stay() -> None:
    state = State()
    state.grow(2)
    state.query["flags"][:] = IN_USE_THROUGH_SERIES | PRESENT
    state.source["own_retention"][1] = 1
    set_retention(state, set())
    assert state.query["flags"].tolist() == [
        IN_USE_THROUGH_SERIES | PRESENT, IN_USE_THROUGH_SERIES | PRESENT | RETAINED,
    ]  # fmt: skip


async def test_own_or_inherited(
    sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer, schema_name: Callable[[str], str]
) -> None:
    om, schema = schema_name("om_retention"), schema_name("thirdeye_retention")
    load_sample(sql_server, om, tables=150)

    def run(sql: str) -> list[tuple[str, ...]]:
        with sql_server.connect(om) as connection:
            rows = facts(connection, sql)
            connection.commit()
            return rows

    def expected() -> set[str]:
        places = [
            hash_
            for table in ("database_schema_entity", "database_entity")
            for hash_, period in run(f"SELECT fqnHash, {PERIOD} FROM {table}")
            if period not in (None, "null", "")
        ]
        rows = run(f"SELECT id, fqnHash, {PERIOD}, COALESCE(deleted, 0) FROM table_entity")
        return {
            id_
            for id_, hash_, period, deleted in rows
            if not deleted
            and (period not in (None, "null", "") or any(hash_.startswith(f"{place}.") for place in places))
        }

    for table in ("database_schema_entity", "database_entity"):
        run(f"UPDATE {table} SET json = JSON_REMOVE(json, '$.retentionPeriod')")
    prepare_accounts(sql_server, om, schema)
    settings = settings_for(sql_server, redis_server, om_schema=om, schema=schema, signer=signer)
    copy_migrated(sql_server, schema, settings)
    async with mirror(settings, NOON) as mirrored:
        await mirrored.refresh()
        own = expected()
        assert 0 < len(own) < 140
        assert await retained(mirrored) == own
        for table in ("database_schema_entity", "database_entity"):
            (hash_,) = run(f"SELECT MIN(fqnHash) FROM {table}")[0]
            run(f"UPDATE {table} SET json = JSON_SET(json, '$.retentionPeriod', 'P90D') WHERE fqnHash = '{hash_}'")
            before = expected()
            await mirrored.refresh()
            assert await retained(mirrored) == before
        assert len(before) > len(own)
