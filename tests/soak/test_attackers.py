"""Fifty honest clients beside all attackers at once, who have a token, or none, and what they took given back at their end.

Slow readers, pipeliners, fillers of idempotency keys, storms of aliases, tokens of nested JSON, exports that nobody reads.
"""

import asyncio
import base64
import json
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.soak.test_load import QUESTIONS, resident, served_by
from tests.support.api import GRAPHQL
from tests.support.deployment import Deployment
from tests.support.raw_http import Reluctant
from tests.support.waiting import wait_for
from tests.support.watcher import Watcher
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

pytestmark = pytest.mark.soak
HONEST = 50
SECONDS = float(os.environ.get("THIRDEYE_SOAK_SECONDS", "600"))
PREFIX = "/api/v1/thirdeye"
MAX_RESIDENT = 400_000_000
RECOVERY_SECONDS = 10
TABLES = 3_000
# As much as one may ask for at once: several hundred kilobytes, and pages over a filter that matches most tables.
LARGE = " ".join(
    f'a{n}: tables(first: 100, sortBy: "name") {{ edges {{ node {{ fqn name service database schema url activityReason '
    "verdict { recommendation reasons blockers { code detail } signsOfCare } } } }}"
    for n in range(4)
)
ALIASES = " ".join(f"a{n}: tables(first: 5, filter: {{ zombie: false }}) {{ totalCount }}" for n in range(28))
# More than one may: refused before anything runs.
TOO_MANY = " ".join(
    f'a{n}: previewActionRule(input: {{ name: "n", category: PURGE, priority: LOW, filter: {{ zombie: true }} }}) {{ opens }}'
    for n in range(99)
)
Attack = Callable[[int, str, float, Counter[str]], Awaitable[None]]


@dataclass
class Tally:
    """What honest clients saw."""

    statuses: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    without_retry_after: int = 0
    lost: int = 0

    def percentile(self, share: float) -> float:
        return sorted(self.seconds)[int(share * (len(self.seconds) - 1))] if self.seconds else 0.0


def request(token: str, body: dict[str, Any], more: str = "") -> bytes:
    """A POST of GraphQL."""
    content = json.dumps(body).encode()
    head = f"POST {GRAPHQL} HTTP/1.1\r\nhost: om\r\ncontent-type: application/json\r\n{more}"
    return f"{head}authorization: Bearer {token}\r\ncontent-length: {len(content)}\r\n\r\n".encode() + content


async def ask(port: int, sent: bytes) -> tuple[bytes, dict[str, Any]]:
    """The head and the JSON of one answer, over a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return head, json.loads(await asyncio.wait_for(reader.readexactly(length), 30))
    finally:
        writer.close()


async def honest(port: int, token: str, end: float, tally: Tally) -> None:
    """A person: a question, a pause."""
    chance = random.Random(token)
    while time.monotonic() < end:
        started = time.monotonic()
        try:
            head, answer = await ask(port, request(token, chance.choice(QUESTIONS)))
        except (asyncio.IncompleteReadError, OSError, TimeoutError):
            tally.lost += 1
            continue
        finally:
            tally.seconds.append(time.monotonic() - started)
        status = int(head.split(b" ", 2)[1])
        tally.statuses[status] += 1
        tally.without_retry_after += status == 503 and b"retry-after" not in head.lower()
        for error in answer.get("errors", ()):
            tally.codes[error["extensions"]["code"]] += 1
        await asyncio.sleep(chance.uniform(0.5, 1.5))


async def slow_reader(port: int, token: str, end: float, seen: Counter[str]) -> None:
    """Asks for megabytes and reads nothing."""
    await leave_unread(port, request(token, {"query": f"{{ {LARGE} }}"}), end)
    seen["slow readers"] += 1


async def exporter(port: int, token: str, end: float, seen: Counter[str]) -> None:
    """Asks for exports and reads nothing."""
    await leave_unread(
        port, f"GET {PREFIX}/tables.jsonl HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n".encode(), end
    )
    seen["exports"] += 1


async def leave_unread(port: int, sent: bytes, end: float) -> None:
    client = Reluctant(port, sent)
    try:
        while time.monotonic() < end and not is_ended(client):
            await asyncio.sleep(0.2)
    finally:
        client.close()


def is_ended(client: Reluctant) -> bool:
    """Whether the server ended the connection, although nothing was read."""
    # TCP_INFO begins with the state; 1 is ESTABLISHED.
    return client.socket.getsockopt(6, 11, 1) != b"\x01"


async def pipeliner(port: int, _token: str, _end: float, seen: Counter[str]) -> None:
    """Sends 256 KB of requests without a token, and reads nothing for a while."""
    client = Reluctant(port)
    with suppress(OSError):
        client.socket.send(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n" * 8_000)
        await asyncio.sleep(2)
    client.close()
    seen["pipelines"] += 1


async def key_filler(port: int, token: str, _end: float, seen: Counter[str]) -> None:
    """A new key for each of many changes."""
    key = f"idempotency-key: {random.getrandbits(128):032x}\r\n"
    title = "x" * 200
    await ask(port, request(token, {"documentId": "create_action_item", "variables": {"title": title}}, key))
    seen["keys"] += 1
    await asyncio.sleep(0.2)


async def alias_storm(port: int, token: str, _end: float, seen: Counter[str]) -> None:
    """As many fields in one document as are allowed."""
    for query in (ALIASES, TOO_MANY):
        head, answer = await ask(port, request(token, {"query": f"{{ {query} }}"}))
        seen[f"aliases {head.split(b' ', 2)[1].decode()}{' with errors' if 'errors' in answer else ''}"] += 1
    await asyncio.sleep(0.5)


async def nested_token(port: int, _token: str, _end: float, seen: Counter[str]) -> None:
    """A token whose header is a thousand lists in each other."""
    nested = base64.urlsafe_b64encode(b'{"alg":' + b"[" * 1_000 + b"]" * 1_000 + b"}").rstrip(b"=").decode()
    head, _ = await ask(port, request(f"{nested}.{nested}.{random.getrandbits(64):x}", {"query": "{ __typename }"}))
    seen[f"nested tokens {head.split(b' ', 2)[1].decode()}"] += 1
    await asyncio.sleep(0.05)


# How many of each there are.
ATTACKERS: tuple[tuple[Attack, int], ...] = (
    (slow_reader, 40),
    (exporter, 40),
    (pipeliner, 60),
    (key_filler, 5),
    (alias_storm, 5),
    (nested_token, 10),
)


async def attack(kind: Attack, port: int, token: str, end: float, seen: Counter[str]) -> None:
    while time.monotonic() < end:
        try:
            await kind(port, token, end, seen)
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
            seen[f"{kind.__name__} lost"] += 1
            await asyncio.sleep(0.2)


@asynccontextmanager
async def watching(pid: int, sizes: list[int]) -> AsyncIterator[None]:
    """Notes the memory of a process each second."""

    async def watch() -> None:
        while True:
            sizes.append(resident(pid))
            await asyncio.sleep(1)

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()


async def besiege(deployment: Deployment, port: int, pid: int) -> dict[str, Any]:
    """Honest clients alone, then beside the attackers, then alone again."""
    exp = int(time.time() + SECONDS) + 7200
    sign = deployment.signer.token
    tokens = [sign(sub=f"honest{number}", exp=exp) for number in range(HONEST)]
    # Attackers are few callers: each has a name of its own for ten connections.
    hostile = [
        (kind, sign(sub=f"{kind.__name__}{number // 10}", exp=exp))
        for kind, count in ATTACKERS
        for number in range(count)
    ]
    found: dict[str, Any] = {"sizes": [], "seen": Counter(), "before": Tally(), "during": Tally(), "after": Tally()}

    async def crowd(tally: Tally, end: float) -> None:
        await asyncio.gather(*(honest(port, token, end, tally) for token in tokens))

    await crowd(found["before"], time.monotonic() + min(SECONDS / 6, 30))
    found["idle"] = resident(pid)
    async with watching(pid, found["sizes"]):
        end = time.monotonic() + SECONDS
        attacks = [attack(kind, port, token, end, found["seen"]) for kind, token in hostile]
        await asyncio.gather(crowd(found["during"], end), *attacks)
    await asyncio.sleep(RECOVERY_SECONDS)
    await crowd(found["after"], time.monotonic() + min(SECONDS / 6, 30))
    return found


def test_all_attackers_at_once(signer: Signer, tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "deployment", signer, durable=True, measured=False, tables=TABLES)
    try:
        deployment.start("-m", "thirdeye", "worker", name="worker")
        api = deployment.serve(RATE_LIMIT=str(Settings.model_fields["rate_limit"].default))
        api.wait_until_ready()
        wait_for(Watcher(api, signer).is_healthy)
        pid = served_by(api)
        found = asyncio.run(besiege(deployment, api.port, pid))
        sizes, during = found["sizes"], found["during"]
        settled, last = sizes[len(sizes) // 4 : len(sizes) // 2], sizes[-len(sizes) // 4 :]
        growth = (sum(last) / len(last)) / (sum(settled) / len(settled)) - 1
        for name in ("before", "during", "after"):
            tally = found[name]
            print(
                f"\nhonest {name}: {dict(tally.statuses)}, {dict(tally.codes)}, lost {tally.lost}, "
                f"p50 {tally.percentile(0.5):.3f} s, "
                f"p95 {tally.percentile(0.95):.3f} s, slowest {tally.percentile(1):.3f} s"
            )
        print(
            f"attackers: {dict(found['seen'])}\nresident: idle {found['idle'] / 1e6:.0f} MB, most {max(sizes) / 1e6:.0f} MB, "
            f"growth {growth:.1%}, one second each: {[size // 1_000_000 for size in sizes]}"
        )
        assert set(during.statuses) <= {200, 503}
        assert during.lost == during.without_retry_after == 0
        assert during.statuses[503] < 0.01 * during.statuses.total()
        assert during.percentile(0.95) < 1
        assert max(sizes) < MAX_RESIDENT
        assert growth < 0.05
        # Within ten seconds of the attackers' end all is as before.
        assert set(found["after"].statuses) == {200}
        assert found["after"].lost == 0
        assert found["after"].percentile(0.95) < 1
    finally:
        deployment.stop()
