"""Profile rows: what the profiler measured, in both shapes that OpenMetadata has stored them in."""

from random import Random

from thirdeye.local.sample.naming import dice
from thirdeye.local.sample.options import EstateOptions
from thirdeye.local.sample.records import Fate, ProfileRow, SystemProfileRow, TableRecord
from thirdeye.local.sample.sizes import WITHOUT_BYTES

PROFILE_ASPECT, SYSTEM_ASPECT = 5, 6
SYSTEM_PROFILED = frozenset({"Snowflake", "BigQuery", "Redshift", "Databricks"})
WRITING_OPERATIONS = ("INSERT", "UPDATE", "DELETE", "MERGE", "WRITE")
BYTES_PER_ROW = 120
HUGE = 10**12


def profiles_of(table: TableRecord, options: EstateOptions) -> list[ProfileRow]:
    """The `table.tableProfile` rows of a table, newest first, about a month apart; a fifth has none.

    `size_in_byte` is missing for tables without storage, where the profiler gives none, for three in ten others, and
    sometimes in the newest row only. Nothing was profiled before it existed. Waste and huge tables were all measured.
    """
    random = dice(options.seed, PROFILE_ASPECT, table.index)
    if random.random() < 0.2 and not _surely_measured(table):
        return []
    size = _size(table, random)
    newest_lacks_size = random.random() < 0.15 and not _surely_measured(table)
    row_count = random.randint(1, 10**6) if table.bytes_now is None else table.bytes_now // BYTES_PER_ROW
    day, rows = min(table.age_days, random.randint(0, 40)), []
    for number in range(random.randint(1, 6)):
        if day > table.age_days:
            break
        # It grew, or was left as it is.
        percent = 100 if table.fate else 100 - 4 * number
        has_size = size is not None and not (newest_lacks_size and number == 0)
        rows.append(
            ProfileRow(
                table_id=table.id,
                fqn_hash=table.fqn_hash,
                timestamp_ms=options.moment_ms(day, random.randrange(86_000)),
                row_count=(float if table.index % 2 else int)(row_count * percent // 100),
                size_in_byte=(float if table.index % 4 < 2 else int)((size or 0) * percent // 100)
                if has_size
                else None,
                # The newer shape: never, always, or since two months.
                nested=(False, True, number < 2)[table.index % 3],
            )
        )
        day += random.randint(25, 35)
    return rows


def system_profiles_of(table: TableRecord, options: EstateOptions) -> list[SystemProfileRow]:
    """The `table.systemProfile` rows of a table, newest first.

    Some have a newest row that only reads (SELECT), or one from the epoch: neither is a write.
    """
    random = dice(options.seed, SYSTEM_ASPECT, table.index)
    if table.service_type not in SYSTEM_PROFILED or random.random() < 0.55:
        return []
    day = min(table.age_days, _last_write(table, random))
    written: list[tuple[int, str, int | None]] = []
    if table.index % 13 == 5:
        written.append((options.moment_ms(max(0, day - 2), 40_000), "SELECT", None))
    for _ in range(random.randint(1, 5)):
        moment = options.moment_ms(day, random.randrange(30_000))
        written.append((moment, random.choice(WRITING_OPERATIONS), random.randint(0, 1_000_000)))
        day = min(table.age_days, day + random.randint(1, 20))
    if table.index % 29 == 7 and table.fate is None:
        written.append((0, "INSERT", 1))
    return [SystemProfileRow(table.id, table.fqn_hash, *row, nested=table.index % 3 != 0) for row in written]


def _size(table: TableRecord, random: Random) -> int | None:
    if table.bytes_now is None or table.service_type in WITHOUT_BYTES:
        return None
    if random.random() < 0.3 and not _surely_measured(table):
        return None
    return 0 if table.index % 53 == 2 and table.fate is None else table.bytes_now


def _surely_measured(table: TableRecord) -> bool:
    return table.fate is not None or (table.bytes_now or 0) >= HUGE


def _last_write(table: TableRecord, random: Random) -> int:
    if table.part is not None:
        return table.part.written_days
    if table.last_use_days is None:
        return random.randint(0, random.choice((3, 3, 40, 500)))
    if table.fate is Fate.STILL_WRITTEN:
        return random.randint(0, 3)
    return table.last_use_days + random.randint(-20, 60)
