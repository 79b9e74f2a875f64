"""The examples of docs/money.md, which were worked by hand, and the list prices that it names."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.support import ROOT
from tests.support.prices import price
from thirdeye.inventory.columns import UNREADABLE_WRITTEN, WITHOUT_STORAGE
from thirdeye.inventory.money import round_amount
from thirdeye.inventory.rules import TYPES_WITHOUT_STORAGE
from thirdeye.inventory.storage_prices import DEFAULT_PRICE, StoragePrice, Tariffs, prices_by_service
from thirdeye.mirror.profiles import read_size

DAY = date(2026, 11, 27)
DOCUMENT = (ROOT / "docs" / "money.md").read_text(encoding="utf-8")
SEEDS = (ROOT / "migrations" / "0047.list-storage-price.sql").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in DOCUMENT.splitlines() if line.startswith("|")]
EXAMPLES = [row for row in ROWS if row[0].isdigit()]
OWN = {
    "type": price("0.0201", service_type="Snowflake", effective_from=date(2026, 6, 1)),
    "contract": price("0.018", service="warehouse"),
    "flat": price("0.015", service_type="bigquery"),
    "deal": price("0.012", "0.006", 60, service="warehouse"),
    "later": price("0.08", service_type="Postgres", effective_from=date(2027, 1, 1)),
    "others": price("0.05"),
}


def list_prices() -> list[StoragePrice]:
    """What the migration seeds."""
    found = re.findall(r"\('(\S+)', '2000-01-01', ([\d.]+), ([\d.]+|NULL), (\d+|NULL), '(\S+)', '([\d-]+)',", SEEDS)
    return [
        StoragePrice(
            service_type=kind, effective_from=date(2000, 1, 1), usd_per_gb_month=Decimal(full),
            long_term_usd_per_gb_month=None if lower == "NULL" else Decimal(lower),
            long_term_days=None if days == "NULL" else int(days), source=source, source_date=date.fromisoformat(day),
        )
        for kind, full, lower, days, source, day in found
    ]  # fmt: skip


def amount(text: str) -> Decimal | None:
    return None if text == "-" else Decimal(text)


def test_there_are_enough_of_them() -> None:
    assert len(EXAMPLES) >= 40
    assert len({row[1] for row in EXAMPLES}) >= 6
    assert [int(row[0]) for row in EXAMPLES] == list(range(1, len(EXAMPLES) + 1))


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: row[0])
def test_an_example(row: list[str]) -> None:
    _, kind, table_type, size, rows, written, named, storage, queries, month, _ = row
    own = [OWN[name] for name in named.split(", ") if name != "list"]
    prices = prices_by_service([{"name": "warehouse", "type": kind}], [*list_prices(), *own], DAY)
    tariffs = Tariffs(prices, DAY)
    flags = WITHOUT_STORAGE if table_type in TYPES_WITHOUT_STORAGE else 0
    flags |= UNREADABLE_WRITTEN if written == "unreadable" else 0
    ago = re.fullmatch(r"(\d+) days ago", written)
    # Of one whose time of a write cannot be read, an older one may be known.
    day = None if written == "unknown" else DAY - timedelta(days=int(ago[1]) if ago else 500)
    known, _ = read_size("" if size == "unknown" else f"{int(rows not in ('-', '0'))}{size}")
    found = tariffs.storage(tariffs.of_table(0, day, flags), None if known < 0 else known)
    assert (found if found is None else round_amount(found)) == amount(storage)
    parts = [part for part in (found, amount(queries)) if part is not None]
    assert (round_amount(sum(parts, Decimal(0))) if parts else None) == amount(month)
    assert prices[0].basis == ("OWN" if set(named.split(", ")) - {"list", "later"} and kind != "Clickhouse" else "LIST")


def test_the_document_names_every_list_price_with_its_source_and_date() -> None:
    listed: dict[str, Any] = {}
    for row in ROWS:
        if len(row) == 4 and row[2].startswith("<"):
            for kind in re.findall(r"`(\*)`|(\w+)", row[0].replace("all others", "")):
                listed["".join(kind)] = row[1:]
    seeded = {each.service_type: each for each in list_prices()}
    assert listed.keys() == seeded.keys()
    assert seeded["*"].usd_per_gb_month == DEFAULT_PRICE.usd_per_gb_month
    assert (seeded["*"].source, seeded["*"].source_date) == (DEFAULT_PRICE.source, DEFAULT_PRICE.source_date)
    for kind, (usd, source, day) in listed.items():
        each = seeded[kind]
        numbers = re.findall(r"\d+\.\d+", usd)
        assert Decimal(numbers[0]) == each.usd_per_gb_month, kind
        assert each.long_term_usd_per_gb_month in {None, Decimal(numbers[-3 if len(numbers) > 3 else 0])}, kind
        assert str(each.source_date) == day, kind
        assert re.sub(r"/rds/\w+/", "/rds/postgresql/", each.source or "") == source.split(">")[0].strip("<"), kind
        assert each.contradiction is None


def test_a_saving_is_at_the_rate_that_is_paid() -> None:
    """The lower rate of BigQuery is half of the full one, as listed per GiB and as taken per GB."""
    full, lower = Decimal("0.018626"), Decimal("0.009313")
    assert lower * 2 == full == round(Decimal("0.02") / Decimal("1.073741824"), 6)
    assert lower == round(Decimal("0.01") / Decimal("1.073741824"), 6)
