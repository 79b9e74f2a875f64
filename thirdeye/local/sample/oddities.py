"""Names, times and values that are rare in OpenMetadata but real, and where in the estate they stand.

Most stand at fixed remainders of the table's index, so that an estate of 300 tables has every one of them.
"""

from datetime import UTC, datetime

from thirdeye.local.sample.options import DAY_MS, EstateOptions
from thirdeye.local.sample.plan import Place
from thirdeye.local.sample.records import AccessTimes, Feed, Reach

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
YEAR_1_MS, YEAR_9999_MS = -62_135_596_800_000, 253_402_214_400_000  # OM wrote datetime.min for a missing time
ODD_EVERY = 200
IN_SECONDS = 1_700_000_000  # somebody wrote seconds where milliseconds belong: a day in 2023


def odd_name(local_index: int, feed: Feed) -> str | None:
    """An odd name for a few tables near the start of each service with a live feed."""
    place = local_index - 2
    return ODD_NAMES[place] if feed is Feed.LIVE and 0 <= place < len(ODD_NAMES) else None


def odd_created(index: int, options: EstateOptions, usual: int | None) -> int | None:
    if index % 73 == 21:
        return options.moment_ms(0) + DAY_MS + index
    return BEFORE_2000_MS[index % 3] if index % 79 == 29 else usual


def odd_updated(index: int, options: EstateOptions, usual: int | None) -> int | None:
    if index % 67 == 13:
        return options.moment_ms(0) + 3 * DAY_MS + index
    if index % 59 == 11:
        return IN_SECONDS if index % 2 else BEFORE_2000_MS[index % 3]
    return usual


def odd_accessed(place: Place, options: EstateOptions, usual: int | None) -> int | None:
    """Only in services whose access times are kept up to date anyway, where they do not change the evidence."""
    if not _may_be_odd(place):
        return usual
    if place.local_index % ODD_EVERY == 5:
        return options.moment_ms(0) + 2 * DAY_MS + place.local_index
    before = {2: 0, 3: 1}.get(place.local_index % ODD_EVERY)
    return usual if before is None else BEFORE_2000_MS[before]


def odd_times(place: Place, options: EstateOptions) -> tuple[tuple[str, int | str], ...]:
    """Times in other units, as text, and such that nobody can read, by aspects of the life cycle."""
    if not place.service.life_cycles:
        return ()
    written = options.moment_ms(40 + place.local_index % 300, 5_000)
    times: dict[int, tuple[str, int | str]] = {
        30: ("updated", written // 1_000),
        32: ("updated", "yesterday"),
        33: ("created", YEAR_1_MS),
    }
    if _may_be_odd(place):
        times |= {
            6: ("accessed", written // 1_000),
            8: ("accessed", written * 1_000),
            9: ("accessed", written * 1_000_000),
            11: ("accessed", _iso(written)),
            12: ("accessed", "soon"),
            10: ("accessed", YEAR_9999_MS),
        }
    odd = times.get(place.local_index % ODD_EVERY)
    return () if odd is None else (odd,)


def _may_be_odd(place: Place) -> bool:
    return place.service.access_times is AccessTimes.RICH and place.schema.reach is Reach.WATCHED


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds // 1_000, UTC).isoformat()
