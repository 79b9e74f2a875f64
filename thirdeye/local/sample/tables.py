"""Tables: each is generated from its number alone."""

from random import Random

from thirdeye.local.sample.columns import columns_of, columns_of_copy
from thirdeye.local.sample.fates import LAST_USE_DAYS, fate_of
from thirdeye.local.sample.naming import dice, identifier, join_fqn, join_hash
from thirdeye.local.sample.oddities import odd_accessed, odd_created, odd_name, odd_times, odd_updated
from thirdeye.local.sample.options import CATALOGUED_DAYS, HISTORY_DAYS, EstateOptions
from thirdeye.local.sample.people import People
from thirdeye.local.sample.plan import Place, Plan
from thirdeye.local.sample.records import AccessTimes, Fate, Feed, Reach, Rhythm, TableRecord
from thirdeye.local.sample.rhythms import RHYTHM_SHARES, days_of_use
from thirdeye.local.sample.schedules import newest_day
from thirdeye.local.sample.series import part_of
from thirdeye.local.sample.series_tables import SeriesTables
from thirdeye.local.sample.sizes import bytes_of
from thirdeye.local.sample.table_types import TableTypes
from thirdeye.local.sample.views import ViewTexts

ASPECT = 1
SUBJECTS = ("orders", "customers", "events", "invoices", "sessions", "products", "shipments", "payments")
FORMS = ("daily", "raw", "fact", "dim", "snapshot", "tmp", "agg", "history")
TIERS = ("Tier.Tier1", "Tier.Tier2", "Tier.Tier3", "Tier.Tier4", "Tier.Tier5")
# How the names of forgotten copies end.
COPY_SUFFIXES = ("_backup", "_copy", "_20240131", "_v2", "_old", "_2023_11_30")
COPY_EVERY, FIRST_COPY = 41, 20
DELETED_EVERY, DELETED_PLACE = 27, 9
FIRST_VERSION = 0.1
SAMPLED = 2_000
SHORT_DESCRIPTION = "All {subject} of the last years, one row each."
LONG_SENTENCE = "Filled by the nightly load; ask the owners before relying on late rows – they come days late. "


class Tables:
    """Gives any table of the estate by its index, always the same one."""

    def __init__(self, options: EstateOptions, plan: Plan, people: People) -> None:
        self._options = options
        self._plan = plan
        self._people = people
        self._types = TableTypes(options, self._drawing_share())
        self._views = ViewTexts(options, plan, self.name)
        self._series = SeriesTables(options, people, self.identifier)

    def _drawing_share(self) -> float:
        """The share of all tables that draw their type, from a sample of them."""
        tables = self._options.tables
        sample = Random(self._options.seed).sample(range(tables), min(tables, SAMPLED))
        return sum(_draws_type(index, self._plan.place(index)) for index in sample) / max(len(sample), 1)

    @property
    def views(self) -> ViewTexts:
        """The texts of views."""
        return self._views

    def identifier(self, index: int) -> str:
        """The id of table number `index`, without making the rest of it."""
        return identifier(self._options.seed, "table", index)

    def name(self, index: int) -> str:
        """The name of table number `index`, without making the rest of it."""
        place = self._plan.place(index)
        part = part_of(place, self._options)
        if part is not None:
            return part[0]
        if self._is_copy(index, place):
            return self._name_of_copy(self.name(index - 1), index)
        random = dice(self._options.seed, ASPECT, index)
        return _name(random.choice(SUBJECTS), random, index, place)

    def table(self, index: int) -> TableRecord:
        """Table number `index`, 0 to `options.tables` - 1."""
        place = self._plan.place(index)
        if place.series is not None:
            return self._series.table(index, place)
        random = dice(self._options.seed, ASPECT, index)
        subject = random.choice(SUBJECTS)
        name = _name(subject, random, index, place)
        original, fate = self.table(index - 1) if self._is_copy(index, place) else None, fate_of(index, place)
        if original is not None:
            name = self._name_of_copy(original.name, index)
        first = place.local_index == 0
        table_type = self._types.draw(random, index) if _draws_type(index, place) else "Regular"
        habitual = first or fate is not None or (place.schema.reach is Reach.STOPPED and place.local_index % 4 != 0)
        age_days = _age_days(random, habitual)
        rhythm = _habit(random, first) if habitual else _rhythm(random, age_days)
        last_use_days = random.randint(*LAST_USE_DAYS[fate]) if fate else None
        created, updated, accessed = self._life_cycle(random, place, index, rhythm, age_days, fate, last_use_days)
        owners = self._people.owners(random.randrange(10_000)) if random.random() < 0.35 and not fate else ()
        former_owners = self._people.owners(index) if index % 11 == 4 else ()
        version, metadata_age = _version(random, index, age_days)
        return TableRecord(
            index=index,
            id=self.identifier(index),
            name=name,
            display_name=f"{subject.title()} {index}" if index % 5 == 1 else None,
            fqn=join_fqn(place.schema.fqn, name),
            fqn_hash=join_hash(place.schema.fqn_hash, name),
            service_id=place.service.id,
            database_id=place.database.id,
            schema_id=place.schema.id,
            service_type=place.service.service_type,
            table_type=table_type,
            description=_description(random, subject, index),
            columns=columns_of(random, index) if original is None else columns_of_copy(original, index // COPY_EVERY),
            schema_definition=self._views.text(index, place, name, table_type),
            retention_period="P90D" if index % 19 == 8 else None,
            version=version,
            updated_at_ms=self._options.moment_ms(metadata_age, random.randrange(86_000)),
            created_at_ms=self._options.moment_ms(min(age_days, CATALOGUED_DAYS)),
            deleted=_deleted(place, index, fate),
            created_ms=created,
            updated_ms=updated,
            accessed_ms=accessed,
            odd_times=() if fate else odd_times(place, self._options),
            owners=owners,
            former_owners=tuple(owner for owner in former_owners if owner not in owners),
            tier=_tier(random, fate),
            rhythm=rhythm,
            age_days=age_days,
            bytes_now=bytes_of(random, index, place, table_type, rhythm, fate),
            fate=fate,
            last_use_days=last_use_days,
        )

    def _is_copy(self, index: int, place: Place) -> bool:
        """Whether it is made as the copy of the table before it; both stand in one service."""
        if index % COPY_EVERY != COPY_EVERY - 1 or place.local_index < FIRST_COPY or place.series is not None:
            return False
        return self._plan.place(index - 1).series is None

    def _name_of_copy(self, original: str, index: int) -> str:
        return original + COPY_SUFFIXES[index // COPY_EVERY % len(COPY_SUFFIXES)]

    def _life_cycle(
        self,
        random: Random,
        place: Place,
        index: int,
        rhythm: Rhythm,
        age_days: int,
        fate: Fate | None,
        last_use_days: int | None,
    ) -> tuple[int | None, int | None, int | None]:
        second = random.randrange(86_000)
        created = self._options.moment_ms(age_days, second) if random.random() < 0.6 else None
        updated = None
        if random.random() < 0.5:
            write_age = random.randint(0, random.choices((2, 9, 60, 600), (45, 15, 15, 25))[0])
            updated = self._options.moment_ms(min(age_days, write_age), random.randrange(86_000))
        accessed = self._accessed(random, place, rhythm, age_days, last_use_days or 0)
        if not place.service.life_cycles:
            return None, None, None
        rebuilt = self._options.moment_ms(index % 2, 3 * 3_600 + index % 3_600)
        if last_use_days is not None:
            written = self._options.moment_ms(index % 3, 7_200) if fate is Fate.STILL_WRITTEN else None
            return (rebuilt if fate is Fate.REBUILT else created), written, accessed
        if index % 12 == 6 and age_days > 60:
            created = rebuilt
        return (
            odd_created(index, self._options, created),
            odd_updated(index, self._options, updated),
            odd_accessed(place, self._options, accessed),
        )

    def _accessed(self, random: Random, place: Place, rhythm: Rhythm, age_days: int, last_use_days: int) -> int | None:
        access_times = place.service.access_times
        recorded = {
            AccessTimes.RICH: random.random() < 0.6 or place.local_index == 0,
            AccessTimes.STALE: random.random() < 0.6,
            AccessTimes.THIN: place.local_index % 20 == 7,
            AccessTimes.NONE: False,
        }[access_times]
        # The usage workflow writes them, where it looks.
        if not recorded or place.schema.reach is Reach.NEVER:
            return None
        newest = 60 if access_times is AccessTimes.STALE else max(1, newest_day(Feed.LIVE, place.schema.reach))
        newest = max(newest, last_use_days)
        days = [*days_of_use(rhythm, random, oldest=age_days, newest=newest, today=self._options.today)]
        return self._options.moment_ms(days[-1], random.randrange(86_000)) if days else None


def _draws_type(index: int, place: Place) -> bool:
    """Whether neither the place of a table nor its fate asks for a type."""
    return place.series is None and place.local_index > 0 and fate_of(index, place) is None


def _name(subject: str, random: Random, index: int, place: Place) -> str:
    return odd_name(place.local_index, place.service.feed) or f"{subject}_{random.choice(FORMS)}_{index}"


def _age_days(random: Random, habitual: bool) -> int:
    if habitual:
        return HISTORY_DAYS + 300
    return random.randint(1, 29) if random.random() < 0.08 else random.randint(30, 1_500)


def _habit(random: Random, first: bool) -> Rhythm:
    return Rhythm.DAILY if first else random.choice((Rhythm.DAILY, Rhythm.WEEKLY))


def _rhythm(random: Random, age_days: int) -> Rhythm:
    if age_days < 30:
        return random.choice((Rhythm.DAILY, Rhythm.NEVER))
    return random.choices([*RHYTHM_SHARES], [*RHYTHM_SHARES.values()])[0]


def _version(random: Random, index: int, age_days: int) -> tuple[float, int]:
    """The version of the metadata, and how many days ago it came: the first one with the table itself."""
    age = random.randint(1, 80) if random.random() < 0.4 else random.randint(100, 700)
    if index % 30 == 0 or (age_days < 30 and index % 2 == 0):
        return FIRST_VERSION, min(age_days, CATALOGUED_DAYS)
    return round(FIRST_VERSION + index % 29 / 10 + 0.1, 1), min(age, age_days)


def _tier(random: Random, fate: Fate | None) -> str | None:
    tier = random.choices(TIERS, (1, 2, 4, 2, 1))[0] if random.random() < 0.3 else None
    return tier if fate is None else TIERS[0] if fate is Fate.CRITICAL else None


def _deleted(place: Place, index: int, fate: Fate | None) -> bool | None:
    if place.service.deleted or place.local_index == 0 or fate is not None:
        return place.service.deleted
    if index % DELETED_EVERY == DELETED_PLACE:
        return True
    return None if index % 47 == 6 else False


def _description(random: Random, subject: str, index: int) -> str | None:
    if index % 37 == 3:
        return ""
    chance = random.random()
    if chance < 0.45:
        return None
    short = SHORT_DESCRIPTION.format(subject=subject)
    # Over 512 characters, where MySQL's JSON_VALUE gives NULL.
    return short if chance < 0.9 else f"{short}\n\n{LONG_SENTENCE * random.randint(6, 9)}"
