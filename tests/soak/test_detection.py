"""Detection over a million tables with 50,000 open items; seconds are for `python -m bench.detection`."""

import pytest

from bench.detection.measurement import measured
from thirdeye.local.servers import MariaDB, Redis

pytestmark = pytest.mark.soak


def test_a_million_tables(mariadb: MariaDB, redis_server: Redis) -> None:
    first, again, changed = measured(mariadb, redis_server, 1_000_000, 50_000)
    assert (first["opened"], first["events"]) == (50_000, 50_000)
    assert (again["opened"], again["changed"], again["measured"], again["events"]) == (0, 0, 0, 50_000)
    assert changed["changed"] > 9_000
    assert max(run["megabytes"] for run in (first, again, changed)) < 300
