"""Series: tables that are parts of one whole and named by dates or numbers; and dated copies, which look alike."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from thirdeye.local.sample.naming import dice
from thirdeye.local.sample.options import HISTORY_DAYS, EstateOptions
from thirdeye.local.sample.plan import Place
from thirdeye.local.sample.records import SeriesKind, SeriesPart

ASPECT = 70
# Which kinds follow each other in a schema; each schema begins two further on.
KINDS = tuple(SeriesKind)
KINDS_PER_SCHEMA = 2
STEMS = {
    SeriesKind.DAILY: "events", SeriesKind.MONTHLY: "orders", SeriesKind.UNREAD: "clicks",
    SeriesKind.COPIES: "invoices", SeriesKind.WEEKLY: "log", SeriesKind.NUMBERED: "sessions",
}  # fmt: skip
REGIONS = ("", "_eu", "_us", "_apac", "_latam", "_mea")
LENGTHS = {
    SeriesKind.DAILY: (90, 380), SeriesKind.MONTHLY: (14, 37), SeriesKind.UNREAD: (40, 160),
    SeriesKind.COPIES: (4, 6), SeriesKind.WEEKLY: (20, 60), SeriesKind.NUMBERED: (9, 65),
}  # fmt: skip
SHORTEST, LEFT_FOR_OTHERS = 6, 20
READ_FOR_DAYS, WEEKS_READ = 30, 4
# Half of the daily series are read by their parts' names for so long only; by a wildcard before.
READ_SINCE_DAYS = 60
# Few parts stand for many: what would be days are weeks or months then.
SHORT_SERIES_DAYS = 240
WHOLE_AGE_DAYS = HISTORY_DAYS + 300
WITH_A_WHOLE = frozenset({SeriesKind.MONTHLY, SeriesKind.NUMBERED, SeriesKind.COPIES})


@dataclass(frozen=True, slots=True)
class Run:
    """Tables that follow each other in a schema: from `first` on, so many of one kind; `number` within the schema."""

    kind: SeriesKind
    stem: str
    first: int
    length: int
    number: int


def run_of(place: Place, options: EstateOptions) -> Run | None:
    """The run that a table belongs to, if it stands in a schema of series."""
    if place.series is None:
        return None
    runs = _runs(options.seed, place.series, place.tables_of_schema)
    return next(run for run in reversed(runs) if run.first <= place.schema_index)


def part_of(place: Place, options: EstateOptions) -> tuple[str, SeriesPart] | None:
    """The name of a table of a schema of series, and what it is a part of."""
    run = run_of(place, options)
    if run is None:
        return None
    position = place.schema_index - run.first
    if run.kind in WITH_A_WHOLE:
        if position == 0:
            whole = SeriesPart(run.kind, run.stem, True, WHOLE_AGE_DAYS, range(HISTORY_DAYS + 1), 0)
            return run.stem, whole
        position -= 1
    suffix, age, read, written = _PARTS[run.kind](run, position, options.today)
    return f"{run.stem}_{suffix}", SeriesPart(run.kind, run.stem, False, age, read, written)


def is_whole_or_alone(place: Place, options: EstateOptions) -> bool:
    """Whether a table is named in queries and lineage as itself: no part of a series and no dated copy is."""
    found = part_of(place, options)
    return found is None or found[1].is_whole


@lru_cache(maxsize=256)
def _runs(seed: int, series: int, tables: int) -> tuple[Run, ...]:
    random, runs, first = dice(seed, ASPECT, series), list[Run](), 0
    while first < tables:
        number = len(runs)
        kind = KINDS[(KINDS_PER_SCHEMA * series + number) % len(KINDS)]
        round_number = number // len(KINDS)
        stem = STEMS[kind] + REGIONS[round_number % len(REGIONS)] + (f"_{round_number}" if round_number else "")
        longest = max(tables // 2, tables - LEFT_FOR_OTHERS * len(KINDS))
        length = min(random.randint(*LENGTHS[kind]), longest, tables - first)
        if tables - first - length < SHORTEST:
            length = tables - first
        runs.append(Run(kind, stem, first, length, number))
        first += length
    return tuple(runs)


_Part = tuple[str, int, range, int]  # suffix, age in days, days ago on which it was read, and written for the last time
NEVER = range(0)


def _step(run: Run) -> int:
    return max(1, SHORT_SERIES_DAYS // run.length)


def _daily(run: Run, position: int, today: date) -> _Part:
    age = (run.length - 1 - position) * _step(run)
    since = READ_SINCE_DAYS if run.length % 2 == 0 else HISTORY_DAYS
    read = range(max(0, age - READ_FOR_DAYS + 1), min(age, since) + 1)
    return f"{today - timedelta(days=age):%Y%m%d}", age, read, max(0, age - 1)


def _unread(run: Run, position: int, today: date) -> _Part:
    age = (run.length - 1 - position) * _step(run)
    return f"{today - timedelta(days=age):%Y_%m_%d}", age, NEVER, max(0, age - 1)


def _monthly(run: Run, position: int, today: date) -> _Part:
    months = today.year * 12 + today.month - 1 - (run.length - 2 - position)
    month = date(months // 12, months % 12 + 1, 1)
    age = (today - month).days
    return f"p{month:%Y_%m}", age, NEVER, max(0, age - 31)


def _weekly(run: Run, position: int, today: date) -> _Part:
    age = today.weekday() + 7 * (run.length - 1 - position)
    year, week, _ = (today - timedelta(days=age)).isocalendar()
    return f"{year}w{week:02}", age, range(max(0, age - 7 * WEEKS_READ), age + 1), max(0, age - 7)


def _numbered(_run: Run, position: int, _today: date) -> _Part:
    return f"{position:02}", WHOLE_AGE_DAYS, NEVER, position % 3


def _copy(_run: Run, position: int, today: date) -> _Part:
    age = 200 + 91 * position
    return f"{today - timedelta(days=age):%Y%m%d}", age, NEVER, age


_PARTS: dict[SeriesKind, Callable[[Run, int, date], _Part]] = {
    SeriesKind.DAILY: _daily,
    SeriesKind.MONTHLY: _monthly,
    SeriesKind.UNREAD: _unread,
    SeriesKind.COPIES: _copy,
    SeriesKind.WEEKLY: _weekly,
    SeriesKind.NUMBERED: _numbered,
}
