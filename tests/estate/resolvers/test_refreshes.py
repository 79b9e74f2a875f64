"""Requests for a refresh."""

import pytest

from tests.support.api import GRAPHQL, Api
from thirdeye.local.tokens import Signer

pytestmark = pytest.mark.anyio


async def test_a_refresh_is_queued_once_and_only_by_administrators(own_estate: Api, signer: Signer) -> None:
    mutation = "mutation { refreshEstate { id phase requestedBy } }"
    first = (await own_estate.data(mutation))["refreshEstate"]
    assert first["phase"] == "QUEUED"
    assert (await own_estate.data(mutation))["refreshEstate"]["id"] == first["id"]
    runs = (await own_estate.data("{ refreshRuns { edges { node { id phase kind seen } } } }"))["refreshRuns"]["edges"]
    assert [edge["node"]["phase"] for edge in runs] == ["QUEUED", "DONE"]
    headers = {"authorization": f"Bearer {signer.token(roles=[])}"}
    answer = await own_estate.client.post(GRAPHQL, json={"query": mutation}, headers=headers)
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
