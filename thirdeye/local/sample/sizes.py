"""How many bytes tables hold: lognormal by type, with a few huge ones."""

from random import Random

from thirdeye.local.sample.fates import FIRST
from thirdeye.local.sample.plan import Place
from thirdeye.local.sample.records import Fate, Reach, Rhythm

STORED_NOWHERE = frozenset({"View", "SecureView", "SemanticView", "External", "Foreign", "Stage", "Stream"})
# Of these services, the profiler gives rows and no bytes.
WITHOUT_BYTES = frozenset({"Databricks", "Trino", "Hive"})
GIGABYTE = 10**9
MEDIAN_GIGABYTES: dict[str | None, float] = {
    "Regular": 25, "MaterializedView": 8, "Partitioned": 200, "Iceberg": 100, "Dynamic": 10, "Transient": 5, "Local": 1,
    None: 10,
}  # fmt: skip
SPREAD = 1.9
HUGE_EVERY, FIRST_HUGE, HUGE_GIGABYTES, HUGE_SPREAD = 19, 8, 9_000, 0.4
DAILY_TIMES = 6
WASTE_GIGABYTES, HELD_GIGABYTES, SCRATCH_GIGABYTES, FATED_SPREAD = 400, 600, 5, 0.9
# The first table of a service that was forgotten is larger than nearly any other.
FORGOTTEN_GIGABYTES = {"Snowflake": 12_500, "BigQuery": 4_000}


def bytes_of(
    random: Random, index: int, place: Place, table_type: str | None, rhythm: Rhythm, fate: Fate | None
) -> int | None:
    """The bytes of a table; None for one without storage of its own."""
    if table_type in STORED_NOWHERE:
        return None
    median, spread = MEDIAN_GIGABYTES[table_type], SPREAD
    if place.local_index == FIRST and fate is Fate.FORGOTTEN:
        median, spread = FORGOTTEN_GIGABYTES.get(place.service.service_type, WASTE_GIGABYTES), 0.1
    elif fate is Fate.SCRATCH:
        median, spread = SCRATCH_GIGABYTES, FATED_SPREAD
    elif fate is not None:
        median = HELD_GIGABYTES if fate in {Fate.CRITICAL, Fate.NEEDED} else WASTE_GIGABYTES
        spread = FATED_SPREAD
    elif place.schema.reach is Reach.STOPPED:
        median, spread = HELD_GIGABYTES, FATED_SPREAD
    elif index % HUGE_EVERY == FIRST_HUGE:
        median, spread = HUGE_GIGABYTES, HUGE_SPREAD
    elif rhythm is Rhythm.DAILY:
        median *= DAILY_TIMES
    return round(median * GIGABYTE * random.lognormvariate(0, spread))
