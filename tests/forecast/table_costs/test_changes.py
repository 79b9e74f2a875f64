"""Which tables make the change of a cost: it adds up, and what is not known is counted and not summed."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.forecast.test_facts import snapshot_of
from tests.support.daily_estate import random_columns
from thirdeye.forecast.facts import facts_by_place
from thirdeye.forecast.places import EVERYTHING, Place
from thirdeye.forecast.table_costs.changes import MAX_TABLES, ChangeKind, Changes, changes_by_place
from thirdeye.forecast.table_costs.costs import TableCosts, costs_of, packed, unpacked
from thirdeye.inventory.columns import CHUNK, PRESENT

NEW, GROWTH, GONE = ChangeKind.NEW, ChangeKind.GROWTH, ChangeKind.GONE
SHOP, LAKE, SALES = Place("shop"), Place("lake"), Place(None, "Sales")
Table = tuple[str, str | None, float, float]


def costs(tables: Mapping[int, Table]) -> TableCosts:
    """Tables by number: service, domain, cost of storage and of queries."""
    services = sorted({service for service, *_ in tables.values()})
    domains: list[tuple[str, ...]] = [(), *sorted({(domain,) for _, domain, *_ in tables.values() if domain})]
    length = max(tables, default=-1) + 1
    columns = {name: np.zeros(length, dtype) for name, dtype in (("service", "i4"), ("domains", "i4"))}
    columns |= {name: np.zeros(length) for name in ("storage", "queries")}
    for number, (service, domain, storage, queries) in tables.items():
        columns["service"][number] = services.index(service) + 1
        columns["domains"][number] = domains.index((domain,) if domain else ())
        columns["storage"][number], columns["queries"][number] = storage, queries
    return TableCosts(services, domains, columns)


def told(changes: Changes) -> dict[str, tuple[int, float]]:
    return {kind.value: (change.tables, change.usd) for kind, change in changes.kinds.items() if change.tables}


def test_by_hand() -> None:
    before = costs({
        0: ("shop", None, 10, 5), 1: ("shop", "Sales", 20, nan), 2: ("lake", "Sales", 7, 0), 3: ("lake", None, nan, nan),
        4: ("lake", None, 1, 1), 5: ("crm", "Sales", 2, 0),
    })  # fmt: skip
    now = costs({
        # It grew by 3; its size grew by 2, what its queries cost is known since; gone; still unknown; as before.
        0: ("shop", None, 12, 6), 1: ("shop", "Sales", 22, 100), 3: ("lake", None, nan, nan), 4: ("lake", None, 1, 1),
        # It left the domain; new, and of one only the queries are known.
        5: ("crm", None, 3, 0), 6: ("lake", "Sales", 4, 0), 7: ("shop", None, nan, 8),
    })  # fmt: skip
    found = changes_by_place(before, now)
    assert told(found[EVERYTHING]) == {"NEW": (2, 12.0), "GROWTH": (3, 3 + 2 + 1), "GONE": (1, -7.0)}
    assert found[EVERYTHING].unknown == 2
    assert [(table.number, table.kind, table.usd) for table in found[EVERYTHING].largest] == [
        (7, NEW, 8.0), (2, GONE, -7.0), (6, NEW, 4.0), (0, GROWTH, 3.0), (1, GROWTH, 2.0), (5, GROWTH, 1.0),
    ]  # fmt: skip
    assert told(found[SHOP]) == {"NEW": (1, 8.0), "GROWTH": (2, 5.0)}
    assert told(found[LAKE]) == {"NEW": (1, 4.0), "GONE": (1, -7.0)}
    # What moved out of a domain is gone from it, with what it cost there.
    assert told(found[SALES]) == {"NEW": (1, 4.0), "GROWTH": (1, 2.0), "GONE": (2, -9.0)}
    assert told(found[Place("crm")]) == {"GROWTH": (1, 1.0)}
    assert told(found[Place("crm", "Sales")]) == {"GONE": (1, -2.0)}


def test_only_the_largest_are_named_and_among_equal_ones_those_of_the_lowest_numbers() -> None:
    tables: dict[int, Table] = dict.fromkeys(range(MAX_TABLES + 5), ("shop", None, 1.0, 0.0))
    changes = changes_by_place(costs({}), costs({**tables, MAX_TABLES + 2: ("lake", None, 9.0, 0.0)}))
    assert [table.number for table in changes[EVERYTHING].largest] == [MAX_TABLES + 2, *range(MAX_TABLES - 1)]
    assert told(changes[EVERYTHING]) == {"NEW": (MAX_TABLES + 5, MAX_TABLES + 4 + 9.0)}
    # Less is as large a change as more.
    grown: dict[int, Table] = {number: (service, domain, 2.0, 0.0) for number, (service, domain, *_) in tables.items()}
    last = len(tables) - 1
    changes = changes_by_place(
        costs({**tables, last: ("shop", None, 90.0, 0.0)}), costs({**grown, last - 1: ("shop", None, 50.0, 0.0)})
    )
    assert [table.number for table in changes[SHOP].largest] == [last, last - 1, *range(MAX_TABLES - 2)]
    assert changes_by_place(costs({}), costs({})) == {EVERYTHING: Changes()}


def _known(table: Table | None) -> list[float]:
    return [nan, nan] if table is None else list(table[2:])


_TABLES = st.dictionaries(
    st.integers(0, 30),
    st.tuples(
        st.sampled_from(["shop", "lake"]),
        st.sampled_from([None, "Sales", "Finance"]),
        st.integers(0, 2**30).map(float) | st.just(nan),
        st.integers(0, 2**30).map(float) | st.just(nan),
    ),
)


def _sum(values: Iterable[float]) -> float:
    return sum(value for value in values if not isnan(value))


@given(_TABLES, _TABLES)
def test_new_and_growth_and_gone_add_up_to_the_change_of_what_is_known(
    before: dict[int, Table], now: dict[int, Table]
) -> None:
    found = changes_by_place(costs(before), costs(now))
    for place, changes in found.items():
        had, has = (
            {
                number: table
                for number, table in tables.items()
                if place.service in (None, table[0]) and place.domain in (None, table[1])
            }
            for tables in (before, now)
        )
        change = _sum(each for table in has.values() for each in _known(table))
        change -= _sum(each for table in had.values() for each in _known(table))
        # Of a table of both days what became known, or is known no more, is no change.
        unequal = 0.0
        unknown = 0
        for number in had.keys() | has.keys():
            pairs = list(zip(_known(had.get(number)), _known(has.get(number)), strict=True))
            both = number in had and number in has
            if both:
                unequal += sum(_sum([new]) - _sum([old]) for old, new in pairs if isnan(old) != isnan(new))
            counted = [(old, new) for old, new in pairs if not (isnan(old) or isnan(new))]
            known = counted if both else [pair for pair in pairs if not all(map(isnan, pair))]
            unknown += not known or (both and any(isnan(old) != isnan(new) for old, new in pairs))
        kinds = changes.kinds
        assert sum(each.usd for each in kinds.values()) == change - unequal
        assert changes.unknown == unknown
        assert (kinds[NEW].tables, kinds[GONE].tables) == (len(has.keys() - had.keys()), len(had.keys() - has.keys()))
        assert sum(table.usd for table in changes.largest) == pytest.approx(change - unequal) or len(
            changes.largest
        ) == MAX_TABLES  # fmt: skip


@given(st.integers(0, 10**9))
def test_of_an_empty_estate_all_is_new_and_costs_what_the_facts_of_the_day_say(seed: int) -> None:
    snapshot = snapshot_of(random_columns(random.Random(seed)))
    now, facts = costs_of(snapshot), facts_by_place(snapshot, 30)
    found = changes_by_place(costs({}), now)
    assert found.keys() == facts.keys()
    for place, changes in found.items():
        amounts = facts[place].facts.amounts
        usd = sum(float(amounts[kind].value or 0) for kind in ("storage", "query"))
        assert changes.kinds[NEW].usd == pytest.approx(usd)
        assert changes.kinds[NEW].tables == facts[place].facts.tables
    kept = unpacked(list(packed(now)))
    assert changes_by_place(now, now)[EVERYTHING].largest == []
    assert changes_by_place(kept, now) == changes_by_place(now, now)


def test_tables_of_more_than_one_chunk_are_kept() -> None:
    one = costs({0: ("shop", None, 1.0, 0.0), CHUNK + 1: ("<b>lake</b>", "Sa.les", 2.0, nan)})
    kept = unpacked(list(packed(one)))
    assert len(list(packed(one))) == 3
    assert kept.length == one.length
    assert told(changes_by_place(costs({}), kept)[Place("<b>lake</b>", "Sa.les")]) == {"NEW": (1, 2.0)}
    assert changes_by_place(replace(one, columns={k: v[:1] for k, v in one.columns.items()}), kept)[EVERYTHING].kinds[
        NEW
    ].usd == 2.0  # fmt: skip


def test_a_table_that_is_gone_takes_no_part() -> None:
    columns = random_columns(random.Random(3))
    columns["flags"] = columns["flags"] & ~np.uint16(PRESENT)
    assert not costs_of(snapshot_of(columns)).columns["service"].any()
