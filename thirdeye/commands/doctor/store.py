"""What the doctor asks both databases. It only reads."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from thirdeye.session import Row, Session

_SERVER = """
SELECT VERSION() AS version, UTC_TIMESTAMP(6) AS clock, @@global.max_connections AS max_connections,
       @@global.max_allowed_packet AS max_packet, @@global.read_only AS read_only
"""
_SCHEMAS = "SELECT table_schema AS name FROM information_schema.tables WHERE table_name = 'table_entity' ORDER BY name"
# Any right on a column shows it; only one of them lets it be read.
_SELECTABLE = """
SELECT table_name AS table_name, column_name AS column_name FROM information_schema.columns
WHERE table_schema = DATABASE() AND FIND_IN_SET('select', privileges)
"""
_TABLES = """
SELECT table_name AS name, COALESCE(data_length + index_length, 0) AS bytes FROM information_schema.tables
WHERE table_schema = DATABASE()
"""
_LOCK_ROWS = "SELECT COUNT(*) AS held FROM yoyo_lock"
_REFRESHED = "SELECT refreshed_at FROM estate_state WHERE id = 1"
_LAST_RUN = """
SELECT phase, error, warnings, started_at, finished_at FROM refresh_run WHERE finished_at IS NOT NULL
ORDER BY id DESC LIMIT 1
"""
_OPEN_RUNS = "SELECT COUNT(*) AS open FROM refresh_run WHERE finished_at IS NULL AND phase <> 'QUEUED'"
_ESTATE = "SELECT COUNT(*) AS found FROM table_inventory"
_REFUSALS = "SELECT why, SUM(refusals) AS refusals FROM refusal WHERE last_at >= %(since)s GROUP BY why"
_DENIED = "SELECT COUNT(*) AS denied FROM token_denial"
# Tables to which rows are added and seldom taken from, with the time of a row.
_GROWING: Final[Mapping[str, str]] = {
    "table_change": "changed_at",
    "action_event": "happened_at",
    "saving_entry": "found_at",
    "health_score_history": "captured_at",
    "refresh_run": "started_at",
}
_ROWS = "SELECT COUNT(*) AS total, COALESCE(SUM({column} >= %(since)s), 0) AS new FROM {table}"


async def begin_reading(session: Session) -> None:
    """From now on nothing can be written over this connection."""
    await session.execute("SET SESSION TRANSACTION READ ONLY")


async def server_facts(session: Session) -> Row:
    """Version, clock in UTC, limits, and whether the server takes writes."""
    row = await session.fetch_one(_SERVER)
    assert row is not None
    return row


async def grants(session: Session) -> list[str]:
    """The lines of SHOW GRANTS."""
    return [str(next(iter(row.values()))) for row in await session.fetch_all("SHOW GRANTS")]


async def openmetadata_schemas(session: Session) -> list[str]:
    """The schemas in which this account sees a table of OpenMetadata's."""
    return [str(row["name"]) for row in await session.fetch_all(_SCHEMAS)]


async def selectable_columns(session: Session) -> dict[str, set[str]]:
    """By table of the schema the columns that this account may read."""
    columns = dict[str, set[str]]()
    for row in await session.fetch_all(_SELECTABLE):
        columns.setdefault(str(row["table_name"]), set()).add(str(row["column_name"]))
    return columns


async def table_sizes(session: Session) -> dict[str, int]:
    """By table of the schema its bytes, as the server last counted them."""
    return {str(row["name"]): int(row["bytes"]) for row in await session.fetch_all(_TABLES)}


async def lock_rows(session: Session) -> int:
    """Rows of yoyo's own lock."""
    row = await session.fetch_one(_LOCK_ROWS)
    return int(row["held"]) if row else 0


async def refreshes(session: Session) -> dict[str, Any]:
    """When the estate was published, the last run that ended with the codes of its warnings, and how many are open."""
    state, last, unfinished = [await session.fetch_one(sql) for sql in (_REFRESHED, _LAST_RUN, _OPEN_RUNS)]
    warnings = orjson.loads(last["warnings"]) if last and last["warnings"] else []
    return {
        "refreshed_at": state["refreshed_at"] if state else None,
        "last": last,
        "warnings": [str(each.get("code")) for each in warnings],
        "open": int(unfinished["open"]) if unfinished else 0,
    }


async def estate_tables(session: Session) -> int:
    """Tables of the inventory, those that are gone among them."""
    row = await session.fetch_one(_ESTATE)
    return int(row["found"]) if row else 0


async def growing_rows(session: Session, since: datetime) -> dict[str, tuple[int, int]]:
    """By table that grows its rows, and those that came since then."""
    rows = {}
    for table, column in _GROWING.items():
        row = await session.fetch_one(_ROWS.format(table=table, column=column), {"since": since})
        rows[table] = (int(row["total"]), int(row["new"])) if row else (0, 0)
    return rows


async def refusals(session: Session, since: datetime) -> dict[str, int]:
    """By reason how many requests were refused since then."""
    rows = await session.fetch_all(_REFUSALS, {"since": since})
    return {str(row["why"]): int(row["refusals"]) for row in rows}


async def denied_tokens(session: Session) -> int:
    """How many tokens are denied."""
    row = await session.fetch_one(_DENIED)
    return int(row["denied"]) if row else 0
