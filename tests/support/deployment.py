"""MariaDB and Redis of a test's own, which it may break, and real processes of ThirdEye over them."""

import atexit
import json
import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from tests.support import PATIENCE, ROOT
from tests.support.api import GRAPHQL, load_sample, prepare_accounts, settings_for
from tests.support.clocks import NOON
from tests.support.waiting import wait_for
from thirdeye.local.processes import Child
from thirdeye.local.servers import MariaDB, MySQL, Redis, free_port
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

RUN_PROCESS = str(ROOT / "tests" / "support" / "run_process.py")
_FORKING = str(ROOT / "tests" / "support" / "forking.py")
_MYSQL_TIMEOUTS = ("mysql_acquire_timeout", "mysql_connect_timeout", "mysql_statement_timeout")


class Deployment:
    """The servers, with a sample estate of so many tables, and the processes that were started over them.

    `judged`: what a worker made of the estate is there already. `mysqld`: MySQL's program, instead of MariaDB; its tables
    are loaded and not copied.
    """

    def __init__(
        self,
        folder: Path,
        signer: Signer,
        *,
        durable: bool = False,
        measured: bool = True,
        tables: int = 60,
        judged: bool = False,
        mysqld: str | None = None,
    ) -> None:
        self.folder = folder
        self.measured = measured
        self.signer = signer
        self.redis = Redis(folder / "redis")
        self.server: MariaDB | MySQL
        if mysqld is None:
            self.server = MariaDB(folder / "mariadb", fast=not durable)
            data = judged_data(tables) if judged else data_with_sample(tables)
            shutil.copytree(data, folder / "mariadb" / "data")
            self.server.start()
        else:
            assert not judged
            self.server = MySQL(folder / "mysql", mysqld, fast=not durable)
            self.server.start()
            fill(self.server, tables)
        self.redis.start()
        self.clock = folder / "clock"
        self.move_clock(NOON)
        self.children: list[Child] = []

    @property
    def mariadb(self) -> MariaDB:
        """The server of one that was not given another."""
        assert isinstance(self.server, MariaDB)
        return self.server

    def move_clock(self, now: datetime) -> None:
        replace_file(self.clock, now.isoformat())

    def environment(self, **more: str) -> dict[str, str]:
        settings = settings_for(self.server, self.redis, om_schema="om", schema="thirdeye", signer=self.signer)
        variables = {**process_environment(settings), **more}
        if self.measured:
            return variables
        # What is watched from outside need not be measured from inside, which costs as much again.
        return {name: value for name, value in variables.items() if not name.startswith("COVERAGE_")}

    def start(self, *command: str, name: str, **environment: str) -> Child:
        """A process of Python; `name` is that of its log."""
        log = self.folder / f"{name}-{len(self.children)}.log"
        variables = self.environment(**environment)
        # What is measured, or preloads something, must be started from the beginning.
        if command[0] == RUN_PROCESS and not any(each.startswith(("COVERAGE_", "LD_PRELOAD")) for each in variables):
            command = ("-I", "-S", _FORKING, "ask", forking_process(), *command[1:])
        child = Child([sys.executable, *command], log=log, env=variables, guarded=True)
        self.children.append(child)
        return child

    def start_api(self) -> "Client":
        """An API by the clock of this deployment."""
        port = free_port()
        child = self.start(RUN_PROCESS, "api", str(self.clock), name="api", THIRDEYE_PORT=str(port))
        return Client(port, self.signer.token(), child)

    def start_worker(self) -> Child:
        """A worker by the clock of this deployment, which looks every second whether the score is due."""
        return self.start(RUN_PROCESS, "worker", str(self.clock), name="worker")

    def start_waiting_worker(self, **environment: str) -> Child:
        """A worker by the clock of this deployment, which does what it is asked and nothing by itself."""
        return self.start(RUN_PROCESS, "waiting_worker", str(self.clock), name="worker", **environment)

    def serve(self, factor: int = 1, **environment: str) -> "Client":
        """`thirdeye serve` by the clock of the machine, its time limits `factor` times those of production."""
        port = free_port()
        timeouts = {name.upper(): str(factor * Settings.model_fields[name].default) for name in _MYSQL_TIMEOUTS}
        variables = {"THIRDEYE_PORT": str(port), **timeouts, **environment}
        child = self.start(RUN_PROCESS, "serve", str(factor), name="serve", **variables)
        return Client(port, self.signer.token(), child)

    def scores(self) -> list[tuple[Any, ...]]:
        """Slot and score of each row of the history."""
        with self.server.connect("thirdeye") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT slot, score FROM health_score_history ORDER BY slot")
            return list(cursor.fetchall())

    def wait_for_scores(self, count: int) -> None:
        """Until so many slots have their row."""

        def are_there() -> bool:
            try:
                return len(self.scores()) >= count
            except Exception:
                return False  # the table is not there yet

        wait_for(are_there, saying=self.log_ends)

    def has_facts(self) -> bool:
        """Whether items were detected and the facts of the day are there, which come last after a refresh."""
        with self.server.connect("thirdeye") as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM action_event WHERE kind = 'DETECTED') AND EXISTS (SELECT 1 FROM estate_daily)"
            )
            return bool(cursor.fetchone() == (1,))

    def log_ends(self) -> str:
        """The last lines of each process, for who reads why a test failed."""
        return "\n".join(f"{child.log.name}: {child.log_end(5)}" for child in self.children)

    def stop(self) -> None:
        for child in self.children:
            child.kill()
        self.server.kill()
        self.redis.kill()


def replace_file(path: Path, text: str) -> None:
    """In one step: whoever reads it sees the old text or the new one."""
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(text)
    draft.rename(path)


def process_environment(settings: Settings) -> dict[str, str]:
    """The environment of a process with these settings."""
    variables = {
        name.upper(): getattr(value, "get_secret_value", lambda value=value: str(value))()
        for name, value in settings.model_dump(exclude_unset=True).items()
    }
    # A test asks more often than any person.
    own = {"THIRDEYE_HOST": "127.0.0.1", "RATE_LIMIT": "off", "PYTHONPATH": str(ROOT)}
    return {**os.environ, **variables, **own}


@cache
def data_with_sample(tables: int) -> Path:
    """The data folder of a MariaDB that was stopped: made once, and copied by each deployment."""
    folder = Path(tempfile.mkdtemp(prefix="thirdeye-sample-"))
    atexit.register(shutil.rmtree, folder)
    server = MariaDB(folder, fast=True)
    server.start()
    fill(server, tables)
    server.stop()
    return folder / "data"


def fill(server: MariaDB | MySQL, tables: int) -> None:
    """The sample estate, and the two accounts."""
    load_sample(server, "om", tables=tables)
    prepare_accounts(server, "om", "thirdeye")


@cache
def judged_data(tables: int) -> Path:
    """The same after all that a worker does of itself: the first refresh, the score, items, the facts of the day."""
    folder = Path(tempfile.mkdtemp(prefix="thirdeye-judged-"))
    atexit.register(shutil.rmtree, folder)
    made = Deployment(folder, Signer.generate(), measured=False, tables=tables)
    try:
        worker = made.start_worker()
        made.wait_for_scores(1)
        wait_for(made.has_facts, saying=made.log_ends)
        worker.terminate(PATIENCE)
        made.mariadb.stop()
    finally:
        made.stop()
    return folder / "mariadb" / "data"


@cache
def forking_process() -> str:
    """The socket of a process that has imported ThirdEye, made once: `tests/support/forking.py`."""
    folder = Path(tempfile.mkdtemp(prefix="thirdeye-forking-"))
    atexit.register(shutil.rmtree, folder)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-m", "tests.support.forking", "serve", str(folder / "socket")]
    child = Child(command, log=folder / "log", env={**environment, "PYTHONPATH": str(ROOT)})
    atexit.register(child.kill)
    wait_for((folder / "socket").exists, saying=child.log_end)
    return str(folder / "socket")


class Client:
    """Asks one API process over real HTTP."""

    def __init__(self, port: int, token: str, child: Child) -> None:
        self.port = port
        self.child = child
        self._base = f"http://127.0.0.1:{port}"
        self._token = token

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        return self._send(urllib.request.Request(self._base + path))

    def ask(self, query: str, **more: str) -> dict[str, Any]:
        """The answer; `more` are headers."""
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._token}", **more}
        body = json.dumps({"query": query}).encode()
        status, answer = self._send(urllib.request.Request(self._base + GRAPHQL, data=body, headers=headers))
        assert status == 200, answer
        return answer

    def _send(self, request: urllib.request.Request) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(request, timeout=2 * PATIENCE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def is_up(self, path: str = "/health") -> bool:
        try:
            return self.get(path)[0] == 200
        except OSError:
            return False

    def is_ready(self) -> bool:
        return self.is_up("/api/v1/thirdeye/health/ready")

    def wait_until_ready(self) -> None:
        wait_for(self.is_ready, saying=self.child.log_end)

    def score(self) -> dict[str, Any]:
        answer = self.ask("{ ziScore { score status stale } }")
        return {"code": answer["errors"][0]["extensions"]["code"]} if "errors" in answer else answer["data"]["ziScore"]
