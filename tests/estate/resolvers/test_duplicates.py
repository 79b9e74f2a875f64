"""Groups of copies."""

import pytest

from tests.support.api import Api

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]


async def test_copies_are_grouped_with_their_original(estate: Api) -> None:
    page = (
        await estate.data(
            "{ duplicates { totalCount edges { node { name size agreement service original { name } tables { name } } } } }"
        )
    )["duplicates"]
    assert page["totalCount"] == len(page["edges"]) > 0
    for edge in page["edges"]:
        node = edge["node"]
        assert node["size"] == len(node["tables"]) > 1
        assert node["agreement"] >= 0.95
        assert node["tables"][0]["name"] == node["original"]["name"] == node["name"]
