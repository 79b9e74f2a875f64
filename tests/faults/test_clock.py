"""A clock that is set back an hour under running processes, by Debian's faketime."""

import subprocess
from pathlib import Path

from tests.support.house import House, until
from tests.support.watcher import PATIENCE, WELL_AGAIN, Watcher
from thirdeye.local.tokens import Signer


def library_of_faketime() -> str:
    found = subprocess.run(
        ["faketime", "-m", "now", "sh", "-c", "echo $LD_PRELOAD"], capture_output=True, text=True, check=True
    )
    return found.stdout.strip().split(":")[-1]


def test_a_clock_set_back_an_hour(signer: Signer, tmp_path: Path) -> None:
    house = House(tmp_path / "house", signer, measured=False)
    try:
        go(house, signer, tmp_path / "clock")
    finally:
        house.end()


def go(house: House, signer: Signer, clock: Path) -> None:
    clock.write_text("+0")
    environment = {
        "LD_PRELOAD": library_of_faketime(),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        # As on a real machine: what counts seconds is not set back with the clock.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "REFRESH_MINUTES": "1",
    }
    client = house.serve(**environment)
    worker = house.start("-m", "thirdeye", "worker", name="worker-back", **environment)
    watcher = Watcher(client, signer)
    until(client.ready)
    until(watcher.is_well)
    token, before, rows = signer.token(), watcher.count(), len(house.rows())
    assert watcher.ask("{ __typename }", token)[0] == "ok"
    clock.write_text("-3600")
    seen = watcher.watch(3.0)
    assert seen.answers == {"score": {"fresh"}, "estate": {"fresh"}, "items": {"ok"}, "write": {"ok"}}
    assert seen.slowest < PATIENCE
    assert watcher.ask("{ __typename }", token)[0] == "ok"
    until(watcher.is_well, WELL_AGAIN)
    assert watcher.count() == before + seen.created
    # The worker does what is asked of it now, not in an hour.
    asked = watcher.ask("mutation { refreshEstate { id } }")[1]["refreshEstate"]["id"]
    until(lambda: watcher.is_done(asked), WELL_AGAIN)
    assert len(house.rows()) >= rows
    for child in (worker, client.child):
        child.terminate(20)
        assert child.exit_code == 0, child.log_end()
