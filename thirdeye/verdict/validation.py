"""Arguments of verdicts, policies and removal plans. Each function raises BadInput naming the argument."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final, TypeVar

from thirdeye.errors import BadInput
from thirdeye.paging import EARLIEST_DAY
from thirdeye.text import check_characters, clean_text
from thirdeye.verdict.rules import Policy

MAX_FQN_LENGTH: Final = 3072
_MAX_KEEP: Final = timedelta(days=3 * 366)
_MAX_PERIOD: Final = timedelta(days=10 * 366)
_MAX_TAGS: Final = 100
_MAX_TAG_LENGTH: Final = 256
_MAX_IDLE_DAYS: Final = 3650
_MAX_LOCATION_LENGTH: Final = 1024
_LOCATION: Final = re.compile(rf"[A-Za-z0-9@:/._\-=+~*%]{{1,{_MAX_LOCATION_LENGTH}}}")
_MAX_READERS: Final = 100
_MAX_READER_LENGTH: Final = 256
# The API's input of this name: changes of a policy. Absent and null both leave a field as it is.
PolicyInput = Mapping[str, Any]
Number = TypeVar("Number", int, float)


# ---- people


def validate_keep_until(until: date, today: date) -> date:
    """The last day on which a table is kept."""
    if not today <= until <= today + _MAX_KEEP:
        raise BadInput("until: must be from today to three years ahead", "until")
    return until


# ---- policies and quality


def validate_policy(base: Policy, changes: PolicyInput) -> Policy:
    """The policy with these changes."""
    given = {name: value for name, value in changes.items() if value is not None}
    policy = replace(
        base,
        delete_risk=_validate_number(given.get("deleteRisk", base.delete_risk), "deleteRisk", 1),
        archive_risk=_validate_number(given.get("archiveRisk", base.archive_risk), "archiveRisk", 1),
        minimum_idle_days=_validate_number(
            given.get("minimumIdleDays", base.minimum_idle_days), "minimumIdleDays", _MAX_IDLE_DAYS
        ),
        protected_tags=_validate_tags(given["protectedTags"]) if "protectedTags" in given else base.protected_tags,
        review_cared_for=given.get("reviewCaredFor", base.review_cared_for),
    )
    if policy.delete_risk > policy.archive_risk:
        raise BadInput("deleteRisk: must not be above archiveRisk", "deleteRisk")
    return policy


def _validate_number(value: Number, argument: str, highest: int) -> Number:
    if not 0 <= value <= highest:
        raise BadInput(f"{argument}: must be 0 to {highest}", argument)
    return value


def _validate_tags(tags: Sequence[str]) -> tuple[str, ...]:
    if len(tags) > _MAX_TAGS:
        raise BadInput(f"protectedTags: at most {_MAX_TAGS} tags", "protectedTags")
    trimmed = (clean_text(tag, "protectedTags", longest=_MAX_TAG_LENGTH, exact=True) for tag in tags)
    return tuple(dict.fromkeys(trimmed))


def validate_period(start: date | None, end: date | None, today: date, default: timedelta) -> tuple[date, date]:
    """The first and the last day; by default up to today, and `default` long."""
    end = end or today
    if end < EARLIEST_DAY:
        raise BadInput(f"to: must be {EARLIEST_DAY} or later", "to")
    start = start or end - default
    if start > end:
        raise BadInput("from: must not be after to", "from")
    if end - start > _MAX_PERIOD:
        raise BadInput("from: at most ten years before to", "from")
    return start, end


# ---- removal plans


def validate_location(location: str) -> str:
    """Where a table is unloaded to: characters that need no quoting in any dialect."""
    if not _LOCATION.fullmatch(location):
        raise BadInput(
            f"archiveLocation: must have 1 to {_MAX_LOCATION_LENGTH} letters, digits and any of @ : / . _ - = + ~ * %",
            "archiveLocation",
        )
    return location


def validate_readers(readers: Sequence[str]) -> list[str]:
    """Roles or users that may read a table."""
    if len(readers) > _MAX_READERS or any(not 1 <= len(reader) <= _MAX_READER_LENGTH for reader in readers):
        raise BadInput(f"readers: at most {_MAX_READERS} names of 1 to {_MAX_READER_LENGTH} characters", "readers")
    for reader in readers:
        # A statement that reads as another than it is would be run by somebody.
        check_characters(reader, "readers")
    return [validate_identifier(reader, "readers") for reader in readers]


def validate_identifier(name: str, argument: str) -> str:
    """A name that can be quoted in a statement."""
    # No warehouse allows control characters in a name, and clients treat them differently.
    if any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in name):
        raise BadInput(f"{argument}: control characters cannot be written into a statement", argument)
    try:
        name.encode()
    except UnicodeEncodeError:
        raise BadInput(f"{argument}: is no valid Unicode", argument) from None
    return name
