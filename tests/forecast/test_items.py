"""Which places an open item saves in."""

from datetime import date
from decimal import Decimal

from tests.support.daily_estate import directory
from thirdeye.forecast.items import items_by_place
from thirdeye.forecast.places import EVERYTHING, Place


def test_an_item_saves_in_its_service_and_its_domains_by_numbers_as_mysql_answers_them() -> None:
    due = date(2026, 12, 1)
    rows = [
        {"subject": Decimal(7), "usd": Decimal("12.5"), "due_date": due, "service": "shop", "domain_set": Decimal(2)},
        {"subject": Decimal(-3), "usd": Decimal(-1), "due_date": None, "service": None, "domain_set": Decimal(0)},
    ]
    found = items_by_place(rows, directory())  # type: ignore[arg-type]
    of_table, of_nothing = (7, 12.5, due), (-3, 0.0, None)
    domains = ("Sales", "Sales.EMEA")
    assert found == {
        EVERYTHING: [of_table, of_nothing],
        Place("shop"): [of_table],
        **{Place(service, domain): [of_table] for service in (None, "shop") for domain in domains},
    }
