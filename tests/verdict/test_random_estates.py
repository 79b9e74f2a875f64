"""Random estates: the second computation agrees, and nothing goes that must not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from tests.support.random_verdicts import (
    SERVICES,
    TODAY,
    Facts,
    RandomEstate,
    catalogue,
    estates,
    estates_with_series,
    first,
    labels_of,
    policies,
    second,
)
from thirdeye.inventory.columns import day_number
from thirdeye.inventory.query import saving_of
from thirdeye.inventory.verdicts import VERDICTS, saved_shares
from thirdeye.verdict.cells import CELLS, IDLE_LIMITS
from thirdeye.verdict.prior import packaged_prior
from thirdeye.verdict.return_risk import RiskModel
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.simulation import simulate

pytestmark = pytest.mark.unmeasured


def check(estate: RandomEstate) -> None:
    """Both computations, number by number, and what must never be."""
    mine = first(estate)
    judged, theirs = second(estate)
    for number, found in enumerate(mine):
        name = f"t{number}"
        table, expected = judged.tables[name], theirs[name]
        assert {key: found[key] for key in ("idle", "blockers", "verdict", "trial")} == {
            key: expected[key] for key in ("idle", "blockers", "verdict", "trial")
        }, (name, found, expected)
        assert (found["risk"] is None) == (expected["risk"] is None)
        assert found["risk"] == expected["risk"]
        accessed = table["accessed"]
        if table["through_lineage"] or (accessed is not None and (TODAY - accessed).days <= 90):
            assert found["verdict"] == "KEEP"
        if "FEED_SILENT" in found["blockers"] or estate.incomplete:
            assert found["verdict"] not in ("DELETE", "ARCHIVE")
        if table["activity"] == "UNKNOWN":
            assert found["verdict"] != "DELETE"
            assert found["verdict"] != "ARCHIVE" or estate.tables[number].approved
        if found["blockers"] & {"EVIDENCE_PARTIAL", "NO_LINEAGE", "SHORT_HISTORY"}:
            assert found["verdict"] != "DELETE"
        if any(judged.tables[each]["activity"] == "UNKNOWN" for each in table["below"] if each in judged.tables):
            assert found["verdict"] not in ("DELETE", "ARCHIVE")


@settings(max_examples=60)
@given(estates())
def test_verdicts_on_random_estates(estate: RandomEstate) -> None:
    check(estate)


# The longer a table was idle, the less likely it returns.
RISKS = RiskModel.learnt(
    np.full(CELLS, 1000),
    np.repeat(np.linspace(300, 0, len(IDLE_LIMITS)).astype(int), CELLS // len(IDLE_LIMITS)),
    packaged_prior(),
)


@settings(max_examples=60)
@given(estates_with_series(), policies)
def test_a_simulation_says_what_a_refresh_makes_of_a_policy(estate: RandomEstate, policy: Policy) -> None:
    """And an unchanged policy changes nothing."""
    (before, tag_sets), (after, _) = catalogue(estate, RISKS), catalogue(replace(estate, policy=policy), RISKS)
    labels = labels_of(estate)
    advice = {"today": day_number(TODAY)}
    assert simulate(before, tag_sets, labels, advice, estate.policy, packaged_prior())["changed"] == 0
    simulated, verdicts = (
        simulate(before, tag_sets, labels, advice, policy, packaged_prior()),
        after.columns.parts(0)["verdict"],
    )
    assert simulated["changed"] == np.count_nonzero(before.columns.parts(0)["verdict"] != verdicts)
    counts: Any = simulated["verdicts"]
    assert [each["tables"] for each in counts] == np.bincount(verdicts, minlength=len(VERDICTS)).tolist()
    saving = np.nansum(saving_of(replace(after, shares=saved_shares(policy.archive_saving)), after.columns.parts(0)))
    assert float(str(simulated["saving"])) == pytest.approx(saving, abs=1e-5)


HARSHNESS = {"KEEP": 0, "REVIEW": 0, "STOP_REFRESH": 1, "ARCHIVE": 2, "DELETE": 3}


def check_newer_use(estate: RandomEstate, data: some.DataObject) -> None:
    """With the same risks, a newer use of a table makes its own verdict no harsher."""
    verdicts = first(estate, RISKS)
    # Who was unknown may become known, and who was kept may be kept no longer for that.
    idle = [number for number, found in enumerate(verdicts) if found["idle"] is not None and found["idle"] > 90]
    assume(idle)
    number = data.draw(some.sampled_from(idle))
    table = estate.tables[number]
    # On a day on which somebody looked anyway, so that nothing becomes known but the use.
    looked = {ago for each in estate.tables if each.service == table.service for ago in each.uses}
    since = max(each for each in (table.created, table.changed, table.seen, *table.uses) if each is not None)
    last = min((*table.uses, *([] if table.accessed is None else [table.accessed])), default=10**6)
    newer = sorted(ago for ago in looked if 90 < ago < min(last, since + 1))
    assume(newer)
    used = replace(table, uses=table.uses | {data.draw(some.sampled_from(newer))})
    changed = replace(estate, tables=[*estate.tables[:number], used, *estate.tables[number + 1 :]])
    before, after = verdicts[number]["verdict"], first(changed, RISKS)[number]["verdict"]
    assert HARSHNESS[after] <= HARSHNESS[before], (before, after)


@settings(max_examples=50)
@given(estates(), some.data())
def test_a_newer_use_makes_no_verdict_harsher(estate: RandomEstate, data: some.DataObject) -> None:
    check_newer_use(estate, data)


def away(estate: RandomEstate, service: int, since: int, days: int) -> RandomEstate:
    """The same, but that nobody looked for so many days: what was before them, of that service, was as much longer ago."""

    def earlier(ago: int | None) -> int | None:
        return ago if ago is None or ago < since else ago + days

    tables = [
        replace(
            table,
            uses={ago if ago < since else ago + days for ago in table.uses},
            **{name: earlier(getattr(table, name)) for name in ("created", "accessed", "updated", "changed", "seen")},
        )
        if table.service == service
        else table
        for table in estate.tables
    ]
    return replace(estate, tables=tables)


@given(estates(), some.integers(0, SERVICES - 1), some.integers(35, 98), some.integers(4, 90))
def test_days_on_which_nobody_looked_change_no_idle_day(
    estate: RandomEstate, service: int, since: int, days: int
) -> None:
    # Somebody reads on both sides of the gap, so that no shorter one is there already.
    reader = Facts(service, set(range(1, 600)), None, None, None, None, 900, None, 0, (), "Regular", False)
    some_read = replace(estate, tables=[*estate.tables, reader])
    before, after = first(some_read, RISKS), first(away(some_read, service, since, days), RISKS)
    for was, found in zip(before, after, strict=True):
        # What was too young to know may be old by now, and of what was known half of the days may be missing.
        if was["idle"] is not None and found["idle"] is not None:
            assert found["idle"] == was["idle"]
