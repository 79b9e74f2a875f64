"""What ThirdEye proposes of the sample that `make run` shows: a part of its cost that is worth the work, the largest first."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.support.api import Api, prepare_accounts, running, settings_for
from tests.support.clocks import NOON, TODAY
from tests.support.database import copy_migrated
from tests.support.published import publish_sample
from thirdeye.local.sample import EstateOptions, generate, load
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
GOING = ("DELETE", "ARCHIVE", "STOP_REFRESH")
PROPOSED = """
query ($verdict: [Recommendation!], $after: String) {
  tables(filter: {verdict: $verdict}, first: 100, after: $after) {
    edges { node { fqn monthlyCost verdict { recommendation saving } } } pageInfo { hasNextPage endCursor }
  }
}
"""
LARGEST = "{ estate { total { monthlyCost } } verdicts { bestSavings(first: 100) { fqn verdict { saving } } } }"


async def proposed(api: Api) -> list[dict[str, Any]]:
    """The tables of these verdicts, in the order in which they are listed."""
    found, after = list[dict[str, Any]](), None
    while True:
        page = (await api.data(PROPOSED, verdict=GOING, after=after))["tables"]
        found += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def test_a_twentieth_of_what_the_sample_costs_is_proposed_the_largest_first(
    sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer, schema_name: Callable[[str], str]
) -> None:
    om, schema = schema_name("om_run"), schema_name("thirdeye_run")
    with sql_server.connect() as connection:
        # As `make run` does, which leaves all other options as they are.
        load(generate(EstateOptions(today=TODAY)), connection, schema=om)
    prepare_accounts(sql_server, om, schema)
    settings = settings_for(sql_server, redis_server, om_schema=om, schema=schema, signer=signer)
    copy_migrated(sql_server, schema, settings)
    await publish_sample(sql_server, settings)
    async with running(settings, signer, clock=lambda: NOON) as api:
        tables, answer = await proposed(api), await api.data(LARGEST)
    assert {each["verdict"]["recommendation"] for each in tables} == {*GOING}
    costs = [Decimal(each["monthlyCost"]) for each in tables if each["monthlyCost"] is not None]
    assert sum(costs) >= Decimal(answer["estate"]["total"]["monthlyCost"]) / 20
    assert costs == sorted(costs, reverse=True)
    # What is known to save nothing, or not known to save anything, comes last.
    best = [Decimal(each["verdict"]["saving"] or 0) for each in answer["verdicts"]["bestSavings"]]
    removable = [each for each in tables if each["verdict"]["recommendation"] != "STOP_REFRESH"]
    assert best == sorted((Decimal(each["verdict"]["saving"] or 0) for each in removable), reverse=True)[:100]
    assert best[0] >= costs[0] * Decimal("0.8")
