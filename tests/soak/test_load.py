"""Two hundred clients for ten minutes through an nginx that behaves like OM's proxy, while MySQL and Redis are restarted."""

import asyncio
import json
import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.api import GRAPHQL
from tests.support.deployment import Client, Deployment
from tests.support.processes import children_of
from tests.support.waiting import wait_for
from tests.support.watcher import Watcher
from thirdeye.local.processes import Child
from thirdeye.local.servers import find_program, free_port
from thirdeye.local.tokens import Signer

pytestmark = pytest.mark.soak
CLIENTS = 200
SECONDS = float(os.environ.get("THIRDEYE_SOAK_SECONDS", "600"))
# Five seconds without a byte and the next of two upstream entries is tried, once: with one there is nothing to retry on.
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn; worker_processes 1;
events {{ worker_connections 2048; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream thirdeye {{ server 127.0.0.1:{first}; server 127.0.0.1:{second}; keepalive 100; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://thirdeye; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_connect_timeout 5s; proxy_read_timeout 5s;
      proxy_next_upstream error timeout non_idempotent; proxy_next_upstream_tries 2;
    }}
  }}
}}
"""
QUESTIONS: tuple[dict[str, Any], ...] = (
    {"documentId": "get_zi_score"},
    {"documentId": "get_zi_score_details"},
    {"documentId": "list_tables", "variables": {"first": 20}},
    {"documentId": "list_tables", "variables": {"first": 20, "search": "order", "sortBy": "name"}},
    {"documentId": "get_estate"},
    {"documentId": "list_action_items"},
    {"documentId": "list_verdicts"},
    {"documentId": "create_action_item", "variables": {"title": "soak"}},
    {"query": "{ actionItems(first: 5) { totalCount edges { node { id title } } } }"},
    {"query": "{ nope }"},
)


@dataclass
class Tally:
    """What all clients saw, with when they saw what was not 200."""

    statuses: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    refused_at: list[float] = field(default_factory=list)
    slowest: float = 0.0
    slow: list[tuple[float, float]] = field(default_factory=list)


async def client(port: int, token: str, end: float, tally: Tally, began: float) -> None:
    """One client: a question, a pause, over one connection as long as it holds."""
    chance = random.Random(token)
    reader = writer = None
    while time.monotonic() < end:
        body = json.dumps(chance.choice(QUESTIONS)).encode()
        head = (
            f"POST {GRAPHQL} HTTP/1.1\r\nhost: om\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {token}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        if writer is None or reader is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        started = time.monotonic()
        try:
            writer.write(head.encode() + body)
            status, answer = await asyncio.wait_for(read_answer(reader), 20)
        except (asyncio.IncompleteReadError, ConnectionError):
            # nginx closes a connection after a thousand requests; that is no answer.
            writer.close()
            reader = writer = None
            continue
        seconds = time.monotonic() - started
        tally.statuses[status] += 1
        tally.slowest = max(tally.slowest, seconds)
        if seconds > 3:
            tally.slow.append((started - began, seconds))
        if status != 200:
            tally.refused_at.append(round(started - began, 1))
        for error in answer.get("errors", ()):
            tally.codes[error["extensions"]["code"]] += 1
        await asyncio.sleep(chance.uniform(0.1, 0.9))
    if writer is not None:
        writer.close()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, Any]]:
    """Status and JSON of one answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), None)
    if length is None:
        parts = []
        while size := int(await reader.readline(), 16):
            parts.append(await reader.readexactly(size))
            await reader.readline()
        await reader.readline()
        raw = b"".join(parts)
    else:
        raw = await reader.readexactly(length)
    found: dict[str, Any] = json.loads(raw) if lines[0].split(b" ")[1] == b"200" else {}
    return int(lines[0].split(b" ")[1]), found


def served_by(api: Client) -> int:
    """The process that serves: the one below its guard."""
    (child,) = children_of(api.child.pid)
    return child


def resident(pid: int) -> int:
    """Bytes in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def load(deployment: Deployment, port: int, processes: list[int], tally: Tally) -> dict[str, Any]:
    """The load, the restarts in its middle, and what the processes hold after a minute and at the end."""
    began = time.monotonic()
    end = began + SECONDS
    now = int(time.time())
    tokens = [deployment.signer.token(sub=f"client{number}", exp=now + 7200) for number in range(CLIENTS)]
    clients = [asyncio.create_task(client(port, token, end, tally, began)) for token in tokens]
    first = min(60.0, SECONDS / 5)
    await asyncio.sleep(first)
    found: dict[str, Any] = {"rss": [resident(pid) for pid in processes], "cuts": []}
    for moment, server in ((0.4, deployment.redis), (0.6, deployment.mariadb)):
        await asyncio.sleep(max(began + moment * SECONDS - time.monotonic(), 0))
        cut = time.monotonic() - began
        await asyncio.to_thread(server.restart)
        found["cuts"].append((cut, time.monotonic() - began))
    await asyncio.gather(*clients)
    found["rss_end"] = [resident(pid) for pid in processes]
    return found


def test_two_hundred_clients_for_ten_minutes(signer: Signer, tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "deployment", signer, durable=True)
    try:
        deployment.start("-m", "thirdeye", "worker", name="worker")
        apis = [deployment.serve() for _ in range(2)]
        for api in apis:
            api.wait_until_ready()
            wait_for(Watcher(api, signer).is_healthy)
        processes = [served_by(api) for api in apis]
        idle = [open_files(pid) for pid in processes]
        port, folder = free_port(), tmp_path / "nginx"
        folder.mkdir()
        text = NGINX.format(folder=folder, port=port, first=apis[0].port, second=apis[1].port)
        (folder / "nginx.conf").write_text(text)
        command = [find_program("nginx", "nginx-light"), "-c", str(folder / "nginx.conf"), "-p", str(folder)]
        nginx = Child(command, log=folder / "out", guarded=True)
        deployment.children.append(nginx)
        wait_for(lambda: (folder / "nginx.pid").exists())
        tally = Tally()
        found = asyncio.run(load(deployment, port, processes, tally))
        wait_for(lambda: all(Watcher(api, signer).is_healthy() for api in apis), 10)
        growth = [after / before - 1 for before, after in zip(found["rss"], found["rss_end"], strict=True)]
        # With nginx its connections end, and what was opened for them.
        nginx.kill()
        wait_for(lambda: all(open_files(pid) <= was + 25 for pid, was in zip(processes, idle, strict=True)))
        files = [(was, open_files(pid)) for pid, was in zip(processes, idle, strict=True)]
        print(
            f"\n{sum(tally.statuses.values())} requests in {SECONDS:g} s: {dict(tally.statuses)}, {dict(tally.codes)}; "
            f"slowest {tally.slowest:.2f} s, over 3 s: {tally.slow[:10]}; resident after a minute "
            f"{[round(each / 1e6, 1) for each in found['rss']]} MB, growth {[f'{each:.1%}' for each in growth]}; "
            f"files {files}; cuts {found['cuts']}"
        )
        assert set(tally.statuses) <= {200, 503}
        for moment in tally.refused_at:
            assert any(start - 1 <= moment <= stop + 10 for start, stop in found["cuts"]), moment
        assert tally.slowest < 5
        assert set(tally.codes) <= {"UNAVAILABLE", "TIMEOUT", "GRAPHQL_VALIDATION_FAILED"}
        assert max(growth) < 0.05
    finally:
        deployment.stop()
