"""SQL over the published inventory. Lists of tables are read by the numbers that a query over the columns gave."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import orjson

from thirdeye.database import MySQL, Row
from thirdeye.sql_text import decode_datetime

# Prices change without a refresh, so a sum of their checksums tells whether they did.
_STATE = """
SELECT generation, refreshed_at, as_of, (
  SELECT COALESCE(SUM(CRC32(CONCAT_WS(
    ' ', service_type, service, effective_from, usd_per_gb_month, COALESCE(long_term_usd_per_gb_month, '-'),
    COALESCE(long_term_days, '-'), COALESCE(source, '-'), source_date))), 0) FROM storage_price
) AS price_checksum FROM estate_state WHERE id = 1
"""
# Reads the state in the same statement: a later refresh removes what it replaces. The days of usage, hundreds of blobs,
# are for the refresh alone.
_BLOB_VERSIONS = """
SELECT kept.name, MAX(kept.generation) AS version
FROM estate_state AS state JOIN estate_blob AS kept ON kept.generation <= state.generation
WHERE state.id = 1 AND state.generation = %(generation)s AND kept.name NOT LIKE 'usage/%%' GROUP BY kept.name
"""
_BLOB = "SELECT data FROM estate_blob WHERE name = %(name)s AND generation = %(version)s"
_BLOB_LENGTH = "SELECT LENGTH(data) AS bytes FROM estate_blob WHERE name = %(name)s AND generation = %(version)s"
_BLOB_PARTS = "SELECT {columns} FROM estate_blob WHERE name = %(name)s AND generation = %(version)s"
# The columns of a row, and what JSON's text of a value stands for where that is no text or number.
_Decode = Callable[[str], Any]
_ROW: Final[Mapping[str, _Decode | None]] = {
    **dict.fromkeys(("number", "id", "fqn", "name", "display_name", "service", "database_name", "schema_name")),
    **dict.fromkeys(("table_type", "described")),
    **dict.fromkeys(("metadata_changed", "created", "known_since", "last_accessed"), date.fromisoformat),
    **dict.fromkeys(("last_written", "first_use", "last_use"), date.fromisoformat),
    **dict.fromkeys(("queries_30d", "days_of_use", "longest_gap", "size_bytes")),
    "query_cost_30d": Decimal,
    **dict.fromkeys(("evidence", "activity", "unknown_reason", "in_use", "in_use_through_lineage", "zombie")),
    **dict.fromkeys(("owner_set", "tag_set", "domain", "tier")),
    **dict.fromkeys(("seen_at", "absent_since", "removed_at"), decode_datetime),
}  # fmt: skip
_DECODED = [(name, decode) for name, decode in _ROW.items() if decode is not None]
_GENERATION = "(SELECT generation FROM estate_state WHERE id = 1) AS generation"
_COLUMNS = f"{', '.join(_ROW)}, {_GENERATION}"
# As one value: the driver takes as long for each value of a row as JSON for all of them.
_VALUES = ", ".join(f"CAST({name} AS CHAR)" if decode is Decimal else name for name, decode in _ROW.items())
_BY_NUMBERS = f"SELECT JSON_ARRAY({_VALUES}) AS data, {_GENERATION} FROM table_inventory WHERE number IN %(numbers)s"
_BY_FQN = f"""
SELECT {_COLUMNS} FROM table_inventory WHERE fqn_key = %(key)s
ORDER BY removed_at IS NOT NULL, removed_at DESC, number DESC LIMIT 8
"""
_ASSETS = "SELECT number, id, kind, name, NULL AS fqn FROM lineage_asset WHERE number IN %(numbers)s"
_TABLE_ASSETS = "SELECT number, id, 'table' AS kind, name, fqn FROM table_inventory WHERE number IN %(numbers)s"
_NUMBERS = """
SELECT number, fqn FROM table_inventory WHERE fqn_key IN ({keys}) ORDER BY removed_at IS NULL, removed_at, number
"""
_GROWING_TABLES = "SELECT DISTINCT number FROM table_change WHERE kind = 'GROWN'"
_PRICES = """
SELECT service_type, service, effective_from, usd_per_gb_month, long_term_usd_per_gb_month, long_term_days, source,
  source_date, set_by, set_at FROM storage_price
ORDER BY service_type, service, effective_from DESC
"""


async def state(thirdeye: MySQL) -> Row | None:
    """The published generation, its time and day, and a checksum of the prices; None before the first refresh."""
    return await thirdeye.fetch_one(_STATE)


async def blob_versions(thirdeye: MySQL, generation: int) -> dict[str, int]:
    """The version of each blob by name; empty if another generation is published by now."""
    rows = await thirdeye.fetch_all(_BLOB_VERSIONS, {"generation": generation})
    return {row["name"]: row["version"] for row in rows}


async def blob(thirdeye: MySQL, name: str, version: int) -> bytes | None:
    """A version of a blob; None once a refresh has replaced it."""
    row = await thirdeye.fetch_one(_BLOB, {"name": name, "version": version})
    return bytes(row["data"]) if row else None


async def blob_length(thirdeye: MySQL, name: str, version: int) -> int | None:
    """The size of a version of a blob in bytes; None once a refresh has replaced it."""
    row = await thirdeye.fetch_one(_BLOB_LENGTH, {"name": name, "version": version})
    return int(row["bytes"]) if row else None


async def blob_parts(thirdeye: MySQL, name: str, version: int, spans: Sequence[tuple[int, int]]) -> list[bytes] | None:
    """Parts of a version of a blob, by offset and size in bytes; None once a refresh has replaced it."""
    values: dict[str, object] = {"name": name, "version": version}
    for place, (offset, size) in enumerate(spans):
        values |= {f"offset{place}": offset + 1, f"size{place}": size}
    columns = ", ".join(
        f"SUBSTRING(data, %(offset{place})s, %(size{place})s) AS part{place}" for place in range(len(spans))
    )
    row = await thirdeye.fetch_one(_BLOB_PARTS.format(columns=columns), values)
    return None if row is None else [bytes(row[f"part{place}"]) for place in range(len(spans))]


async def rows_by_number(thirdeye: MySQL, numbers: Sequence[int]) -> dict[int, Row]:
    """Rows of the inventory by number, each with the generation that is published as they are read."""
    if not numbers:
        return {}
    found, rows = await thirdeye.fetch_all(_BY_NUMBERS, {"numbers": tuple(numbers)}), dict[int, Row]()
    for each in found:
        row = dict(zip(_ROW, orjson.loads(each["data"]), strict=True))
        for name, decode in _DECODED:
            if row[name] is not None:
                row[name] = decode(row[name])
        row["generation"] = each["generation"]
        rows[row["number"]] = row
    return rows


async def row_by_fqn(thirdeye: MySQL, fqn: str, key: bytes) -> Row | None:
    """The row of a table by its FQN and the key of that; a removed table only if no other has the name."""
    rows = await thirdeye.fetch_all(_BY_FQN, {"key": key})
    return next((row for row in rows if row["fqn"] == fqn), None)


async def assets(thirdeye: MySQL, tables: Sequence[int], others: Sequence[int]) -> list[Row]:
    """Tables and other assets by number: id, kind, name, and for tables the FQN."""
    rows = await thirdeye.fetch_all(_TABLE_ASSETS, {"numbers": tuple(tables)}) if tables else []
    return rows + (await thirdeye.fetch_all(_ASSETS, {"numbers": tuple(others)}) if others else [])


async def growing_tables(thirdeye: MySQL) -> list[int]:
    """The numbers of tables that have grown, for as long as changes are kept."""
    return [row["number"] for row in await thirdeye.fetch_all(_GROWING_TABLES)]


async def numbers_by_fqn(thirdeye: MySQL, keys: Mapping[str, bytes]) -> dict[str, int]:
    """Table numbers by FQN, for a mapping from FQN to key; a removed table only if no other has the name."""
    # A parameter for each key, because the driver marks only single values as binary.
    values = {f"key{place}": key for place, key in enumerate(keys.values())}
    names = ", ".join(f"%({name})s" for name in values) or "NULL"
    rows = await thirdeye.fetch_all(_NUMBERS.format(keys=names), values)
    # The last row of a name counts: present tables are sorted after removed ones.
    return {row["fqn"]: row["number"] for row in rows if row["fqn"] in keys}


async def prices(thirdeye: MySQL) -> list[Row]:
    """All storage prices, newest first within each service type and service."""
    return await thirdeye.fetch_all(_PRICES)
