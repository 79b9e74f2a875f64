"""What detection does about an item and a finding: pure functions over plain values. Amounts are USD a month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from thirdeye.actions.enums import REMOVING, SAVING, Category, Resolution, title_of
from thirdeye.actions.rules import DECIDED, alerted
from thirdeye.estate.dates import format_day

# A projected saving is brought up to date when it is off by this share, and a cent.
_OFF_SHARE: Final = Decimal("0.10")
_LEAST: Final = Decimal("0.01")
# A cost that was nothing, or not known, has doubled once it is this.
_FROM_NOTHING: Final = Decimal(1)
_STOPPED_DAYS: Final = 30


class Item(NamedTuple):
    """An open item that detection looks after: one it found, or one whose table's end is under way."""

    id: int
    version: int
    table_number: int
    category: str | None
    status: str
    title: str
    priority: str | None
    estimated_savings_usd: Decimal | None
    detected: int
    decided: int
    stage: str | None
    stage_since: datetime | None
    stage_until: date | None
    snoozed_until: datetime | None
    alert: str | None
    fqn: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says of a table: its priority, and what following it saves; None: unknown."""

    priority: str
    saving: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the estate says of an item's table; its last use counts also under the name that its end gave it.

    `known` is False while nobody can tell: what OpenMetadata has of use, lineage or owners cannot be read.
    """

    present: bool
    known: bool
    accessed: date | None
    written: date | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided of a finding last, when, and what the table cost then."""

    decision: str
    cost: Decimal | None
    day: date


@dataclass(frozen=True, kw_only=True)
class Patience:
    """For how many days a finding that was dismissed, or completed, does not come back."""

    dismissed: int
    completed: int


def is_settled(decision: Decision, cost: Decimal | None, today: date, patience: Patience) -> bool:
    """Whether a finding stays decided: neither too long ago, nor at twice the cost."""
    age = (today - decision.day).days
    if decision.decision == Resolution.COMPLETED:
        return age < patience.completed
    if age >= patience.dismissed:
        return False
    before = decision.cost or Decimal(0)
    return cost is None or cost < max(2 * before, _FROM_NOTHING if not before else Decimal(0))


def judged(item: Item, finding: Finding | None, facts: Facts, today: date, now: datetime) -> dict[str, Any]:
    """The columns of an item that detection gives other values; none when it is as it should be."""
    if not facts.present:
        if item.stage in {"RESTRICTED", "ARCHIVED"}:
            # It got another name, as planned; a use of that counts.
            return _called_off(item, facts)
        return _gone(item, now) if item.detected else {}
    called_off = _called_off(item, facts)
    if called_off or not item.detected:
        return called_off
    if finding is not None:
        return _updated(item, finding)
    if item.alert is not None:
        return {}
    if item.stage is not None:
        return alerted(
            f"Its end is under way ({item.stage}), but it may no longer go: its verdict is {facts.verdict} now."
        )
    if not facts.known and item.category in SAVING:
        # That the reason for a verdict cannot be seen does not mean that it is gone.
        return {}
    if item.category == Category.STOP_REFRESH and facts.written and (today - facts.written).days > _STOPPED_DAYS:
        return _ended(Resolution.COMPLETED, f"It was last written on {format_day(facts.written)}.", now)
    return _ended(Resolution.OBSOLETE, "What spoke for it no longer holds.", now)


def _called_off(item: Item, facts: Facts) -> dict[str, Any]:
    if item.stage is None or item.stage_since is None or facts.accessed is None:
        return {}
    if facts.accessed <= item.stage_since.date():
        return {}
    return alerted(
        f"It was read on {format_day(facts.accessed)}, while its end was under way ({item.stage} since "
        f"{format_day(item.stage_since.date())}): take back what was done, and ask who needs it."
    )


def _gone(item: Item, now: datetime) -> dict[str, Any]:
    if item.category in REMOVING or item.stage is not None:
        return _ended(Resolution.COMPLETED, "Its table is gone from OpenMetadata.", now)
    return _ended(Resolution.OBSOLETE, "Its table is gone from OpenMetadata.", now)


def _ended(resolution: Resolution, reason: str, now: datetime) -> dict[str, Any]:
    return {
        "status": "DONE",
        "resolution": str(resolution.value),
        "resolution_reason": reason,
        "resolved_at": now.replace(tzinfo=None, microsecond=0),
        "snoozed_until": None,
        "alert": None,
    }


def _updated(item: Item, finding: Finding) -> dict[str, Any]:
    columns = dict[str, Any]()
    if item.fqn is not None and item.category is not None and not item.decided & DECIDED["title"]:
        title = title_of(Category(item.category), item.fqn)
        if title != item.title:
            columns["title"] = title
    if finding.priority != item.priority and not item.decided & DECIDED["priority"] and item.alert is None:
        columns["priority"] = finding.priority
    if is_off(item.estimated_savings_usd, finding.saving):
        columns["estimated_savings_usd"] = finding.saving
    return columns


def is_off(known: Decimal | None, now: Decimal | None) -> bool:
    """Whether an amount differs from what is known so much that it is to be told."""
    if known is None or now is None:
        return known is not now
    return abs(now - known) >= max(_LEAST, _OFF_SHARE * known)


def state_of(item: Item) -> Mapping[str, Any]:
    """An item as a row, as far as detection looks at it."""
    ended = {"resolution": None, "resolution_reason": None, "resolved_at": None}
    return {**item._asdict(), **ended}
