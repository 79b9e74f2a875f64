"""Prices of storage."""

import pytest

from tests.estate.queries import TABLE
from tests.support.api import GRAPHQL, TODAY, Api
from thirdeye.local.tokens import Signer

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]


async def test_prices_are_set_by_administrators_and_hold_from_their_day(own_estate: Api, signer: Signer) -> None:
    mutation = "mutation ($t: String!, $p: Decimal!, $d: Date) { setStoragePrice(serviceType: $t, usdPerGbMonth: $p, effectiveFrom: $d) { serviceType usdPerGbMonth effectiveFrom setBy } }"
    query = '{ tables(filter: {service: ["snowflake_prod"]}, first: 1) { edges { node { fqn sizeBytes storageCost usdPerGbMonth } } } }'
    before = (await own_estate.data(query))["tables"]["edges"][0]["node"]
    price = (await own_estate.data(mutation, t="Snowflake", p="0.5", d=None))["setStoragePrice"]
    assert (price["usdPerGbMonth"], price["effectiveFrom"]) == ("0.500000", TODAY.isoformat())
    after = (await own_estate.data(TABLE, fqn=before["fqn"]))["table"]
    assert after["usdPerGbMonth"] in {"0.5", "0.500000", before["usdPerGbMonth"]}
    assert after["priceBasis"] == "OWN"
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


SET = """
mutation ($t: String!, $p: Decimal!, $d: Date, $l: Decimal, $n: Int, $s: String) {
  setStoragePrice(
    serviceType: $t, usdPerGbMonth: $p, effectiveFrom: $d, longTermUsdPerGbMonth: $l, longTermDays: $n, service: $s
  ) { serviceType service usdPerGbMonth longTermUsdPerGbMonth longTermDays effectiveFrom basis source setBy }
}
"""
PRICED = """
{ services { name type priceBasis storagePrice { service usdPerGbMonth longTermDays basis source sourceDate } }
  estate { total { priceBasis } byService { name priceBasis } }
  simulatePolicy(input: {}) { priceBasis } }
"""


async def test_a_service_has_a_price_of_its_own_with_a_lower_rate(own_estate: Api) -> None:
    before = await own_estate.data(PRICED)
    listed = {each["name"]: each for each in before["services"]}
    assert {each["priceBasis"] for each in listed.values()} == {"LIST"}
    assert listed["bigquery_analytics"]["storagePrice"] == {
        "service": None, "usdPerGbMonth": "0.018626", "longTermDays": 90, "basis": "LIST",
        "source": "https://cloud.google.com/bigquery/pricing", "sourceDate": "2026-11-27",
    }  # fmt: skip
    assert (before["estate"]["total"]["priceBasis"], before["simulatePolicy"]["priceBasis"]) == ("LIST", "LIST")
    assert {each["priceBasis"] for each in before["estate"]["byService"]} == {"LIST"}
    for rate in ("0.5", "0.4"):
        # A second one for the same day corrects the first; the type is that of the service, however it is written.
        answer = await own_estate.data(
            SET, t="*" if rate == "0.5" else "BIGQUERY", p="1", l=rate, n=7, s="bigquery_analytics"
        )
        found = answer["setStoragePrice"]
        assert (found["serviceType"], found["service"], found["basis"], found["source"]) == (
            "BigQuery", "bigquery_analytics", "OWN", None,
        )  # fmt: skip
        assert (found["longTermUsdPerGbMonth"], found["longTermDays"]) == (f"{rate}00000", 7)
    prices = (await own_estate.data("{ storagePrices { service longTermUsdPerGbMonth basis } }"))["storagePrices"]
    assert [each["longTermUsdPerGbMonth"] for each in prices if each["service"]] == ["0.400000"]
    after = await own_estate.data(PRICED)
    bases = {each["name"]: each["priceBasis"] for each in after["services"]}
    assert {name for name, basis in bases.items() if basis == "OWN"} == {"bigquery_analytics"}
    assert after["simulatePolicy"]["priceBasis"] == "MIXED"


@pytest.mark.parametrize(
    ("given", "argument"),
    [
        ({"l": "2", "n": 90}, "longTermUsdPerGbMonth"),
        ({"l": "-0.1", "n": 90}, "longTermUsdPerGbMonth"),
        ({"l": "0.0000001", "n": 90}, "longTermUsdPerGbMonth"),
        ({"n": 90}, "longTermUsdPerGbMonth"),
        ({"l": "0.5"}, "longTermDays"),
        ({"l": "0.5", "n": 0}, "longTermDays"),
        ({"l": "0.5", "n": -1}, "longTermDays"),
        ({"l": "0.5", "n": 3651}, "longTermDays"),
        ({"p": "-1"}, "usdPerGbMonth"),
        ({"s": "no_such_service"}, "service"),
        ({"s": ""}, "service"),
        ({"s": "bigquery_analytics", "t": "Snowflake"}, "serviceType"),
    ],
)
async def test_rates_that_contradict_each_other_are_refused(
    estate: Api, given: dict[str, object], argument: str
) -> None:
    error = await estate.error(SET, **{"t": "BigQuery", "p": "1", **given})
    assert (error["extensions"]["code"], error["extensions"]["argument"]) == ("BAD_USER_INPUT", argument)
    assert error["message"].startswith(f"{argument}: ")
