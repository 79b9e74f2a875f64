"""SQL behind the API's answers about the estate: refreshes, prices and changes."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import orjson

from thirdeye.database import MySQL, Row
from thirdeye.errors import Unavailable

# The length of the columns that hold a caller's name.
_MAX_NAME_LENGTH: Final = 256
_CHANGES = """
SELECT id, changed_at, kind, number, detail FROM table_change
WHERE changed_at >= %(since)s AND {kinds} AND {before} ORDER BY changed_at DESC, id DESC LIMIT %(limit)s
"""
_CHANGES_BEFORE = "changed_at <= %(moment)s AND (changed_at < %(moment)s OR id < %(id)s)"
_RUN_COLUMNS = """
id, kind, phase, seen, changed, warnings, error, requested_by AS requestedBy, started_at AS startedAt,
finished_at AS finishedAt
"""
_RUNS = f"SELECT {_RUN_COLUMNS} FROM refresh_run WHERE id < %(before)s ORDER BY id DESC LIMIT %(limit)s"
_RUN = f"SELECT {_RUN_COLUMNS} FROM refresh_run WHERE id = %(id)s"
_WAITING_RUN = f"SELECT {_RUN_COLUMNS} FROM refresh_run WHERE phase = 'QUEUED' ORDER BY id DESC LIMIT 1"
_OPEN_RUN = f"""
SELECT {_RUN_COLUMNS} FROM refresh_run
WHERE finished_at IS NULL AND (phase = 'QUEUED' OR started_at > %(since)s) ORDER BY id DESC LIMIT 1
"""
# Without the lock, two concurrent requests could both see no waiting run and queue one each.
_LOCK = "SELECT GET_LOCK(%(lock)s, 3) AS acquired"
_UNLOCK = "SELECT RELEASE_LOCK(%(lock)s) AS released"
_QUEUE_RUN = (
    "INSERT INTO refresh_run (kind, phase, requested_by, started_at) VALUES (%(kind)s, 'QUEUED', %(by)s, %(now)s)"
)
_DROP_RUN = "DELETE FROM refresh_run WHERE id = %(id)s AND phase = 'QUEUED'"
_PUT_PRICE = """
REPLACE INTO storage_price (service_type, effective_from, usd_per_gb_month, set_by, set_at)
VALUES (%(service_type)s, %(effective_from)s, %(price)s, %(by)s, %(now)s)
"""


async def changes(
    thirdeye: MySQL, *, since: datetime, kinds: Sequence[str] | None, before: tuple[datetime, int] | None, limit: int
) -> list[Row]:
    """Changes since a moment, newest first; `detail` is decoded.

    `kinds` None means all; `before` is the moment and the id of the change that ended the previous page.
    """
    moment, id_ = before or (None, None)
    values = {"since": since.replace(tzinfo=None), "limit": limit, "kinds": tuple(kinds or ("",))}
    condition = _CHANGES.format(
        kinds="TRUE" if kinds is None else "kind IN %(kinds)s", before="TRUE" if before is None else _CHANGES_BEFORE
    )
    rows = await thirdeye.fetch_all(condition, {**values, "moment": moment, "id": id_})
    for row in rows:
        row["detail"] = orjson.loads(row["detail"]) if row["detail"] else {}
    return rows


async def runs(thirdeye: MySQL, *, before: int, limit: int) -> list[Row]:
    """Refreshes with ids below `before`, newest first, as the API's `RefreshRun` has them."""
    return [_decode_run(row) for row in await thirdeye.fetch_all(_RUNS, {"before": before, "limit": limit})]


async def request_run(
    thirdeye: MySQL, *, kind: str, by: str, now: datetime, since: datetime | None
) -> tuple[Row, bool]:
    """Queues a refresh and returns its `RefreshRun` and True; or returns an open run and False.

    A waiting run is open; with `since`, so is a run that started after that moment and has not finished. Raises
    Unavailable when other requests hold the lock for three seconds.
    """
    values = {"kind": kind, "by": by[:_MAX_NAME_LENGTH], "now": now.replace(tzinfo=None)}
    lock = {"lock": f"{thirdeye.schema}.request"[:64]}
    async with thirdeye.session() as session:
        locked = await session.fetch_one(_LOCK, lock)
        if not locked or not locked["acquired"]:
            raise Unavailable("others are asking for a refresh at the moment; try again")
        try:
            if since is None:
                open_run = await session.fetch_one(_WAITING_RUN)
            else:
                open_run = await session.fetch_one(_OPEN_RUN, {"since": since.replace(tzinfo=None)})
            if open_run is not None:
                return _decode_run(open_run), False
            executed = await session.execute(_QUEUE_RUN, values)
            new_run = await session.fetch_one(_RUN, {"id": executed.inserted_id})
        finally:
            await session.fetch_one(_UNLOCK, lock)
    assert new_run is not None
    return _decode_run(new_run), True


async def drop_run(thirdeye: MySQL, run: int) -> None:
    """Removes a refresh that is still waiting."""
    await thirdeye.execute(_DROP_RUN, {"id": run})


async def put_price(
    thirdeye: MySQL, *, service_type: str, effective_from: date, price: Decimal, by: str, now: datetime
) -> None:
    """Sets the storage price of a service type from a day on; replaces a price for the same day."""
    values = {"service_type": service_type, "effective_from": effective_from, "price": price}
    await thirdeye.execute(_PUT_PRICE, {**values, "by": by[:_MAX_NAME_LENGTH], "now": now.replace(tzinfo=None)})


def _decode_run(row: Row) -> Row:
    row["warnings"] = orjson.loads(row["warnings"]) if row["warnings"] else []
    return row
