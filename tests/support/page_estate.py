"""ThirdEye over the sample estate, as the tests of its page need it: the real processes, and a clock that stands at noon."""

import json
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.support import PATIENCE
from tests.support.api import GRAPHQL
from tests.support.deployment import RUN_PROCESS, Client, Deployment
from tests.support.waiting import wait_for
from thirdeye.local.servers import free_port
from thirdeye.local.tokens import Signer


class PageEstate:
    """A deployment whose API answers persisted operations only; `prepare` changes what OM has before anybody looks.

    There is no worker, which would look every second whether there is something to do, unless `works`.
    """

    def __init__(
        self,
        folder: Path,
        signer: Signer,
        prepare: Callable[[Deployment], None] | None = None,
        *,
        tables: int = 60,
        works: bool = False,
    ) -> None:
        self.deployment = Deployment(folder, signer, measured=False, tables=tables, judged=prepare is None)
        self._token = signer.token()
        try:
            if prepare is not None:
                prepare(self.deployment)
            worker = self.deployment.start_worker() if works or prepare else None
            self.api = self.start_api()
            self.api.wait_until_ready()
            wait_for(self._is_judged, saying=self.deployment.log_ends)
            if worker is not None and not works:
                wait_for(self.deployment.has_facts, saying=self.deployment.log_ends)
                worker.terminate(PATIENCE)
        except BaseException:
            self.deployment.stop()
            raise

    def start_api(self, port: int = 0, **more: str) -> Client:
        """An API with these settings, by the clock of the deployment."""
        port, clock = port or free_port(), str(self.deployment.clock)
        settings = {"THIRDEYE_PORT": str(port), "GRAPHQL_PERSISTED_ONLY": "true", "KEEP_ALIVE_SECONDS": "3600"}
        # As long as a person waits: of a MySQL that is away a question waits for each, and a view asks several.
        settings |= {"MYSQL_ACQUIRE_TIMEOUT": "5", "MYSQL_CONNECT_TIMEOUT": "5", **more}
        child = self.deployment.start(RUN_PROCESS, "api", clock, name="api", **settings)
        return Client(port, self._token, child)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.api.port}"

    def ask(self, operation: str, **variables: Any) -> dict[str, Any]:
        """The data of a persisted operation."""
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._token}"}
        body = json.dumps({"documentId": operation, "variables": variables}).encode()
        request = urllib.request.Request(self.base + GRAPHQL, body, headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    def _is_judged(self) -> bool:
        """Whether the first refresh is through: there are a score and advice."""
        try:
            report = self.ask("get_report", groups=5, tables=5)
        except (AssertionError, OSError):
            return False  # The estate is being read for the first time.
        return report["ziScore"]["status"] != "PENDING" and bool(report["verdicts"]["bestSavings"])

    def names(self, count: int = 5) -> list[str]:
        """The FQNs of the tables where most can be saved, the largest first."""
        report = self.ask("get_report", groups=5, tables=count)
        return [table["fqn"] for table in report["verdicts"]["bestSavings"]]

    def insert_items(self, titles: Iterable[str]) -> None:
        """Puts action items into the database: thousands of them in a moment."""
        with self.deployment.mariadb.connect("thirdeye") as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO action_items (title, status, priority) VALUES (%s, 'OPEN', 'MEDIUM')",
                [(each,) for each in titles],
            )
            connection.commit()

    def stop(self) -> None:
        self.deployment.stop()
