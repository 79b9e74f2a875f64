import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from thirdeye.observability.metrics import Metrics
from thirdeye.observability.process_metrics import ProcessMetrics, merge
from thirdeye.serving_process import ServingProcess

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not the test's own: a socket's path has an end after 107 bytes.
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def of(number: int, folder: Path, metrics: Metrics, timeout: float = 60.0) -> ProcessMetrics:
    process = ServingProcess(number=number, count=3, folder=folder)
    return ProcessMetrics(process, metrics.render, timeout=timeout)


def requests(text: bytes) -> dict[str, float]:
    """By process, how many requests were answered."""
    families = {family.name: family for family in text_string_to_metric_families(text.decode())}
    samples = families["thirdeye_http_requests"].samples
    return {each.labels["process"]: each.value for each in samples if each.name.endswith("_total")}


async def test_one_scrape_has_what_each_process_counts(folder: Path) -> None:
    metrics = [Metrics() for _ in range(3)]
    for number, each in enumerate(metrics):
        for _ in range(number + 1):
            each.observe_request("GET", '/a"}b', 200, 0.01)
    processes = [of(number, folder, each) for number, each in enumerate(metrics)]
    for process in processes:
        await process.start()
    try:
        assert requests(await processes[1].text()) == {"0": 1, "1": 2, "2": 3}
        await processes[2].stop()
        # It was killed and has not begun again: its socket is still there or not.
        assert requests(await processes[0].text()) == {"0": 1, "1": 2}
    finally:
        for process in processes[:2]:
            await process.stop()
    assert not list(folder.iterdir())


async def test_one_that_does_not_answer_holds_no_scrape_up(folder: Path) -> None:
    metrics = Metrics()
    metrics.observe_request("GET", "/", 200, 0.01)

    given_up = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        given_up.set()

    process = of(0, folder, metrics, timeout=0.01)
    server = await asyncio.start_unix_server(silent, ServingProcess(number=1, count=3, folder=folder).socket_of(1))
    try:
        assert requests(await process.text()) == {"0": 1}
        await given_up.wait()
    finally:
        server.close()


async def test_a_process_takes_the_place_of_one_that_was_killed(folder: Path) -> None:
    """A socket that nobody listens on any more stays in its folder."""
    left = await asyncio.start_unix_server(
        lambda *_: None, ServingProcess(number=0, count=1, folder=folder).socket_of(0)
    )
    left.close()
    process = of(0, folder, Metrics())
    await process.start()
    await process.stop()


async def test_a_path_that_is_too_long_stops_nobody_from_serving(folder: Path) -> None:
    metrics = Metrics()
    metrics.observe_request("GET", "/", 200, 0.01)
    process = of(0, folder / ("long" * 40), metrics)
    await process.start()
    assert requests(await process.text()) == {"0": 1}
    await process.stop()


def test_every_metric_is_described_once() -> None:
    text = merge(
        (number, b'# HELP a_total What.\n# TYPE a_total counter\na_total 1.0\na_total{b="c"} 2e-05\n')
        for number in (0, 7)
    )
    assert text == (
        b"# HELP a_total What.\n# TYPE a_total counter\n"
        b'a_total{process="0"} 1.0\na_total{process="0",b="c"} 2e-05\n'
        b'a_total{process="7"} 1.0\na_total{process="7",b="c"} 2e-05\n'
    )
