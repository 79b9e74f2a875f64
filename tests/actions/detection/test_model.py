"""Detection, people, snoozes, stages, refreshes and clock jumps in random order, against a model in plain Python.

The model knows nothing of SQL, columns or the rules' code: it keeps tables, items and what was saved, and is asked for the
same items, events and savings after every step.
"""

import asyncio
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.api import prepare_accounts, settings_for
from tests.support.asking import Asker
from tests.support.mirror import nothing
from tests.support.synthetic import PRICE, Synthetic, Table
from thirdeye.actions.detection.run import Detection
from thirdeye.database import thirdeye_database
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.verdicts import Verdict
from thirdeye.local.servers import MariaDB, Redis
from thirdeye.local.tokens import Signer
from thirdeye.migrations import migrate

pytestmark = pytest.mark.unmeasured

# Shrinking takes minutes: `THIRDEYE_SHRINK=1` for whoever looks into a failure.
PHASES = (Phase.explicit, Phase.generate, *((Phase.shrink,) if os.environ.get("THIRDEYE_SHRINK") else ()))
START = datetime(2026, 3, 1, 9, tzinfo=UTC)
NAMES = ("a", "b", "c", "d")
CENT = Decimal("0.000001")
WAIT = {"ANNOUNCED": 14, "RESTRICTED": 30, "ARCHIVED": 14, "DROPPED": 0}
AFTER = {None: {"ANNOUNCED"}, "ANNOUNCED": {"RESTRICTED"}, "RESTRICTED": {"ARCHIVED", "DROPPED"}, "ARCHIVED": {"DROPPED"},
         "DROPPED": set()}  # fmt: skip
DOING = {
    "PURGE": "Drop", "ARCHIVE": "Archive", "STOP_REFRESH": "Stop writing", "REVIEW_EXPENSIVE": "Look at the cost of",
    "ASSIGN_OWNER": "Find an owner for",
}  # fmt: skip
COSTS = {"PROFILES", "QUERY_COSTS", "SERVICES"}
JUDGED_BY = COSTS | {"USAGE", "LINEAGE", "TAGS"}
OF_VERDICT = {Verdict.DELETE: "PURGE", Verdict.ARCHIVE: "ARCHIVE", Verdict.STOP_REFRESH: "STOP_REFRESH"}


@dataclass
class Item:
    """What the model believes of an item."""

    table: int
    category: str
    title: str
    priority: str
    saving: Decimal | None
    status: str = "OPEN"
    resolution: str | None = None
    stage: str | None = None
    staged_on: date | None = None
    wait_until: date | None = None
    alert: bool = False
    snoozed_until: datetime | None = None
    version: int = 1
    # Of one that ended with its table: status, alert and snooze as they were.
    before_gone: tuple[str, bool, datetime | None] | None = None
    by_person: set[str] = field(default_factory=set)
    events: list[str] = field(default_factory=lambda: ["DETECTED"])

    def shown(self, now: datetime) -> tuple[Any, ...]:
        snoozed = self.snoozed_until is not None and self.snoozed_until > now
        return (
            self.table, self.category, self.title, self.priority, self.saving, self.status, self.resolution, self.stage,
            self.alert, snoozed, self.version, tuple(self.events),
        )  # fmt: skip


class World:
    """The model: tables, items, decisions and the ledger."""

    def __init__(self) -> None:
        self.now = START
        self.tables = {number: Table(number, name, size=(number + 1) * 2 * 10**12) for number, name in enumerate(NAMES)}
        self.items: dict[int, Item] = {}
        self.decided: dict[tuple[int, str], tuple[str, Decimal | None, date]] = {}
        self.baseline: dict[int, tuple[Decimal, date | None, date]] = {}
        self.saved: dict[int, tuple[str, Decimal]] = {}
        self.missing: set[str] = set()

    def seen(self, number: int) -> Table:
        """A table as a refresh publishes it that cannot read all evidence."""
        table = self.tables[number]
        return replace(
            table,
            size=None if "PROFILES" in self.missing else table.size,
            owners=0 if "OWNERS" in self.missing else table.owners,
            verdict=Verdict.REVIEW if self.missing & JUDGED_BY else table.verdict,
        )

    def is_seen(self, category: str) -> bool:
        """Whether all that the rules of a category look at can be read: costs, and the owner or the verdict."""
        return not self.missing & (COSTS | ({"OWNERS"} if category == "ASSIGN_OWNER" else JUDGED_BY))

    def cost(self, number: int) -> Decimal | None:
        table = self.seen(number)
        return None if table.size is None else (Decimal(table.size) * PRICE / 10**9).quantize(CENT)

    def wanted(self) -> dict[tuple[int, str], tuple[str, Decimal | None]]:
        """What the seeded rules find: priority and saving by table and category."""
        found: dict[tuple[int, str], tuple[str, Decimal | None]] = {}
        for number, table in ((number, self.seen(number)) for number in self.tables):
            if not table.present:
                continue
            category, cost = OF_VERDICT.get(table.verdict), self.cost(number)
            if category is None and cost is not None and cost >= 100:
                found[(number, "REVIEW_EXPENSIVE")] = ("MEDIUM", Decimal(0))
            if not table.owners and cost is not None and cost >= 50:
                found[(number, "ASSIGN_OWNER")] = ("MEDIUM", Decimal(0))
            if category is None:
                continue
            share = {"PURGE": Decimal(1), "ARCHIVE": Decimal("0.8"), "STOP_REFRESH": Decimal(0)}[category]
            saving = Decimal(0) if not share else None if cost is None else (cost * share).quantize(CENT)
            expensive = share and saving is not None and saving >= 100
            found[(number, category)] = ("HIGH" if expensive else "MEDIUM", saving)
        return {key: finding for key, finding in found.items() if self.is_seen(key[1])}

    def open(self) -> dict[tuple[int, str], Item]:
        return {(item.table, item.category): item for item in self.items.values() if item.status != "DONE"}

    def detect(self) -> list[tuple[int, str]]:
        """Follows the items there are; gives the findings that become new ones, in their order."""
        self._measure()
        self._return()
        wanted = self.wanted()
        for item in self.items.values():
            if item.status != "DONE":
                self._follow(item, wanted.get((item.table, item.category)))
        there = self.open()
        # Who cannot know what a table costs, and whose it is, opens nothing.
        wanted = {} if self.missing & (COSTS | {"OWNERS"}) else wanted
        new = sorted(key for key in wanted if key not in there and not self._settled(key))
        for number in {number for number, _ in new}:
            if not any(table == number for table, _ in there) and number not in self.saved:
                cost, table = self.cost(number), self.tables[number]
                self.baseline[number] = (cost or Decimal(0), table.written, self.now.date())
        return new

    def _return(self) -> None:
        """What ended with its table is as it was when the table is back, unless something newer is known of it."""
        newest = {(item.table, item.category): item for _, item in sorted(self.items.items())}
        for key in newest.keys() - self.open().keys():
            item = newest[key]
            if item.before_gone is None or not self.tables[item.table].present:
                continue
            item.status, item.alert, item.snoozed_until = item.before_gone
            item.resolution = item.before_gone = None
            self.decided.pop(key, None)
            self.happened(item, "REOPENED")

    def _settled(self, key: tuple[int, str]) -> bool:
        if key not in self.decided:
            return False
        how, before, day = self.decided[key]
        age = (self.now.date() - day).days
        if how == "COMPLETED":
            return age < 30
        cost = self.cost(key[0])
        doubled = cost is not None and (cost >= 2 * before if before else cost >= 1)
        return age < 180 and not doubled

    def _follow(self, item: Item, finding: tuple[str, Decimal | None] | None) -> None:
        table = self.tables[item.table]
        if (
            item.stage
            and table.accessed
            and item.staged_on
            and table.accessed > item.staged_on
            and (table.present or item.stage in {"RESTRICTED", "ARCHIVED"})
        ):
            return self._call_off(item)
        if not table.present:
            if item.stage in {"RESTRICTED", "ARCHIVED"}:
                return None
            removing = item.category in {"PURGE", "ARCHIVE"} or item.stage
            item.before_gone = item.status, item.alert, item.snoozed_until
            return self._end(item, "COMPLETED" if removing else "OBSOLETE")
        if finding is None:
            if item.alert or not self.is_seen(item.category):
                return None
            if item.stage:
                return self._call_off(item)
            stopped = item.category == "STOP_REFRESH" and table.written and (self.now.date() - table.written).days > 30
            return self._end(item, "COMPLETED" if stopped else "OBSOLETE")
        priority, saving = finding
        changed = False
        if "priority" not in item.by_person and not item.alert and priority != item.priority:
            item.priority, changed = priority, True
        off = (
            (saving is None) != (item.saving is None)
            if saving is None or item.saving is None
            else abs(saving - item.saving) >= max(Decimal("0.01"), item.saving / 10)
        )
        if off:
            item.saving, changed = saving, True
        title = f"{DOING[item.category]} shop.main.core.{table.name}"
        if "title" not in item.by_person and title != item.title:
            item.title, changed = title, True
        if changed:
            self.happened(item, "UPDATED")
        return None

    def happened(self, item: Item, kind: str) -> None:
        item.version += 1
        item.events.append(kind)

    def _call_off(self, item: Item) -> None:
        item.status, item.priority, item.alert, item.snoozed_until = "OPEN", "URGENT", True, None
        item.stage = item.staged_on = item.wait_until = None
        self.happened(item, "ALERTED")

    def _end(self, item: Item, resolution: str) -> None:
        item.status, item.resolution, item.alert, item.snoozed_until = "DONE", resolution, False, None
        if resolution == "COMPLETED":
            self.decided[(item.table, item.category)] = ("COMPLETED", self.cost(item.table), self.now.date())
        self.happened(item, "RESOLVED")

    def _measure(self) -> None:
        for number, (cost, written, taken) in self.baseline.items():
            table = self.tables[number]
            if table.present and "PROFILES" in self.missing:
                continue
            kind, target = None, Decimal(0)
            now = self.cost(number)
            if not table.present:
                kind, target = "REMOVED", cost
            elif now is not None and cost and cost - now >= max(Decimal("0.01"), cost / 10):
                kind, target = "SHRUNK", cost - now
            elif (
                written and table.written and (taken - written).days <= 30
                and (self.now.date() - table.written).days > 30
            ):  # fmt: skip
                kind = "STOPPED"
            last, realized = self.saved.get(number, (None, Decimal(0)))
            if kind is None and realized:
                kind = "RETURNED"
            if kind is None or (kind == last and abs(target - realized) < max(Decimal("0.01"), cost / 10)):
                continue
            self.saved[number] = (kind, target)


class Machine(RuleBasedStateMachine):
    """Every step is done to both; afterwards both say the same."""

    settings_of: Any
    signer: Signer

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.model = World()
        self.loop.run_until_complete(self._open())

    async def _open(self) -> None:
        self.thirdeye = thirdeye_database(self.settings_of, nothing)
        await self.thirdeye.start()
        await migrate(self.settings_of, self.thirdeye)
        for table in ("action_items", "action_event", "action_decision", "saving_baseline", "saving_entry",
                      "table_inventory", "estate_blob", "estate_state", "detection_state"):  # fmt: skip
            await self.thirdeye.execute(f"TRUNCATE TABLE {table}")
        self.estate = Synthetic(self.thirdeye)
        self.asker = Asker(self.thirdeye, self.settings_of, lambda: self.model.now)
        await self._refresh()

    def teardown(self) -> None:
        if hasattr(self, "thirdeye"):
            self.loop.run_until_complete(self.thirdeye.stop())
            self.loop.close()

    async def _refresh(self) -> None:
        self.estate.missing = sorted(self.model.missing)
        await self.estate.publish([self.model.seen(number) for number in self.model.tables], self.model.now)
        detection = Detection(
            settings=self.settings_of,
            thirdeye=self.thirdeye,
            estate=EstateReader(self.thirdeye),
            clock=lambda: self.model.now,
        )
        await detection.run()
        new = self.model.detect()
        rows = await self.thirdeye.fetch_all(
            "SELECT id, table_number, category FROM action_items WHERE id > %(last)s ORDER BY table_number, category",
            {"last": max(self.model.items, default=0)},
        )
        assert [(row["table_number"], row["category"]) for row in rows] == new
        wanted = self.model.wanted()
        for row in rows:
            key = (row["table_number"], row["category"])
            title = f"{DOING[key[1]]} shop.main.core.{NAMES[key[0]]}"
            self.model.items[row["id"]] = Item(*key, title, *wanted[key])
        # The same estate again changes nothing.
        outcome = await detection.run()
        assert (outcome.opened, outcome.changed, outcome.measured) == (0, 0, 0)

    def some(self, data: st.DataObject) -> tuple[int, Item]:
        id_ = data.draw(st.sampled_from(sorted(self.model.items)))
        return id_, self.model.items[id_]

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        return self.loop.run_until_complete(self.asker.ask(query, **variables))

    def update(self, id_: int, *, refused: bool = False, **changes: Any) -> None:
        given = ", ".join(f"${name}: {_TYPES[name]}" for name in changes)
        passed = ", ".join(f"{name}: ${name}" for name in changes)
        query = f"mutation ($id: Int!, {given}) {{ updateActionItem(id: $id, {passed}) {{ id }} }}"
        answer = self.ask(query, id=id_, **changes)
        assert bool(answer.get("errors")) == refused, answer

    # ---- the estate

    @rule(number=st.sampled_from(range(4)), verdict=st.sampled_from(list(Verdict)))
    def judge(self, number: int, verdict: Verdict) -> None:
        self.model.tables[number].verdict = verdict

    @rule(number=st.sampled_from(range(4)), factor=st.sampled_from([0.1, 0.5, 0.95, 1.05, 2.0, 3.0]))
    def resize(self, number: int, factor: float) -> None:
        table = self.model.tables[number]
        table.size = min(int((table.size or 10**12) * factor), 10**15)

    @rule(number=st.sampled_from(range(4)))
    def lose_size(self, number: int) -> None:
        self.model.tables[number].size = None

    @rule(number=st.sampled_from(range(4)), owners=st.sampled_from([0, 1, 3]))
    def own(self, number: int, owners: int) -> None:
        self.model.tables[number].owners = owners

    @rule(number=st.sampled_from(range(4)), present=st.booleans())
    def come_and_go(self, number: int, present: bool) -> None:
        self.model.tables[number].present = present

    @rule(number=st.sampled_from(range(4)), what=st.sampled_from(["accessed", "written"]))
    def use(self, number: int, what: str) -> None:
        setattr(self.model.tables[number], what, self.model.now.date())

    @rule(days=st.sampled_from([0, 1, 1, 7, 15, 31, 31, 90, 181]))
    def jump(self, days: int) -> None:
        self.model.now += timedelta(days=days, seconds=1)

    @rule(kinds=st.sets(st.sampled_from(["PROFILES", "OWNERS", "TAGS", "SERVICES", "DOMAINS", "USAGE"]), max_size=2))
    def lose_and_find_evidence(self, kinds: set[str]) -> None:
        self.model.missing = kinds

    @rule()
    def refresh(self) -> None:
        self.loop.run_until_complete(self._refresh())

    # ---- people

    @precondition(lambda self: self.model.items)
    @rule(data=st.data(), what=st.sampled_from(["title", "priority", "snooze", "start"]))
    def change(self, data: st.DataObject, what: str) -> None:
        id_, item = self.some(data)
        model = self.model
        if what == "title":
            title = data.draw(st.sampled_from(["mine", item.title]))
            self.update(id_, title=title)
            if title != item.title:
                item.title = title
                item.by_person.add("title")
                model.happened(item, "UPDATED")
        elif what == "priority":
            priority = data.draw(st.sampled_from(["LOW", "URGENT"]))
            self.update(id_, priority=priority)
            if priority != item.priority:
                item.priority = priority
                item.by_person.add("priority")
                model.happened(item, "UPDATED")
        elif what == "snooze":
            until = model.now.replace(microsecond=0) + timedelta(days=data.draw(st.sampled_from([1, 20])))
            self.update(id_, snoozedUntil=until.isoformat(), refused=item.status == "DONE")
            if item.status != "DONE" and item.snoozed_until != until:
                item.snoozed_until = until
                model.happened(item, "UPDATED")
        elif item.status == "OPEN":
            self.update(id_, status="IN_PROGRESS")
            item.status = "IN_PROGRESS"
            model.happened(item, "UPDATED")

    @precondition(lambda self: self.model.items)
    @rule(data=st.data(), how=st.sampled_from(["COMPLETED", "DISMISSED"]))
    def resolve(self, data: st.DataObject, how: str) -> None:
        id_, item = self.some(data)
        before = (item.status, item.resolution)
        self.update(id_, resolution=how, resolutionReason="so it is")
        item.status, item.resolution, item.alert, item.snoozed_until = "DONE", how, False, None
        item.before_gone = None
        if before != ("DONE", how):
            self.model.happened(item, "RESOLVED" if before[0] != "DONE" else "UPDATED")
            # What an item is decided about costs what it did when the estate was last read.
            self.model.decided[(item.table, item.category)] = (
                how,
                self.published_cost(item.table),
                self.model.now.date(),
            )
        elif self.reason_differs(id_):
            self.model.happened(item, "UPDATED")

    def reason_differs(self, id_: int) -> bool:
        versions = self.loop.run_until_complete(
            self.thirdeye.fetch_one("SELECT version FROM action_items WHERE id = %(id)s", {"id": id_})
        )
        # An end that was found has another reason; a person's is always the same here.
        return bool(versions["version"] != self.model.items[id_].version)

    def published_cost(self, number: int) -> Decimal | None:
        row = self.loop.run_until_complete(
            self.thirdeye.fetch_one("SELECT size_bytes FROM table_inventory WHERE number = %(n)s", {"n": number})
        )
        return None if row["size_bytes"] is None else (Decimal(row["size_bytes"]) * PRICE / 10**9).quantize(CENT)

    @precondition(lambda self: any(item.status == "DONE" for item in self.model.items.values()))
    @rule(data=st.data())
    def reopen(self, data: st.DataObject) -> None:
        done = sorted(id_ for id_, item in self.model.items.items() if item.status == "DONE")
        id_ = data.draw(st.sampled_from(done))
        item = self.model.items[id_]
        taken = (item.table, item.category) in self.model.open()
        self.update(id_, status="OPEN", refused=taken)
        if not taken:
            item.status, item.resolution, item.before_gone = "OPEN", None, None
            self.model.decided.pop((item.table, item.category), None)
            self.model.happened(item, "REOPENED")

    @precondition(lambda self: self.model.items)
    @rule(data=st.data(), stage=st.sampled_from([None, *WAIT]))
    def stage(self, data: st.DataObject, stage: str | None) -> None:
        id_, item = self.some(data)
        today = self.model.now.date()
        possible = (
            item.category in {"PURGE", "ARCHIVE"}
            and item.status != "DONE"
            and (
                stage in {item.stage, None}
                or (stage in AFTER[item.stage] and (item.wait_until is None or today >= item.wait_until))
            )
        )
        query = "mutation ($id: Int!, $stage: RemovalStage) { stageActionItem(id: $id, stage: $stage) { id } }"
        answer = self.ask(query, id=id_, stage=stage)
        assert bool(answer.get("errors")) != possible, (answer, item)
        if not possible or stage == item.stage:
            return
        item.stage = stage
        if stage is None:
            item.staged_on = item.wait_until = None
        else:
            item.status, item.alert, item.snoozed_until = "IN_PROGRESS", False, None
            item.staged_on, item.wait_until = today, today + timedelta(days=WAIT[stage])
        self.model.happened(item, "STAGED")

    @precondition(lambda self: self.model.items)
    @rule(data=st.data(), late=st.booleans())
    def be_late(self, data: st.DataObject, late: bool) -> None:
        """Somebody changes what he saw a version ago, or will see."""
        id_, item = self.some(data)
        wrong = item.version + 1 if late or item.version == 1 else item.version - 1
        self.update(id_, title="too late", version=wrong, refused=True)

    # ---- both say the same

    @invariant()
    def same(self) -> None:
        if not hasattr(self, "thirdeye"):
            return
        rows, events, saved = self.loop.run_until_complete(self._stored())
        now = self.model.now
        stored = {
            row["id"]: (
                row["table_number"], row["category"], row["title"], row["priority"], row["estimated_savings_usd"],
                row["status"], row["resolution"], row["stage"], row["alert"] is not None,
                row["snoozed_until"] is not None and row["snoozed_until"] > now,
                row["version"], tuple(events.get(row["id"], ())),
            )
            for row in rows
        }  # fmt: skip
        shown = {id_: item.shown(now) for id_, item in self.model.items.items()}
        differing = [
            (stored.get(id_), shown.get(id_)) for id_ in stored.keys() | shown if stored.get(id_) != shown.get(id_)
        ]
        assert differing == [], f"{differing[0][0]} is stored, {differing[0][1]} expected"
        assert saved == {number: amount for number, (_, amount) in self.model.saved.items()}
        for number, amount in saved.items():
            assert 0 <= amount <= self.model.baseline[number][0]

    async def _stored(self) -> Any:
        rows = await self.thirdeye.fetch_all("SELECT * FROM action_items")
        events: dict[int, list[str]] = {}
        for row in await self.thirdeye.fetch_all("SELECT item, kind FROM action_event ORDER BY id"):
            events.setdefault(row["item"], []).append(row["kind"])
        saved = await self.thirdeye.fetch_all(
            "SELECT table_number, SUM(realized_usd) AS usd FROM saving_entry GROUP BY table_number"
        )
        return rows, events, {row["table_number"]: row["usd"] for row in saved}


_TYPES = {
    "title": "String", "priority": "ActionPriority", "snoozedUntil": "DateTime", "status": "String", "version": "Int",
    "resolution": "ActionResolution", "resolutionReason": "String",
}  # fmt: skip


def run(machine: type[Machine], examples: int, steps: int, *, derandomize: bool = True) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=derandomize,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            phases=PHASES,
        ),
    )


def machine_over(server: Any, redis: Redis, signer: Signer, schema: str) -> type[Machine]:
    prepare_accounts(server, "om_none", schema)
    made = settings_for(server, redis, om_schema="om_none", schema=schema, signer=signer)
    return type("Machine", (Machine,), {"settings_of": made, "signer": signer})


def test_the_model_and_the_real_thing_agree(mariadb: MariaDB, redis_server: Redis, signer: Signer) -> None:
    run(machine_over(mariadb, redis_server, signer, "thirdeye_model"), examples=20, steps=30)


@pytest.mark.soak
def test_they_agree_over_many_histories(sql_server: Any, redis_server: Redis, signer: Signer) -> None:
    run(machine_over(sql_server, redis_server, signer, "thirdeye_model"), examples=200, steps=60, derandomize=False)
