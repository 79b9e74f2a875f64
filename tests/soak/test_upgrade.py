"""From the first release that made a schema to this one and back, with the old code answering all the while.

The old code is taken out of git and runs as it was, beside the new, over one schema: expand and contract. What it wrote,
before and while both ran, is what it finds in the end; none of its requests fails, not even while a table is altered.
"""

import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import PATIENCE, ROOT
from tests.support.api import GRAPHQL, copy_sample, prepare_accounts, settings_for
from tests.support.deployment import process_environment
from tests.support.waiting import wait_for
from thirdeye.local.processes import Child
from thirdeye.local.servers import MariaDB, MySQL, Redis, free_port
from thirdeye.local.tokens import Signer

pytestmark = pytest.mark.soak
HEALTH = "/api/v1/thirdeye/health/ready"
# What the first release knows of its two tables.
KNOWN = {
    "action_items": "id, title, status, category, priority, estimated_savings_usd, created_at, updated_at",
    "health_score_history": "id, captured_at, score, status, slot, slot_minutes",
}


def git(*arguments: str) -> bytes:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else b""


@pytest.fixture(scope="module")
def first_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the first commit that had migrations."""
    if git("rev-parse", "--is-shallow-repository").strip() != b"false":
        pytest.skip("the history is not here, so there is no older version to upgrade from")
    commits = git("log", "--reverse", "--format=%H", "--diff-filter=A", "--", "migrations").split()
    if not commits:
        pytest.skip("git knows no commit with migrations")
    folder = tmp_path_factory.mktemp("first-release")
    archive = git("archive", commits[0].decode())
    subprocess.run(["tar", "--extract", "--directory", str(folder)], input=archive, check=True)
    assert sorted(path.name for path in (folder / "migrations").glob("0002.*.sql")), "no such release"
    return folder


class Version:
    """One version's code over the schema, in processes of its own."""

    def __init__(self, code: Path, folder: Path, environment: dict[str, str], token: str) -> None:
        self.code, self.folder, self.token = code, folder, token
        self.environment = {**environment, "PYTHONPATH": str(code)}
        self.children: list[Child] = []

    def command(self, *arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-P", "-m", "thirdeye", *arguments]
        done = subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def start(self, command: str) -> "Api":
        port = free_port()
        environment = {**self.environment, "THIRDEYE_PORT": str(port)}
        log = self.folder / f"{self.code.name}-{command}.log"
        self.children.append(
            Child([sys.executable, "-P", "-m", "thirdeye", command], log=log, env=environment, guarded=True)
        )
        return Api(port, self.token, self.children[-1])

    def stop(self) -> None:
        for child in self.children:
            child.terminate(90)
        self.children.clear()


class Api:
    def __init__(self, port: int, token: str, child: Child) -> None:
        self.base, self.token, self.child = f"http://127.0.0.1:{port}", token, child

    def ask(self, operation: str, **variables: Any) -> dict[str, Any]:
        """The answer of a persisted operation. Raises whatever went wrong."""
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        body = json.dumps({"variables": variables}).encode()
        request = urllib.request.Request(
            self.base + GRAPHQL, data=body, headers={**headers, "x-om-operation-id": operation}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            said = json.load(answer)
        assert "errors" not in said, said
        return dict(said["data"])

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.base + HEALTH, timeout=PATIENCE) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def wait_until_ready(self) -> None:
        wait_for(self.is_ready, saying=self.child.log_end)


class Traffic:
    """Somebody who reads and writes without a pause, and remembers what was confirmed and what failed."""

    def __init__(self, api: Api, name: str) -> None:
        self.api, self.name = api, name
        self.rounds = 0
        self.failed: list[str] = []
        self.titles: dict[int, str] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Traffic":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self._round()
            except Exception as error:
                self.failed.append(repr(error))
            self.rounds += 1

    def _round(self) -> None:
        title = f"{self.name} {self.rounds}"
        made = self.api.ask("create_action_item", title=title)["createActionItem"]
        self.titles[made["id"]] = title
        changed = self.api.ask("update_action_item", id=made["id"], status="IN_PROGRESS")["updateActionItem"]
        assert (changed["title"], changed["status"]) == (title, "IN_PROGRESS")
        listed = self.api.ask("list_action_items", first=5, search=self.name)["actionItems"]
        assert listed["totalCount"] == len(self.titles)
        self.api.ask("get_zi_score")
        self.api.ask("get_health_history")

    def go_on(self, rounds: int = 3) -> None:
        """Until so many more rounds are done."""
        until = self.rounds + rounds
        wait_for(lambda: self.rounds >= until, saying=self.api.child.log_end)


@contextmanager
def versions(*all_: Version) -> Iterator[None]:
    try:
        yield
    finally:
        for version in all_:
            version.stop()


def test_there_and_back_with_both_versions_at_work(
    first_release: Path,
    sql_server: MariaDB | MySQL,
    redis_server: Redis,
    schema_name: Callable[[str], str],
    signer: Signer,
    tmp_path: Path,
) -> None:
    schema, om_schema = schema_name("thirdeye"), schema_name("om")
    copy_sample(sql_server, om_schema, tables=60, usage_days=40)
    prepare_accounts(sql_server, om_schema, schema)
    settings = settings_for(sql_server, redis_server, om_schema=om_schema, schema=schema, signer=signer)
    environment = {
        name: value for name, value in process_environment(settings).items() if not name.startswith("COVERAGE_")
    }
    token = signer.token()
    old, new = (Version(code, tmp_path, environment, token) for code in (first_release, ROOT))

    def rows(table: str) -> dict[int, tuple[Any, ...]]:
        with sql_server.connect(schema) as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT {KNOWN[table]} FROM {table} ORDER BY id")
            return {row[0]: row for row in cursor.fetchall()}

    def applied() -> list[str]:
        with sql_server.connect(schema) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT migration_id FROM _yoyo_migration ORDER BY migration_id")
            return [row[0] for row in cursor.fetchall()]

    with versions(old, new):
        # The first release with data of its own: items, and a score of its worker's.
        assert old.command("migrate")[0] == 0
        first = applied()
        old_api = old.start("serve")
        old_api.wait_until_ready()
        old.start("worker")
        with Traffic(old_api, "before") as before:
            wait_for(lambda: bool(rows("health_score_history")), saying=old.children[-1].log_end)
            before.go_on()
        assert before.failed == []
        items, scores = rows("action_items"), rows("health_score_history")

        # The new version's migrations, while the old one answers; then both.
        with Traffic(old_api, "during") as during:
            during.go_on()
            code, text = new.command("migrate")
            assert code == 0, text
            count = len(applied()) - len(first)
            assert count >= 60
            during.go_on()
            new_api = new.start("serve")
            new.start("worker")
            new_api.wait_until_ready()
            with Traffic(new_api, "new") as by_new:
                by_new.go_on()
                during.go_on()
            assert by_new.failed == []
            # Each finds what the other wrote.
            for api in (old_api, new_api):
                for name, traffic in (("before", before), ("new", by_new)):
                    listed = api.ask("list_action_items", first=1, search=name)["actionItems"]
                    assert listed["totalCount"] == len(traffic.titles)
            new.stop()

            # And back: first it is refused, for what only the new version knows would be lost.
            code, text = new.command("migrate", "--rollback", str(count))
            assert (code, "--lose-data" in text) == (1, True), text
            assert len(applied()) == len(first) + count
            during.go_on()
            code, text = new.command("migrate", "--rollback", str(count), "--lose-data")
            assert code == 0, text
            assert applied() == first
            during.go_on()
        assert during.failed == []
        after = rows("action_items")
        assert {id_: after.get(id_) for id_ in items} == items
        written = {**before.titles, **during.titles, **by_new.titles}
        assert {id_: after[id_][1] for id_ in written} == written
        kept = rows("health_score_history")
        assert {id_: kept.get(id_) for id_ in scores} == scores
        # The old version can also be started anew, and so can the new one.
        old.stop()
        again = old.start("serve")
        again.wait_until_ready()
        assert again.ask("list_action_items", first=1, search="new")["actionItems"]["totalCount"] == len(by_new.titles)
        assert new.command("migrate")[0] == 0
