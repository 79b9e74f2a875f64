"""Totals by domain: a table counts in each of its domains, once in the total, and the two reconcile."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from thirdeye.inventory.columns import PRESENT, QUERY_FIELDS, ZOMBIE, Columns
from thirdeye.inventory.storage_prices import DEFAULT_PRICE, Tariffs
from thirdeye.inventory.totals import summarise

FQNS = ["Sales", "Sales.EMEA", "Sales.EMEA.Paris", "Finance.EMEA", '"a.b".c', "Sales"]
SETS: list[list[int]] = [[], [0], [1], [0, 1], [2, 3], [0, 5], [4, 3, 2, 1]]
# Domains, size, zombie, owners, departed, place.
Table = tuple[int, int, bool, int, int, int]
TABLES = st.lists(
    st.tuples(
        st.integers(0, len(SETS) - 1), st.integers(-1, 10**15), st.booleans(), st.integers(0, 3), st.integers(0, 3),
        st.integers(0, 1),
    ),
    max_size=30,
)  # fmt: skip
# Of two services one has a price of its own.
TARIFFS = Tariffs([DEFAULT_PRICE, replace(DEFAULT_PRICE, service="lake", source=None)], date(2026, 11, 1))
OWNERS = [[], [["1", "user", "x"]], [["1", "team", "x"]], [["1", "user", "x"], ["2", "user", "y"]]]


def summary_of(tables: list[Table]) -> Any:
    columns = Columns(QUERY_FIELDS, len(tables))
    for name, values in zip(
        ("domains", "size", "zombie", "owners", "departed", "place"), zip(*tables, strict=True), strict=False
    ):
        if name == "zombie":
            columns["flags"] = PRESENT | np.array(values) * ZOMBIE
        else:
            columns[name] = np.array(values)
    columns["query_cost"] = np.full(len(tables), 0.1)
    directory: Any = {
        "services": [{"name": "shop", "type": "Snowflake"}, {"name": "lake", "type": "Glue"}],
        "places": [(0, "main", "core"), (1, "main", "core")], "owner_sets": OWNERS,
        "departed": [{"id": "1", "type": "user", "name": "x", "deleted": True, "teams": []}],
        "domains": [{"id": str(number), "name": fqn, "fqn": fqn} for number, fqn in enumerate(FQNS)], "domain_sets": SETS,
    }  # fmt: skip
    return summarise(columns, directory, TARIFFS)


def basis(places: list[int]) -> str | None:
    """Whose prices tables of these places have."""
    return "MIXED" if len(set(places)) > 1 else ["LIST", "OWN"][places[0]] if places else None


@given(TABLES)
@settings(max_examples=60, deadline=None)
def test_sums_by_domain_less_what_is_counted_again_are_the_total(tables: list[Table]) -> None:
    summary = summary_of(tables)
    again = [place for domains, *_, place in tables if domains in (3, 4, 6)]
    assert summary["countedAgain"]["priceBasis"] == basis(again)
    for name, total in summary["total"].items():
        if name == "priceBasis":
            continue
        sums = sum((Decimal(each[name]) for each in summary["byDomain"]), Decimal(0))
        assert sums - Decimal(summary["countedAgain"][name]) == Decimal(total), name
    for key, rolled_up in (("byDomain", False), ("byDomainWithSubdomains", True)):
        expected: dict[str | None, list[int]] = {}
        for domains, *_, place in tables:
            paths = {tuple(FQNS[each].replace("a.b", "ab").split(".")) for each in SETS[domains]}
            if rolled_up:
                paths = {path[:length] for path in paths for length in range(1, len(path) + 1)}
            for fqn in {".".join(path).replace("ab", "a.b") for path in paths} or {None}:
                expected.setdefault(fqn, []).append(place)
        assert {
            each["domain"] and each["domain"]["fqn"]: (each["tables"], each["priceBasis"]) for each in summary[key]
        } == {fqn: (len(places), basis(places)) for fqn, places in expected.items()}, key


@given(TABLES)
@settings(max_examples=30, deadline=None)
def test_what_those_leave_behind_who_left(tables: list[Table]) -> None:
    """User 1 left; the team of the same id and name did not."""
    summary = summary_of(tables)
    theirs = [(owners, size, place) for _, size, _, owners, departed, place in tables if departed in (1, 3)]
    left = [(max(size, 0), place) for owners, size, place in theirs if owners == 0]
    size, places = sum(size for size, _ in left), [place for _, place in left]
    assert [
        (each["tables"], each["bytes"], each["sharedTables"], each["priceBasis"]) for each in summary["departed"]
    ] == ([(len(left), size, len(theirs) - len(left), basis(places))] if theirs else [])
