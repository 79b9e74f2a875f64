"""Asks ThirdEye as its users do: through the public address."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx

from thirdeye.commands.doctor.examination import Probe, Result
from thirdeye.commands.doctor.facts import AddressFacts, Answer
from thirdeye.commands.doctor.probes.answers import ask
from thirdeye.commands.doctor.rules.address import judge_address

_PREFIX: Final = "/api/v1/thirdeye"
_QUESTION: Final = {"query": "{ __typename }"}
_OPERATION: Final = "get_zi_score"


class AddressProbe:
    """Over one HTTP client, which is closed by its owner. `accepted` tells whether these settings accept the token."""

    def __init__(
        self, client: httpx.AsyncClient, url: str, token: str | None, accepted: Callable[[], bool | None]
    ) -> None:
        self._client, self._url, self._token, self._accepted = client, url.rstrip("/"), token, accepted

    def probes(self) -> Iterator[Probe]:
        """After that of the token."""
        yield Probe("public address", self.ask)

    async def ask(self) -> Result:
        """Health first; what follows only where ThirdEye answers."""
        request_id = f"doctor-{uuid.uuid4().hex[:12]}"
        health = await self._ask("GET", f"{_PREFIX}/health", {"x-request-id": request_id})
        values: dict[str, Any] = {}
        if health.status == 200:
            values["metrics"] = await self._ask("GET", "/metrics")
            values["nobody"] = await self._graphql()
            if self._token:
                values["somebody"] = await self._graphql(authorization=f"Bearer {self._token}")
                headers = {"authorization": f"Bearer {self._token}", "x-om-operation-id": _OPERATION}
                values["operation"] = await self._graphql(**headers)
        facts = AddressFacts(sent_request_id=request_id, health=health, accepted=self._accepted(), **values)
        asked = "health, GraphQL with a token" if self._token else "health; GraphQL not, without --token-file"
        return f"{asked}; {health.seconds * 1000:,.0f} ms", judge_address(facts)

    async def _graphql(self, **headers: str) -> Answer:
        return await self._ask("POST", f"{_PREFIX}/graphql", headers, _QUESTION)

    async def _ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: object = None) -> Answer:
        return await ask(self._client, method, f"{self._url}{path}", headers=headers, json=body)
