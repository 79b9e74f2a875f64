"""A table with its neighbours and dependents, against a second inventory."""

import pytest

from tests.estate.queries import TABLE
from tests.support.api import Api
from tests.support.second_inventory import Judged

pytestmark = pytest.mark.anyio


async def test_each_table_tells_all_that_is_known(estate: Api, judged: Judged) -> None:
    for identifier, expected in list(judged.tables.items())[::7]:
        table = (await estate.data(TABLE, fqn=expected["fqn"]))["table"]
        assert table["id"] == identifier
        assert {(owner["type"], owner["id"]) for owner in table["owners"]} == expected["owners"]
        nearest = [(node["asset"]["id"], node["distance"]) for node in table["dependents"]["nearest"]]
        assert nearest == expected["nearest"]
        assert all(node["asset"]["inUse"] for node in table["dependents"]["nearest"])
        assert table["dependents"]["count"] == expected["dependents"]
        assert table["downstream"]["totalCount"] >= len({asset for asset, distance in nearest if distance <= 5})
        if expected["size"] is not None:
            cost = expected["size"] * float(table["usdPerGbMonth"]) / 1e9
            assert float(table["storageCost"]) == pytest.approx(cost, abs=1e-6)
        assert table["activityReason"].endswith(".")
