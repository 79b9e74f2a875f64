"""SQL over the published inventory. Lists come by the numbers that were found in the columns."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import orjson

from thirdeye.database import MySQL, Row
from thirdeye.errors import Unavailable

# What the columns that hold a caller's name have room for.
_LONGEST_NAME: Final = 256
# Prices change without a refresh; the sum of their checksums tells whether they did.
_STATE = """
SELECT generation, refreshed_at, as_of, (
  SELECT COALESCE(SUM(CRC32(CONCAT_WS(' ', service_type, effective_from, usd_per_gb_month))), 0) FROM storage_price
) AS priced FROM estate_state WHERE id = 1
"""
# With the state in one statement: what a later refresh replaces is gone from here.
_CONTENTS = """
SELECT kept.name, MAX(kept.generation) AS version
FROM estate_state AS state JOIN estate_blob AS kept ON kept.generation <= state.generation
WHERE state.id = 1 AND state.generation = %(generation)s GROUP BY kept.name
"""
_BLOB = "SELECT data FROM estate_blob WHERE name = %(name)s AND generation = %(version)s"
_BLOB_LENGTH = "SELECT LENGTH(data) AS bytes FROM estate_blob WHERE name = %(name)s AND generation = %(version)s"
_BLOB_PARTS = "SELECT {columns} FROM estate_blob WHERE name = %(name)s AND generation = %(version)s"
_COLUMNS = """
number, id, fqn, name, display_name, service, database_name, schema_name, table_type, described, metadata_changed,
created, last_accessed, last_written, queries_30d, first_use, last_use, days_of_use, longest_gap, size_bytes,
query_cost_30d, evidence, activity, in_use, in_use_through_lineage, zombie, owner_set, tag_set, domain, tier, seen_at,
removed_at, (SELECT generation FROM estate_state WHERE id = 1) AS generation
"""
_BY_NUMBERS = f"SELECT {_COLUMNS} FROM table_inventory WHERE number IN %(numbers)s"
_BY_FQN = f"SELECT {_COLUMNS} FROM table_inventory WHERE fqn_key = %(key)s ORDER BY removed_at IS NOT NULL, number DESC LIMIT 8"
_ASSETS = "SELECT number, id, kind, name, NULL AS fqn FROM lineage_asset WHERE number IN %(numbers)s"
_TABLE_ASSETS = """
SELECT number, id, 'table' AS kind, name, fqn
FROM table_inventory WHERE number IN %(numbers)s
"""
_CHANGES = """
SELECT id, changed_at, kind, number, detail FROM table_change
WHERE changed_at >= %(since)s AND {kinds} AND {before} ORDER BY changed_at DESC, id DESC LIMIT %(limit)s
"""
_CHANGES_BEFORE = "changed_at <= %(moment)s AND (changed_at < %(moment)s OR id < %(id)s)"
_NUMBERS = """
SELECT number, fqn FROM table_inventory WHERE fqn_key IN ({keys}) ORDER BY removed_at IS NULL, number
"""
_GROWN = "SELECT DISTINCT number FROM table_change WHERE kind = 'GROWN'"
_RUN_COLUMNS = "id, kind, phase, seen, changed, warnings, requested_by, started_at, finished_at, error"
_RUNS = f"SELECT {_RUN_COLUMNS} FROM refresh_run WHERE id < %(before)s ORDER BY id DESC LIMIT %(limit)s"
_RUN = f"SELECT {_RUN_COLUMNS} FROM refresh_run WHERE id = %(id)s"
_WAITING_RUN = f"SELECT {_RUN_COLUMNS} FROM refresh_run WHERE phase = 'QUEUED' ORDER BY id DESC LIMIT 1"
_OPEN_RUN = f"""
SELECT {_RUN_COLUMNS} FROM refresh_run
WHERE finished_at IS NULL AND (phase = 'QUEUED' OR started_at > %(since)s) ORDER BY id DESC LIMIT 1
"""
# Two who ask at once must not both find nothing that waits.
_LOCK = "SELECT GET_LOCK(%(lock)s, 3) AS got"
_UNLOCK = "SELECT RELEASE_LOCK(%(lock)s) AS released"
_QUEUE_RUN = (
    "INSERT INTO refresh_run (kind, phase, requested_by, started_at) VALUES (%(kind)s, 'QUEUED', %(by)s, %(now)s)"
)
_DROP_RUN = "DELETE FROM refresh_run WHERE id = %(id)s AND phase = 'QUEUED'"
_PRICES = """
SELECT service_type, effective_from, usd_per_gb_month, set_by, set_at FROM storage_price
ORDER BY service_type, effective_from DESC
"""
_PUT_PRICE = """
REPLACE INTO storage_price (service_type, effective_from, usd_per_gb_month, set_by, set_at)
VALUES (%(service_type)s, %(effective_from)s, %(price)s, %(by)s, %(now)s)
"""


async def state(thirdeye: MySQL) -> Row | None:
    """The published generation, when it was published, the day it is of, and what tells prices apart (`priced`).

    None before the first.
    """
    return await thirdeye.fetch_one(_STATE)


async def contents(thirdeye: MySQL, generation: int) -> dict[str, int]:
    """The version of each blob by name; nothing when another generation is published by now."""
    rows = await thirdeye.fetch_all(_CONTENTS, {"generation": generation})
    return {row["name"]: row["version"] for row in rows}


async def blob(thirdeye: MySQL, name: str, version: int) -> bytes | None:
    """A version of a blob; None once a refresh has replaced it."""
    row = await thirdeye.fetch_one(_BLOB, {"name": name, "version": version})
    return bytes(row["data"]) if row else None


async def blob_length(thirdeye: MySQL, name: str, version: int) -> int | None:
    """How many bytes a version of a blob has; None once a refresh has replaced it."""
    row = await thirdeye.fetch_one(_BLOB_LENGTH, {"name": name, "version": version})
    return int(row["bytes"]) if row else None


async def blob_parts(thirdeye: MySQL, name: str, version: int, parts: Sequence[tuple[int, int]]) -> list[bytes] | None:
    """Parts of a version of a blob, each by where it begins and its bytes; None once a refresh has replaced it."""
    values: dict[str, Any] = {"name": name, "version": version}
    for place, (offset, size) in enumerate(parts):
        values |= {f"offset{place}": offset + 1, f"size{place}": size}
    columns = ", ".join(
        f"SUBSTRING(data, %(offset{place})s, %(size{place})s) AS part{place}" for place in range(len(parts))
    )
    row = await thirdeye.fetch_one(_BLOB_PARTS.format(columns=columns), values)
    return None if row is None else [bytes(row[f"part{place}"]) for place in range(len(parts))]


async def rows_by_number(thirdeye: MySQL, numbers: Sequence[int]) -> dict[int, Row]:
    """Rows of the inventory by number, each with the generation published at that moment."""
    if not numbers:
        return {}
    rows = await thirdeye.fetch_all(_BY_NUMBERS, {"numbers": tuple(numbers)})
    return {row["number"]: row for row in rows}


async def row_by_fqn(thirdeye: MySQL, fqn: str, key: bytes) -> Row | None:
    """The row of a table by its FQN and the FQN's key; a table that is there before one that was removed."""
    rows = await thirdeye.fetch_all(_BY_FQN, {"key": key})
    return next((row for row in rows if row["fqn"] == fqn), None)


async def assets(thirdeye: MySQL, tables: Sequence[int], others: Sequence[int]) -> list[Row]:
    """Tables and other assets by number: id, kind, name, and of tables the FQN."""
    found = await thirdeye.fetch_all(_TABLE_ASSETS, {"numbers": tuple(tables)}) if tables else []
    return found + (await thirdeye.fetch_all(_ASSETS, {"numbers": tuple(others)}) if others else [])


async def changes(
    thirdeye: MySQL, *, since: datetime, kinds: Sequence[str] | None, before: tuple[datetime, int] | None, limit: int
) -> list[Row]:
    """Changes from `since` on, older than the one found at a moment with an id, newest first; `detail` decoded."""
    moment, id_ = before or (None, None)
    values = {"since": since.replace(tzinfo=None), "limit": limit, "kinds": tuple(kinds or ("",))}
    condition = _CHANGES.format(
        kinds="TRUE" if kinds is None else "kind IN %(kinds)s", before="TRUE" if before is None else _CHANGES_BEFORE
    )
    rows = await thirdeye.fetch_all(condition, {**values, "moment": moment, "id": id_})
    for row in rows:
        row["detail"] = orjson.loads(row["detail"]) if row["detail"] else {}
    return rows


async def grown(thirdeye: MySQL) -> list[int]:
    """The tables that were found to have grown, as long as changes are kept."""
    return [row["number"] for row in await thirdeye.fetch_all(_GROWN)]


async def numbers_by_fqn(thirdeye: MySQL, keys: Mapping[str, bytes]) -> dict[str, int]:
    """The numbers of tables by FQN, given the key of each FQN; removed ones too, where none is there."""
    # One by one, for the driver marks only single values as binary.
    values = {f"key{place}": key for place, key in enumerate(keys.values())}
    names = ", ".join(f"%({name})s" for name in values) or "NULL"
    rows = await thirdeye.fetch_all(_NUMBERS.format(keys=names), values)
    # The last of a name counts: those that are there come after those that are gone.
    return {row["fqn"]: row["number"] for row in rows if row["fqn"] in keys}


async def runs(thirdeye: MySQL, *, before: int, limit: int) -> list[Row]:
    """Refreshes with ids below `before`, newest first; `warnings` decoded."""
    return [_decoded(row) for row in await thirdeye.fetch_all(_RUNS, {"before": before, "limit": limit})]


async def request_run(
    thirdeye: MySQL, *, kind: str, by: str, now: datetime, since: datetime | None
) -> tuple[Row, bool]:
    """The run that waits or, with `since`, has been running since then; else a new one that waits, and True.

    Raises Unavailable when others keep asking for too long.
    """
    values = {"kind": kind, "by": by[:_LONGEST_NAME], "now": now.replace(tzinfo=None)}
    lock = {"lock": f"{thirdeye.schema}.request"[:64]}
    async with thirdeye.session() as session:
        got = await session.fetch_one(_LOCK, lock)
        if not got or not got["got"]:
            raise Unavailable("others are asking for a refresh at the moment; try again")
        try:
            if since is None:
                found = await session.fetch_one(_WAITING_RUN)
            else:
                found = await session.fetch_one(_OPEN_RUN, {"since": since.replace(tzinfo=None)})
            if found is not None:
                return _decoded(found), False
            executed = await session.execute(_QUEUE_RUN, values)
            row = await session.fetch_one(_RUN, {"id": executed.inserted_id})
        finally:
            await session.fetch_one(_UNLOCK, lock)
    assert row is not None
    return _decoded(row), True


async def drop_run(thirdeye: MySQL, run: int) -> None:
    """Removes a refresh that waits."""
    await thirdeye.execute(_DROP_RUN, {"id": run})


async def prices(thirdeye: MySQL) -> list[Row]:
    """All prices, of each service type the newest first."""
    return await thirdeye.fetch_all(_PRICES)


async def put_price(
    thirdeye: MySQL, *, service_type: str, effective_from: date, price: Decimal, by: str, now: datetime
) -> None:
    """Sets a price from a day on; one of the same day is replaced."""
    values: dict[str, Any] = {"service_type": service_type, "effective_from": effective_from, "price": price}
    await thirdeye.execute(_PUT_PRICE, {**values, "by": by[:_LONGEST_NAME], "now": now.replace(tzinfo=None)})


def _decoded(row: Row) -> Row:
    row["warnings"] = orjson.loads(row["warnings"]) if row["warnings"] else []
    return row
