"""What rests on evidence that cannot be read now neither opens nor ends nor changes an item; read again, it is as if nothing
had been."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import pymysql
import pytest

from tests.support.api import ACCOUNTS, prepare_accounts
from tests.support.database import copy_schema
from tests.support.everything import (
    CORE,
    Looking,
    add_rules,
    add_tables_of_newer_versions,
    change_before,
    change_meanwhile,
    has_everything,
    looking,
)
from tests.support.mirror import Mirror, nothing
from tests.support.om_estate import OMEstate
from tests.support.om_rows import OMRows
from thirdeye.database import thirdeye_database
from thirdeye.errors import DatabaseUnavailable
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.mirror.openmetadata.source_tables import ASSETS, SOURCE_TABLES, TABLES
from thirdeye.mirror.refresh import PHASE_NAMES

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured]
Records = dict[str, list[dict[str, Any]]]
PLAIN: Final = list(ASSETS.values())
# Each half of the tables, columns and phases goes to one of the servers; `make soak` has the rest.
HALVES: Final = (0, 1)
# How many are taken away together; `make soak` takes one at a time.
AT_ONCE: Final = pytest.mark.parametrize("at_once", [4, pytest.param(1, marks=pytest.mark.soak)])
FQN_HASH: Final = (TABLES, "fqnHash")


@pytest.fixture
async def seen(estate: OMEstate, om: OMRows, sql_server: MariaDB | MySQL) -> AsyncIterator[Looking]:
    """An estate in which everything was read, some weeks of work, and all of OM's tables."""
    added = add_tables_of_newer_versions(om)
    prepare_accounts(sql_server, om.schema, estate.mirror.settings.thirdeye_mysql_schema)
    yield await looking(estate)
    for table in added:
        om.run(f"DROP TABLE {table}")


def differences(mine: Records, theirs: Records) -> list[Any]:
    """The rows that only one of them has."""
    return [
        (table, side, row)
        for table in mine
        if mine[table] != theirs[table]
        for side, some, others in (("+", mine[table], theirs[table]), ("-", theirs[table], mine[table]))
        for row in some
        if row not in others
    ]


async def unchanged(seen: Looking, before: Records, what: str, *, warned: bool = True) -> None:
    """Not a row of what people are told has changed, and something was said."""
    assert bool(seen.warnings) or not warned, what
    assert differences(await seen.records(), before) == [], what


def groups_of(cases: list[Any], size: int, alone: Any) -> list[list[Any]]:
    """What is taken away together; without `alone` there is no refresh, so that it would hide the others."""
    others = [case for case in cases if case != alone]
    together = [others[start : start + size] for start in range(0, len(others), size)]
    return [*together, [alone]] if alone in cases else together


@AT_ONCE
@pytest.mark.parametrize("half", HALVES)
async def test_each_table_that_cannot_be_read_changes_no_item(seen: Looking, half: int, at_once: int) -> None:
    """One group after the other: while one cannot be read, the one before is read again."""
    records, published = await seen.records(), await seen.published()
    for group in groups_of(list(SOURCE_TABLES[half::2]), at_once, TABLES):
        names = [table.name for table in group]
        for name in names:
            seen.revoke(name)
        if TABLES in group:
            with pytest.raises(DatabaseUnavailable):
                await seen.refresh()
            await seen.detect()
        else:
            await seen.refresh()
            unsaid = [name for name in names if not any(name in message for message in seen.warnings)]
            assert unsaid == []
        await unchanged(seen, records, f"{names} revoked", warned=TABLES not in group)
        seen.grant_all()
    await as_before(seen, records, published, "revoked")
    # Of the kinds of assets that nothing tells apart one is enough.
    apart = [table for table in SOURCE_TABLES[half::2] if table not in PLAIN[1:]]
    for group in groups_of(apart, at_once, TABLES):
        names = [table.name for table in group]
        for name in names:
            seen.sql(f"RENAME TABLE {name} TO away_{name}")
        await seen.refresh("FULL") if TABLES not in group else await seen.detect()
        await unchanged(seen, records, f"{names} away", warned=TABLES not in group)
        for name in names:
            seen.sql(f"RENAME TABLE away_{name} TO {name}")
    await as_before(seen, records, published, "away")


async def as_before(seen: Looking, records: Records, published: dict[str, Any], what: str) -> None:
    """All can be read again: a refresh from changes finds everything as it was, and says nothing."""
    await seen.refresh()
    await unchanged(seen, records, what, warned=False)
    assert await seen.published() == published, what
    assert not [message for message in seen.warnings if "read" in message], what


@AT_ONCE
@pytest.mark.parametrize("half", HALVES)
async def test_a_column_that_can_no_longer_be_read_changes_no_item(seen: Looking, half: int, at_once: int) -> None:
    """One group after the other, as tables."""
    records, published = await seen.records(), await seen.published()
    # Some versions of OpenMetadata lack some.
    existing = [
        (table, column)
        for table in SOURCE_TABLES
        for column in (table.optional if table not in PLAIN[1:] else ())
        if column in seen.granted(table.name)
    ]
    for group in groups_of(existing[half::2], at_once, FQN_HASH):
        for table, column in group:
            seen.revoke(table.name, column)
        if FQN_HASH in group:
            with pytest.raises(DatabaseUnavailable):
                await seen.refresh()
            await seen.detect()
        else:
            await seen.refresh()
            # For the others of a table's columns there is what stands in the rest of its row.
            for table, column in group:
                assert table is TABLES or any(column in message for message in seen.warnings), (table.name, column)
        of_others = any(table is not TABLES for table, _ in group)
        await unchanged(seen, records, str([(table.name, column) for table, column in group]), warned=of_others)
        seen.grant_all()
    await as_before(seen, records, published, "columns")


async def test_no_column_that_a_version_lacks_is_needed(
    estate: OMEstate, om: OMRows, sql_server: MariaDB | MySQL
) -> None:
    """Nor one that the account never could read."""
    added = add_tables_of_newer_versions(om)
    prepare_accounts(sql_server, om.schema, estate.mirror.settings.thirdeye_mysql_schema)
    has_everything(om)
    await add_rules(estate.mirror.thirdeye, estate.mirror.now)
    looking = Looking(estate)
    for table in SOURCE_TABLES:
        lacking = {*table.optional} & {*looking.granted(table.name)}
        if lacking:
            looking.revoke(table.name, *lacking)
    # What tables have is found by the hashes of their names: without these nothing may go.
    assert (await looking.refresh())["phase"] == "DONE"
    assert all("EVIDENCE_INCOMPLETE" in each.blockers for each in (await estate.seen()).values())
    looking.sql(f"GRANT SELECT (fqnHash) ON {om.schema}.{TABLES.name} TO '{ACCOUNTS.om_user}'@'%'")
    for kind in ("AUTO", "AUTO", "FULL"):
        assert (await looking.refresh(kind))["phase"] == "DONE"
        (said,) = [each for each in looking.warnings if "read" in each]
        assert "dbservice_entity(id)" in said
        seen = await estate.seen()
        for name, blocker in {"upstream": "ACTIVE_DOWNSTREAM", "critical": "CRITICAL_TIER"}.items():
            assert seen[f"{CORE}.{name}"].blockers & {blocker, "EVIDENCE_INCOMPLETE"} == {blocker}
    for table_name in added:
        om.run(f"DROP TABLE {table_name}")


async def revoked_during(seen: Looking, phase: str, revoke: Callable[[], None], kind: str, before: Any) -> None:
    """A refresh that loses something at the beginning of a phase changes nothing, and the next one finds all as it was."""
    records, published = before

    def revoke_at(name: str, _seen: int) -> None:
        if name == phase:
            revoke()

    try:
        await seen.refresh(kind, revoke_at)
    except (pymysql.err.MySQLError, DatabaseUnavailable):
        # It was published by half to nobody.
        await seen.detect()
    await unchanged(seen, records, phase, warned=False)
    seen.grant_all()
    await seen.refresh()
    assert differences(await seen.records(), records) == [], phase
    assert await seen.published() == published, phase


@pytest.mark.parametrize("half", HALVES)
async def test_what_is_revoked_during_a_refresh_changes_no_item(seen: Looking, half: int) -> None:
    before = await seen.records(), await seen.published()
    for number, phase in list(enumerate(PHASE_NAMES))[half::2]:
        await revoked_during(seen, phase, seen.revoke_all_but_tables, ("AUTO", "FULL")[number % 2], before)


@pytest.mark.soak
@pytest.mark.parametrize("phase", PHASE_NAMES)
async def test_each_table_that_is_revoked_during_a_refresh_changes_no_item(seen: Looking, phase: str) -> None:
    before = await seen.records(), await seen.published()
    for number, table in enumerate(each for each in SOURCE_TABLES if each not in PLAIN[1:]):
        await revoked_during(
            seen, phase, lambda name=table.name: seen.revoke(name), ("AUTO", "FULL")[number % 2], before
        )


@asynccontextmanager
async def twin_of(seen: Looking, server: MariaDB | MySQL, schema: str) -> AsyncIterator[Looking]:
    """The same estate as it is now, which goes on by itself."""
    mirror = seen.estate.mirror
    settings = mirror.settings.model_copy(update={"thirdeye_mysql_schema": schema})
    copy_schema(server, mirror.settings.thirdeye_mysql_schema, schema)
    seen.sql(f"GRANT ALL PRIVILEGES ON `{schema}`.* TO '{ACCOUNTS.thirdeye_user}'@'%'")
    thirdeye = thirdeye_database(settings, nothing)
    await thirdeye.start()
    try:
        over = Mirror(settings, mirror.om, thirdeye, mirror.now)
        yield Looking(OMEstate(seen.om, over, {}))
    finally:
        await thirdeye.stop()


async def found_afterwards(seen: Looking, server: MariaDB | MySQL, schema: str, table: str | None, number: int) -> None:
    """What changes while a table, or all but tables (None), cannot be read is the same afterwards as to a twin that reads."""
    change_before(seen.om, number)
    await seen.refresh()
    async with twin_of(seen, server, schema) as twin:
        seen.revoke(table) if table is not None else seen.revoke_all_but_tables()
        await seen.refresh()
        change_meanwhile(seen.om, number)
        before = await seen.records()
        for kind in ("AUTO", "FULL"):
            await seen.refresh(kind)
            assert table is not None or differences(await seen.records(), before) == [], kind
        seen.grant_all()
        for each in (seen, twin):
            await each.refresh()
        assert differences(await seen.records(), await twin.records()) == [], table
        mine, theirs = await comparable(seen), await comparable(twin)
        assert mine == theirs, table


async def comparable(each: Looking) -> dict[str, Any]:
    """What is published, but for numbers of services, and for what is absent: that stays as it was seen last, if it was."""
    found = {}
    for fqn, (row, verdict) in (await each.published()).items():
        unknown = {"UNKNOWN_DOWNSTREAM"} if "down_" in fqn else set()
        if "dropped_" not in fqn:
            found[fqn] = row | {"place": fqn}, replace(verdict, blockers=verdict.blockers - unknown)
    return found


async def test_what_happens_while_nothing_can_be_read_is_found_afterwards(
    seen: Looking, sql_server: MariaDB | MySQL, schema_name: Callable[[str], str]
) -> None:
    await found_afterwards(seen, sql_server, schema_name("twin"), None, 0)


MEANWHILE: Final = ("entity_relationship", "tag_usage", "profiler_data_time_series", "entity_usage", "dbservice_entity")


@pytest.mark.soak
async def test_what_happens_while_a_table_cannot_be_read_is_found_afterwards(
    seen: Looking, sql_server: MariaDB | MySQL, schema_name: Callable[[str], str]
) -> None:
    for number, table in enumerate(MEANWHILE):
        await found_afterwards(seen, sql_server, schema_name("twin"), table, number)
