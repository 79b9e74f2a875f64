"""Asks one API over and over, like its users do, and notes what they would see."""

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from tests.support import PATIENCE
from tests.support.api import GRAPHQL
from tests.support.deployment import Client
from thirdeye.local.tokens import Signer

NO_ANSWER = "(no answer)"


@dataclass
class Observations:
    """What a client saw: for each question the answers there were, and how long the slowest took."""

    answers: dict[str, set[str]] = field(default_factory=dict)
    slowest: float = 0.0
    created: int = 0

    def note(self, question: str, answer: str, seconds: float) -> None:
        self.answers.setdefault(question, set()).add(answer)
        self.slowest = max(self.slowest, seconds)


class Watcher:
    """A user of one API process."""

    def __init__(self, client: Client, signer: Signer) -> None:
        self.client = client
        self.signer = signer

    def ask(self, query: str, token: str | None = None) -> tuple[str, Any, float]:
        """What kind of answer, its data, and how long it took."""
        headers = {"content-type": "application/json", "authorization": f"Bearer {token or self.signer.token()}"}
        url = f"http://127.0.0.1:{self.client.port}{GRAPHQL}"
        request = urllib.request.Request(url, json.dumps({"query": query}).encode(), headers)
        started = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                error.read()
            return f"HTTP {error.code}", None, time.monotonic() - started
        except OSError as error:
            return f"{NO_ANSWER} {type(error).__name__}", None, time.monotonic() - started
        seconds = time.monotonic() - started
        if "errors" in answer:
            return str(answer["errors"][0]["extensions"]["code"]), None, seconds
        return "ok", answer["data"], seconds

    def score(self) -> tuple[str, float]:
        kind, data, seconds = self.ask("{ ziScore { score status stale } }")
        return ("stale" if data["ziScore"]["stale"] else "fresh") if data else kind, seconds

    def estate(self) -> tuple[str, float]:
        kind, data, seconds = self.ask("{ estate { stale total { tables } } }")
        return ("stale" if data["estate"]["stale"] else "fresh") if data else kind, seconds

    def items(self) -> tuple[str, float]:
        kind, _, seconds = self.ask("{ actionItems { totalCount } }")
        return kind, seconds

    def watch(self, seconds: float) -> Observations:
        """Asks everything in turn for so many seconds, at least once, and writes something each time."""
        seen, end = Observations(), time.monotonic() + seconds
        while not seen.answers or time.monotonic() < end:
            for name in ("score", "estate", "items"):
                seen.note(name, *getattr(self, name)())
            kind, data, took = self.ask('mutation { createActionItem(title: "under fault") { id } }')
            seen.note("write", kind, took)
            seen.created += data is not None
            assert self.client.get("/api/v1/thirdeye/health/live")[0] == 200
        return seen

    def is_healthy(self) -> bool:
        return (
            self.score()[0] == "fresh"
            and self.estate()[0] == "fresh"
            and self.items()[0] == "ok"
            and self.client.get("/api/v1/thirdeye/health/ready")[1] == {"status": "ok", "degraded": []}
        )

    def answers(self, token: str | None = None) -> bool:
        """Whether there is an answer of whatever kind."""
        return not self.ask("{ __typename }", token)[0].startswith(NO_ANSWER)

    def accepts(self) -> bool:
        """Whether a token is taken."""
        return self.ask("{ __typename }")[0] == "ok"

    def count(self) -> int:
        """How many action items people made: detection may open others meanwhile."""
        items = self.ask("{ actionItems(filter: { detected: false }) { totalCount } }")[1]["actionItems"]
        return int(items["totalCount"])

    def request_refresh(self) -> int:
        """The id of its run."""
        return int(self.ask("mutation { refreshEstate { id } }")[1]["refreshEstate"]["id"])

    def is_done(self, run: int) -> bool:
        """Whether this run of a refresh has been done."""
        data = self.ask("{ refreshRuns { edges { node { id phase } } } }")[1]
        return any(edge["node"] == {"id": run, "phase": "DONE"} for edge in data["refreshRuns"]["edges"])
