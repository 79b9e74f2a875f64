"""What detection does about an item and a finding. Pure; amounts are USD a month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from thirdeye.actions.items import (
    MAX_TITLE_LENGTH,
    REMOVAL_CATEGORIES,
    SAVING_CATEGORIES,
    Category,
    Columns,
    ColumnValue,
    ItemState,
    Resolution,
)
from thirdeye.actions.rules import DECIDED, removal_cancelled, resolved
from thirdeye.actions.savings.rules import STOPPED_DAYS, minimum_change
from thirdeye.estate.dates import format_day
from thirdeye.inventory.evidence import COST, NOTHING, VERDICT, Evidence, Kinds, looked_at

# A cost that was nothing, or unknown, counts as doubled from here on.
_DOUBLED_FROM_NOTHING: Final = Decimal(1)
# What a new item remembers of its table, so that what is saved can be measured: what it costs, and whose it is.
REMEMBERED: Final[Kinds] = COST | {Evidence.OWNERS}
# Why an item ends whose table is gone. It is opened again, as it was, when the table comes back.
TABLE_GONE: Final = "Its table is gone from OpenMetadata."
# Why one about a series ends whose old parts went. It is opened again when most of them come back.
PARTS_GONE: Final = "Most of the old parts that it named are gone from OpenMetadata."
# The title of a detected item begins with the work, followed by the table's name.
_TITLE_VERBS: Final[Mapping[Category, str]] = {
    Category.PURGE: "Drop",
    Category.ARCHIVE: "Archive",
    Category.STOP_REFRESH: "Stop writing",
    Category.REVIEW_EXPENSIVE: "Look at the cost of",
    Category.ASSIGN_OWNER: "Find an owner for",
    Category.DEDUPLICATE: "Drop the copy",
    Category.SET_RETENTION: "Set a retention for",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedItem(ItemState):
    """An open item that detection keeps up to date: one that it opened, or one whose table is being removed."""

    table_number: int
    fqn: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedItem(TrackedItem):
    """An item that ended with its table, or its old parts. `before`: what the end changed, as its event shows it."""

    before: Mapping[str, Any]


class OpenItem(NamedTuple):
    """An open item about a table, and whether detection opened it."""

    table_number: int
    category: str | None
    detected: bool


@dataclass(frozen=True, kw_only=True)
class ActionRule:
    """A rule of detection: which tables need what kind of work. `table_filter` is a document; id 0 is not stored."""

    id: int = 0
    name: str
    category: str
    priority: str
    position: int = 100
    table_filter: Mapping[str, object]
    maximum_items: int = 10_000
    enabled: int = 1
    version: int = 0
    set_by: str = ""
    set_at: datetime | None = None

    @property
    def evidence(self) -> Kinds:
        """What it looks at: by its filter, by the costs that say which tables come first, and by what items promise."""
        promises = VERDICT if self.category in {*SAVING_CATEGORIES, Category.SET_RETENTION} else NOTHING
        return looked_at(self.table_filter) | COST | promises


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says of a table: the priority of the work, and what it saves; None: unknown."""

    priority: str
    saving: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """What the estate says of an item's table. `accessed` counts uses under the name that its removal gave it, too.

    `absent`: OpenMetadata no longer has it, an old part that the item names, or many tables of its database, and they do
    not count as gone yet. `parts_gone`: most of the old parts that it names are gone, and none is left to let go.
    `evidence_complete` is False while OpenMetadata's use, lineage or owners cannot be read; `seen` is False while something
    that the rules of the item's category look at cannot be, so that nobody can tell whether what spoke for it still does.
    """

    present: bool
    absent: bool
    evidence_complete: bool
    accessed: date | None
    written: date | None
    verdict: str
    parts_gone: bool = False
    seen: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided of a finding last, when, and what the table cost then."""

    resolution: str
    cost: Decimal | None
    day: date


@dataclass(frozen=True, kw_only=True)
class SuppressionDays:
    """For how many days detection does not open a finding again that was dismissed, or completed."""

    dismissed: int
    completed: int


def is_suppressed(decision: Decision, cost: Decimal | None, today: date, days: SuppressionDays) -> bool:
    """Whether a decision still keeps a finding from being opened: it is recent, and the cost has not doubled."""
    age = (today - decision.day).days
    if decision.resolution == Resolution.COMPLETED:
        return age < days.completed
    if age >= days.dismissed:
        return False
    return cost is None or cost < (2 * decision.cost if decision.cost else _DOUBLED_FROM_NOTHING)


def reconcile(item: TrackedItem, finding: Finding | None, facts: TableFacts, today: date, now: datetime) -> Columns:
    """The columns of an item that detection gives new values."""
    columns = _reconcile(item, finding, facts, today, now)
    return {name: value for name, value in columns.items() if value != getattr(item, name)}


def _reconcile(item: TrackedItem, finding: Finding | None, facts: TableFacts, today: date, now: datetime) -> Columns:
    if facts.absent:
        # Absence is no deed: nothing is concluded of it yet.
        return _used_during_removal(item, facts)
    renamed = not facts.present and item.stage in {"RESTRICTED", "ARCHIVED"}
    if not facts.present and not renamed:
        return _table_removed(item, now) if item.detected else {}
    used = _used_during_removal(item, facts)
    if used or not item.detected or renamed:
        return used
    if finding is not None:
        return _updated(item, finding)
    if item.alert is not None or not facts.seen:
        return {}
    if item.stage is not None:
        return removal_cancelled(
            f"Its end is under way ({item.stage}), but it may no longer go: its verdict is {facts.verdict} now."
        )
    return _finding_gone(item, facts, today, now)


def _table_removed(item: TrackedItem, now: datetime) -> Columns:
    removed = item.category in REMOVAL_CATEGORIES or item.stage is not None
    resolution = Resolution.COMPLETED if removed else Resolution.OBSOLETE
    return _resolved(resolution, TABLE_GONE, now)


def reopened(item: ReturnedItem) -> Columns:
    """The columns of an item that is as it was before its table, or its old parts, were gone."""
    snoozed = item.before.get("snoozed_until")
    return {
        "status": item.before.get("status", "OPEN"),
        "resolution": None,
        "resolution_reason": None,
        "resolved_at": None,
        "snoozed_until": datetime.fromisoformat(snoozed) if snoozed else None,
        "alert": item.before.get("alert"),
    }


def _used_during_removal(item: TrackedItem, facts: TableFacts) -> Columns:
    if item.stage is None or item.stage_since is None or facts.accessed is None:
        return {}
    if facts.accessed <= item.stage_since.date():
        return {}
    return removal_cancelled(
        f"It was read on {format_day(facts.accessed)}, while its end was under way ({item.stage} since "
        f"{format_day(item.stage_since.date())}): take back what was done, and ask who needs it."
    )


def _finding_gone(item: TrackedItem, facts: TableFacts, today: date, now: datetime) -> Columns:
    if not facts.evidence_complete and item.category in {
        *SAVING_CATEGORIES,
        Category.SET_RETENTION,
        Category.DEDUPLICATE,
    }:
        # That the reason for a verdict cannot be seen does not mean that it is gone.
        return {}
    if facts.parts_gone:
        return _resolved(Resolution.COMPLETED, PARTS_GONE, now)
    if item.category == Category.STOP_REFRESH and facts.written and (today - facts.written).days > STOPPED_DAYS:
        return _resolved(Resolution.COMPLETED, f"It was last written on {format_day(facts.written)}.", now)
    return _resolved(Resolution.OBSOLETE, "What spoke for it no longer holds.", now)


def _resolved(resolution: Resolution, reason: str, now: datetime) -> Columns:
    return resolved(str(resolution.value), reason, now.replace(microsecond=0))


def _updated(item: TrackedItem, finding: Finding) -> Columns:
    columns = dict[str, ColumnValue]()
    if item.fqn is not None and item.category is not None and not item.decided & DECIDED["title"]:
        columns["title"] = detected_title(Category(item.category), item.fqn)
    if not item.decided & DECIDED["priority"] and item.alert is None:
        columns["priority"] = finding.priority
    if differs(item.estimated_savings_usd, finding.saving):
        columns["estimated_savings_usd"] = finding.saving
    return columns


def differs(before: Decimal | None, amount: Decimal | None) -> bool:
    """Whether an amount differs from the one before by enough to be updated."""
    if before is None or amount is None:
        return before is not amount
    return abs(amount - before) >= minimum_change(before)


def detected_title(category: Category, fqn: str) -> str:
    """The title of a detected item; of a long name it has the end."""
    verb = f"{_TITLE_VERBS[category]} "
    limit = MAX_TITLE_LENGTH - len(verb)
    # No title has control characters.
    name = "".join(character if character.isprintable() else "?" for character in fqn)
    return verb + (name if len(name) <= limit else f"…{name[1 - limit :]}")
