"""Tables of the schemas that are full of series: alike in all but their dates."""

from collections.abc import Callable
from random import Random

from thirdeye.local.sample.columns import columns_of
from thirdeye.local.sample.naming import dice, join_fqn, join_hash
from thirdeye.local.sample.options import CATALOGUED_DAYS, EstateOptions
from thirdeye.local.sample.people import People
from thirdeye.local.sample.plan import Place
from thirdeye.local.sample.records import (
    AccessTimes,
    OwnerRecord,
    Reach,
    Rhythm,
    SeriesKind,
    SeriesPart,
    TableRecord,
)
from thirdeye.local.sample.schedules import newest_day
from thirdeye.local.sample.series import Run, part_of, run_of

ASPECT, RUN_ASPECT = 71, 72
GIGABYTE = 10**9
MEDIAN_GIGABYTES = {
    SeriesKind.DAILY: 4, SeriesKind.MONTHLY: 30, SeriesKind.UNREAD: 2, SeriesKind.COPIES: 15, SeriesKind.WEEKLY: 8,
    SeriesKind.NUMBERED: 12,
}  # fmt: skip
SPREAD = 0.3
DELETED_EVERY = 53
PARTITIONED = frozenset({SeriesKind.MONTHLY, SeriesKind.NUMBERED})


class SeriesTables:
    """Gives a table of such a schema: owners and columns are those of its series, and it carries no tag of its own."""

    def __init__(self, options: EstateOptions, people: People, identifier: Callable[[int], str]) -> None:
        self._options = options
        self._people = people
        self._identifier = identifier

    def table(self, index: int, place: Place) -> TableRecord:
        """Table number `index`, which stands in such a schema."""
        found, run = part_of(place, self._options), run_of(place, self._options)
        assert found is not None and run is not None
        name, part = found
        catalogued = min(part.age_days, CATALOGUED_DAYS)
        random, of_run = dice(self._options.seed, ASPECT, index), self._dice_of(place, run)
        created, updated, accessed = self._life_cycle(random, place, part)
        return TableRecord(
            index=index,
            id=self._identifier(index),
            name=name,
            display_name=None,
            fqn=join_fqn(place.schema.fqn, name),
            fqn_hash=join_hash(place.schema.fqn_hash, name),
            service_id=place.service.id,
            database_id=place.database.id,
            schema_id=place.schema.id,
            service_type=place.service.service_type,
            table_type="Partitioned" if part.is_whole and part.kind in PARTITIONED else "Regular",
            description=f"{run.stem.title()} as they came." if part.is_whole else None,
            columns=columns_of(of_run, run.number),
            schema_definition=None,
            retention_period=None,
            version=0.1,
            updated_at_ms=self._options.moment_ms(catalogued, random.randrange(86_000)),
            created_at_ms=self._options.moment_ms(catalogued),
            deleted=place.service.deleted or (not part.is_whole and index % DELETED_EVERY == 17),
            created_ms=created,
            updated_ms=updated,
            accessed_ms=accessed,
            odd_times=(),
            owners=self._owners(of_run),
            former_owners=(),
            tier=None,
            rhythm=_rhythm(part),
            age_days=part.age_days,
            bytes_now=_bytes(random, part),
            fate=None,
            last_use_days=None,
            part=part,
        )

    def _dice_of(self, place: Place, run: Run) -> Random:
        return dice(self._options.seed, RUN_ASPECT, (place.series or 0) * 1_000 + run.number)

    def _owners(self, of_run: Random) -> tuple[OwnerRecord, ...]:
        return self._people.owners(of_run.randrange(10_000)) if of_run.random() < 0.5 else ()

    def _life_cycle(self, random: Random, place: Place, part: SeriesPart) -> tuple[int | None, int | None, int | None]:
        if not place.service.life_cycles:
            return None, None, None
        options = self._options
        created = options.moment_ms(part.age_days, random.randrange(3_600))
        updated = options.moment_ms(part.written_days, 3_600 + random.randrange(3_600))
        # What is still read was read yesterday.
        newest = max(1, part.read_days.start, newest_day(place.service.feed, place.schema.reach))
        read = place.service.access_times is AccessTimes.RICH and place.schema.reach is not Reach.NEVER
        accessed = options.moment_ms(newest, 40_000) if read and newest in part.read_days else None
        return created, updated, accessed


def _rhythm(part: SeriesPart) -> Rhythm:
    if not part.read_days:
        return Rhythm.NEVER
    return Rhythm.DEAD if part.read_days.start else Rhythm.DAILY


def _bytes(random: Random, part: SeriesPart) -> int | None:
    """What the parts of a partitioned table hold, it does not hold itself."""
    if part.is_whole and part.kind in PARTITIONED:
        return None
    return round(MEDIAN_GIGABYTES[part.kind] * GIGABYTE * random.lognormvariate(0, SPREAD))
