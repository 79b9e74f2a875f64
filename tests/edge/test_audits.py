"""The public audit of GraphQL over HTTP (npm `graphql-http`), unchanged, against the real server."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import PATIENCE, ROOT
from tests.support.api import GRAPHQL, prepare_accounts, settings_for
from tests.support.deployment import Client, process_environment
from thirdeye.local.processes import Child
from thirdeye.local.servers import MariaDB, Redis, free_port
from thirdeye.local.tokens import Signer

pytestmark = pytest.mark.unmeasured
AUDITS = ROOT / "tests" / "audits"
PAGE = ROOT / "docs" / "graphql-over-http.md"
# A GET without an explicit `Accept` is what an image or a link of another site would send: it is refused on purpose.
ON_PURPOSE = {"5A70"}


@pytest.fixture(scope="module")
def client(
    mariadb: MariaDB, redis_server: Redis, signer: Signer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    prepare_accounts(mariadb, "om_empty", "thirdeye_audits")
    settings = settings_for(mariadb, redis_server, om_schema="om_empty", schema="thirdeye_audits", signer=signer)
    port, folder = free_port(), tmp_path_factory.mktemp("audits")
    environment = {**process_environment(settings), "THIRDEYE_PORT": str(port)}
    child = Child([sys.executable, "-m", "thirdeye", "serve"], log=folder / "log", env=environment, guarded=True)
    made = Client(port, signer.token(), child)
    made.wait_until_ready()
    yield made
    child.kill()


@pytest.fixture(scope="module")
def results(client: Client, signer: Signer) -> list[dict[str, Any]]:
    node = shutil.which("node", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    assert node, "node is missing: run `make setup`"
    assert (AUDITS / "node_modules").exists(), "graphql-http is missing: run `make setup`"
    url = f"http://127.0.0.1:{client.port}{GRAPHQL}"
    done = subprocess.run(
        [node, "run.mjs"],
        cwd=AUDITS,
        env={**os.environ, "THIRDEYE_URL": url, "THIRDEYE_TOKEN": signer.token()},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_all_that_must_hold_holds(results: list[dict[str, Any]]) -> None:
    assert len(results) == 61
    must = [result for result in results if result["name"].startswith("MUST")]
    assert len(must) == 13
    assert [result for result in must if result["status"] != "ok"] == []


def test_what_else_does_not_hold_is_so_on_purpose(results: list[dict[str, Any]]) -> None:
    others = [result for result in results if result["status"] != "ok"]
    assert {result["id"] for result in others} == ON_PURPOSE, others


def test_the_published_table_is_what_came_out(results: list[dict[str, Any]]) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (\w+) \|$", PAGE.read_text(), re.MULTILINE)
    assert rows == [(result["id"], result["name"].replace("|", "\\|"), result["status"]) for result in results]
