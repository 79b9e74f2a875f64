"""The long runs about verdicts: ten thousand random estates, sequences of changes, worlds whose future is known."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bench.verdicts.judging import judged
from bench.verdicts.worlds import World, worlds
from tests.support.random_verdicts import RandomEstate, estates
from tests.verdict.test_random_estates import check, check_newer_use
from tests.verdict.test_verdicts import follow
from thirdeye.inventory.verdicts import Verdict
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.verdict.quality import wilson_interval
from thirdeye.verdict.rules import Policy

pytestmark = pytest.mark.soak
NAMES = (
    "steady",
    "steady, few deaths",
    "bursts",
    "seasonal",
    "dying",
    "migration wave",
    "feed outage",
    "year end",
    "power law",
    "a team leaves",
    "quarterly scan",
    "adversarial mix",
)


@settings(max_examples=10_000)
@given(estates())
def test_nothing_goes_that_must_not_over_ten_thousand_random_estates(estate: RandomEstate) -> None:
    check(estate)


@settings(max_examples=5_000)
@given(estates(), some.data())
def test_a_newer_use_makes_no_verdict_harsher_in_five_thousand(estate: RandomEstate, data: some.DataObject) -> None:
    check_newer_use(estate, data)


@pytest.mark.anyio
@pytest.mark.parametrize("seed", range(2000, 2010))
async def test_verdicts_follow_any_changes(
    seed: int, sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer, schema_name: Callable[[str], str]
) -> None:
    await follow(sql_server, redis_server, signer, schema_name, seed=seed, rounds=4)


@pytest.fixture(scope="module")
def simulated() -> dict[str, World]:
    return {world.name: world for world in worlds(20_000, 7)}


@pytest.mark.parametrize("name", NAMES)
def test_few_are_wanted_again_in_any_world(name: str, simulated: dict[str, World]) -> None:
    world = simulated[name]
    score = judged(world).score(Verdict.DELETE)
    # A year end that comes twice in two years is one event to the model: it keeps the limit of the policy, but misses 2 %.
    asked = Policy.delete_risk if name == "year end" else 0.02
    assert wilson_interval(score.regrets, score.gone)[0] <= asked
    if world.name.startswith("steady"):
        assert score.found >= 0.75 * score.dead
