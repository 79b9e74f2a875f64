"""Assets other than tables that nothing names any more are forgotten; their numbers are given again."""

from typing import Any

import numpy as np
import pytest

from tests.mirror.test_absence import BUSY
from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows, identifier_of
from thirdeye.inventory.columns import FIRST_ASSET, MISSING, UNREADABLE_KIND
from thirdeye.mirror.identity.asset_numbers import forget_assets, free_assets
from thirdeye.mirror.identity.table_numbers import FORGOTTEN_DAYS
from thirdeye.mirror.state import State

DAY = 1_440
NOW = 30_000_000


def state_of(*assets: dict[str, int], named: tuple[int, ...] = ()) -> State:
    """A state with these assets; table 0 is upstream of those that are named."""
    state = State()
    state.asset.grow(len(assets))
    for place, fields in enumerate(assets):
        state.asset["id"][place] = bytes([place + 1])
        for name, value in fields.items():
            state.asset[name][place] = value
    state.upstream = np.zeros(len(named), np.uint32)
    state.downstream = np.array([FIRST_ASSET + place for place in named], np.uint32)
    return state


LONG_GONE = {"name": 7, "absent_since": NOW - FORGOTTEN_DAYS * DAY}
CASES: dict[str, tuple[dict[str, int], bool]] = {
    "there": ({"name": 7, "alive": 1}, False),
    "gone for long": (LONG_GONE, True),
    "gone a minute less": ({**LONG_GONE, "absent_since": LONG_GONE["absent_since"] + 1}, False),
    "of a kind that cannot be read": ({**LONG_GONE, "unknown": UNREADABLE_KIND}, False),
    "never there": ({"unknown": MISSING}, True),
    "never there, of a kind that cannot be read": ({"unknown": UNREADABLE_KIND}, False),
    "there once, and since when not is unknown": ({"name": 7}, False),
}


@pytest.mark.parametrize("case", CASES)
def test_which_assets_are_forgotten(case: str) -> None:
    fields, goes = CASES[case]
    state = state_of(LONG_GONE, fields, LONG_GONE, named=(0, 2))
    assert forget_assets(state, NOW) == [FIRST_ASSET + 1] * goes
    assert (state.asset["id"] == b"").tolist() == [False, goes, False]
    assert not any(values[1].tobytes().strip(b"\0") for values in state.asset.parts(0).values()) or not goes
    assert forget_assets(state, NOW) == []
    # A day later the number may be given again.
    assert free_assets(state, NOW + DAY - 1) == []
    assert free_assets(state, NOW + DAY) == [1] * goes


@pytest.mark.anyio
async def test_numbers_of_assets_are_given_again(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)

    async def assets() -> dict[str, Any]:
        rows = await estate.mirror.thirdeye.fetch_all("SELECT id, number, name FROM lineage_asset")
        return {row["id"]: (row["number"], row["name"]) for row in rows}

    def shown(name: str) -> None:
        om.asset("dashboard", name)
        om.relate(BUSY, name, ("table", "dashboard"), 13)

    for name in ("bi.stays", "bi.goes"):
        shown(name)
    await estate.look()
    before = await assets()
    om.remove_asset("dashboard", "bi.goes")
    for days in (1, 8):
        estate.pass_days(days, BUSY)
        await estate.mirror.refresh()
    assert await assets() == before
    estate.pass_days(FORGOTTEN_DAYS, BUSY)
    await estate.mirror.refresh()
    assert (await assets()).keys() == before.keys() - {identifier_of("bi.goes")}
    estate.pass_days(1, BUSY)
    shown("bi.comes")
    await estate.mirror.refresh()
    # A second computation, which knows no numbers, finds the same names at the ends of lineage.
    await estate.mirror.refresh("FULL")
    await estate.mirror.inventory()
    after = await assets()
    assert after[identifier_of("bi.comes")] == (before[identifier_of("bi.goes")][0], "comes")
    assert after[identifier_of("bi.stays")] == before[identifier_of("bi.stays")]
