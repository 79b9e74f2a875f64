"""What each table of ThirdEye's schema holds, against what docs/operations.md says of an estate of 100,000 tables."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"
DOCUMENTED_TABLES, DOCUMENTED_PLACES = 100_000, 100
# Their rows and bytes do not follow the number of tables, but that of refreshes, of days, or of places.
BY_TIME = frozenset({"health_score_history", "refresh_run", "return_risk"})
BY_PLACES = frozenset({"budget_forecast", "estate_daily"})
# One a day of usage, mostly; each as large as there are tables.
ROWS_BY_TIME = frozenset({"estate_blob"})
# Smaller ones are not compared one by one: the least that a table takes is a page of 16 kB for each index.
LEAST_MB = 1.0
LEAST_ROWS = 500
ALLOWED = 0.2


class Size(NamedTuple):
    """Rows, and megabytes (10^6 bytes) with indexes."""

    rows: int
    megabytes: float


_NOTHING = Size(0, 0.0)


def documented(tables: int, places: int = DOCUMENTED_PLACES) -> dict[str, Size]:
    """By table: what it holds after a year of an estate of so many tables and places (services, domains, ...)."""
    section = DOCUMENT.read_text().split("## What grows, and what ends it")[1].split("\n## ")[0]
    sizes = dict[str, Size]()
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            for name in re.findall(r"`(\w+)`", cells[0]):
                share = tables / DOCUMENTED_TABLES
                if name in BY_TIME | BY_PLACES:
                    share = 1.0 if name in BY_TIME else places / DOCUMENTED_PLACES
                of_rows = 1.0 if name in ROWS_BY_TIME else share
                sizes[name] = Size(round(_number(cells[1]) * of_rows), _number(cells[2]) * share)
    return sizes


def _number(cell: str) -> float:
    found = re.match(r"[\d,.]+", cell)
    return float(found[0].replace(",", "")) if found else 0.0


def places_of(found: Mapping[str, Size]) -> int:
    """How many places an estate has: each has one forecast."""
    return found["budget_forecast"].rows


def measured(connection: Any, schema: str) -> dict[str, Size]:
    """By table: what it holds now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (schema,))
        names = [str(row[0]) for row in cursor.fetchall() if not re.match(r"_?yoyo_", row[0])]
        cursor.execute("ANALYZE TABLE " + ", ".join(f"`{schema}`.`{name}`" for name in names))
        cursor.fetchall()
        if "MariaDB" not in str(connection.get_server_info()):
            cursor.execute("SET information_schema_stats_expiry = 0")
        cursor.execute(
            "SELECT table_name, data_length + index_length FROM information_schema.tables WHERE table_schema = %s",
            (schema,),
        )
        sizes = {str(name): int(size) for name, size in cursor.fetchall()}
        found = {}
        for name in names:
            cursor.execute(f"SELECT COUNT(*) FROM `{schema}`.`{name}`")
            found[name] = Size(int(cursor.fetchone()[0]), sizes[name] / 10**6)
    return found


def table_of(history: Mapping[int, Mapping[str, Size]], said: Mapping[str, Size]) -> Iterator[str]:
    """Lines: each table's megabytes by day, its rows on the last one, and what is said of it."""
    days = sorted(history)
    yield f"{'MB after days':<30}" + "".join(f"{day:>8}" for day in days) + f"{'said':>9}{'rows':>11}{'said':>11}"
    last = history[days[-1]]
    for name in sorted(last, key=lambda name: -last[name].megabytes):
        # A table may have come with a newer version, which went on where an older one was ended.
        by_day = "".join(f"{history[day].get(name, _NOTHING).megabytes:>8.2f}" for day in days)
        yield f"{name:<30}{by_day}{said[name].megabytes:>9.2f}{last[name].rows:>11,}{said[name].rows:>11,}"
    totals = "".join(f"{total(history[day]):>8.1f}" for day in days)
    yield f"{'all':<30}{totals}{total(said):>9.1f}"


def total(sizes: Mapping[str, Size]) -> float:
    """Megabytes of all."""
    return sum(size.megabytes for size in sizes.values())


def rows_apart(found: Mapping[str, Size], said: Mapping[str, Size]) -> list[str]:
    """The same of rows, which are compared from some hundreds on."""
    return [
        f"{name}: {size.rows:,} rows, where docs/operations.md says {said[name].rows:,}"
        for name, size in found.items()
        if max(size.rows, said[name].rows) >= LEAST_ROWS
        and abs(size.rows - said[name].rows) > ALLOWED * said[name].rows
    ]


def departures(found: Mapping[str, Size], said: Mapping[str, Size]) -> list[str]:
    """Sentences on what is more than a fifth from what is said."""
    pairs = {"all": (total(found), total(said))}
    pairs |= {
        name: (size.megabytes, said[name].megabytes)
        for name, size in found.items()
        if max(size.megabytes, said[name].megabytes) >= LEAST_MB
    }
    return [
        f"{name}: {have:.1f} MB, where docs/operations.md says {wanted:.1f}"
        for name, (have, wanted) in pairs.items()
        if abs(have - wanted) > ALLOWED * wanted
    ]
