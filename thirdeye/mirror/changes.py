"""What a refresh changed: which tables are new, gone, back, grown, gone quiet or woken up."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np

from thirdeye.inventory.columns import PRESENT, Array
from thirdeye.inventory.rules import ACTIVITIES, Activity, directly_in_use, has_activity

# A table has grown when it gained both that share and so many bytes.
GROWN_SHARE: Final = 0.20
GROWN_BYTES: Final = 10**9


class ChangeKind(StrEnum):
    """What happened to a table."""

    NEW = "NEW"
    BACK = "BACK"
    GONE = "GONE"
    GROWN = "GROWN"
    GONE_QUIET = "GONE_QUIET"
    WOKEN_UP = "WOKEN_UP"


class Change(NamedTuple):
    """One change of a table; `detail` as it is stored, in JSON."""

    kind: ChangeKind
    number: int
    detail: dict[str, int | str]


def changes(before: Mapping[str, Array], after: Mapping[str, Array], first: int) -> Iterator[Change]:
    """The changes of a chunk of columns that begins at number `first`; `before` may be shorter, or empty."""
    length = len(after["flags"])
    old = {name: _padded(before.get(name), after[name], length) for name in ("flags", "activity", "size", "id")}
    was_present, is_present = (old["flags"] & PRESENT) != 0, (after["flags"] & PRESENT) != 0
    stayed = was_present & is_present
    numbered = old["id"] != b""
    sized = stayed & (old["size"] >= 0) & (after["size"] >= 0)
    gained = after["size"] - old["size"]
    grown = sized & (gained >= GROWN_BYTES) & (gained >= GROWN_SHARE * old["size"])
    is_idle = has_activity(after["activity"], Activity.STALE, Activity.DORMANT)
    was_idle = has_activity(old["activity"], Activity.STALE, Activity.DORMANT)
    is_active = has_activity(after["activity"], Activity.ACTIVE)
    cases = (
        (ChangeKind.NEW, is_present & ~numbered),
        (ChangeKind.BACK, is_present & ~was_present & numbered),
        (ChangeKind.GONE, was_present & ~is_present),
        (ChangeKind.GROWN, grown),
        (ChangeKind.GONE_QUIET, stayed & directly_in_use(old["activity"]) & is_idle),
        (ChangeKind.WOKEN_UP, stayed & was_idle & is_active),
    )
    for kind, mask in cases:
        for place in np.flatnonzero(mask).tolist():
            yield Change(kind, first + place, _detail(kind, old, after, place))


def _padded(values: Array | None, like: Array, length: int) -> Array:
    padded = np.zeros(length, like.dtype)
    if values is not None:
        padded[: len(values)] = values[:length]
    return padded


def _detail(kind: ChangeKind, old: Mapping[str, Array], after: Mapping[str, Array], place: int) -> dict[str, int | str]:
    if kind is ChangeKind.GROWN:
        return {"bytesBefore": int(old["size"][place]), "bytesAfter": int(after["size"][place])}
    if kind in {ChangeKind.GONE_QUIET, ChangeKind.WOKEN_UP}:
        return {
            "activityBefore": ACTIVITIES[old["activity"][place]],
            "activityAfter": ACTIVITIES[after["activity"][place]],
        }
    return {}
