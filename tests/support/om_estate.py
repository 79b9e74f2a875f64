"""ThirdEye over the rows that a test adds to an OM database: what each refresh makes of them, by FQN."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Unpack

from tests.mirror.test_refresh import follows
from tests.support.clocks import NOON
from tests.support.mirror import Mirror, mirror
from tests.support.om_rows import OMRows
from tests.support.second_approvals import Knew, knew, still_holds
from tests.support.second_inventory import Judged
from tests.support.second_memory import known_to
from tests.support.second_verdicts import Rules
from tests.verdict.test_verdicts import agree, service_prices, verdicts_of
from thirdeye.inventory.columns import day_number
from thirdeye.inventory.graph_walk import Budget
from thirdeye.settings import Settings
from thirdeye.verdict import store
from thirdeye.verdict.approvals import store as approvals
from thirdeye.verdict.approvals.downstream import published_downstream
from thirdeye.verdict.approvals.rules import Standing
from thirdeye.verdict.policy import current_policy
from thirdeye.verdict.store import PolicyDocument

# On each of so many days somebody looked, though there are rows of every fourth one only before the last hundred: three
# days without rows count as watched, and each day with rows costs time in every test.
PAST_DAYS = 799
READ_DAYS = (*range(1, 99), *range(99, PAST_DAYS + 1, 4))


_KEPT_IDS = "SELECT table_inventory.id FROM table_keep JOIN table_inventory USING (number)"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is published of one table."""

    activity: str
    reason: str | None
    evidence: str
    idle: int | None
    verdict: str
    blockers: set[str]
    trial: bool
    known_since: date
    last_accessed: date | None

    @property
    def judgement(self) -> tuple[str, str | None]:
        """Activity and why it is unknown."""
        return self.activity, self.reason

    @property
    def may_go(self) -> bool:
        return self.verdict in ("DELETE", "ARCHIVE")


@dataclass
class OMEstate:
    """A mirror over rows; time passes for both together."""

    om: OMRows
    mirror: Mirror
    warnings: dict[str, dict[str, Any]]
    # What a test says is about to be removed, by FQN.
    under_removal: set[str] = field(default_factory=set)
    # Whose removal is approved, by FQN: what was known of it then.
    approved: dict[str, Knew] = field(default_factory=dict)

    async def look(self, kind: str = "AUTO", *, incomplete: bool = False) -> dict[str, Seen]:
        """Refreshes, and compares everything with the second computation; `incomplete`: that evidence cannot be read."""
        known = replace(await known_to(self.mirror), under_removal=frozenset(self.under_removal))
        run = await self.mirror.refresh(kind)
        assert (run["phase"], run["error"]) == ("DONE", None)
        self.warnings = {warning["code"]: warning for warning in run["warnings"]}
        judged = await follows(self.mirror, self.om.connection, known)
        kept = await self.mirror.thirdeye.fetch_all(_KEPT_IDS)
        policy = await current_policy(self.mirror.settings, self.mirror.thirdeye)
        rules = Rules(
            delete_risk=policy.delete_risk,
            archive_risk=policy.archive_risk,
            minimum_idle=policy.minimum_idle_days,
            protected=policy.protected_tags,
            review_cared_for=policy.review_cared_for,
            incomplete=incomplete,
            kept={row["id"] for row in kept},
            approved=self._follow_approvals(judged),
            prices=await service_prices(self.mirror, judged),
        )
        await agree(self.mirror, judged, rules)
        return self.seen_of(self.mirror.last_verdicts, self.mirror.last_inventory)

    async def look_twice(self) -> dict[str, Seen]:
        """What an incremental and a full refresh make of everything: the same. The first one ever is a full one."""
        other = "AUTO" if self.mirror.judged is None else "FULL"
        seen = await self.look()
        assert await self.look(other) == seen
        return seen

    async def approve(self, fqn: str, by: str = "ann") -> None:
        """Somebody approves the removal of a table, as it was when it was last looked at."""
        thirdeye, now = self.mirror.thirdeye, self.mirror.now
        row = next(row for row in (await self.mirror.inventory()).values() if row["fqn"] == fqn)
        reader = self.mirror.reader
        downstream = await published_downstream(reader, await reader.snapshot(), row["number"], Budget())
        assert downstream is not None
        basis = Standing(
            table_id=row["id"],
            accessed=day_number(row["last_accessed"]),
            written=day_number(row["last_written"]),
            downstream=downstream,
        )
        await approvals.approve(thirdeye, number=row["number"], basis=basis, reason="nobody misses it", by=by, now=now)
        tables = self.mirror.judged.tables
        self.approved[fqn] = knew(tables[row["id"]], tables, now.date())

    def _follow_approvals(self, judged: Judged) -> set[str]:
        """The ids of the tables whose approval holds still; the others are forgotten. Of what is gone it stays."""
        tables, today, held = judged.tables, self.mirror.now.date(), set[str]()
        for identifier, table in tables.items():
            then = self.approved.get(table["fqn"])
            if then is None:
                continue
            if still_holds(then, knew(table, tables, today)):
                held.add(identifier)
            else:
                del self.approved[table["fqn"]]
        return held

    async def seen(self) -> dict[str, Seen]:
        """What is published."""
        return self.seen_of(await verdicts_of(self.mirror), await self.mirror.inventory())

    @staticmethod
    def seen_of(verdicts: dict[str, dict[str, Any]], inventory: dict[str, dict[str, Any]]) -> dict[str, Seen]:
        """The same of what was read already."""
        return {
            row["fqn"]: Seen(
                activity=row["activity"], reason=row["unknown_reason"], evidence=row["evidence"], idle=row["idle_days"],
                verdict=verdicts[identifier]["verdict"], blockers=verdicts[identifier]["blockers"],
                trial=verdicts[identifier]["trial"],
                known_since=row["known_since"], last_accessed=row["last_accessed"],
            )
            for identifier, row in inventory.items()
        }  # fmt: skip

    def pass_days(self, days: int, *read: str) -> None:
        """So many days pass; these tables are read on each of them but the last."""
        self.mirror.now += timedelta(days=days)
        self.om.today += timedelta(days=days)
        for fqn in read:
            self.om.usage(fqn, range(1, days + 1))

    async def set_policy(self, **policy: Unpack[PolicyDocument]) -> None:
        """An administrator sets this of the policy, and nothing else."""
        await store.set_policy(self.mirror.thirdeye, policy, "ann", self.mirror.now)

    async def confirm(self, fqn: str, kind: str = "FEED") -> None:
        """An administrator says that the feed, or the lineage, of this is complete."""
        names = [*fqn.split("."), None, None][:3]
        await self.mirror.thirdeye.execute(
            "INSERT INTO feed_confirmation "
            "(kind, fqn, service, database_name, schema_name, reason, confirmed_by, confirmed_at) "
            "VALUES (%(kind)s, %(fqn)s, %(service)s, %(database)s, %(schema)s, 'looked it up', 'ann', %(now)s)",
            {
                "kind": kind,
                "fqn": fqn,
                "service": names[0],
                "database": names[1],
                "schema": names[2],
                "now": self.mirror.now,
            },
        )


@asynccontextmanager
async def watching(om: OMRows, settings: Settings) -> AsyncIterator[OMEstate]:
    """A mirror over these rows that has refreshed nothing yet."""
    async with mirror(settings, NOON) as over:
        yield OMEstate(om, over, {})


def has_a_past(om: OMRows) -> None:
    """A service `shop`, watched for PAST_DAYS days, with enough that was dropped and never missed to learn from.

    A table idle for a year or more, and of which all is known, is to be deleted there.
    """
    om.read("shop.main.core.busy", READ_DAYS)
    om.read_once("shop.main.core", {f"gone_{number}": 700 + number % 20 for number in range(45)})
    for number in range(0, 6, 2):
        om.lineage(f"shop.main.core.gone_{number}", f"shop.main.core.gone_{number + 1}")
