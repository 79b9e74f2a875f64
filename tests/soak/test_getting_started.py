"""From nothing to a score behind the gateway, by the blocks of `docs/getting-started.md` as they stand there.

What is here already is what the page asks for: MySQL, Redis and nginx, each of the test's own, and an OpenMetadata.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.folders import server_folder
from tests.support.gateway import nginx_program, write_configuration
from tests.support.installation import replies_of
from tests.support.mysql import MySQLUnavailable, find_mysqld
from tests.support.om_rows import OMRows
from tests.support.pasted import blocks, with_values
from tests.support.stand_in import Reply, Request, answering
from tests.support.waiting import wait_for
from thirdeye.clock import utc_now
from thirdeye.local.processes import Child
from thirdeye.local.servers import MySQL, Redis, free_port
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

pytestmark = pytest.mark.soak
OM, OM_ACCOUNT, OM_PASSWORD = "openmetadata_db", "openmetadata_user", "of openmetadata's own"
SECONDS = 600
HEADING = "## Beside your own OpenMetadata"
# What is no part of the repository.
LEFT_OUT = (".git", ".venv*", ".thirdeye", "node_modules", "target", "__pycache__", ".env", ".coverage*")


def openmetadata_in(server: MySQL) -> None:
    """Tables that are read each day, and OpenMetadata's own account."""
    with server.connect() as connection:
        om = OMRows.create(connection, OM)
        om.today = utc_now().date()
        for name in ("orders", "customers", "items"):
            om.read(f"shop.main.public.{name}", range(121), count=2 + len(name))
        with connection.cursor() as cursor:
            cursor.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", (OM_ACCOUNT, OM_PASSWORD))
            cursor.execute(f"GRANT ALL PRIVILEGES ON {OM}.* TO '{OM_ACCOUNT}'@'%'")


def client_of(server: MySQL, folder: Path) -> str:
    """How its administrator gets in."""
    file = folder / "root.cnf"
    file.touch(mode=0o600)
    file.write_text(f"[client]\nuser=root\npassword={server.root_password}\nsocket={server.unix_socket}\n")
    return f"mysql --defaults-file={file}"


def start_nginx(folder: Path) -> tuple[Child, str]:
    """One that serves nothing yet; how it is reloaded."""
    (folder / "conf.d").mkdir(parents=True)
    main = write_configuration(folder, f"include {folder}/conf.d/*.conf;")
    command = [nginx_program(), "-c", str(main), "-p", str(folder)]
    child = Child(command, log=folder / "out", guarded=True)
    wait_for((folder / "nginx.pid").exists, saying=child.log_end)
    return child, f"{' '.join(command)} -s reload"


def environment(folder: Path) -> dict[str, str]:
    """A shell that knows nothing of this run; the gateway's log and figures are where everybody may write and listen."""
    names = {name.upper() for name in Settings.model_fields} | {"PYTHONPATH", "VIRTUAL_ENV"}
    kept = {name: value for name, value in os.environ.items() if name not in names and not name.startswith("COVERAGE_")}
    own = {"GATEWAY_STATUS": f"127.0.0.1:{free_port()}", "GATEWAY_ACCESS_LOG": str(folder / "access.log")}
    return {**kept, **own}


@pytest.fixture
def openmetadata(signer: Signer) -> Iterator[str]:
    """Host and port of one that answers."""
    replies = replies_of(signer)

    def respond(request: Request) -> Reply:
        return replies.get(request.path, Reply(404))

    with answering(respond) as base:
        yield base.removeprefix("http://")


@pytest.fixture
def values(tmp_path: Path, signer: Signer, openmetadata: str) -> Iterator[dict[str, str]]:
    """What somebody fills in at the top of the page."""
    try:
        mysqld = find_mysqld()
    except MySQLUnavailable as reason:
        pytest.skip(str(reason))
    with ExitStack() as closing:
        server = MySQL(closing.enter_context(server_folder(tmp_path / "mysql")), mysqld)
        redis = Redis(tmp_path / "redis")
        for each in (server, redis):
            closing.callback(each.kill)
            each.start()
        openmetadata_in(server)
        nginx, reload = start_nginx(tmp_path / "nginx")
        closing.callback(nginx.kill)
        yield {
            "OM_MYSQL_HOST": server.host,
            "OM_MYSQL_PORT": str(server.port),
            "OM_MYSQL_DB": OM,
            "OM_USER": OM_ACCOUNT,
            "OM_PASSWORD": f'"{OM_PASSWORD}"',
            "mysql_as_root": client_of(server, tmp_path),
            "REDIS_URL": redis.url,
            "OPENMETADATA": openmetadata,
            "GATEWAY_LISTEN": str(free_port()),
            "THIRDEYE_PORT": str(free_port()),
            "CONF_D": str(tmp_path / "nginx" / "conf.d"),
            "reload_nginx": reload,
            "TOKEN": signer.token(),
        }


def test_from_nothing_to_a_score_behind_the_gateway(
    values: dict[str, str], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    first, *others = blocks((ROOT / "docs" / "getting-started.md").read_text("utf-8"), HEADING)
    repository = tmp_path / "thirdeye"
    shutil.copytree(ROOT, repository, ignore=shutil.ignore_patterns(*LEFT_OUT))
    script, over = tmp_path / "pasted.sh", tmp_path / "over"
    # What runs in the background goes on until the test has seen it.
    script.write_text("\n".join(["set -ex", with_values(first, values), *others, f"touch {over}", "wait"]))
    began = time.monotonic()
    command = ["bash", "-c", f"cd {repository} && exec bash {script}"]
    shell = Child(command, log=tmp_path / "pasted.log", env=environment(tmp_path), guarded=True)
    try:
        wait_for(lambda: over.exists() or shell.exit_code is not None, SECONDS, saying=shell.log_end)
        assert over.exists(), shell.log_end(60)
        record_property("seconds", time.monotonic() - began)
        check(values)
    finally:
        shell.kill()


def check(values: dict[str, str]) -> None:
    """A score is there for who asks at OpenMetadata's address, and OpenMetadata as well."""
    base = f"http://127.0.0.1:{values['GATEWAY_LISTEN']}"
    asked = ["curl", "-sf", "-H", f"Authorization: Bearer {values['TOKEN']}"]
    score = json.loads(subprocess.check_output([*asked, f"{base}/api/v1/thirdeye/dashboard/zi-score"]))
    assert (score["score"] > 0, score["status"] != "PENDING", score["metadata"]["totalTables"]) == (True, True, 3)
    assert json.loads(subprocess.check_output([*asked, f"{base}/api/v1/system/version"]))["version"] == "1.9.4"
