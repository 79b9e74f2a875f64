"""The real API over the estate, in a process of its own, and a client that asks it what the page asks."""

import sys
import time
from pathlib import Path
from typing import Any

import httpx
import orjson

from bench.page.estate import PageEstate
from tests.support.api import GRAPHQL
from tests.support.deployment import RUN_PROCESS, process_environment
from thirdeye.local.processes import Child
from thirdeye.local.servers import HOST, free_port, wait_until
from thirdeye.local.tokens import Signer

_START_SECONDS = 120


class Refused(Exception):
    """A question has no answer; the message says which, and why."""


class Api:
    """A running API; use it in `with`."""

    def __init__(self, estate: PageEstate, folder: Path, signer: Signer) -> None:
        self._environment = process_environment(
            estate.settings.model_copy(update={"jwt_enabled": True, "jwt_public_key": signer.public_pem})
        )
        self._clock, self._log = folder / "clock", folder / "api.log"
        self._clock.write_text(estate.clock().isoformat())
        self.token = signer.token()

    def __enter__(self) -> "Api":
        port = free_port()
        self.base = f"http://{HOST}:{port}"
        variables = {**self._environment, "THIRDEYE_PORT": str(port), "KEEP_ALIVE_SECONDS": "3600"}
        command = [sys.executable, RUN_PROCESS, "api", str(self._clock)]
        self._child = Child(command, log=self._log, env=variables)
        if not wait_until(self._is_ready, seconds=_START_SECONDS):
            self._child.kill()
            raise SystemExit(f"the API did not start:\n{self._child.log_end()}")
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.base}/api/v1/thirdeye/health/ready").status_code == 200
        except httpx.HTTPError:
            return False

    def client(self) -> "Client":
        return Client(self.base, self.token, self._child.pid)


class Client:
    """Asks persisted operations; close it."""

    def __init__(self, base: str, token: str, process: int) -> None:
        # The clock of the processor's time of another process, see clock_getcpuclockid(3).
        self._processor = (~process << 3) | 2
        self._http = httpx.AsyncClient(base_url=base, timeout=60, headers={"authorization": f"Bearer {token}"})

    def processor(self) -> float:
        """The milliseconds of the processor that the API has taken so far."""
        return time.clock_gettime(self._processor) * 1000

    async def ask(self, operation: str, variables: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        """The milliseconds and the data of an answer. Raises Refused."""
        body = orjson.dumps({"documentId": operation, "variables": variables})
        started = time.perf_counter()
        answer = await self._http.post(GRAPHQL, content=body, headers={"content-type": "application/json"})
        elapsed = (time.perf_counter() - started) * 1000
        found = orjson.loads(answer.content)
        if "errors" in found or answer.status_code != 200:
            raise Refused(f"{operation} {variables}: {found}")
        data: dict[str, Any] = found["data"]
        return elapsed, data

    async def close(self) -> None:
        await self._http.aclose()
