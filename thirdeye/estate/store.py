"""SQL behind the API's answers about the estate: refreshes, prices, changes and confirmations."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final

import orjson

from thirdeye.database import MySQL, Row
from thirdeye.inventory.fqn import join_fqn
from thirdeye.inventory.storage_prices import StoragePrice
from thirdeye.locks import is_locked
from thirdeye.session import Session

# How long to wait for others who ask for the same.
_LOCK_SECONDS: Final = 3.0
# The length of the columns that hold a caller's name.
_MAX_NAME_LENGTH: Final = 256
_CHANGES = """
SELECT id, changed_at, kind, number, detail FROM table_change
WHERE changed_at >= %(since)s AND {kinds} AND {before}
  AND EXISTS (SELECT 1 FROM table_inventory WHERE table_inventory.number = table_change.number)
ORDER BY changed_at DESC, id DESC LIMIT %(limit)s
"""
_CHANGES_BEFORE = "changed_at <= %(moment)s AND (changed_at < %(moment)s OR id < %(id)s)"
# Service, database and schema; None for those below what is confirmed.
ConfirmedPlace = tuple[str, str | None, str | None]
_RUN_COLUMNS = """
id, kind, phase, seen, changed, warnings, error, requested_by AS requestedBy, started_at AS startedAt,
finished_at AS finishedAt
"""
_RUNS = f"SELECT {_RUN_COLUMNS} FROM refresh_run WHERE id < %(before)s ORDER BY id DESC LIMIT %(limit)s"
_RUN = f"SELECT {_RUN_COLUMNS} FROM refresh_run WHERE id = %(id)s"
_WAITING_RUN = f"SELECT {_RUN_COLUMNS} FROM refresh_run WHERE phase = 'QUEUED' ORDER BY id DESC LIMIT 1"
_OPEN_RUN = f"SELECT {_RUN_COLUMNS} FROM refresh_run WHERE finished_at IS NULL ORDER BY id DESC LIMIT 1"
_QUEUE_RUN = (
    "INSERT INTO refresh_run (kind, phase, requested_by, started_at) VALUES (%(kind)s, 'QUEUED', %(by)s, %(now)s)"
)
_DROP_RUN = "DELETE FROM refresh_run WHERE id = %(id)s AND phase = 'QUEUED'"
_PUT_PRICE = """
REPLACE INTO storage_price (service_type, service, effective_from, usd_per_gb_month, long_term_usd_per_gb_month,
  long_term_days, set_by, set_at)
VALUES (%(service_type)s, %(service)s, %(effective_from)s, %(usd_per_gb_month)s, %(long_term_usd_per_gb_month)s,
  %(long_term_days)s, %(set_by)s, %(set_at)s)
"""
_UNCOUNTED_USE = "SELECT document, set_by, set_at FROM uncounted_use ORDER BY id DESC LIMIT 1"
_SET_UNCOUNTED_USE = "INSERT INTO uncounted_use (document, set_by, set_at) VALUES (%(document)s, %(by)s, %(now)s)"
_CONFIRMATION_COLUMNS = """
id, kind, fqn, service, database_name AS `database`, schema_name AS `schema`, reason, confirmed_by AS `by`,
confirmed_at AS at, withdrawn_by AS withdrawnBy, withdrawn_at AS withdrawnAt, withdrawn_reason AS withdrawnReason
"""
_CONFIRMATIONS = f"SELECT {_CONFIRMATION_COLUMNS} FROM feed_confirmation ORDER BY id DESC LIMIT %(limit)s"
_CONFIRMED = f"SELECT {_CONFIRMATION_COLUMNS} FROM feed_confirmation WHERE withdrawn_at IS NULL ORDER BY id"
_CONFIRMATION = f"SELECT {_CONFIRMATION_COLUMNS} FROM feed_confirmation WHERE id = %(id)s"
_IN_FORCE = """
withdrawn_at IS NULL AND kind = %(kind)s AND service = %(service)s AND database_name <=> %(database)s
AND schema_name <=> %(schema)s
"""
_CONFIRMED_PLACE = f"SELECT id FROM feed_confirmation WHERE {_IN_FORCE} ORDER BY id LIMIT 1"
_CONFIRM = """
INSERT INTO feed_confirmation (kind, fqn, service, database_name, schema_name, reason, confirmed_by, confirmed_at)
VALUES (%(kind)s, %(fqn)s, %(service)s, %(database)s, %(schema)s, %(reason)s, %(by)s, %(now)s)
"""
_WITHDRAW = f"""
UPDATE feed_confirmation SET withdrawn_by = %(by)s, withdrawn_at = %(now)s, withdrawn_reason = %(reason)s
WHERE {_IN_FORCE}
"""


async def changes(
    thirdeye: MySQL, *, since: datetime, kinds: Sequence[str] | None, before: tuple[datetime, int] | None, limit: int
) -> list[Row]:
    """Changes since a moment, newest first, of tables that the inventory has; `detail` is decoded.

    `kinds` None means all; `before` is the moment and the id of the change that ended the previous page.
    """
    moment, id_ = before or (None, None)
    values = {"since": since, "limit": limit, "kinds": tuple(kinds or ("",))}
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


async def request_run(thirdeye: MySQL, *, kind: str, by: str, now: datetime, running_will_do: bool) -> tuple[Row, bool]:
    """Queues a refresh and returns its `RefreshRun` and True; or returns an open run and False.

    A waiting run is open; with `running_will_do`, so is one that some worker is at. Raises Unavailable when other requests
    hold the lock for three seconds.
    """
    values = {"kind": kind, "by": by[:_MAX_NAME_LENGTH], "now": now}
    # Without the lock, two concurrent requests could both see no waiting run and queue one each.
    async with thirdeye.locked("request", _LOCK_SECONDS) as session:
        # The lease ends with the process that runs the refresh; the row of a killed one stays unfinished.
        running = running_will_do and await is_locked(session, thirdeye.lock_name("refresh"))
        open_run = await session.fetch_one(_OPEN_RUN if running else _WAITING_RUN)
        if open_run is not None:
            return _decode_run(open_run), False
        executed = await session.execute(_QUEUE_RUN, values)
        new_run = await session.fetch_one(_RUN, {"id": executed.inserted_id})
    assert new_run is not None
    return _decode_run(new_run), True


async def drop_run(thirdeye: MySQL, run: int) -> None:
    """Removes a refresh that is still waiting."""
    await thirdeye.execute(_DROP_RUN, {"id": run})


async def put_price(thirdeye: MySQL, price: StoragePrice) -> None:
    """Sets a storage price; replaces one for the same from the same day."""
    await thirdeye.execute(_PUT_PRICE, {**asdict(price), "set_by": price.set_by[:_MAX_NAME_LENGTH]})


async def confirmations(thirdeye: MySQL, limit: int) -> list[Row]:
    """Confirmations, also those that were taken back, newest first, as the API's `Confirmation` has them."""
    return await thirdeye.fetch_all(_CONFIRMATIONS, {"limit": limit})


async def confirmations_in_force(thirdeye: MySQL) -> list[Row]:
    """Confirmations that nobody took back, oldest first."""
    return await thirdeye.fetch_all(_CONFIRMED)


async def confirm(
    thirdeye: MySQL, kind: str, place: ConfirmedPlace, *, reason: str, by: str, now: datetime
) -> tuple[Row, bool]:
    """Confirms a place (service, database, schema); returns the confirmation in force, and whether it is new.

    Raises Unavailable when other requests hold the lock for three seconds.
    """
    service, database, schema = place
    where = {"kind": kind, "service": service, "database": database, "schema": schema}
    async with thirdeye.locked("confirm", _LOCK_SECONDS) as session:
        in_force = await session.fetch_one(_CONFIRMED_PLACE, where)
        if in_force is not None:
            return await _confirmation(session, in_force["id"]), False
        fqn = join_fqn(name for name in place if name is not None)
        values = {**where, "fqn": fqn, "reason": reason, "by": by[:_MAX_NAME_LENGTH], "now": now}
        return await _confirmation(session, (await session.execute(_CONFIRM, values)).inserted_id), True


async def withdraw(
    thirdeye: MySQL, kind: str, place: ConfirmedPlace, *, reason: str, by: str, now: datetime
) -> Row | None:
    """Takes the confirmation of a place back and returns it; None if there is none in force. Raises as `confirm` does."""
    service, database, schema = place
    where = {"kind": kind, "service": service, "database": database, "schema": schema}
    async with thirdeye.locked("confirm", _LOCK_SECONDS) as session:
        in_force = await session.fetch_one(_CONFIRMED_PLACE, where)
        if in_force is None:
            return None
        await session.execute(_WITHDRAW, {**where, "reason": reason, "by": by[:_MAX_NAME_LENGTH], "now": now})
        return await _confirmation(session, in_force["id"])


async def _confirmation(session: Session, confirmation: int) -> Row:
    row = await session.fetch_one(_CONFIRMATION, {"id": confirmation})
    assert row is not None
    return row


def _decode_run(row: Row) -> Row:
    # Runs of earlier versions have one example.
    row["warnings"] = [
        {"examples": [warning["example"]], **warning} for warning in orjson.loads(row["warnings"] or "[]")
    ]
    return row


async def uncounted_use(thirdeye: MySQL) -> Row | None:
    """What administrators said last of the use that does not count: `document`, `set_by`, and `set_at` in UTC."""
    rows = await thirdeye.fetch_all(_UNCOUNTED_USE)
    return {**rows[0], "document": orjson.loads(rows[0]["document"])} if rows else None


async def set_uncounted_use(thirdeye: MySQL, document: Mapping[str, Sequence[str]], by: str, now: datetime) -> None:
    """Says what does not count from now on."""
    values = {"document": orjson.dumps(document).decode(), "by": by[:_MAX_NAME_LENGTH], "now": now}
    await thirdeye.execute(_SET_UNCOUNTED_USE, values)
