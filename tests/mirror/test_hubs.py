"""A table from which, or into which, a hundred thousand others flow: how many there are changes nothing of what they mean."""

from pathlib import Path
from typing import Any

import pytest

from tests.mirror.test_series import columns
from tests.support.asking import Asker
from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows, hash_of, identifier_of
from thirdeye.inventory.verdicts import VERDICTS, blockers_of

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
IMPACT = (Path(__file__).parents[2] / "operations" / "get_table_impact.graphql").read_text()
CORE = "shop.main.core"
SOURCE, HUB, BUSY = f"{CORE}.source", f"{CORE}.hub", f"{CORE}.busy"
FREE, HELD = ("DELETE", ()), ("KEEP", ("ACTIVE_DOWNSTREAM",))
COUNT = pytest.mark.parametrize("count", [300, pytest.param(100_000, marks=pytest.mark.soak)])


def has_a_hub(om: OMRows, count: int, *, outwards: bool) -> list[str]:
    """A table made from another one, and so many that are made from it, or that it is made from; nobody reads any."""
    has_a_past(om)
    for fqn in (SOURCE, HUB):
        om.read(fqn, [700])
    om.lineage(SOURCE, HUB)
    names = [f"of_{number}_parts" for number in range(count)]
    om.read_once(CORE, dict.fromkeys(names, 700))
    hub, parts = identifier_of(HUB), [f"{CORE}.{name}" for name in names]
    ends = ((hub, part) if outwards else (part, hub) for part in map(identifier_of, parts))
    om.many(
        "INSERT INTO entity_relationship (fromId, toId, fromEntity, toEntity, relation) "
        "VALUES (%s, %s, 'table', 'table', 13)",
        ends,
    )
    return parts


async def refreshed(estate: OMEstate, kind: str = "AUTO") -> dict[str, tuple[str, tuple[str, ...]]]:
    """The verdict and the blockers of each table, by its FQN."""
    run = await estate.mirror.refresh(kind)
    assert (run["phase"], run["error"]) == ("DONE", None)
    estate.warnings = {warning["code"]: warning for warning in run["warnings"]}
    return {
        f"shop.main.{name}": (str(VERDICTS[row["verdict"]].value), tuple(map(str, blockers_of(row["blockers"]))))
        for name, row in (await columns(estate)).items()
    }


async def impact(estate: OMEstate, fqn: str) -> dict[str, Any]:
    """What the page asks before a table goes."""
    mirror = estate.mirror
    answer = await Asker(mirror.thirdeye, mirror.settings, lambda: mirror.now).ask(IMPACT, fqn=fqn, first=100)
    assert "errors" not in answer
    found: dict[str, Any] = answer["data"]["table"]
    return found


@COUNT
async def test_one_of_all_that_are_made_from_a_hub_holds_it(om: OMRows, estate: OMEstate, count: int) -> None:
    parts = has_a_hub(om, count, outwards=True)
    seen = await refreshed(estate)
    assert (seen[HUB], seen[SOURCE]) == (FREE, FREE)
    assert {seen[part] for part in parts} == {FREE}
    assert (await impact(estate, HUB))["dependents"] == {"count": 0, "countIsCapped": False}
    om.usage(parts[-1], [1])
    for kind in ("AUTO", "FULL"):
        seen = await refreshed(estate, kind)
        assert (seen[HUB], seen[SOURCE], seen[parts[-1]], seen[parts[0]]) == (HELD, HELD, ("KEEP", ()), FREE)
    found = await impact(estate, HUB)
    assert found["dependents"] == {"count": 1, "countIsCapped": False}
    assert (found["downstream"]["totalCount"], found["downstream"]["totalCountIsCapped"]) == (
        min(count, 10_000), count > 10_000,
    )  # fmt: skip
    assert len(found["downstream"]["nodes"]) == 100
    # With the hub OM drops all its edges: while it may come back, it holds what it is made from.
    om.drop(HUB, usage=False)
    for kind in ("AUTO", "FULL"):
        seen = await refreshed(estate, kind)
        assert (seen[SOURCE], seen[HUB]) == (HELD, HELD)
    assert not estate.warnings


@COUNT
async def test_a_hub_that_is_read_holds_all_that_it_is_made_from(om: OMRows, estate: OMEstate, count: int) -> None:
    parts = has_a_hub(om, count, outwards=False)
    # Of a service whose edges all go with the hub.
    await estate.confirm("shop", "LINEAGE")
    seen = await refreshed(estate)
    assert {seen[fqn] for fqn in (HUB, SOURCE, *parts)} == {FREE}
    om.usage(HUB, [1])
    for kind in ("AUTO", "FULL"):
        seen = await refreshed(estate, kind)
        assert {seen[fqn] for fqn in (SOURCE, *parts)} == {HELD}
    # Hard deleted, and nobody's any more once it is gone.
    om.run("DELETE FROM table_entity WHERE fqnHash = %s", hash_of(HUB))
    om.run("DELETE FROM entity_relationship WHERE %s IN (fromId, toId)", identifier_of(HUB))
    for days, expected in ((1, HELD), (4, FREE)):
        estate.pass_days(days, BUSY)
        seen = await refreshed(estate)
        assert {seen[fqn] for fqn in (SOURCE, *parts)} == {expected}
