"""Uses that fall on the days of the profiler's runs, one each: a reason, and nothing else."""

from collections.abc import Sequence

import pytest

from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows
from tests.verdict.test_verdicts import verdicts_of

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured]
TABLE = "shop.main.core.asked"


async def is_scanned(estate: OMEstate, kind: str = "AUTO") -> bool:
    """What a refresh says, compared with the second implementation; the verdict is that of any table in use."""
    seen = await estate.look(kind)
    assert seen[TABLE].verdict == "KEEP"
    (number,) = [each for each, row in (await estate.mirror.inventory()).items() if row["fqn"] == TABLE]
    return bool((await verdicts_of(estate.mirror))[number]["only_scanned"])


@pytest.mark.parametrize(
    ("profiles", "uses", "count", "scanned"),
    [
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
    ],
)
async def test_only_scanned(
    om: OMRows, estate: OMEstate, profiles: Sequence[int], uses: Sequence[int], count: int, scanned: bool
) -> None:
    has_a_past(om)
    om.table(TABLE)
    for day in profiles:
        om.profile(TABLE, day)
    om.usage(TABLE, uses, count)
    for kind in ("AUTO", "FULL", "AUTO"):
        assert await is_scanned(estate, kind) is scanned


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
