"""An OM in memory that the second implementation looks at again and again."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.clocks import TODAY
from tests.support.random_om import RandomOM, judge_in_memory
from tests.support.second_inventory import Judged
from tests.support.second_memory import Known
from tests.support.second_verdicts import Rules, second_verdicts

Row = dict[str, Any]
CORE = "shop.main.core"
BUSY = f"{CORE}.busy"


@dataclass
class Story:
    """An OM in memory that is looked at again and again."""

    om: RandomOM
    now: datetime = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
    known: Known = field(default_factory=Known)

    def look(self, *, days: float = 0) -> tuple[Judged, dict[str, Row]]:
        """After so many days: what the second inventory says, and the verdicts by FQN."""
        self.now += timedelta(days=days)
        self.om.today = self.now.date()
        judged = judge_in_memory(self.om, self.known, self.now)
        verdicts = second_verdicts(judged, self.om.today, Rules())
        self.known = judged.known
        tables = judged.tables
        self.known = replace(self.known, kept=numbered(judged))
        return judged, {tables[each]["fqn"]: {**tables[each], **found} for each, found in verdicts.items()}


def numbered(judged: Judged) -> dict[str, Any]:
    """What is kept, with a number for each that has none, as a refresh would give."""
    free = max((kept.number or 0 for kept in judged.known.kept.values()), default=0)
    found = {}
    for identifier, kept in judged.known.kept.items():
        free += kept.number is None
        found[identifier] = replace(kept, number=free) if kept.number is None else kept
    return found


def a_past() -> RandomOM:
    """Tables that are read daily, and some that were dropped and never missed."""
    om = RandomOM(TODAY)
    for fqn in (BUSY, "shop.main.mart.busy"):
        om.table(fqn, range(1, 800))
    for letter in "abcdefghijkl":
        om.table(f"{CORE}.dropped_{letter}", [700])
    return om
