"""Profile rows: what the profiler measured, in both shapes that OpenMetadata has stored them in."""

from random import Random

from thirdeye.local.sample.naming import dice
from thirdeye.local.sample.options import EstateOptions
from thirdeye.local.sample.records import ProfileRow, SystemProfileRow, TableRecord

PROFILE_ASPECT, SYSTEM_ASPECT = 5, 6
SYSTEM_PROFILED = frozenset({"Snowflake", "BigQuery", "Redshift", "Databricks"})
WRITING_OPERATIONS = ("INSERT", "UPDATE", "DELETE", "MERGE", "WRITE")
BYTES_PER_ROW = 120


def profiles_of(table: TableRecord, options: EstateOptions) -> list[ProfileRow]:
    """The `table.tableProfile` rows of a table, newest first, about a month apart; a fifth has none.

    `size_in_byte` is missing for tables without storage, for three in ten others, and sometimes in the newest
    row only.
    """
    random = dice(options.seed, PROFILE_ASPECT, table.index)
    if random.random() < 0.2:
        return []
    size = _size(table, random)
    newest_lacks_size = random.random() < 0.15
    day, rows = random.randint(0, 40), []
    for number in range(random.randint(1, 6)):
        has_size = size is not None and not (newest_lacks_size and number == 0)
        rows.append(
            ProfileRow(
                table_id=table.id,
                fqn_hash=table.fqn_hash,
                timestamp_ms=options.moment_ms(day, random.randrange(86_000)),
                row_count=(float if table.index % 2 else int)((table.bytes_now or 0) // BYTES_PER_ROW >> number),
                size_in_byte=(float if table.index % 4 < 2 else int)((size or 0) >> number) if has_size else None,
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
    day = random.randint(0, random.choice((3, 3, 40, 500)))
    written: list[tuple[int, str, int | None]] = []
    if table.index % 13 == 5:
        written.append((options.moment_ms(max(0, day - 2), 40_000), "SELECT", None))
    for _ in range(random.randint(1, 5)):
        moment = options.moment_ms(day, random.randrange(30_000))
        written.append((moment, random.choice(WRITING_OPERATIONS), random.randint(0, 1_000_000)))
        day += random.randint(1, 20)
    if table.index % 29 == 7:
        written.append((0, "INSERT", 1))
    return [SystemProfileRow(table.id, table.fqn_hash, *row, nested=table.index % 3 != 0) for row in written]


def _size(table: TableRecord, random: Random) -> int | None:
    if table.bytes_now is None or random.random() < 0.3:
        return None
    return 0 if table.index % 53 == 2 else table.bytes_now
