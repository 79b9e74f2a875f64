"""A table with its neighbours and dependents, against a second inventory."""

from typing import Any

import pytest

from tests.estate.queries import TABLE
from tests.support.api import Api
from tests.support.second_inventory import Judged

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]


async def test_each_table_tells_all_that_is_known(estate: Api, judged: Judged) -> None:
    for identifier, expected in list(judged.tables.items())[::7]:
        table = (await estate.data(TABLE, fqn=expected["fqn"]))["table"]
        assert table["id"] == identifier
        assert {(owner["type"], owner["id"]) for owner in table["owners"]} == expected["owners"]
        nearest = [(node["asset"]["id"], node["distance"]) for node in table["dependents"]["nearest"]]
        assert nearest == expected["nearest"]
        assert all(node["asset"]["inUse"] for node in table["dependents"]["nearest"])
        assert table["dependents"]["count"] == expected["dependents"]
        for direction, near, far in (("downstream", "from", "to"), ("upstream", "to", "from")):
            check_edges(identifier, table[direction], near, far)
        assert table["downstream"]["totalCount"] >= len({asset for asset, distance in nearest if distance <= 5})
        if expected["size"] is not None:
            cost = expected["size"] * float(table["usdPerGbMonth"]) / 1e9
            assert float(table["storageCost"]) == pytest.approx(cost, abs=1e-6)
        assert table["activityReason"].endswith(".")


def check_edges(identifier: str, found: dict[str, Any], near: str, far: str) -> None:
    """Every asset of a neighbourhood hangs on one that is a step nearer, and no edge leads anywhere else."""
    at = {identifier: 0, **{node["asset"]["id"]: node["distance"] for node in found["nodes"]}}
    edges = found["edges"]
    assert {edge[far] for edge in edges} == set(at) - {identifier} or len(edges) == 1_000
    assert all(at[edge[far]] == at[edge[near]] + 1 for edge in edges)
    distances = [node["distance"] for node in found["nodes"]]
    counts = found["countsByDistance"]
    assert sum(counts) == found["totalCount"]
    # Those shown are the nearest: all of their distances but perhaps the last one are complete.
    assert counts[: max(distances, default=1) - 1] == [distances.count(d) for d in range(1, max(distances, default=1))]
