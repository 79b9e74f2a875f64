"""Detection: after each refresh it opens items for new findings, and updates or ends those whose tables have changed.

Batches of a thousand, each a transaction: after a kill at any point the next run does the rest, and a run over the same
estate changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

import structlog

from thirdeye.actions.batches import batches
from thirdeye.actions.campaigns import store as campaigns
from thirdeye.actions.campaigns.membership import add_matching_items
from thirdeye.actions.changes import Change, apply
from thirdeye.actions.detection import store
from thirdeye.actions.detection.matching import Matches, ground_of, match_rules
from thirdeye.actions.detection.retentions import move_items, name_old_parts, returned_retentions
from thirdeye.actions.detection.rules import (
    Finding,
    OpenItem,
    TableFacts,
    TrackedItem,
    detected_title,
    reconcile,
    reopened,
)
from thirdeye.actions.detection.store import NewItem
from thirdeye.actions.items import DETECTION_ACTOR, Actor, Category
from thirdeye.actions.renamed_tables import renamed_tables_of
from thirdeye.actions.retention.store import NamedParts, named_parts
from thirdeye.actions.savings import store as savings
from thirdeye.actions.savings.measurement import measure_savings
from thirdeye.clock import Clock
from thirdeye.database import MySQL
from thirdeye.estate.loaders import table_of
from thirdeye.inventory.columns import ABSENT, CHUNK, PRESENT, day_of
from thirdeye.inventory.reader import EstateReader, NotReadYet, Superseded
from thirdeye.inventory.series import SeriesEntry
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.inventory.verdicts import ADVICE_FIELDS, BLOCKER_BIT, MASS_ABSENCE, VERDICTS, Blocker
from thirdeye.settings import Settings

_TRIES: Final = 3
_INCOMPLETE_EVIDENCE: Final = BLOCKER_BIT[Blocker.EVIDENCE_INCOMPLETE] | BLOCKER_BIT[Blocker.UNKNOWN_USAGE]
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How many items a run opened, and changed or ended, and for how many tables it measured something new."""

    opened: int = 0
    changed: int = 0
    measured: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Detection:
    """Runs over the published estate; one at a time across all processes. For answers about tables an EstateContext."""

    settings: Settings
    thirdeye: MySQL
    estate: EstateReader
    clock: Clock
    loaders: dict[str, Any] = field(default_factory=dict)

    async def is_due(self) -> bool:
        """Whether the published estate has not been through a run."""
        try:
            snapshot = await self.estate.snapshot(newest=True)
        except NotReadYet:
            return False
        state = await store.state(self.thirdeye)
        return state is None or state["generation"] != snapshot.generation

    async def run(self) -> Outcome | None:
        """Runs once; None while another process does. Raises NotReadYet, DatabaseUnavailable."""
        async with self.thirdeye.lease("detection") as lease:
            if lease is None:
                return None
            for _ in range(_TRIES):
                try:
                    return await self._run(await self.estate.snapshot(newest=True))
                except Superseded:
                    continue
            raise Superseded

    async def _run(self, snapshot: Snapshot) -> Outcome:
        measured = await measure_savings(self.thirdeye, snapshot, self.clock())
        returned = await self._reopen_items(snapshot)
        moved = await move_items(self, snapshot)
        items = await store.tracked_items(self.thirdeye)
        rules = [rule for rule in await store.action_rules(self.thirdeye) if rule.enabled]
        matches = await match_rules(self, await ground_of(self, snapshot), rules)
        changed = returned + moved + await self._update_items(snapshot, items, matches)
        # Read again, as some have just ended.
        opened = await self._open_items(snapshot, await store.open_items(self.thirdeye), matches)
        if matches.may_open and Category.SET_RETENTION not in matches.unseen:
            await name_old_parts(self, snapshot, matches.amounts.retention)
        for campaign in await campaigns.open_campaigns_with_filter(self.thirdeye):
            await add_matching_items(self.thirdeye, self.estate, snapshot, campaign, matches.amounts.retention)
        counts = {"opened": opened, "changed": changed, "measured": measured}
        await store.put_state(self.thirdeye, generation=snapshot.generation, now=self.clock(), **counts)
        log.info("detected", generation=snapshot.generation, **counts)
        return Outcome(**counts)

    # ---- items that exist

    async def _update_items(self, snapshot: Snapshot, items: Sequence[TrackedItem], matches: Matches) -> int:
        facts_of = await self._table_facts(snapshot, items)
        rules = {match[:2]: match.rule for match in matches}
        retentions = [item.id for item in items if item.category == Category.SET_RETENTION]
        parts = await named_parts(self.thirdeye, retentions)
        now, changes = self.clock(), list[tuple[TrackedItem, Change]]()
        for item in items:
            number, category = item.table_number, item.category or ""
            rule = rules.get((number, category))
            finding = None if rule is None else Finding(rule.priority, matches.amounts.saving(number, category))
            subject, facts = _subject(matches, number, category) or item.fqn, facts_of(number)
            facts = replace(facts, seen=category not in matches.unseen)
            if item.id in parts:
                finding, facts = _with_parts(finding, facts, parts[item.id], matches, number)
            columns = reconcile(replace(item, fqn=subject), finding, facts, snapshot.as_of, now)
            if columns:
                changes.append((item, Change(item, columns)))
        for batch in batches(changes):
            async with self.thirdeye.transaction() as session:
                versions = await store.locked_versions(session, [item.id for item, _ in batch])
                # An item that somebody has changed since it was read waits for the next run.
                current = [change for item, change in batch if versions.get(item.id) == item.version]
                costs = {item.id: matches.amounts.cost(item.table_number, item.category) for item, _ in batch}
                await apply(session, current, Actor(name=DETECTION_ACTOR), now, costs)
        return len(changes)

    async def _reopen_items(self, snapshot: Snapshot) -> int:
        """Opens the items again that ended with their tables, or old parts, of those that are back."""
        items = [
            *await store.items_of_returned_tables(self.thirdeye),
            *await returned_retentions(self, snapshot),
        ]
        count = 0
        for batch in batches(items):
            async with self.thirdeye.transaction() as session:
                versions = await store.locked_returned_versions(session, [item.id for item in batch])
                changes = [Change(item, reopened(item)) for item in batch if versions.get(item.id) == item.version]
                await apply(session, changes, Actor(name=DETECTION_ACTOR), self.clock(), {})
            count += len(changes)
        return count

    async def _table_facts(self, snapshot: Snapshot, items: Sequence[TrackedItem]) -> Callable[[int], TableFacts]:
        """What the estate says of a table, by number."""
        await snapshot.load(("flags", "accessed", "written", *ADVICE_FIELDS))
        columns = snapshot.catalogue.columns

        def value(number: int, name: str) -> int:
            if number >= columns.length:
                return 0
            chunk, place = divmod(number, CHUNK)
            return int(columns.parts(chunk)[name][place])

        staged = [item.table_number for item in items if item.stage is not None]
        absent = [number for number in staged if value(number, "flags") & (PRESENT | ABSENT) != PRESENT]
        renamed_tables = await renamed_tables_of(self.thirdeye, absent)

        def facts_of(number: int) -> TableFacts:
            accessed = value(number, "accessed")
            if number in renamed_tables:
                accessed = max(accessed, value(renamed_tables[number]["number"], "accessed"))
            return TableFacts(
                present=bool(value(number, "flags") & PRESENT),
                absent=bool(value(number, "flags") & ABSENT or value(number, "blockers") & MASS_ABSENCE),
                evidence_complete=not value(number, "blockers") & _INCOMPLETE_EVIDENCE,
                accessed=day_of(accessed),
                written=day_of(value(number, "written")),
                verdict=str(VERDICTS[value(number, "verdict")].value),
            )

        return facts_of

    # ---- new items

    async def _open_items(self, snapshot: Snapshot, open_items: Sequence[OpenItem], matches: Matches) -> int:
        open_keys = {(item.table_number, item.category) for item in open_items}
        named = {item.table_number for item in open_items}
        # By table, so that a batch has a table's baseline and its items.
        new = (match for match in matches if match[:2] not in open_keys) if matches.may_open else ()
        missing = sorted(new, key=lambda match: match[:2])
        opened, now = 0, self.clock()
        for batch in batches(missing):
            rows = await self.estate.rows(snapshot, sorted({match.table_number for match in batch}))
            tables = {number: table_of(self, snapshot, row) for number, row in rows.items()}
            items = [
                NewItem(
                    title=detected_title(
                        Category(category), _subject(matches, number, category) or tables[number]["fqn"]
                    ),
                    category=category,
                    priority=rule.priority,
                    saving=matches.amounts.saving(number, category),
                    table_number=number,
                    rule_id=rule.id,
                )
                for number, category, rule in batch
                if number in tables
            ]
            async with self.thirdeye.transaction() as session:
                await savings.put_baselines(session, [tables[number] for number in tables if number not in named], now)
                opened += await store.insert_items(session, items, now)
            named.update(tables)
        return opened


def _subject(matches: Matches, number: int, category: str) -> str | None:
    """What an item is called after instead of its table."""
    return matches.amounts.retention.subject(number) if category == Category.SET_RETENTION else None


def _with_parts(
    finding: Finding | None, facts: TableFacts, parts: NamedParts, matches: Matches, number: int
) -> tuple[Finding | None, TableFacts]:
    """A finding and the facts with what became of the old parts that an item names: absent ones count as there."""
    if finding is None:
        waits = facts.absent or bool(parts.absent)
        return None, replace(facts, absent=waits, parts_gone=_is_done(parts, matches.amounts.retention.entry(number)))
    absent = (matches.amounts.cost(number, None) or Decimal(0) for number in parts.absent)
    return replace(finding, saving=sum(absent, finding.saving or Decimal(0))), facts


def _is_done(parts: NamedParts, series: SeriesEntry | None) -> bool:
    """Whether most of the old parts that an item names are gone, and none is left to let go."""
    if series is not None and series["old"]:
        return False
    if series is not None and not series["advised"]:
        # The others may be old all the same: something else speaks against letting them go.
        return parts.gone == parts.parts
    return 2 * parts.gone >= parts.parts
