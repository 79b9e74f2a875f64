"""The facts of a day: they add up to the total, and say what the estate says."""

import random
from datetime import date
from decimal import Decimal
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.daily_estate import PRICES, SERVICES, directory, random_columns, summary_of
from tests.support.prices import tariffs_of
from thirdeye.forecast.facts import PlaceFacts, facts_by_place
from thirdeye.forecast.places import EVERYTHING, Place
from thirdeye.forecast.rules import KINDS, Amount, Facts, archive_saved
from thirdeye.inventory.columns import Columns
from thirdeye.inventory.query import Catalogue
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.inventory.verdicts import saved_shares

ADVICE = {"policy": {"archive_saving": 0.8}}


def snapshot_of(columns: Columns, advice: dict[str, Any] | None = None) -> Snapshot:
    """A snapshot without a database behind it."""
    places = np.array([place[0] for place in directory()["places"]], np.int32)
    catalogue = Catalogue(columns=columns, place_service=places, tariffs=tariffs_of(*PRICES), shares=saved_shares(0.8))
    made: dict[str, Any] = {
        "generation": 1, "refreshed_at": None, "as_of": date(2026, 11, 20), "directory": directory(),
        "catalogue": catalogue, "price_checksum": 0, "versions": {}, "advice": ADVICE if advice is None else advice,
        "series": (), "reader": None,
    }  # fmt: skip
    return Snapshot(**made)


def usd(facts: PlaceFacts, kind: str) -> Decimal:
    return facts.facts.amounts[kind].value or Decimal(0)


@given(st.integers(0, 10**9))
def test_services_add_up_to_the_total_and_places_say_what_the_estate_says(seed: int) -> None:
    columns = random_columns(random.Random(seed))
    places, summary = facts_by_place(snapshot_of(columns), 30), summary_of(columns)
    total, services = places[EVERYTHING], [places[Place(name)] for name in SERVICES if Place(name) in places]
    for kind in KINDS:
        assert sum((usd(each, kind) for each in services), Decimal(0)) == usd(total, kind)
    potentials = [each.facts.potential or Decimal(0) for each in services]
    assert sum(potentials, Decimal(0)) == (total.facts.potential or Decimal(0))
    for name in ("tables", "sized", "bytes"):
        assert sum(getattr(each.facts, name) for each in services) == getattr(total.facts, name)
    assert sum(each.tally.active for each in services) == total.tally.active == total.facts.amounts["in_use"].tables
    verdicts = ("keep", "review", "stop_refresh", "archive", "delete")
    assert sum(total.facts.amounts[each].tables for each in verdicts) == total.facts.tables
    said = {EVERYTHING: summary["total"]}
    said |= {Place(each["service"]): each for each in summary["byService"]}
    said |= {
        Place(None, each["domain"]["fqn"]): each
        for each in summary["byDomainWithSubdomains"]
        if each["domain"] is not None
    }
    assert {place for place in places if not (place.service and place.domain)} == set(said)
    for place, totals in said.items():
        facts = places[place].facts
        assert (facts.tables, facts.sized, min(facts.bytes, 2**63 - 1)) == (
            totals["tables"], totals["sizedTables"], totals["bytes"],
        )  # fmt: skip
        for kind, name in (("storage", "storageCost"), ("query", "queryCost")):
            assert abs(usd(places[place], kind) - Decimal(cast(Any, totals)[name])) < Decimal("0.000002")


@given(st.integers(0, 10**9))
def test_what_is_in_a_domain_of_a_service_adds_up_to_the_domain(seed: int) -> None:
    places = facts_by_place(snapshot_of(random_columns(random.Random(seed))), 30)
    for place, facts in places.items():
        if place.domain is not None and place.service is None:
            parts = [each for where, each in places.items() if where.domain == place.domain and where.service]
            assert sum(each.facts.tables for each in parts) == facts.facts.tables
            assert sum((usd(each, "storage") for each in parts), Decimal(0)) == usd(facts, "storage")


@given(st.integers(0, 10**9))
def test_before_the_first_verdicts_what_they_cost_is_unknown(seed: int) -> None:
    places = facts_by_place(snapshot_of(random_columns(random.Random(seed)), advice={}), 30)
    for facts in places.values():
        expected = None if facts.facts.tables else Decimal(0)
        assert {facts.facts.amounts[kind].value for kind in ("delete", "archive", "keep", "blocked")} == {expected}


@pytest.mark.parametrize(
    ("tables", "known", "usd", "value"),
    [(0, 0, "0", Decimal(0)), (3, 0, "0", None), (3, 1, "0", Decimal(0)), (3, 2, "1.5", Decimal("1.5"))],
)
def test_nothing_known_is_not_nothing(tables: int, known: int, usd: str, value: Decimal | None) -> None:
    assert Amount(tables, known, Decimal(usd)).value == value


@pytest.mark.parametrize(
    ("delete", "archive", "writes", "potential"),
    [
        (Amount(), Amount(), Amount(), Decimal(0)),
        (Amount(1, 1, Decimal(10)), Amount(1, 1, Decimal(10)), Amount(1, 1, Decimal(1)), Decimal(19)),
        (Amount(1, 0), Amount(1, 1, Decimal(10)), Amount(), Decimal(8)),
        (Amount(2, 0), Amount(1, 0), Amount(), None),
        (Amount(), Amount(), Amount(2, 0), None),
    ],
)
def test_what_following_the_verdicts_saves(
    delete: Amount, archive: Amount, writes: Amount, potential: Decimal | None
) -> None:
    facts = Facts()
    saved = archive_saved(archive, Decimal("0.8"))
    facts.amounts |= {"delete": delete, "archive_saved": saved, "stop_writes": writes}
    assert facts.potential == potential
