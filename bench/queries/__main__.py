"""`python -m bench.queries [TABLES]`: every single filter with every sort on page 1 and page 1,000; search; estate; CSV of all.

Asked through the real ASGI app over a refreshed inventory (that of `bench.refresh`), or over copies of a small one, which
take a minute instead of twenty. Alternates the questions; prints the median and the 95th percentile of each kind in
milliseconds, on the clock and of the processor, client and app together.
"""

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import time
from collections import defaultdict
from hashlib import blake2b
from typing import Any

import httpx
import orjson

from bench.page.estate import copied
from bench.refresh.estates import estate, server
from thirdeye.app import create_app
from thirdeye.inventory.query import SORT_KEYS
from thirdeye.observability.logging import configure_logging
from thirdeye.settings import Settings

ROUNDS = 3
# Common words, some of which begin half of all names.
SEARCHES = ("orders daily", "daily", "or da", "stg customer events", "s")
_SEARCH = "search"
_GRAPHQL = "/api/v1/thirdeye/graphql"
_LIST = """
query ($filter: TableFilterInput, $sortBy: String, $after: String, $search: String) {
  tables(filter: $filter, sortBy: $sortBy, after: $after, search: $search, first: 20) {
    edges { cursor node { fqn monthlyCost sizeBytes activity lastAccessed owners { name } } } pageInfo { endCursor hasNextPage }
  }
}
"""
_ESTATE = "{ estate { total { tables bytes monthlyCost } byService { name tables monthlyCost } byDatabase { name tables } byActivity { name tables } } }"


def _filters(owner: str) -> dict[str, dict[str, Any]]:
    return {
        "none": {},
        "service": {"service": ["snowflake_prod"]},
        "database": {"database": ["snowflake_prod.analytics"]},
        "schema": {"schema": ["core"]},
        "owner": {"owner": [owner]},
        "mine": {"mine": True},
        "tier": {"tier": ["Tier1"]},
        "tag": {"tag": ["PII.Sensitive"]},
        "activity": {"activity": ["STALE"]},
        "evidence": {"evidence": ["LIFECYCLE"]},
        "zombie": {"zombie": True},
        "in use through lineage": {"inUseThroughLineage": False},
        "size": {"minimumBytes": 10**9, "maximumBytes": 10**10},
        "cost": {"minimumMonthlyCost": "10", "maximumMonthlyCost": "11"},
        "last access": {"lastAccessedBefore": "2026-10-01"},
        "last write": {"lastWrittenAfter": "2026-11-01"},
    }


class Asker:
    """Asks the app, in milliseconds."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(self, query: str, **variables: Any) -> tuple[float, dict[str, Any]]:
        """The time and the data of an answer."""
        body = orjson.dumps({"query": query, "variables": variables})
        started = time.perf_counter()
        answer = await self._client.post(_GRAPHQL, content=body, headers={"content-type": "application/json"})
        elapsed = (time.perf_counter() - started) * 1000
        found = answer.json()
        if "errors" in found:
            raise SystemExit(found["errors"])
        return elapsed, found["data"]


async def _page_1000(asker: Asker, wanted: dict[str, Any], sort: str) -> str | None:
    """The cursor that page 1,000 begins after, walked to by pages of 100."""
    query, after = _LIST.replace("first: 20", "first: 100"), None
    for _ in range(200):
        _, data = await asker.ask(query, filter=wanted, sortBy=sort, after=after)
        info = data["tables"]["pageInfo"]
        if not info["hasNextPage"]:
            return None
        after = info["endCursor"]
    return after


async def _measure(settings: Settings) -> None:
    app = create_app(settings)
    transport = httpx.ASGITransport(app=app)
    times: dict[str, list[float]] = defaultdict(list)
    processor: dict[str, list[float]] = defaultdict(list)

    async def measured(names: tuple[str, ...], query: str, **variables: Any) -> None:
        before = time.process_time()
        elapsed, _ = await asker.ask(query, **variables)
        used = (time.process_time() - before) * 1000
        for name in names:
            times[name].append(elapsed)
            processor[name].append(used)

    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://bench", timeout=60) as client,
    ):
        asker = Asker(client)
        first, _ = await asker.ask(_LIST, sortBy="cost")
        _, data = await asker.ask("{ estate { byOwner(first: 3) { name } } }")
        owner = next(entry["name"] for entry in data["estate"]["byOwner"] if entry["name"])
        filters = _filters(owner)
        # The cursor of page 1,000 of all tables serves for every filter: pages are found by value, not by counting.
        deep = {sort: await _page_1000(asker, {}, sort) for sort in SORT_KEYS}
        # The first search makes the index of the names.
        first_search, _ = await asker.ask(_LIST, search="x", sortBy="cost")
        for _ in range(ROUNDS):
            for name, wanted in filters.items():
                for sort in SORT_KEYS:
                    for page, after in (("page 1", None), ("page 1,000", deep[sort])):
                        kinds = (page, f"{page}: {name} by {sort}")
                        await measured(kinds, _LIST, filter=wanted, sortBy=sort, after=after)
                for words in SEARCHES:
                    await measured((_SEARCH, f"search: {words}"), _LIST, search=words, sortBy="cost")
                await measured(("estate",), _ESTATE)
    print(f"first question, which loads the columns: {first:.0f} ms; first search: {first_search:.0f} ms")
    for name in ("page 1", "page 1,000", "estate", _SEARCH):
        clock, used = times[name], processor[name]
        print(f"{name:<12} median {_at(clock, 0.5):6.1f} ms   p95 {_at(clock, 0.95):6.1f} ms   n={len(clock)}   "
              f"processor: median {_at(used, 0.5):6.1f} ms   p95 {_at(used, 0.95):6.1f} ms")  # fmt: skip
    pairs = sorted(
        (name for name in times if " by " in name or ": " in name), key=lambda name: -_at(processor[name], 0.5)
    )
    print("slowest, of the processor: " + "; ".join(f"{name} {_at(processor[name], 0.5):.1f} ms" for name in pairs[:5]))


def _at(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


async def _export(settings: Settings) -> None:
    """The CSV of all tables in a process of its own: prints size, seconds and peak memory."""
    app = create_app(settings)
    sizes, digest, started, used = list[int](), blake2b(), time.perf_counter(), time.process_time()
    requests = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for request in requests:
            return request
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sizes.append(len(message.get("body", b"")))
        digest.update(message.get("body", b""))

    scope = {"type": "http", "method": "GET", "path": "/api/v1/thirdeye/tables.csv", "query_string": b"", "headers": [],
             "http_version": "1.1", "scheme": "http", "server": ("bench", 80), "client": ("bench", 1)}  # fmt: skip
    async with app.router.lifespan_context(app):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        await app(scope, receive, send)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"CSV of all: {sum(sizes) / 1e6:.0f} MB in {time.perf_counter() - started:.1f} s, of which "
          f"{time.process_time() - used:.1f} s of its processor, peak {peak} MB (the idle process: {before} MB), "
          f"digest {digest.hexdigest()[:8]}", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.queries", description=__doc__)
    parser.add_argument("tables", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--copied", action="store_true", help="over copies of a small estate")
    parser.add_argument("--only", choices=("questions", "export"), help="one half")
    options = parser.parse_args()
    configure_logging("ERROR")
    with server() as at:
        if options.only is None:
            # In a process of its own, whose memory is nobody else's.
            address = f"{at.user}:{at.password}@{at.host}:{at.port}"
            command = [sys.executable, "-m", "bench.queries", *sys.argv[1:], "--only", "export"]
            subprocess.run(command, env={**os.environ, "THIRDEYE_BENCH_MYSQL": address}, check=True)
        if options.copied:
            settings, _ = copied(at, options.tables)
        else:
            settings = at.settings(estate(at, options.tables)[0], f"bench_te_{options.tables}")
        if options.only == "export":
            asyncio.run(_export(settings))
            return
        print(f"{options.tables:,} tables on {at.version}, load {os.getloadavg()[0]:.1f}", flush=True)
        asyncio.run(_measure(settings))


if __name__ == "__main__":
    main()
