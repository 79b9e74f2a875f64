"""The image's steps, replayed in an empty tree: what they make starts without root on a tree that nobody can write to.

It takes about a minute, most of it to install the packages of the lock: with `make soak`.
"""

import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.api import GRAPHQL
from tests.support.deployment import Client, Deployment
from tests.support.image import Image, ImageUnavailable, replay
from tests.support.waiting import wait_for
from thirdeye.local.processes import Child
from thirdeye.local.servers import free_port
from thirdeye.local.tokens import Signer

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    # Not below pytest's own folder, which other users cannot enter.
    tree = Path(tempfile.mkdtemp(prefix="thirdeye-image-"))
    tree.chmod(0o755)
    try:
        yield replay(tree)
    except ImageUnavailable as reason:
        pytest.skip(str(reason))
    finally:
        shutil.rmtree(tree)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    made = Deployment(tmp_path_factory.mktemp("image"), Signer.generate(), measured=False)
    yield made
    made.stop()


def settings_of(image: Image, deployment: Deployment, **more: str) -> dict[str, str]:
    """Nothing of this process: the image's environment, the settings, and the secrets out of files."""
    known = deployment.environment()
    secrets = image.tree / "secrets"
    secrets.mkdir(exist_ok=True)
    variables = {name: known[name] for name in ("OM_MYSQL_HOST", "OM_MYSQL_PORT", "OM_MYSQL_DB", "OM_MYSQL_USER_RO",
                 "THIRDEYE_MYSQL_SCHEMA", "THIRDEYE_MYSQL_USER", "JWT_PUBLIC_KEY")}  # fmt: skip
    for name in ("OM_MYSQL_PW_RO", "THIRDEYE_MYSQL_PW", "REDIS_URL"):
        path = secrets / name.lower()
        path.write_text(f"{known[name]}\n")
        path.chmod(0o644)
        variables[f"{name}_FILE"] = str(path)
    environment = {name: image.below(value) for name, value in image.environment.items()}
    environment["PATH"] = environment["PATH"].replace("$PATH", "/usr/local/bin:/usr/bin:/bin")
    return {
        "HOME": "/",
        "TMPDIR": str(image.tree / "tmp"),
        "THIRDEYE_HOST": "127.0.0.1",
        **environment,
        **variables,
        **more,
    }


def test_it_runs_migrations_api_and_worker(image: Image, deployment: Deployment) -> None:
    port = str(free_port())
    environment = settings_of(image, deployment, THIRDEYE_PORT=port)
    entry = [shutil.which(image.command["ENTRYPOINT"][0], path=environment["PATH"]) or ""]
    assert entry[0].startswith(str(image.tree))

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(image.confined(*command), env=environment, capture_output=True, text=True, check=False)

    # First that the confinement is one.
    probe = "import os, pathlib; print(os.getuid(), os.getgroups()); pathlib.Path('x').touch()"
    refused = run("python", "-c", probe)
    assert (refused.returncode, refused.stdout.split()) == (1, ["10001", "[]"])
    assert "Read-only file system" in refused.stderr
    status = Path(f"/proc/{os.getpid()}/status").read_text()
    assert "CapEff:\t0000000000000000" not in status, "this process has rights to lose"
    assert "CapEff:\t0000000000000000" in run("cat", "/proc/self/status").stdout
    migrated = run(*entry, "migrate")
    assert migrated.returncode == 0, migrated.stderr
    children = [
        Child(image.confined(*entry, command), log=deployment.folder / f"{command}.log", env=environment, guarded=True)
        for command in (*image.command["CMD"], "worker")
    ]
    try:
        client = Client(int(port), deployment.signer.token(), children[0])
        client.wait_until_ready()
        # The health checks of the image and of compose.
        health = run(*image.command["HEALTHCHECK"])
        assert health.returncode == 0, health.stderr
        wait_for(lambda: run(*entry, "worker", "--check").returncode == 0, saying=children[1].log_end)
        wait_for(lambda: client.score().get("status") not in {None, "PENDING"}, saying=children[1].log_end)
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/thirdeye/ui/").read()
        assert b"<html" in page
        # A persisted operation, out of the files that the wheel carries.
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{GRAPHQL}", data=b"{}",
            headers={"authorization": f"Bearer {deployment.signer.token()}", "content-type": "application/json",
                     "x-om-operation-id": "get_overview"},
        )  # fmt: skip
        assert "errors" not in json.load(urllib.request.urlopen(request))
    finally:
        for child in children:
            child.terminate(90)
    assert [child.exit_code for child in children] == [0, 0], [child.log_end() for child in children]


def test_it_says_what_it_lacks(image: Image, deployment: Deployment) -> None:
    """A secret that only root may read, as one that was mounted with the rights that it had."""
    environment = settings_of(image, deployment)
    Path(environment["OM_MYSQL_PW_RO_FILE"]).chmod(0o600)
    entry = shutil.which(image.command["ENTRYPOINT"][0], path=environment["PATH"]) or ""
    for command in ("serve", "worker", "migrate"):
        done = subprocess.run(
            image.confined(entry, command), env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert "OM_MYSQL_PW_RO_FILE: " in done.stderr
        assert "let user 10001" in done.stderr
