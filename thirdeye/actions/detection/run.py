"""Detection: after each refresh, what the estate calls for becomes items, and items follow what became of their tables.

Pages of a thousand, each a transaction: killed at any point the rest comes with the next run, and a run over the same
estate changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from thirdeye.actions.campaigns import store as campaigns
from thirdeye.actions.campaigns.membership import feed
from thirdeye.actions.changes import Actor, Change, apply
from thirdeye.actions.detection import store
from thirdeye.actions.detection.matching import Amounts, Found, amounts_of, find
from thirdeye.actions.detection.rules import Facts, Finding, Item, Patience, judged, state_of
from thirdeye.actions.enums import DETECTION, Category, title_of
from thirdeye.actions.renamed_tables import renamed_tables_of
from thirdeye.actions.savings import store as savings
from thirdeye.actions.savings.measurement import measure_savings
from thirdeye.actions.savings.rules import baseline_of
from thirdeye.clock import Clock
from thirdeye.database import MySQL, Row
from thirdeye.estate.loaders import table_of
from thirdeye.inventory.columns import CHUNK, PRESENT, Mask, day_of, select
from thirdeye.inventory.reader import EstateReader, NotReadYet, Snapshot, Superseded
from thirdeye.inventory.verdicts import ADVICE_FIELDS, BLOCKER_BIT, VERDICTS, Blocker
from thirdeye.settings import Settings

_PAGE: Final = 1_000
_TRIES: Final = 3
_UNSEEN: Final = BLOCKER_BIT[Blocker.EVIDENCE_INCOMPLETE] | BLOCKER_BIT[Blocker.UNKNOWN_USAGE]
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How many items a run opened, and changed or ended, and of how many tables it measured something new."""

    opened: int = 0
    changed: int = 0
    measured: int = 0


@dataclass(frozen=True)
class _TableContext:
    """What of a request's context showing a table needs."""

    settings: Settings
    clock: Clock
    thirdeye: MySQL
    estate: EstateReader
    loaders: dict[str, Any]


class Detection:
    """Runs over the published estate; one at a time across all processes."""

    def __init__(self, *, settings: Settings, thirdeye: MySQL, estate: EstateReader, clock: Clock) -> None:
        self._settings = settings
        self._thirdeye = thirdeye
        self._estate = estate
        self._clock = clock
        self._context = _TableContext(settings, clock, thirdeye, estate, {})

    async def is_due(self) -> bool:
        """Whether an estate is published that no run has been through."""
        try:
            snapshot = await self._estate.snapshot(newest=True)
        except NotReadYet:
            return False
        known = await store.state(self._thirdeye)
        return known is None or known["generation"] != snapshot.generation

    async def run(self) -> Outcome | None:
        """Goes through the newest estate; None when another process is at it. Raises NotReadYet, DatabaseUnavailable."""
        async with self._thirdeye.lease("detection") as lease:
            if lease is None:
                return None
            for _ in range(_TRIES):
                try:
                    return await self._run(await self._estate.snapshot(newest=True))
                except Superseded:
                    continue
            raise Superseded

    async def _run(self, snapshot: Snapshot) -> Outcome:
        measured = await measure_savings(self._thirdeye, snapshot, self._clock())
        items = await store.items(self._thirdeye)
        amounts = await amounts_of(snapshot)
        opened = await store.open_findings(self._thirdeye)
        length = snapshot.catalogue.columns.length
        rules = [rule for rule in await store.action_rules(self._thirdeye) if rule["enabled"]]
        found = await find(
            self._estate,
            snapshot,
            rules,
            amounts=amounts,
            is_open=open_masks(opened, length),
            decisions=await store.decisions(self._thirdeye),
            patience=patience_of(self._settings),
        )
        changed = await self._follow(snapshot, items, found, rules, amounts)
        # Anew, for some have just ended.
        opened = await store.open_findings(self._thirdeye)
        number = await self._open(snapshot, opened, found, rules, amounts)
        for campaign in await campaigns.feeding(self._thirdeye):
            await feed(self._thirdeye, self._estate, snapshot, campaign)
        outcome = Outcome(opened=number, changed=changed, measured=measured)
        await store.put_state(
            self._thirdeye,
            generation=snapshot.generation,
            now=self._clock(),
            opened=number,
            changed=changed,
            measured=measured,
        )
        log.info("detected", generation=snapshot.generation, opened=number, changed=changed, measured=measured)
        return outcome

    # ---- items that there are

    async def _follow(
        self,
        snapshot: Snapshot,
        items: Sequence[Item],
        found: Mapping[str, Found],
        rules: Sequence[Row],
        amounts: Amounts,
    ) -> int:
        await snapshot.load(("flags", "accessed", "written", *ADVICE_FIELDS))
        facts_of = await self._facts(snapshot, items)
        places = {
            category: dict(zip(each.numbers.tolist(), each.rules.tolist(), strict=True))
            for category, each in found.items()
        }
        now, changes = self._clock(), list[tuple[Item, dict[str, Any]]]()
        for item in items:
            number, category = item.table_number, item.category or ""
            place = places.get(category, {}).get(number)
            finding = None
            if place is not None:
                finding = Finding(rules[place]["priority"], amounts.saving(number, category))
            columns = judged(item, finding, facts_of(number), snapshot.as_of, now)
            state = state_of(item)
            columns = {name: value for name, value in columns.items() if value != state[name]}
            if columns:
                changes.append((item, columns))
        for start in range(0, len(changes), _PAGE):
            page = changes[start : start + _PAGE]
            async with self._thirdeye.transaction() as session:
                versions = await store.locked_versions(session, [item.id for item, _ in page])
                # What somebody changed since it was read is looked at again by the next run.
                todo = [
                    Change(state=dict(state_of(item)), columns=columns)
                    for item, columns in page
                    if versions.get(item.id) == item.version
                ]
                costs = {item.table_number: amounts.cost(item.table_number) for item, _ in page}
                await apply(session, todo, Actor(DETECTION), now, costs)
        return len(changes)

    async def _facts(self, snapshot: Snapshot, items: Sequence[Item]) -> Any:
        columns = snapshot.catalogue.columns

        def value(number: int, name: str) -> int:
            if number >= columns.length:
                return 0
            chunk, place = divmod(number, CHUNK)
            return int(columns.parts(chunk)[name][place])

        renamed = [
            item.table_number
            for item in items
            if item.stage is not None and not value(item.table_number, "flags") & PRESENT
        ]
        twins = await renamed_tables_of(self._thirdeye, renamed)

        def facts_of(number: int) -> Facts:
            accessed = value(number, "accessed")
            if number in twins:
                accessed = max(accessed, value(twins[number]["number"], "accessed"))
            return Facts(
                present=bool(value(number, "flags") & PRESENT),
                known=not value(number, "blockers") & _UNSEEN,
                accessed=day_of(accessed),
                written=day_of(value(number, "written")),
                verdict=str(VERDICTS[value(number, "verdict")].value),
            )

        return facts_of

    # ---- items that there are not

    async def _open(
        self,
        snapshot: Snapshot,
        opened: Sequence[tuple[int, str | None, bool]],
        found: Mapping[str, Found],
        rules: Sequence[Row],
        amounts: Amounts,
    ) -> int:
        there = {(number, category) for number, category, _ in opened}
        named = {number for number, _, _ in opened}
        fresh = [
            (number, category, place)
            for category, each in found.items()
            for number, place in zip(each.numbers.tolist(), each.rules.tolist(), strict=True)
            if (number, category) not in there
        ]
        # By table, so that a page's baselines and items belong together.
        fresh.sort()
        count, now = 0, self._clock()
        for start in range(0, len(fresh), _PAGE):
            page = fresh[start : start + _PAGE]
            rows = await self._estate.rows(snapshot, sorted({number for number, _, _ in page}))
            tables = {number: table_of(self._context, snapshot, row) for number, row in rows.items()}
            async with self._thirdeye.transaction() as session:
                new = [tables[number] for number in tables if number not in named]
                await savings.take_baselines(session, [baseline_of(table) for table in new], now)
                count += await store.insert_found(
                    session,
                    (
                        (
                            title_of(Category(category), tables[number]["fqn"]),
                            category,
                            rules[place]["priority"],
                            amounts.saving(number, category),
                            number,
                            rules[place]["id"],
                        )
                        for number, category, place in page
                        if number in tables
                    ),
                    now,
                )
            named.update(tables)
        return count


def open_masks(opened: Sequence[tuple[int, str | None, bool]], length: int) -> dict[str, Mask]:
    """By category the tables that have an open item that was found."""
    numbers: dict[str, list[int]] = {}
    for number, category, detected in opened:
        if category is not None and detected:
            numbers.setdefault(category, []).append(number)
    return {category: select(each, max(length, 1)) for category, each in numbers.items()}


def patience_of(settings: Settings) -> Patience:
    """How long what people decided counts."""
    return Patience(dismissed=settings.dismissed_days, completed=settings.completed_days)
