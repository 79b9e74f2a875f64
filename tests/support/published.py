"""An API over a refreshed estate, and refreshes that are published just when it hurts."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any
from unittest.mock import patch
from uuid import UUID

import numpy as np
import orjson

from tests.support.api import Api, running
from tests.support.clocks import NOON
from tests.support.database import copy_rows, copy_schema
from tests.support.mirror import mirror
from thirdeye.inventory.columns import PRESENT, QUERY_FIELDS, Columns
from thirdeye.inventory.directory import Directory
from thirdeye.inventory.fqn import digest, join_fqn
from thirdeye.inventory.rules import ACTIVITY_CODE, UNKNOWN_REASONS, Activity
from thirdeye.inventory.verdicts import UNKNOWN_IDLE_DAYS
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.local.tokens import Signer
from thirdeye.session import Session
from thirdeye.settings import Settings

# By server, and settings or sample: a schema that holds what a refresh makes of the sample, and is only copied from.
_REFRESHED = dict[tuple[MariaDB | MySQL, str], str]()


async def publish_sample(server: MariaDB | MySQL, settings: Settings, *, sample: str = "") -> None:
    """Publishes the sample estate in an empty schema, as a first refresh does: refreshed once, copied from then on.

    `sample` names one of which each test has a copy of its own, with equal settings but for the names of schemas.
    """
    key, schema = (server, sample or settings.model_dump_json()), settings.thirdeye_mysql_schema
    if key in _REFRESHED:
        copy_rows(server, _REFRESHED[key], schema)
        return
    async with mirror(settings, NOON) as refreshed:
        await refreshed.refresh()
    copy_schema(server, schema, f"{schema}_refreshed_{len(_REFRESHED)}")
    _REFRESHED[key] = f"{schema}_refreshed_{len(_REFRESHED)}"


@asynccontextmanager
async def published(server: MariaDB | MySQL, settings: Settings, signer: Signer) -> AsyncIterator[Api]:
    """The API over the published sample estate."""
    await publish_sample(server, settings)
    async with running(settings, signer, clock=lambda: NOON) as api:
        yield api


def republish(server: MariaDB | MySQL, schema: str) -> None:
    """Publishes the same estate once more, as a full refresh does that happens to number all sets of owners anew.

    No version of any blob stays, so that who mixes two generations finds nothing, or the wrong owners.
    """
    with server.connect(schema) as connection, connection.cursor() as cursor:
        connection.begin()
        cursor.execute("SELECT generation FROM estate_state")
        before = cursor.fetchone()[0]
        cursor.execute("SELECT name, data FROM estate_blob")
        blobs = dict(cursor.fetchall())
        directory = orjson.loads(blobs["directory"])
        sets = directory["owner_sets"]
        directory["owner_sets"] = [sets[0], *reversed(sets[1:])]
        blobs["directory"] = orjson.dumps(directory)
        for name in [name for name in blobs if name.startswith("query/")]:
            blobs[name] = _renumbered(blobs[name], len(sets))
        cursor.execute("UPDATE table_inventory SET owner_set = IF(owner_set = 0, 0, %s - owner_set)", (len(sets),))
        cursor.execute("DELETE FROM estate_blob")
        for name, data in blobs.items():
            values = (name, before + 1, data)
            cursor.execute("INSERT INTO estate_blob (name, generation, data) VALUES (%s, %s, _binary %s)", values)
        cursor.execute("UPDATE estate_state SET generation = %s", (before + 1,))
        connection.commit()


def _renumbered(data: bytes, sets: int) -> bytes:
    columns = Columns(QUERY_FIELDS)
    columns.unpack(0, data)
    for name in ("owners", "departed"):
        columns[name] = (sets - columns[name]) * (columns[name] > 0)
    return columns.packed(0)


@contextmanager
def recorded_statements() -> Iterator[list[str]]:
    """The statements of what is asked within; what the API does in the background runs in other contexts."""
    recording: ContextVar[list[str] | None] = ContextVar("recording", default=None)
    run = Session._run

    async def record(self: Session, cursor: Any, sql: str, values: Any) -> None:
        statements = recording.get()
        if statements is not None:
            statements.append(sql)
        await run(self, cursor, sql, values)

    with patch.object(Session, "_run", record):
        statements = list[str]()
        recording.set(statements)
        yield statements


def facts(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    """What a statement finds."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def publish_directory(
    server: MariaDB | MySQL, schema: str, directory: Directory, places: Sequence[int], unknown: Sequence[int]
) -> None:
    """Publishes a directory without a refresh, with a table for each of `places`; `unknown` has why its use is unknown.

    The tables are `t0`, `t1`, ... The schema must have been migrated.
    """
    columns, tables = Columns(QUERY_FIELDS, len(places)), list[tuple[Any, ...]]()
    for name, values in (("flags", [PRESENT] * len(places)), ("place", places), ("unknown", unknown)):
        columns[name] = np.array(values)
    columns["activity"] = np.full(len(places), ACTIVITY_CODE[Activity.UNKNOWN])
    columns["idle"] = np.full(len(places), UNKNOWN_IDLE_DAYS)
    for number, (place, code) in enumerate(zip(places, unknown, strict=True)):
        service, database, schema_name = directory["places"][place]
        path = [directory["services"][service]["name"], database, schema_name]
        fqn, why = join_fqn([*filter(None, path), f"t{number}"]), UNKNOWN_REASONS[code]
        tables.append((number, str(UUID(int=number)), fqn, digest(fqn), f"t{number}", *path, why and why.value, NOON))
    blobs = {"directory": orjson.dumps(directory), "summary": b'{"byService": []}', "query/00000": columns.packed(0)}
    with server.connect(schema) as connection, connection.cursor() as cursor:
        connection.begin()
        cursor.executemany(
            "INSERT INTO table_inventory (number, id, fqn, fqn_key, name, service, database_name, schema_name,"
            " unknown_reason, seen_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            tables,
        )
        cursor.executemany(
            "INSERT INTO estate_blob (name, generation, data) VALUES (%s, 1, _binary %s)", list(blobs.items())
        )
        cursor.execute("INSERT INTO estate_state VALUES (1, 1, %s, %s)", (NOON, NOON.date()))
        connection.commit()
