"""Dead ends of small estates, from OpenMetadata's rows to the API's answer."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.support.api import Api, running
from tests.support.clocks import NOON
from tests.support.om_estate import OMEstate, has_a_past
from thirdeye.inventory.columns import PRESENT
from thirdeye.inventory.dead_ends import DeadEnds
from thirdeye.inventory.storage_prices import DEFAULT_PRICE, Tariffs
from thirdeye.inventory.verdicts import BLOCKER_BIT, VERDICT_CODE, Blocker, Verdict
from thirdeye.local.tokens import Signer
from thirdeye.mirror.dead_ends import dead_end_document
from thirdeye.mirror.state import State

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
CORE = "shop.main.core"
TB = 10**12
SETS = """
query ($minTables: Int = 2) { deadEnds(minTables: $minTables, first: 100) { edges { node { tableCount monthlyCost steps
  unusedAssets releasable writtenLast30Days writtenLast90Days lastWritten blockers { code tables }
  tables { edges { step node { name } } } } } } }
"""
OF_TABLE = """
query ($fqn: String!, $first: Int, $after: String) { table(fqn: $fqn) { deadEnd {
  tables(first: $first, after: $after) { edges { step node { name } } pageInfo { hasNextPage hasPreviousPage endCursor } } } } }
"""


def idle(estate: OMEstate, *names: str, size: int = TB) -> None:
    for name in names:
        estate.om.read(f"{CORE}.{name}", [450])
        estate.om.profile(f"{CORE}.{name}", 20, size)


def flows(estate: OMEstate, *names: str) -> None:
    """Each from the one before."""
    for up, down in pairwise(names):
        estate.om.lineage(f"{CORE}.{up}", f"{CORE}.{down}")


Opens = Callable[[], AbstractAsyncContextManager[Api]]


async def sets_told(estate: OMEstate, opens: Opens, **arguments: Any) -> list[tuple[dict[str, int], dict[str, Any]]]:
    """After a refresh that is compared with the second one: each set's tables with their steps, and what else is told."""
    await estate.look()
    async with opens() as api:
        edges = (await api.data(SETS, **arguments))["deadEnds"]["edges"]
    sets = [(steps_of(edge["node"]), edge["node"]) for edge in edges]
    # What the past left is none of a test's business.
    return [(steps, node) for steps, node in sets if not any(name.startswith("gone_") for name in steps)]


def steps_of(node: dict[str, Any]) -> dict[str, int]:
    return {edge["node"]["name"]: edge["step"] for edge in node["tables"]["edges"]}


@pytest.fixture
def opens(estate: OMEstate, signer: Signer) -> Opens:
    """Opens the API over an estate with a past; each time anew, for one that is open looks for a newer one once a second."""
    has_a_past(estate.om)
    return lambda: running(estate.mirror.settings, signer, clock=lambda: NOON)


async def test_a_zombie_at_the_end_of_a_chain_and_what_exists_only_for_it(estate: OMEstate, opens: Opens) -> None:
    idle(estate, "raw", "staging", "mart", "shared")
    flows(estate, "raw", "staging", "mart")
    # What feeds something in use as well is needed.
    flows(estate, "shared", "mart")
    flows(estate, "shared", "busy")
    estate.om.write(f"{CORE}.mart", 5)
    estate.om.write(f"{CORE}.raw", 60)
    ((steps, told),) = await sets_told(estate, opens)
    assert steps == {"mart": 1, "staging": 2, "raw": 3}
    assert (told["tableCount"], told["steps"], told["monthlyCost"]) == (3, 3, "69.000000")
    assert (told["writtenLast30Days"], told["writtenLast90Days"]) == (1, 2)
    assert told["lastWritten"] == str(estate.om.day(5))
    assert {"code": "RECENTLY_WRITTEN", "tables": 1} in told["blockers"]


async def test_what_is_kept_or_protected_is_told_with_the_others(estate: OMEstate, opens: Opens) -> None:
    idle(estate, "raw", "mart", "other")
    flows(estate, "raw", "mart")
    flows(estate, "raw", "other")
    estate.om.tag(f"{CORE}.other", "Tier.Tier1")
    ((steps, told),) = await sets_told(estate, opens)
    assert steps == {"mart": 1, "other": 1, "raw": 2}
    assert told["blockers"] == [{"code": "CRITICAL_TIER", "tables": 1}]
    assert told["releasable"] == "46.000000"


async def test_deleted_assets_join_and_a_circle_goes_at_once(estate: OMEstate, opens: Opens) -> None:
    idle(estate, "raw", "staging", "mart", "left", "right")
    flows(estate, "raw", "staging", "mart", "left", "right", "left")
    await estate.look()
    estate.om.delete(f"{CORE}.staging")
    # What is absent and not gone yet is as it was.
    ((steps, told),) = await sets_told(estate, opens)
    assert steps == {"left": 1, "right": 1, "mart": 2, "staging": 3, "raw": 4}
    estate.pass_days(5, f"{CORE}.busy")
    ((steps, told),) = await sets_told(estate, opens)
    assert steps == {"left": 1, "right": 1, "mart": 2, "raw": 3}
    assert told["tableCount"] == 4


async def test_where_nobody_can_tell_there_is_no_dead_end(estate: OMEstate, opens: Opens) -> None:
    idle(estate, "raw", "mart", "source", "dead", "deader")
    flows(estate, "raw", "mart")
    flows(estate, "dead", "deader")
    # Nobody looks at the one, and of the other nobody knows what it is.
    estate.om.table("shop.hidden.core.anything")
    estate.om.lineage(f"{CORE}.mart", "shop.hidden.core.anything")
    estate.om.relate(f"{CORE}.source", "riddle", ("table", "riddle"), 13)
    sets = await sets_told(estate, opens, minTables=1)
    assert [steps for steps, _ in sets] == [{"deader": 1, "dead": 2}]


async def test_parts_of_a_series_are_one(estate: OMEstate, opens: Opens) -> None:
    parts = [f"events_202501{day:02d}" for day in (1, 2, 3)]
    idle(estate, "raw", "mart", *parts)
    flows(estate, "raw", parts[0])
    flows(estate, parts[2], "mart")
    ((steps, told),) = await sets_told(estate, opens)
    assert steps == {"mart": 1, **dict.fromkeys(parts, 2), "raw": 3}
    assert told["steps"] == 3
    # Once somebody reads what is made from one part, no part is dead, nor is what they are made from.
    estate.om.usage(f"{CORE}.mart", [1])
    assert await sets_told(estate, opens, minTables=1) == []


async def test_a_dashboard_that_nobody_opens_is_counted(estate: OMEstate, opens: Opens) -> None:
    idle(estate, "raw")
    for name in ("opened", "forgotten"):
        estate.om.asset("dashboard", f"looker.{name}")
    estate.om.usage("looker.opened", [1, 2, 3], kind="dashboard")
    estate.om.relate(f"{CORE}.raw", "looker.forgotten", ("table", "dashboard"), 13)
    ((steps, told),) = await sets_told(estate, opens, minTables=1)
    assert (steps, told["unusedAssets"]) == ({"raw": 1}, 1)
    estate.om.relate(f"{CORE}.raw", "looker.opened", ("table", "dashboard"), 13)
    assert await sets_told(estate, opens, minTables=1) == []


async def test_a_table_tells_of_its_set_page_by_page(estate: OMEstate, opens: Opens) -> None:
    names = [f"level{number}" for number in "abcdefg"]
    idle(estate, *names)
    flows(estate, *names)
    ((steps, _),) = await sets_told(estate, opens)
    assert list(steps) == names[::-1]
    async with opens() as api:
        for name in (names[0], names[3], names[-1]):
            found, after = dict[str, int](), None
            for page_number in range(3):
                dead_end = (await api.data(OF_TABLE, fqn=f"{CORE}.{name}", first=3, after=after))["table"]["deadEnd"]
                page = dead_end["tables"]["pageInfo"]
                assert (page["hasPreviousPage"], page["hasNextPage"]) == (page_number > 0, page_number < 2)
                found |= steps_of(dead_end)
                after = page["endCursor"]
            assert found == steps
        assert (await api.data(OF_TABLE, fqn=f"{CORE}.busy"))["table"]["deadEnd"] is None


async def test_what_exists_only_for_a_table_is_told_with_its_cost(estate: OMEstate, opens: Opens) -> None:
    idle(estate, "raw", "staging", "mart", "shared", "other", "doubtful")
    flows(estate, "raw", "staging", "mart")
    flows(estate, "shared", "mart")
    flows(estate, "shared", "other")
    flows(estate, "doubtful", "mart")
    estate.om.view(f"{CORE}.view", "CREATE VIEW v AS SELECT (( FROM doubtful WHERE")
    # Somebody reads it by itself.
    flows(estate, "busy", "mart")
    estate.om.write(f"{CORE}.raw", 5)
    await estate.look()
    query = """query ($fqn: String!) { table(fqn: $fqn) { onlyUpstream {
      totalCount totalCountIsCapped monthlyCost queryCost writtenLast30Days tables { name } } } }"""
    async with opens() as api:
        assert (await api.data(query, fqn=f"{CORE}.mart"))["table"]["onlyUpstream"] == {
            "totalCount": 2, "totalCountIsCapped": False, "monthlyCost": "46.000000", "queryCost": "0.000000",
            "writtenLast30Days": 1, "tables": [{"name": "staging"}, {"name": "raw"}],
        }  # fmt: skip
        told = (await api.data(query, fqn=f"{CORE}.raw"))["table"]["onlyUpstream"]
        assert (told["totalCount"], told["monthlyCost"], told["tables"]) == (0, "0.000000", [])


async def test_an_estate_in_use_has_none(estate: OMEstate, opens: Opens) -> None:
    assert await sets_told(estate, opens, minTables=1) == []


def state_of(tables: int) -> State:
    state = State()
    state.grow(tables)
    state.places.number((0, "main", "core"))
    state.query["flags"] = np.full(tables, PRESENT)
    state.query["size"] = np.full(tables, -1)
    state.query["query_cost"] = np.full(tables, np.nan)
    return state


def alone(tables: int) -> DeadEnds:
    numbers, nothing = np.arange(tables), np.zeros(0, np.int64)
    return DeadEnds(numbers, numbers // 2 * 2, numbers % 2 + 1, nothing, nothing)


TARIFFS = Tariffs([DEFAULT_PRICE], date(2026, 11, 1))
TODAY_NUMBER = 20_000


def test_costs_of_storage_and_writes_are_summed_exactly() -> None:
    state = state_of(4)
    state.query["size"] = np.array([TB, 2 * TB, -1, 5])
    state.query["query_cost"] = np.array([0.1, np.nan, np.nan, 0.2])
    state.query["written"] = TODAY_NUMBER - np.array([30, 31, 90, 91])
    state.query["verdict"] = np.array(
        [VERDICT_CODE[each] for each in (Verdict.ARCHIVE, Verdict.DELETE, Verdict.KEEP, Verdict.KEEP)]
    )
    state.query["blockers"] = np.array([BLOCKER_BIT[Blocker.NO_LINEAGE], 0, 0, 0])
    document, _ = dead_end_document(alone(4), state, TARIFFS, TODAY_NUMBER)
    first, second = document["entries"]
    assert (first["storage"], first["queries"], first["cost"]) == ("69.000000", "0.100000", "69.100000")
    assert (first["archived"], first["deleted"], first["writes"]) == ("23.100000", "46.000000", "0.100000")
    assert (first["written30"], first["written90"], first["last"]) == (1, 2, TODAY_NUMBER - 30)
    assert (second["written30"], second["written90"], second["unpriced"], second["bytes"]) == (0, 1, 1, 5)
    assert second["cost"] == "0.200000"
    assert (document["sets"], document["tables"], document["unpriced"]) == (2, 4, 1)
    assert document["cost"] == "69.300000"


def test_of_more_sets_the_most_expensive_are_told_and_all_are_summed() -> None:
    state = state_of(20)
    state.query["size"] = np.array([(number * 7) % 20 * TB for number in range(20)])
    document, kept = dead_end_document(alone(20), state, TARIFFS, TODAY_NUMBER, limit=3)
    everything, _ = dead_end_document(alone(20), state, TARIFFS, TODAY_NUMBER)
    assert document["entries"] == [
        {**entry, "start": told["start"]}
        for entry, told in zip(everything["entries"], document["entries"], strict=False)
    ]
    assert len(document["entries"]) == 3
    assert {name: document[name] for name in ("sets", "tables", "cost")} == {  # type: ignore[literal-required]
        name: everything[name]
        for name in ("sets", "tables", "cost")  # type: ignore[literal-required]
    }
    for entry in document["entries"]:
        assert kept.numbers[entry["start"] : entry["start"] + 2].tolist() == [entry["number"], entry["number"] + 1]


def test_sizes_that_cannot_be_do_not_break_the_document() -> None:
    state = state_of(2)
    state.query["size"] = np.full(2, 2**63 - 1)
    document, _ = dead_end_document(alone(2), state, TARIFFS, TODAY_NUMBER)
    assert document["entries"][0]["bytes"] == 2**63 - 1
