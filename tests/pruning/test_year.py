"""A year in small: the simulation lives its days, and says where the schema is not as large as documented."""

from pathlib import Path

import pytest

from bench.refresh.estates import Server
from bench.year.__main__ import HOURS, YEAR, simulate
from bench.year.sizes import Size, departures, documented, places_of, rows_apart, table_of
from thirdeye.local.servers import MariaDB, MySQL, Redis

TABLES = 500


@pytest.mark.anyio
async def test_days_come_and_go(sql_server: MariaDB | MySQL, redis_server: Redis, tmp_path: Path) -> None:
    at, progress = Server(sql_server.host, sql_server.port, "root", sql_server.root_password), tmp_path / "progress"
    await simulate(at, 60, 1, redis_server.url, progress)
    whole = progress.read_bytes()
    await simulate(at, 60, 2, redis_server.url, progress)
    # It goes on after the last whole day, though most of the next one was there when it was ended.
    progress.write_bytes(whole)
    history = await simulate(at, 60, 2, redis_server.url, progress)
    first, last = history[0], history[2]
    # One table came each day, and those that went are remembered.
    assert last["table_inventory"].rows == first["table_inventory"].rows + 2
    for name in ("refresh_run", "health_score_history"):
        assert (first[name].rows, last[name].rows) == (HOURS, 3 * HOURS)
    assert last["estate_daily"].rows > first["estate_daily"].rows
    assert set(first) == set(last) == set(documented(60))
    assert all(size.megabytes > 0 for size in last.values())
    assert len(list(table_of(history, documented(60)))) == len(last) + 2


@pytest.mark.soak
@pytest.mark.anyio
async def test_after_a_year_there_are_as_many_rows_as_documented(
    sql_server: MariaDB | MySQL, redis_server: Redis
) -> None:
    if isinstance(sql_server, MariaDB):
        pytest.skip("numbers of rows do not depend on the server")
    at = Server(sql_server.host, sql_server.port, "root", sql_server.root_password)
    history = await simulate(at, TABLES, YEAR, redis_server.url)
    assert rows_apart(history[YEAR], documented(TABLES, places_of(history[YEAR]))) == []


def test_a_table_that_came_meanwhile_is_shown() -> None:
    name = next(iter(documented(60)))
    *_, line, total = table_of({0: {}, 30: {name: Size(7, 2.5)}}, documented(60))
    assert line.split()[:3] == [name, "0.00", "2.50"]
    assert total.split()[1:3] == ["0.0", "2.5"]


def test_what_is_a_fifth_away_is_named() -> None:
    said = {"small": Size(5, 0.1), "large": Size(1_000, 10.0), "other": Size(1_000, 10.0)}
    assert departures(said, said) == []
    # What is small is not compared by itself.
    found = {"small": Size(9, 0.9), "large": Size(1_000, 12.1), "other": Size(1_000, 9.9)}
    assert departures(found, said) == ["large: 12.1 MB, where docs/operations.md says 10.0"]
    found["other"] = Size(1_000, 12.0)
    assert [sentence.split(":")[0] for sentence in departures(found, said)] == ["all", "large"]


def test_rows_and_bytes_follow_the_number_of_tables_but_those_of_refreshes() -> None:
    whole, half = documented(100_000), documented(50_000)
    assert half["table_inventory"].megabytes == whole["table_inventory"].megabytes / 2
    assert half["refresh_run"] == whole["refresh_run"]
    assert half["estate_blob"] == (whole["estate_blob"].rows, whole["estate_blob"].megabytes / 2)
    assert documented(100_000, 50)["estate_daily"].rows == whole["estate_daily"].rows / 2


def test_rows_that_are_a_fifth_away_are_named() -> None:
    said = {"few": Size(100, 1.0), "many": Size(1_000, 1.0), "more": Size(1_000, 1.0)}
    found = {"few": Size(300, 1.0), "many": Size(1_201, 1.0), "more": Size(800, 1.0)}
    assert rows_apart(found, said) == ["many: 1,201 rows, where docs/operations.md says 1,000"]
