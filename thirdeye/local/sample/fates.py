"""Which tables are waste, or would be but for one thing that holds them; told from where a table stands."""

from thirdeye.local.sample.options import EstateOptions
from thirdeye.local.sample.plan import Place
from thirdeye.local.sample.records import Counting, Fate, Feed, Reach, Schedule
from thirdeye.local.sample.series import is_whole_or_alone

# In the order of the fated tables of a service, again and again.
FATES = (
    Fate.FORGOTTEN, Fate.STILL_WRITTEN, Fate.CRITICAL, Fate.NEEDED,
    Fate.FORGOTTEN, Fate.REBUILT, Fate.FORGOTTEN, Fate.FORGOTTEN,
)  # fmt: skip
EVERY, FIRST = 3, 1
# These tables of small estates go through all types of tables.
TYPES_FIRST, TYPES_END = 20, 35
LAST_USE_DAYS = {Fate.SCRATCH: (660, 715)} | dict.fromkeys(set(FATES), (300, 640))
# Of each six tables, the places of those that are scratch.
SCRATCH_PLACES = frozenset({2, 3, 5})


def fate_of(index: int, place: Place) -> Fate | None:
    """The fate of a table; only where OM knows every day's usage, the lineage and, since two years, the bytes."""
    service, is_scratch = place.service, place.local_index % 6 in SCRATCH_PLACES
    told = (
        (is_scratch or place.local_index % EVERY == FIRST)
        and service.feed is Feed.LIVE
        and service.schedule is Schedule.DAILY
        and service.counting is Counting.QUERIES
        and service.observed_days is None
        and service.lineage
        and place.schema.reach is Reach.WATCHED
        and place.series is None
        and not TYPES_FIRST <= index < TYPES_END
    )
    if not told:
        return None
    return Fate.SCRATCH if is_scratch else FATES[place.local_index // EVERY % len(FATES)]


def may_be_named(index: int, place: Place, options: EstateOptions) -> bool:
    """Whether the text of a view may name a table."""
    wanted = place.schema.reach is not Reach.STOPPED and fate_of(index, place) is None
    return wanted and is_whole_or_alone(place, options)


def may_be_needed(index: int, place: Place, options: EstateOptions) -> bool:
    """Whether lineage may lead on from a table, and a query name it."""
    return place.service.lineage and may_be_named(index, place, options)
