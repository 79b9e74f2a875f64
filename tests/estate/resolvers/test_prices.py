"""Prices of storage."""

import pytest

from tests.estate.queries import TABLE
from tests.support.api import GRAPHQL, TODAY, Api
from thirdeye.local.tokens import Signer

pytestmark = pytest.mark.anyio


async def test_prices_are_set_by_administrators_and_hold_from_their_day(own_estate: Api, signer: Signer) -> None:
    mutation = "mutation ($t: String!, $p: Decimal!, $d: Date) { setStoragePrice(serviceType: $t, usdPerGbMonth: $p, effectiveFrom: $d) { serviceType usdPerGbMonth effectiveFrom setBy } }"
    query = '{ tables(filter: {service: ["snowflake_prod"]}, first: 1) { edges { node { fqn sizeBytes storageCost usdPerGbMonth } } } }'
    before = (await own_estate.data(query))["tables"]["edges"][0]["node"]
    price = (await own_estate.data(mutation, t="Snowflake", p="0.5", d=None))["setStoragePrice"]
    assert (price["usdPerGbMonth"], price["effectiveFrom"]) == ("0.500000", TODAY.isoformat())
    after = (await own_estate.data(TABLE, fqn=before["fqn"]))["table"]
    assert after["usdPerGbMonth"] in {"0.5", "0.500000", before["usdPerGbMonth"]}
    tomorrow = (await own_estate.data(mutation, t="Snowflake", p="9", d="2027-01-01"))["setStoragePrice"]
    assert tomorrow["effectiveFrom"] == "2027-01-01"
    for wrong, argument in (("-1", "usdPerGbMonth"), ("1001", "usdPerGbMonth"), ("0.1234567", "usdPerGbMonth")):
        assert (await own_estate.error(mutation, t="Snowflake", p=wrong))["extensions"]["argument"] == argument
    assert (await own_estate.error(mutation, t=" ", p="1"))["extensions"]["argument"] == "serviceType"
    assert (await own_estate.error(mutation, t="x", p="1", d="1999-12-31"))["extensions"]["argument"] == "effectiveFrom"
    headers = {"authorization": f"Bearer {signer.token(roles=['DataConsumer'])}"}
    variables = {"t": "Snowflake", "p": "1"}
    answer = await own_estate.client.post(GRAPHQL, json={"query": mutation, "variables": variables}, headers=headers)
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
