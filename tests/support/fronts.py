"""What makes ThirdEye part of OpenMetadata's address, and a client of it."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support import PATIENCE


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Front:
    """Listens on `port` of this machine until `stop`."""

    port: int

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """The whole answer; underscores in names of headers stand for hyphens."""
        return ask(self.port, method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def has_repeated(self) -> bool:
        """Whether any request was sent a second time."""
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError


def ask(
    port: int, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, dict(headers or {}))
        with connection.getresponse() as response:
            return Answer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
    finally:
        connection.close()
