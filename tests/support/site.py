"""ThirdEye as an installation has it: two API processes, a worker, an OpenMetadata, and what stands before them."""

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.support.api import GRAPHQL
from tests.support.balancer import Balancer
from tests.support.deployment import RUN_PROCESS, Client, Deployment
from tests.support.fronts import Answer, Front
from tests.support.gateway import Gateway
from tests.support.proxy_resource import ProxyResource
from tests.support.upstreams import Upstream, openmetadata
from thirdeye.local.servers import free_port
from thirdeye.local.tokens import Signer

ITEMS = "/api/v1/thirdeye/action-items"
Kind = Literal["gateway", "resource"]


class Site:
    """Runs until `stop`."""

    def __init__(self, folder: Path, signer: Signer) -> None:
        self.deployment = Deployment(folder, signer, measured=False)
        self.token = f"Bearer {signer.token()}"
        self.folder = folder
        self.openmetadata = Upstream(openmetadata)
        self._fronts: list[Front] = []
        self._balancers: list[Balancer] = []
        try:
            self.worker = self.deployment.start_worker()
            self.apis = [self.start_api(free_port()) for _ in range(2)]
            for api in self.apis:
                api.wait_until_ready()
            self.deployment.wait_for_scores(1)
        except BaseException:
            self.stop()
            raise

    def start_api(self, port: int) -> Client:
        clock = str(self.deployment.clock)
        child = self.deployment.start(RUN_PROCESS, "api", clock, name="api", THIRDEYE_PORT=str(port))
        return Client(port, self.token.removeprefix("Bearer "), child)

    @property
    def instances(self) -> list[str]:
        return [f"127.0.0.1:{api.port}" for api in self.apis]

    def start_front(self, kind: Kind, *instances: str, **settings: str) -> Front:
        """What stands before these instances; `settings` are the gateway's. It is stopped with the site."""
        folder = self.folder / f"front-{len(self._fronts)}"
        front: Front
        if kind == "gateway":
            own = {"openmetadata": self.openmetadata.address, "thirdeye": " ".join(instances)}
            # As long as a busy machine needs: nothing here hangs.
            limits = {"connect_timeout": "1m", "read_timeout": "1m"}
            front = Gateway(folder, **{**own, **limits, **settings})
        else:
            front = ProxyResource(folder, instances[0] if len(instances) == 1 else self._balance(instances))
        self._fronts.append(front)
        return front

    def _balance(self, instances: tuple[str, ...]) -> str:
        """OpenMetadata's resource knows one address: several instances are behind a balancer."""
        self._balancers.append(Balancer([int(instance.rpartition(":")[2]) for instance in instances]))
        return self._balancers[-1].address

    def ask(self, front: Front, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """An answer through this front, with a token."""
        raw = None if body is None else json.dumps(body).encode()
        return front.ask(method, path, raw, Authorization=self.token, Content_Type="application/json", **headers)

    def operation(self, front: Front, name: str, *, key: str = "", **variables: Any) -> Answer:
        headers = {"X_OM_Operation_Id": name, **({"Idempotency_Key": key} if key else {})}
        return self.ask(front, "POST", GRAPHQL, {"variables": variables}, **headers)

    def items(self, title: str) -> int:
        """How many action items with this title the database holds."""
        with self.deployment.mariadb.connect("thirdeye") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM action_items WHERE title = %s", (title,))
            return int(cursor.fetchone()[0])

    def stop(self) -> None:
        for front in self._fronts:
            front.stop()
        self.openmetadata.stop()
        self.deployment.stop()
        # A balancer's connections end with what is at their ends.
        for balancer in self._balancers:
            balancer.stop()


@dataclass
class Load:
    """Callers that go on until they are told to stop."""

    site: Site
    front: Front
    failures: list[tuple[str, int, bytes]] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def rounds(self) -> int:
        return len(self.asked)

    def run(self, caller: int, over: threading.Event) -> None:
        number = 0
        while not over.is_set():
            number += 1
            title = f"{type(self.front).__name__} under load {caller} {number}"
            answers = {
                "health": self.front.ask("GET", "/api/v1/thirdeye/health"),
                "query": self.site.operation(self.front, "get_zi_score"),
                "rest": self.site.ask(self.front, "GET", f"{ITEMS}?limit=5"),
                "mutation": self.site.operation(self.front, "create_action_item", key=title, title=title),
            }
            # Nobody may have more than two exports at a time.
            if caller == 0:
                answers["export"] = self.site.ask(self.front, "GET", "/api/v1/thirdeye/tables.csv")
            self.failures += [
                (name, answer.status, answer.body) for name, answer in answers.items() if answer.status != 200
            ]
            if answers["mutation"].status == 200 and "errors" not in answers["mutation"].json:
                self.confirmed.append(title)
            self.asked.append(title)
