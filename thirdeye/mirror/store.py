"""SQL of a refresh over ThirdEye's own schema: runs, blobs, staging, publishing."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final, TypedDict, cast

import orjson

from thirdeye.database import MySQL, Row, Session
from thirdeye.mirror.warnings import WarningEntry

# ---- runs

_INSERT_RUN = """
INSERT INTO refresh_run (kind, phase, requested_by, started_at) VALUES (%(kind)s, 'STARTING', %(by)s, %(now)s)
"""
_QUEUED_RUN = "SELECT id, kind FROM refresh_run WHERE phase = 'QUEUED' ORDER BY id LIMIT 1"
_TAKE_RUN = "UPDATE refresh_run SET phase = 'STARTING', started_at = %(now)s WHERE id = %(id)s AND phase = 'QUEUED'"
_RUN = """
SELECT id, kind, phase, seen, changed, warnings, requested_by, started_at, finished_at, error
FROM refresh_run WHERE id = %(id)s
"""
_PROGRESS = """
UPDATE refresh_run SET kind = %(kind)s, phase = %(phase)s, seen = %(seen)s, changed = %(changed)s WHERE id = %(id)s
"""
_FINISH_RUN = """
UPDATE refresh_run SET phase = %(phase)s, seen = %(seen)s, changed = %(changed)s, warnings = %(warnings)s,
       finished_at = %(now)s, error = %(error)s
WHERE id = %(id)s
"""
# Whoever holds the lease knows that every other unfinished run is dead.
_FAIL_ABANDONED_RUNS = """
UPDATE refresh_run SET phase = 'FAILED', finished_at = %(now)s, error = 'the process that ran it ended'
WHERE finished_at IS NULL AND phase <> 'QUEUED' AND id <> %(id)s
"""
_OPEN_RUN = "SELECT phase FROM refresh_run WHERE id = %(id)s AND finished_at IS NULL FOR UPDATE"

# ---- state and blobs

_STATE = "SELECT generation, refreshed_at, as_of FROM estate_state WHERE id = 1"
_SET_STATE = """
REPLACE INTO estate_state (id, generation, refreshed_at, as_of) VALUES (1, %(generation)s, %(now)s, %(as_of)s)
"""
_BLOB = """
SELECT data FROM estate_blob WHERE name = %(name)s AND generation <= %(generation)s ORDER BY generation DESC LIMIT 1
"""
_BLOB_NAMES = """
SELECT name, MAX(generation) AS generation FROM estate_blob
WHERE ({prefixes}) AND generation <= %(generation)s GROUP BY name ORDER BY name
"""
_BLOBS = """
SELECT newest.name AS name, estate_blob.data AS data
FROM (SELECT name, MAX(generation) AS generation FROM estate_blob
      WHERE name IN %(names)s AND generation <= %(generation)s GROUP BY name) AS newest
JOIN estate_blob ON estate_blob.name = newest.name AND estate_blob.generation = newest.generation
"""
# REPLACE, for MySQL deprecates VALUES() in ON DUPLICATE KEY UPDATE and MariaDB knows no other way.
_PUT_BLOBS = "REPLACE INTO estate_blob (name, generation, data) VALUES "
_DELETE_UNPUBLISHED = "DELETE FROM estate_blob WHERE generation > %(generation)s"
_DELETE_SUPERSEDED = """
DELETE older FROM estate_blob AS older JOIN estate_blob AS newer
  ON newer.name = older.name AND newer.generation = %(generation)s
WHERE older.generation < %(generation)s
"""
# An empty blob says that there is none any more.
_DELETE_EMPTY = "DELETE FROM estate_blob WHERE generation = %(generation)s AND LENGTH(data) = 0"

# ---- feeds

_CONFIRMATIONS = """
SELECT id, kind, service, database_name, schema_name FROM feed_confirmation WHERE withdrawn_at IS NULL ORDER BY id
"""
_FIRST_ACCESSES = "SELECT database_key, first_access FROM feed_memory"
_PUT_FIRST_ACCESSES = "REPLACE INTO feed_memory (database_key, service, database_name, first_access) VALUES "

# ---- tables

# Days as columns hold them: 719528 is the number of 1970-01-01.
_DAY = "LPAD(HEX(COALESCE(TO_DAYS({column}) - 719528, 0)), 4, '0')"
_NUMBERS = f"""
SELECT GROUP_CONCAT(REPLACE(id, '-', ''), LPAD(HEX(number), 8, '0'), {_DAY.format(column="known_since")},
                    {_DAY.format(column="last_accessed")}, LPAD(seen_later, 2, '0'), IF(removed_at IS NULL, '01', '00'),
                    LPAD(HEX(COALESCE(TIMESTAMPDIFF(MINUTE, '1970-01-01', absent_since), 0)), 8, '0')
                    SEPARATOR '') AS packed
FROM table_inventory WHERE number >= %(start)s AND number < %(end)s
"""
_SEEN_SERVICES = "SELECT DISTINCT service FROM table_inventory"
_HIGHEST = "SELECT MAX(number) AS highest FROM table_inventory"
_NAMES = """
SELECT number, name FROM table_inventory WHERE {which}
UNION ALL SELECT number, name FROM table_inventory_staged_text WHERE {which}
"""
_NAMES_BETWEEN = _NAMES.format(which="number >= %(start)s AND number < %(end)s")
_NAMES_BY_NUMBER = _NAMES.format(which="number IN %(numbers)s")
_NAME_ORDER = """
SELECT part, GROUP_CONCAT(LPAD(HEX(number), 8, '0') ORDER BY place SEPARATOR '') AS packed FROM (
  SELECT number, place, FLOOR(place / 100000) AS part FROM (
    SELECT number, ROW_NUMBER() OVER (ORDER BY name COLLATE utf8mb4_unicode_520_ci, number) AS place FROM (
      SELECT live.name, live.number FROM table_inventory AS live
      LEFT JOIN table_inventory_staged_text AS staged ON staged.number = live.number WHERE staged.number IS NULL
      UNION ALL SELECT name, number FROM table_inventory_staged_text
    ) AS names
  ) AS ranked
) AS parts GROUP BY part ORDER BY part
"""
TEXT_COLUMNS: Final = (
    "number", "id", "fqn", "fqn_key", "name", "display_name", "service", "database_name", "schema_name", "table_type",
)  # fmt: skip
FACT_COLUMNS: Final = (
    "number", "described", "metadata_changed", "created", "last_accessed", "last_written", "queries_30d", "first_use",
    "last_use", "days_of_use", "longest_gap", "size_bytes", "query_cost_30d", "evidence", "activity", "in_use",
    "in_use_through_lineage", "zombie", "owner_set", "tag_set", "domain", "tier", "known_since", "seen_later",
    "unknown_reason", "absent_since", "removed",
)  # fmt: skip
_STAGE_TEXT = f"REPLACE INTO table_inventory_staged_text ({', '.join(TEXT_COLUMNS)}) VALUES "
_STAGE_FACTS = f"INSERT INTO table_inventory_staged_facts ({', '.join(FACT_COLUMNS)}) VALUES "
_CLEAR_TEXT, _CLEAR_FACTS = "TRUNCATE TABLE table_inventory_staged_text", "TRUNCATE TABLE table_inventory_staged_facts"
_INSERT_NEW = f"""
INSERT INTO table_inventory ({", ".join((*TEXT_COLUMNS, *FACT_COLUMNS[1:-1]))}, seen_at, removed_at)
SELECT {", ".join(f"text.{column}" for column in TEXT_COLUMNS)},
       {", ".join(f"facts.{column}" for column in FACT_COLUMNS[1:-1])}, %(now)s,
       IF(facts.removed, COALESCE(facts.metadata_changed, %(now)s), NULL)
FROM table_inventory_staged_text AS text JOIN table_inventory_staged_facts AS facts USING (number)
LEFT JOIN table_inventory AS live ON live.number = text.number
WHERE live.number IS NULL
"""
_UPDATE_TEXT = f"""
UPDATE table_inventory AS live JOIN table_inventory_staged_text AS text USING (number)
SET {", ".join(f"live.{column} = text.{column}" for column in TEXT_COLUMNS[1:])}
"""
_UPDATE_FACTS = f"""
UPDATE table_inventory AS live JOIN table_inventory_staged_facts AS facts USING (number)
SET {", ".join(f"live.{column} = facts.{column}" for column in FACT_COLUMNS[1:-1])},
    live.removed_at = IF(facts.removed, COALESCE(live.removed_at, %(now)s), NULL)
"""
_PUT_ASSETS = "REPLACE INTO lineage_asset (number, id, kind, name) VALUES "
_PUT_CHANGES = "INSERT INTO table_change (generation, changed_at, kind, number, detail) VALUES "
_DELETE_CHANGES = "DELETE FROM table_change WHERE changed_at < %(before)s"
_PRICES = """
SELECT service_type, service, effective_from, usd_per_gb_month, long_term_usd_per_gb_month, long_term_days, source,
  source_date FROM storage_price WHERE effective_from <= %(day)s
"""

# For packed texts, in bytes.
_RAISE_PACKED_LIMIT = "SET SESSION group_concat_max_len = 67108864"

# TEXT_COLUMNS.
TextRow = tuple[int, str, str, bytes, str, str | None, str, str | None, str | None, str | None]
# Other rows, as the function that takes them says.
SQLRow = tuple[str | bytes | float | datetime | None, ...]


class RunCounts(TypedDict):
    """How far a run is: rows of tables seen, rows of the inventory changed."""

    kind: str
    phase: str
    seen: int
    changed: int


class Run(RunCounts):
    """A run of the refresh."""

    id: int
    warnings: list[WarningEntry]
    requested_by: str | None
    started_at: datetime
    finished_at: datetime | None
    error: str | None


async def new_run(thirdeye: MySQL, kind: str, requested_by: str | None, now: datetime) -> int:
    """Opens a run; its id."""
    return (await thirdeye.execute(_INSERT_RUN, {"kind": kind, "by": requested_by, "now": now})).inserted_id


async def queued_run(thirdeye: MySQL) -> Row | None:
    """Id and kind of the run that has been queued longest, None without any."""
    return await thirdeye.fetch_one(_QUEUED_RUN)


async def take_run(thirdeye: MySQL, run: int, now: datetime) -> bool:
    """Starts a queued run; False when it is no longer queued."""
    return (await thirdeye.execute(_TAKE_RUN, {"id": run, "now": now})).matched > 0


async def get_run(thirdeye: MySQL, run: int) -> Run:
    """A run's row."""
    row = await thirdeye.fetch_one(_RUN, {"id": run})
    assert row is not None
    row["warnings"] = orjson.loads(row["warnings"]) if row["warnings"] else []
    return cast(Run, row)


async def fail_abandoned_runs(thirdeye: MySQL, run: int, now: datetime) -> None:
    """Closes the runs that dead processes left open; only the holder of the lease may."""
    await thirdeye.execute(_FAIL_ABANDONED_RUNS, {"id": run, "now": now})


async def save_progress(thirdeye: MySQL, run: int, counts: RunCounts) -> None:
    """Writes down how far a run is."""
    await thirdeye.execute(_PROGRESS, {"id": run, **counts})


async def finish_run(
    database: MySQL | Session,
    run: int,
    counts: RunCounts,
    warnings: list[WarningEntry],
    now: datetime,
    error: str | None = None,
) -> None:
    """Closes a run, its phase DONE or FAILED."""
    values = {"id": run, **counts, "error": error, "now": now}
    await database.execute(_FINISH_RUN, {**values, "warnings": orjson.dumps(warnings).decode()})


async def is_open(session: Session, run: int) -> bool:
    """Whether nobody has closed this run meanwhile; nobody can until the transaction ends."""
    return await session.fetch_one(_OPEN_RUN, {"id": run}) is not None


# ---- blobs


async def state(thirdeye: MySQL) -> Row | None:
    """The generation that readers see, when it was published and for which day; None before the first."""
    return await thirdeye.fetch_one(_STATE)


async def blob(thirdeye: MySQL, name: str, generation: int) -> bytes | None:
    """A blob as of a generation."""
    row = await thirdeye.fetch_one(_BLOB, {"name": name, "generation": generation})
    return bytes(row["data"]) if row else None


async def blobs(thirdeye: MySQL, prefixes: Sequence[str], generation: int) -> AsyncIterator[tuple[str, bytes]]:
    """All blobs whose names begin with one of these, by name, one at a time."""
    for row in await _names(thirdeye, prefixes, generation):
        data = await blob(thirdeye, row["name"], row["generation"])
        if data is not None:
            yield row["name"], data


async def blobs_named(thirdeye: MySQL, names: Sequence[str], generation: int) -> list[tuple[str, bytes]]:
    """These blobs as of a generation, by name, all of them in memory."""
    rows = await thirdeye.fetch_all(_BLOBS, {"names": tuple(names), "generation": generation})
    return sorted((row["name"], row["data"]) for row in rows)


async def blob_names(thirdeye: MySQL, prefixes: Sequence[str], generation: int) -> list[str]:
    """The names of all blobs that begin with one of these."""
    return [row["name"] for row in await _names(thirdeye, prefixes, generation)]


async def _names(thirdeye: MySQL, prefixes: Sequence[str], generation: int) -> list[Row]:
    """Of many prefixes in one statement: a refresh of a small estate is as long as its round trips."""
    values = {f"prefix{number}": f"{prefix}%" for number, prefix in enumerate(prefixes)}
    sql = _BLOB_NAMES.format(prefixes=" OR ".join(f"name LIKE %({key})s" for key in values))
    return await thirdeye.fetch_all(sql, {**values, "generation": generation})


async def put_blobs(thirdeye: MySQL, generation: int, blobs: Mapping[str, bytes]) -> None:
    """Writes blobs for readers of the generation, together at most max_allowed_packet; an empty one stands for none."""
    values: dict[str, object] = {"generation": generation}
    for number, (name, data) in enumerate(blobs.items()):
        values |= {f"name{number}": name, f"data{number}": data}
    rows = ", ".join(f"(%(name{number})s, %(generation)s, %(data{number})s)" for number in range(len(blobs)))
    if rows:
        await thirdeye.execute(_PUT_BLOBS + rows, values)


async def delete_unpublished(thirdeye: MySQL, generation: int) -> None:
    """Removes what unfinished refreshes after this generation left behind."""
    await thirdeye.execute(_DELETE_UNPUBLISHED, {"generation": generation})
    await thirdeye.execute(_CLEAR_TEXT)
    await thirdeye.execute(_CLEAR_FACTS)


# ---- tables


async def table_numbers(thirdeye: MySQL, step: int) -> AsyncIterator[str]:
    """What is kept of every table in the inventory, in hexadecimal, `step` numbers at a time.

    Id (32 digits), number (8), the days since which it is known and of its last access (4 each), seen later, present
    (2 each), the minute since which it is absent (8).
    """
    row = await thirdeye.fetch_one(_HIGHEST)
    highest = row["highest"] if row else None
    async with thirdeye.session() as session:
        await session.execute(_RAISE_PACKED_LIMIT)
        for start in range(0, 0 if highest is None else highest + 1, step):
            numbers = await session.fetch_one(_NUMBERS, {"start": start, "end": start + step})
            if numbers and numbers["packed"]:
                yield numbers["packed"]


async def seen_services(thirdeye: MySQL) -> list[str]:
    """The names of all services that have or had a table."""
    return [row["service"] for row in await thirdeye.fetch_all(_SEEN_SERVICES)]


async def names_between(thirdeye: MySQL, start: int, end: int) -> dict[int, str]:
    """Names by number; a staged one replaces a live one."""
    rows = await thirdeye.fetch_all(_NAMES_BETWEEN, {"start": start, "end": end})
    return {row["number"]: row["name"] for row in rows}


async def names_by_number(thirdeye: MySQL, numbers: Sequence[int]) -> dict[int, str]:
    """The names of these tables; a staged one replaces a live one."""
    rows = await thirdeye.fetch_all(_NAMES_BY_NUMBER, {"numbers": tuple(numbers) or (-1,)})
    return {row["number"]: row["name"] for row in rows}


async def name_order(thirdeye: MySQL) -> list[str]:
    """All numbers in the order of names, packed in several parts, 8 hexadecimal digits each."""
    async with thirdeye.session() as session:
        await session.execute(_RAISE_PACKED_LIMIT)
        return [row["packed"] for row in await session.fetch_all(_NAME_ORDER)]


async def stage_text(thirdeye: MySQL, rows: Iterable[TextRow]) -> None:
    """Stages rows of TEXT_COLUMNS; a later one of the same number replaces an earlier one."""
    async with thirdeye.session() as session:
        await session.execute_rows(_STAGE_TEXT, rows)


async def stage_facts(thirdeye: MySQL, rows: Iterable[SQLRow]) -> None:
    """Stages rows of FACT_COLUMNS."""
    async with thirdeye.session() as session:
        await session.execute_rows(_STAGE_FACTS, rows)


async def merge_staged(session: Session, now: datetime) -> None:
    """Writes the staged rows into the inventory."""
    values = {"now": now}
    await session.execute(_UPDATE_TEXT)
    await session.execute(_UPDATE_FACTS, values)
    await session.execute(_INSERT_NEW, values)


async def confirmations(thirdeye: MySQL) -> list[Row]:
    """The confirmations that nobody has taken back: id, kind, and the names of service, database and schema."""
    return await thirdeye.fetch_all(_CONFIRMATIONS)


async def first_accesses(thirdeye: MySQL) -> dict[bytes, date]:
    """By the key of a database the earliest access time that any refresh saw."""
    rows = await thirdeye.fetch_all(_FIRST_ACCESSES)
    return {bytes(row["database_key"]): row["first_access"] for row in rows}


async def put_first_accesses(session: Session, rows: Iterable[SQLRow]) -> None:
    """Remembers earliest access times: key, service, database, day."""
    await session.execute_rows(_PUT_FIRST_ACCESSES, rows)


async def put_assets(thirdeye: MySQL, rows: Iterable[SQLRow]) -> None:
    """Writes assets other than tables: number, id, kind, name."""
    async with thirdeye.session() as session:
        await session.execute_rows(_PUT_ASSETS, rows)


async def put_changes(session: Session, rows: Iterable[SQLRow]) -> None:
    """Writes changes: generation, moment, kind, number, detail as JSON text."""
    await session.execute_rows(_PUT_CHANGES, rows)


async def delete_changes(session: Session, before: datetime) -> None:
    """Removes changes from before a moment."""
    await session.execute(_DELETE_CHANGES, {"before": before})


async def publish_state(session: Session, generation: int, now: datetime, as_of: date) -> None:
    """Lets readers see a generation and removes the blobs that it replaced."""
    await session.execute(_DELETE_SUPERSEDED, {"generation": generation})
    await session.execute(_DELETE_EMPTY, {"generation": generation})
    await session.execute(_SET_STATE, {"generation": generation, "now": now, "as_of": as_of})


async def prices(thirdeye: MySQL, day: date) -> list[Row]:
    """All prices that took effect on or before a day."""
    return await thirdeye.fetch_all(_PRICES, {"day": day})


_UNCOUNTED_USE = "SELECT document FROM uncounted_use ORDER BY id DESC LIMIT 1"


async def uncounted_use(thirdeye: MySQL) -> dict[str, list[str]]:
    """What administrators said last of the use that does not count; empty if they said nothing."""
    rows = await thirdeye.fetch_all(_UNCOUNTED_USE)
    document: dict[str, list[str]] = orjson.loads(rows[0]["document"]) if rows else {}
    return document
