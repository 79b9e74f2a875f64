"""Shell blocks of the book run, over a real installation: those of `thirdeye`, of curl to it, and of the databases' clients.

What else a block needs (a cluster, root, the internet) is not here: `test_book_commands.py` reads it. So it does with one
that is marked as ```bash, and with what goes on until it is stopped.

They run on MariaDB, and with `make soak` on MySQL, with the clients of each.
"""

import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.book import text_of
from tests.support import PATIENCE, ROOT
from tests.support.deployment import Deployment
from tests.support.mysql import MySQLUnavailable, find_mysqld
from tests.test_book_commands import pages
from thirdeye.local.tokens import Signer

pytestmark = [
    pytest.mark.unmeasured,
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed, and the book's commands use it"),
]
THE_PORT, THE_ADDRESS = "127.0.0.1:8586", "https://om.example.org"
RUNS = {"curl", "mysql", "mysqldump", "tail", "thirdeye"}
# They end when somebody stops them, or make what only a checkout has.
GOES_ON = re.compile(r"thirdeye (serve|worker|dev)\b|\.\.\.|om\.example\.org:|127\.0\.0\.1:8585")
# Exit codes that say what was found. The digest of the example is nobody's.
PREPARED = """
thirdeye() {
  local status=0
  command thirdeye "$@" <<< "$TOKEN_TO_READ" || status=$?
  case "$1 ${2:-}" in
    doctor*) [ "$status" -le 3 ] ;;
    "token allow") [ "$status" -le 1 ] ;;
    *) [ "$status" -eq 0 ] ;;
  esac
}
curl() { command curl --fail-with-body --max-time 60 "$@"; }
set -eo pipefail
"""


def runnable(block: str) -> bool:
    """Whether all commands of a block are of those that run here."""
    text = re.sub(r"\\\n", " ", re.sub(r"(^|\s)#.*", "", block))
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "x", text)
    words = re.findall(r"(?:^|[|&;(])\s*((?:\w+=\S*\s+)*)([\w./-]+=?)", text, re.MULTILINE)
    commands = {word for _, word in words if not word.endswith("=")}
    return bool(commands) and commands <= RUNS and not GOES_ON.search(block)


def blocks(page: str) -> list[str]:
    """What of a page runs; of a block that shows answers what stands behind the prompt."""
    found = []
    for kind, block in re.findall(r"^```(sh|console)\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL):
        if kind == "console":
            block = "\n".join(re.findall(r"^\$ ((?:.*\\\n)*.*)$", block, re.MULTILINE)) + "\n"
        found += [block] if runnable(block) else []
    return found


def test_what_runs_is_told_from_what_does_not() -> None:
    assert runnable('thirdeye check   # or: kubectl\nN=1\nthirdeye migrate --rollback "$N"\n')
    assert runnable("mysqldump \\\n  thirdeye > thirdeye.sql\ntail -n 1 thirdeye.sql\n")
    for other in (
        "thirdeye serve\n",
        "pip install .\nthirdeye check\n",
        "export TOKEN=...\n",
        "thirdeye check | sudo x\n",
    ):
        assert not runnable(other)


def mysqld_or_skip() -> str:
    try:
        return find_mysqld()
    except MySQLUnavailable as reason:
        pytest.skip(str(reason))


def clients_of(mysqld: str) -> str:
    """Where MySQL's own clients are: MariaDB's dump is not one for MySQL. Skips where there are none, as in an image."""
    folder = Path(mysqld).parent
    if not all((folder / client).exists() for client in ("mysql", "mysqldump")):
        pytest.skip(f"there are no clients beside {mysqld}, as scripts/mysql puts there")
    return str(folder)


@dataclass
class Reader:
    """Somebody who pastes blocks into a shell beside an installation."""

    deployment: Deployment
    folder: Path
    port: int
    clients: str | None = None

    def paste(self, block: str) -> str:
        """What a block printed; an error of any command in it fails."""
        # One that no block before has denied.
        token, other = self.deployment.signer.token(), self.deployment.signer.token(jti=uuid.uuid4().hex)
        (self.folder / "token.txt").write_text(token)
        here = f"127.0.0.1:{self.port}"
        script = PREPARED + block.replace(THE_PORT, here).replace(THE_ADDRESS, f"http://{here}")
        environment = self.deployment.environment(THIRDEYE_PORT=str(self.port), TOKEN=token, TOKEN_TO_READ=other)
        first = [str(ROOT / ".venv" / "bin"), *([self.clients] if self.clients else [])]
        environment["PATH"] = ":".join([*first, environment["PATH"]])
        ran = subprocess.run(
            ["bash"],
            input=script,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=10 * PATIENCE,
        )
        assert ran.returncode == 0, f"{block}\n{ran.stdout}\n{ran.stderr}"
        assert '"errors"' not in ran.stdout, ran.stdout
        return ran.stdout


@pytest.fixture(scope="module", params=["MariaDB", pytest.param("MySQL", marks=pytest.mark.soak)])
def reader(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, signer: Signer
) -> Iterator[Reader]:
    mysqld = mysqld_or_skip() if request.param == "MySQL" else None
    clients = clients_of(mysqld) if mysqld else None
    deployment = Deployment(tmp_path_factory.mktemp("book"), signer, measured=False, mysqld=mysqld)
    try:
        client = deployment.serve()
        client.wait_until_ready()
        reader = Reader(deployment, tmp_path_factory.mktemp("shell"), client.port, clients)
        reader.paste("thirdeye refresh\n")
        yield reader
    finally:
        deployment.stop()


@pytest.fixture(scope="module")
def already(reader: Reader) -> set[str]:
    """Commands that ran on another page: once is enough."""
    return set()


@pytest.mark.parametrize("page", [page for page in pages() if blocks(page)])
def test_blocks_run(page: str, reader: Reader, already: set[str]) -> None:
    for block in blocks(page):
        lines = re.findall(r"(?:[^\n]*\\\n)*[^\n]+", re.sub(r"\s+#.*", "", block))
        new = [line for line in lines if line not in already]
        if new:
            reader.paste("\n".join(new) + "\n")
        already.update(line for line in new if line.startswith("thirdeye "))


def test_what_was_dumped_comes_back_as_it_was(reader: Reader) -> None:
    dump, restore, *_ = blocks("docs/backup.md")
    reader.paste(f"""curl -s http://{THE_PORT}/api/v1/thirdeye/graphql -H "Authorization: Bearer $TOKEN" \
      -H 'Content-Type: application/json' -d '{{"query": "mutation {{ createActionItem(title: \\"kept\\") {{ id }} }}"}}'""")
    before = checksums(reader.deployment)
    assert before["action_items"] and before["table_inventory"]
    reader.paste(dump)
    with reader.deployment.server.connect("thirdeye") as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM action_items")
        cursor.execute("CREATE TABLE of_a_newer_version (id INT)")
    reader.paste(restore)
    assert checksums(reader.deployment) == before


def checksums(deployment: Deployment) -> dict[str, int]:
    with deployment.server.connect("thirdeye") as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        tables = [name for (name,) in cursor.fetchall()]
        cursor.execute(f"CHECKSUM TABLE {', '.join(tables)}")
        return {name.rpartition(".")[2]: checksum for name, checksum in cursor.fetchall()}
