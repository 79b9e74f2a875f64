"""The estate that the page is measured on: refreshed, with a hub, a history and action items; kept between runs."""

import asyncio
from dataclasses import dataclass

from bench.allowed.estate import noon
from bench.page.copies import make_large
from bench.refresh.estates import Server, estate
from thirdeye.clock import Clock
from thirdeye.services import open_services
from thirdeye.settings import Settings

# Of a million tables; smaller estates have as many to the table.
ITEMS = 50_000
DEPENDENTS = 100_000
# So many tables are loaded and refreshed; more are copies of them. Loading a million would take 20 minutes.
LOADED = 20_000
_HISTORY = 100
_UPSTREAM = 13
_DEPENDENTS = """INSERT IGNORE INTO entity_relationship (fromId, toId, fromEntity, toEntity, relation)
SELECT %s, id, 'table', 'table', %s FROM (
  SELECT id FROM table_entity WHERE deleted IS NOT TRUE AND id > %s ORDER BY id LIMIT %s) AS others"""
_RULES = "UPDATE action_rule SET maximum_items = %(items)s"
_COMPLETED = """UPDATE action_items SET status = 'DONE', resolution = 'COMPLETED', resolved_at = %(now)s
WHERE id %% 50 = 0 AND resolution IS NULL"""
_EARLIER = """INSERT INTO health_score_history (captured_at, score, status, slot, slot_minutes, meta)
SELECT captured_at - INTERVAL 1 HOUR, GREATEST(score - %(hours)s %% 2, 0), status, slot - 1, slot_minutes, meta
FROM (SELECT * FROM health_score_history ORDER BY slot LIMIT 1) AS oldest"""
_COUNTS = """SELECT (SELECT COUNT(*) FROM table_inventory WHERE removed_at IS NULL) AS tables,
  (SELECT COUNT(*) FROM action_items) AS items"""
_BY_ID = "SELECT fqn FROM table_inventory WHERE id = %(id)s"
_WITH_ITEMS = """SELECT fqn FROM table_inventory JOIN action_items ON table_number = number
WHERE removed_at IS NULL GROUP BY number ORDER BY COUNT(*) DESC LIMIT 1"""


@dataclass(frozen=True, kw_only=True)
class PageEstate:
    """Settings and clock to serve it with, and the names that questions are about."""

    settings: Settings
    clock: Clock
    tables: int
    items: int
    hub: str
    with_items: str


def prepared(at: Server, tables: int, redis_url: str, *, as_it_is: bool) -> PageEstate:
    """The estate; its rows are made unless they are there. `as_it_is`: without refreshing it once more.

    One of more than LOADED tables is that of LOADED tables, copied.
    """
    loaded = min(tables, LOADED)
    om, today = estate(at, loaded)
    hub, clock = _hub(at, om, loaded * DEPENDENTS // 1_000_000), noon(today)
    small, large = (_settings(at, om, each, redis_url) for each in (loaded, tables))
    if not as_it_is:
        asyncio.run(_refresh(small, clock, loaded))
    if tables > loaded:
        copies = round(tables / loaded)
        is_new = asyncio.run(make_large(at, small, large, copies, hub, tables * DEPENDENTS // 1_000_000))
        if is_new or not as_it_is:
            asyncio.run(_detect(large, clock, tables))
    return asyncio.run(_described(large, clock, hub))


def copied(at: Server, tables: int) -> tuple[Settings, Clock]:
    """An estate to ask questions of alone: that of LOADED tables, copied; without history and items."""
    om, today = estate(at, LOADED)
    hub, clock = _hub(at, om, LOADED * DEPENDENTS // 1_000_000), noon(today)
    small, large = (at.settings(om, f"bench_copied_{each}") for each in (LOADED, tables))
    asyncio.run(_published(small, clock))
    asyncio.run(make_large(at, small, large, round(tables / LOADED), hub, tables * DEPENDENTS // 1_000_000))
    return large, clock


async def _published(settings: Settings, clock: Clock) -> None:
    async with open_services(settings, clock=clock) as services:
        await services.refresh.run()


def _settings(at: Server, om: str, tables: int, redis_url: str) -> Settings:
    changes = {"rate_limit": "off", "redis_url": redis_url, "graphql_persisted_only": True}
    return at.settings(om, f"bench_page_{tables}").model_copy(update=changes)


def _hub(at: Server, om: str, dependents: int) -> str:
    """The id of the table that so many others depend on."""
    with at.connect(om) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT MIN(id) FROM table_entity WHERE deleted IS NOT TRUE")
        hub = str(cursor.fetchone()[0])
        cursor.execute(_DEPENDENTS, (hub, _UPSTREAM, hub, dependents))
        return hub


async def _refresh(settings: Settings, clock: Clock, tables: int) -> None:
    print("refreshing ...", flush=True)
    async with open_services(settings, clock=clock) as services:
        # What another version published may lack what this one answers.
        if not await services.score.compute():
            await services.refresh.run()
        history = await services.thirdeye.fetch_one("SELECT COUNT(*) AS length FROM health_score_history")
        for hours in range(1 if history is None else history["length"], _HISTORY):
            await services.thirdeye.execute(_EARLIER, {"hours": hours})
    await _detect(settings, clock, tables)


async def _detect(settings: Settings, clock: Clock, tables: int) -> None:
    async with open_services(settings, clock=clock) as services:
        await services.thirdeye.execute(_RULES, {"items": tables * ITEMS // 1_000_000 // 4})
        await services.detection.run()
        await services.thirdeye.execute(_COMPLETED, {"now": clock()})


async def _described(settings: Settings, clock: Clock, hub: str) -> PageEstate:
    async with open_services(settings, clock=clock) as services:
        read = services.thirdeye.fetch_one
        counts, by_id, with_items = await read(_COUNTS), await read(_BY_ID, {"id": hub}), await read(_WITH_ITEMS)
    assert counts is not None
    assert by_id is not None
    assert with_items is not None, "no action item was found"
    return PageEstate(settings=settings, clock=clock, hub=by_id["fqn"], with_items=with_items["fqn"], **counts)
