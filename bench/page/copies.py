"""Makes the schema of a large estate from that of a small one: rows by statements, blobs by `tiles.py`."""

from collections.abc import AsyncIterator, Mapping

from bench.page.tiles import Tiles
from bench.refresh.estates import Server
from thirdeye.database import MySQL, thirdeye_database
from thirdeye.inventory.reader import EstateReader
from thirdeye.migrations import migrate
from thirdeye.mirror import store as mirror_store
from thirdeye.settings import Settings

# Of these all rows are copied once, of those below for each copy, with other numbers, ids and names.
_ONCE = ("storage_price", "verdict_policy", "return_risk", "refresh_run", "health_score_history")
_DIGEST = "LEFT(SHA2(CONCAT(id, ' ', %(copy)s), 224), 32)"
_ID = f"""IF(%(copy)s = 0, id, CONCAT_WS('-', LEFT({_DIGEST}, 8), SUBSTR({_DIGEST}, 9, 4), SUBSTR({_DIGEST}, 13, 4),
  SUBSTR({_DIGEST}, 17, 4), RIGHT({_DIGEST}, 12)))"""
_SERVICE = "IF(%(copy)s = 0, service, CONCAT(service, '_', %(copy)s))"
# In quotes where the name has dots.
_FQN = """IF(%(copy)s = 0, fqn, IF(LEFT(fqn, 1) = '"',
  CONCAT('"', service, '_', %(copy)s, SUBSTR(fqn, CHAR_LENGTH(service) + 2)),
  CONCAT(service, '_', %(copy)s, SUBSTR(fqn, CHAR_LENGTH(service) + 1))))"""
_TABLE = "number + %(copy)s * %(tables)s"
_COPIED: Mapping[str, Mapping[str, str]] = {
    "table_inventory": {
        "number": _TABLE, "id": _ID, "service": _SERVICE, "fqn": _FQN, "fqn_key": f"UNHEX(LEFT(SHA2({_FQN}, 224), 32))",
    },
    "lineage_asset": {"number": "number + %(copy)s * %(assets)s", "id": _ID},
    "table_change": {"id": "NULL", "number": _TABLE},
    "verdict_record": {"id": "NULL", "number": _TABLE},
}  # fmt: skip
_COLUMNS = """SELECT column_name AS name FROM information_schema.columns
WHERE table_schema = DATABASE() AND table_name = %(table)s AND extra NOT LIKE '%%GENERATED%%' ORDER BY ordinal_position"""
_STATE = "REPLACE INTO estate_state SELECT * FROM `{small}`.estate_state"
_IS_MADE = "SELECT generation FROM estate_state"


async def make_large(at: Server, small: Settings, large: Settings, copies: int, hub: str, dependents: int) -> bool:
    """The schema of `large`, with so many copies of what `small` has; False if it is there. `hub` is a table's id."""
    thirdeye = thirdeye_database(large, lambda _name, _seconds: None)
    await thirdeye.start()
    try:
        with at.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{large.thirdeye_mysql_schema}`")
        await migrate(large, thirdeye)
        if await thirdeye.fetch_one(_IS_MADE) is not None:
            return False
        print("copying ...", flush=True)
        await _copy(thirdeye, small, copies, hub, dependents)
        return True
    finally:
        await thirdeye.stop()


async def _copy(thirdeye: MySQL, small: Settings, copies: int, hub: str, dependents: int) -> None:
    source = thirdeye_database(small, lambda _name, _seconds: None)
    await source.start()
    try:
        row = await source.fetch_one("SELECT number FROM table_inventory WHERE id = %(id)s", {"id": hub})
        assert row is not None
        reader = EstateReader(source)
        snapshot = await reader.snapshot()
        tiles = Tiles(source, reader, snapshot, copies, row["number"], dependents)
        schema = small.thirdeye_mysql_schema
        for table in _ONCE:
            await thirdeye.execute(f"REPLACE INTO {table} SELECT * FROM `{schema}`.{table}")
        for copy in range(copies):
            values = {"copy": copy, "tables": tiles.tables, "assets": await tiles.assets()}
            for statement in [each async for each in _statements(thirdeye, schema)]:
                await thirdeye.execute(statement, values)
        await thirdeye.execute("DELETE FROM estate_blob")
        for name, data in await tiles.blobs():
            await mirror_store.put_blobs(thirdeye, snapshot.generation, {name: data})
        # At last: with it the estate is there.
        await thirdeye.execute(_STATE.format(small=schema))
    finally:
        await source.stop()


async def _statements(thirdeye: MySQL, schema: str) -> AsyncIterator[str]:
    for table, changed in _COPIED.items():
        names = [row["name"] for row in await thirdeye.fetch_all(_COLUMNS, {"table": table})]
        values = ", ".join(changed.get(name, f"`{name}`") for name in names)
        columns = ", ".join(f"`{name}`" for name in names)
        yield f"REPLACE INTO {table} ({columns}) SELECT {values} FROM `{schema}`.{table}"
