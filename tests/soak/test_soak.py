"""The long runs of `make soak`: many random estates, and kills at random moments."""

import json
import random
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mirror.test_refresh import follow_changes
from tests.score.test_rules import LIVE, TODAY, facts
from tests.support.clocks import NOON
from tests.support.deployment import Deployment
from tests.support.facts import TableFacts, tally_service
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.score.rules import Bands, zi_score

pytestmark = pytest.mark.soak
WEIGHTS = {"storage": 35, "compute": 30, "query": 20, "others": 15}


@settings(max_examples=10_000)
@given(tables=st.lists(facts, max_size=15))
def test_points_add_up_over_ten_thousand_random_estates(tables: list[TableFacts]) -> None:
    score = zi_score({"s": tally_service(tables, LIVE, TODAY)}, WEIGHTS, Bands(), drivers=100)
    assert sum(component.points for component in score.components) == score.score
    assert 0 <= score.score <= 100


@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(1000, 1040))
async def test_inventories_follow_any_changes(
    seed: int, sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer, schema_name: Callable[[str], str]
) -> None:
    await follow_changes(sql_server, redis_server, signer, schema_name, seed=seed, rounds=8, changes=20)


def test_fifty_kills_at_random_moments_lose_and_double_nothing(tmp_path: Path, signer: Signer) -> None:
    deployment = Deployment(tmp_path, signer, durable=True)
    chance = random.Random(7)
    try:
        client = deployment.start_api()
        client.wait_until_ready()
        items = 0
        worker = deployment.start_worker()
        for slot in range(50):
            deployment.move_clock(NOON + timedelta(hours=slot))
            client.ask('mutation { createActionItem(title: "one more") { id } }')
            items += 1
            time.sleep(chance.uniform(0, 1.5))
            worker.kill()
            if slot % 10 == 5:
                client.child.kill()
                client = deployment.start_api()
                client.wait_until_ready()
            if slot % 10 == 9:
                deployment.mariadb.kill()
                deployment.mariadb.start()
            worker = deployment.start_worker()
            deployment.wait_for_scores(slot + 1)
        client.wait_until_ready()
        answer = client.ask("{ actionItems { totalCount } }")
        assert answer["data"]["actionItems"]["totalCount"] == items, json.dumps(answer)
        assert [row[0] for row in deployment.scores()] == [int(NOON.timestamp()) // 3600 + slot for slot in range(50)]
    finally:
        deployment.stop()
