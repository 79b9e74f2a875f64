"""Uses that fall on the days of the profiler's runs, one each: a reason, and nothing else."""

from collections.abc import Sequence

import pytest

from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows
from tests.verdict.test_verdicts import verdicts_of

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
TABLE = "shop.main.core.asked"


async def scanned(estate: OMEstate, kind: str = "AUTO") -> dict[str, bool]:
    """What a refresh says of these tables, compared with the second implementation; they go as any table in use."""
    seen, verdicts = await estate.look(kind), await verdicts_of(estate.mirror)
    rows = {
        row["fqn"]: identifier
        for identifier, row in (await estate.mirror.inventory()).items()
        if row["fqn"].startswith(TABLE)
    }
    assert {seen[fqn].verdict for fqn in rows} == {"KEEP"}
    return {fqn: bool(verdicts[identifier]["only_scanned"]) for fqn, identifier in rows.items()}


async def is_scanned(estate: OMEstate, kind: str = "AUTO") -> bool:
    """The same of the one."""
    return (await scanned(estate, kind))[TABLE]


# Days with a profile and with uses, how many of these each, and whether they are told to be those of the profiler.
CASES: tuple[tuple[Sequence[int], Sequence[int], int, bool], ...] = (
    ([1, 8, 15], [1, 8, 15], 1, True),
    ([1, 8, 15], [8], 1, True),
    ([1, 8, 15], [1, 8, 15, 400], 1, True),
    # Without a use in these days there is nothing to explain.
    ([1, 8, 15], [45], 1, False),
    ([30], [30], 1, True),
    ([1, 8], [1, 8, 15], 1, False),
    ([1, 8, 15], [1, 8, 15], 2, False),
    ([], [1], 1, False),
    ([-1, 0], [0], 1, True),
)


async def test_only_scanned(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    cases = {f"{TABLE}_{number}": case for number, case in enumerate(CASES)}
    for fqn, (profiles, uses, count, _) in cases.items():
        om.table(fqn)
        for day in profiles:
            om.profile(fqn, day)
        om.usage(fqn, uses, count)
    for kind in ("AUTO", "FULL", "AUTO"):
        told = await scanned(estate, kind)
        for fqn, case in cases.items():
            assert told[fqn] is case[-1], (kind, case)


async def test_days_pass_without_a_profile_being_read_again(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.table(TABLE)
    om.profile(TABLE, 1)
    om.usage(TABLE, [1], 1)
    assert await is_scanned(estate)
    estate.pass_days(20, "shop.main.core.busy")
    assert await is_scanned(estate)
    assert await is_scanned(estate, "FULL")
    om.usage(TABLE, [3], 1)
    assert not await is_scanned(estate)
    om.profile(TABLE, 3)
    assert await is_scanned(estate)
    estate.pass_days(25, "shop.main.core.busy")
    assert await is_scanned(estate)
    estate.pass_days(40, "shop.main.core.busy")
    assert not await is_scanned(estate)


async def test_what_is_known_to_be_read_is_not_called_scanned(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.table(TABLE)
    om.profile(TABLE, 2)
    om.usage(TABLE, [2], 1)
    om.query_cost("a_query", [TABLE], 1)
    assert not await is_scanned(estate)
