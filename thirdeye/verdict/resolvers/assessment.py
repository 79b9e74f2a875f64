"""What a verdict says beside the recommendation: effort, way back, look-back and the rung of evidence."""

from functools import partial
from typing import Any, Final

from thirdeye.context import Info
from thirdeye.inventory.fqn import join_fqn
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.inventory.verdicts import Blocker, Verdict
from thirdeye.verdict.effort import effort
from thirdeye.verdict.explanations import ReturnRisk, TableAnswer
from thirdeye.verdict.ladder import LadderFacts, ladder
from thirdeye.verdict.undo import undo_by_stage

# The fields of a verdict that are told here.
ASSESSED: Final = frozenset({"effort", "undo", "lookBackDays", "ladder"})


def assessment(table: TableAnswer, verdict: Verdict, risk: ReturnRisk | None, snapshot: Snapshot) -> dict[str, Any]:
    """The fields `ASSESSED` of a verdict."""
    feed = snapshot.feed_of(table["service"], table["database"], table["schema"])
    watched = 0 if feed is None else feed.observed_days
    is_written = Blocker.RECENTLY_WRITTEN.value in table["blockerCodes"]
    facts = LadderFacts(
        watched_days=watched,
        own_share=None if risk is None else risk["ownShare"],
        database=join_fqn(filter(None, [table["service"], table["database"]])),
    )
    work = effort(verdict, owners=len(table["owners"]), is_written=is_written)
    return {
        "effort": work and work.value,
        "undo": partial(_undo, table),
        "lookBackDays": watched,
        "ladder": partial(_ladder, facts),
    }


def _undo(table: TableAnswer, _info: Info) -> list[dict[str, object]]:
    return [
        {"stage": each.stage.value, "possible": each.possible, "days": each.days, "how": each.how}
        for each in undo_by_stage(table["serviceType"], table["tableType"])
    ]


def _ladder(facts: LadderFacts, _info: Info) -> dict[str, object]:
    rung = ladder(facts)
    return {"rung": rung.rung.value, "missingDays": rung.missing_days, "next": rung.next}
