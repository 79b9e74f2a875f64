"""A history of one score, and the time of those who answer from it."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.score.test_service import insert, service
from tests.support.clocks import NOON, FixedClock
from tests.support.hot_answers import Ticks
from thirdeye.data_version import DataVersion
from thirdeye.score import service as score_service
from thirdeye.settings import Settings


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Ticks:
    """Versions of the history are known for as long as a test wants."""
    ticks = Ticks()
    monkeypatch.setattr(score_service, "DataVersion", partial(DataVersion, monotonic=ticks))
    return ticks


@pytest.fixture
async def history(make_settings: Callable[..., Settings], clock: FixedClock) -> Settings:
    """Settings over a history that has one row, a score of 50."""
    settings = make_settings()
    async with service(settings, clock) as (scores, thirdeye):
        await thirdeye.execute("DELETE FROM health_score_history")
        await insert(thirdeye, NOON, 50)
        await scores.publish()
    return settings


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()
