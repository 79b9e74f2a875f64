"""The last days of tables, one by one, against a second inventory."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.api import GRAPHQL, TODAY, Api
from tests.support.second_inventory import Judged

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]

LAST_DAYS = """query ($after: String) {
  tables(first: 100, after: $after) {
    edges { node { id lastDays { day watched used } } }
    pageInfo { hasNextPage endCursor }
  }
}"""
DAYS = [TODAY - timedelta(days=ago) for ago in reversed(range(30))]


def expected(table: dict[str, Any]) -> list[dict[str, Any]]:
    place, days = table["place"], list[dict[str, Any]]()
    feed_tells = place.evidence != "METADATA" and not place.undated
    for day in DAYS:
        since = place.covered_since if place.evidence == "QUERIES" else None
        watched = feed_tells and day in place.watched and (since is None or day >= since)
        used = day in table["uses"] or day == table["accessed"]
        earlier = place.evidence == "LIFECYCLE" and table["accessed"] is not None and day < table["accessed"]
        is_known = used or (watched and not earlier)
        days.append({"day": day.isoformat(), "watched": watched, "used": used if is_known else None})
    return days


async def test_days_are_those_of_the_second_inventory(estate: Api, judged: Judged) -> None:
    found, after = dict[str, Any](), None
    while True:
        page = (await estate.data(LAST_DAYS, after=after))["tables"]
        found |= {edge["node"]["id"]: edge["node"]["lastDays"] for edge in page["edges"]}
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found.keys() == judged.tables.keys()
    for identifier, days in found.items():
        assert days == expected(judged.tables[identifier]), judged.tables[identifier]["fqn"]
    kinds = {(day["watched"], day["used"]) for days in found.values() for day in days}
    assert {(True, True), (True, False), (True, None), (False, None)} <= kinds


async def test_the_page_asks_for_a_table_in_two_questions(estate: Api, judged: Judged) -> None:
    fqn = next(table["fqn"] for table in judged.tables.values() if table["through_lineage"])

    async def table(operation: str) -> dict[str, Any]:
        body = {"documentId": operation, "variables": {"fqn": fqn}}
        answer: dict[str, Any] = (await estate.client.post(GRAPHQL, json=body)).json()
        found: dict[str, Any] = answer["data"]["table"]
        return found

    page, impact = await table("get_table_page"), await table("get_table_impact")
    assert len(page["lastDays"]) == len(DAYS)
    assert page["verdict"]["recommendation"] == "KEEP"
    assert impact["dependents"]["count"] > 0
    assert impact["downstream"]["totalCount"] >= len(impact["downstream"]["nodes"]) > 0
