"""Metrics that alerts rest on."""

import math

import pytest

from thirdeye.observability.metrics import Metrics
from thirdeye.services import open_services
from thirdeye.settings import Settings

pytestmark = pytest.mark.anyio


def test_what_alerts_count_is_there_from_the_start() -> None:
    value = Metrics().registry.get_sample_value
    assert value("thirdeye_jobs_total", {"job": "prune", "outcome": "failed"}) == 0
    assert value("thirdeye_refreshes_total", {"kind": "full", "outcome": "failed"}) == 0
    assert value("thirdeye_graphql_errors_total", {"code": "INTERNAL"}) == 0
    assert value("thirdeye_spans_total", {"outcome": "dropped"}) == 0
    # What nobody has looked at is unknown, not 0.
    for name in ("thirdeye_queue_jobs", "thirdeye_worker_reports", "thirdeye_schema_bytes"):
        found = value(name)
        assert found is not None and math.isnan(found)


async def test_connections_in_use_are_counted_also_when_their_user_fails(settings: Settings) -> None:
    async with open_services(settings, answers_requests=True, watches=False) as services:
        value = services.metrics.registry.get_sample_value

        def used(database: str = "thirdeye") -> float | None:
            return value("thirdeye_database_connections_used", {"database": database})

        async with services.thirdeye.session():
            assert (used(), used("openmetadata")) == (1, 0)
        with pytest.raises(LookupError):
            async with services.thirdeye.transaction():
                raise LookupError
        assert used() == 0
        limit = value("thirdeye_database_connections_limit", {"database": "thirdeye"})
        assert limit == settings.thirdeye_mysql_pool_size
        assert value("thirdeye_refresh_interval_seconds") == 60 * settings.refresh_minutes
