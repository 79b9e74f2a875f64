"""A clock that is set back an hour under running processes, by Debian's faketime."""

import subprocess
from pathlib import Path

import pytest

from tests.support import PATIENCE
from tests.support.deployment import Deployment, replace_file
from tests.support.waiting import wait_for
from tests.support.watcher import Watcher
from thirdeye.local.tokens import Signer

pytestmark = [pytest.mark.unmeasured, pytest.mark.starts_first]


def library_of_faketime() -> str:
    found = subprocess.run(
        ["faketime", "-m", "now", "sh", "-c", "echo $LD_PRELOAD"], capture_output=True, text=True, check=True
    )
    return found.stdout.strip().split(":")[-1]


def test_a_clock_set_back_an_hour(signer: Signer, tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "deployment", signer, measured=False)
    try:
        set_back(deployment, signer, tmp_path / "clock")
    finally:
        deployment.stop()


def set_back(deployment: Deployment, signer: Signer, clock: Path) -> None:
    clock.write_text("+0")
    environment = {
        "LD_PRELOAD": library_of_faketime(),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        # As on a real machine: what counts seconds is not set back with the clock.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "REFRESH_MINUTES": "10",
    }
    client = deployment.serve(3, **environment)
    worker = deployment.start("-m", "thirdeye", "worker", name="worker", **environment)
    watcher = Watcher(client, signer)
    client.wait_until_ready()
    wait_for(watcher.is_healthy, saying=deployment.log_ends)
    token, before, scores = signer.token(), watcher.count(), len(deployment.scores())
    assert watcher.ask("{ __typename }", token)[0] == "ok"
    replace_file(clock, "-3600")
    seen = watcher.watch(3.0)
    assert seen.answers == {"score": {"fresh"}, "estate": {"fresh"}, "items": {"ok"}, "write": {"ok"}}
    assert watcher.ask("{ __typename }", token)[0] == "ok"
    wait_for(watcher.is_healthy, saying=deployment.log_ends)
    assert watcher.count() == before + seen.created
    # The worker does what is asked of it now, not in an hour.
    run = watcher.request_refresh()
    wait_for(lambda: watcher.is_done(run), saying=deployment.log_ends)
    assert len(deployment.scores()) >= scores
    for child in (worker, client.child):
        child.terminate(PATIENCE)
        assert child.exit_code == 0, child.log_end()
