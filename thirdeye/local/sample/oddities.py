"""Names, times and values that are rare in OpenMetadata but real, and where in the estate they stand.

Most stand at fixed remainders of the table's index, so that an estate of 300 tables has every one of them.
"""

from thirdeye.local.sample.options import DAY_MS, EstateOptions
from thirdeye.local.sample.records import AccessTimes, Feed

ODD_NAMES: tuple[str, ...] = (
    "orders.2024",
    "a.b.c",
    "it's; DROP TABLE x -- `really`",
    "Übersicht_Größe",
    "売上_日次",
    "zombies_🧟_und_👨‍👩‍👧",
    "x" * 256,
    "💾" * 256,
    "." * 3,
    "with space ",
    "50%_off",
    "back\\slash",
    "ORDERS",
    "orders",
)
BEFORE_2000_MS = (0, 86_400_000, 946_684_799_000)
IN_SECONDS = 1_700_000_000  # somebody wrote seconds where milliseconds belong: a day in January 1970


def odd_name(local_index: int, feed: Feed) -> str | None:
    """An odd name for a few tables near the start of each service with a live feed."""
    place = local_index - 2
    return ODD_NAMES[place] if feed is Feed.LIVE and 0 <= place < len(ODD_NAMES) else None


def odd_created(index: int, options: EstateOptions, usual: int | None) -> int | None:
    if index % 73 == 19:
        return options.moment_ms(0) + DAY_MS + index
    return BEFORE_2000_MS[index % 3] if index % 79 == 29 else usual


def odd_updated(index: int, options: EstateOptions, usual: int | None) -> int | None:
    if index % 67 == 13:
        return options.moment_ms(0) + 3 * DAY_MS + index
    if index % 59 == 11:
        return IN_SECONDS if index % 2 else BEFORE_2000_MS[index % 3]
    return usual


def odd_accessed(index: int, access_times: AccessTimes, options: EstateOptions, usual: int | None) -> int | None:
    """Only in services whose access times are kept up to date anyway, where they do not change the evidence."""
    if access_times is AccessTimes.RICH and index % 71 == 17:
        return options.moment_ms(0) + 2 * DAY_MS + index
    return BEFORE_2000_MS[index % 3] if access_times is AccessTimes.RICH and index % 31 == 23 else usual
