"""`python -m bench.refusals`: what a refusal costs, against a good request that is answered from the cache.

The whole application is asked in this process, over a private MariaDB and Redis; what is measured is the processor time of a
request, without the network. The contenders take turns, and each round compares them with its own good request.
"""

import argparse
import asyncio
import itertools
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from tests.support.api import ACCOUNTS, settings_for
from thirdeye.app import create_app
from thirdeye.local.accounts import make_accounts
from thirdeye.local.sample import EstateOptions, generate, load
from thirdeye.local.servers import MariaDB, Redis
from thirdeye.local.tokens import Signer

GRAPHQL = "/api/v1/thirdeye/graphql"
GOOD = "good, from the cache"
# Nobody can tell that a signature is wrong without working it out once, which by itself costs about a good request.
# The bytes of a document must be read before anything can be said of it.
LARGE = "40 KB of aliases"
NEW = "forged, each another"
Request = tuple[dict[str, str], bytes]


def requests(signer: Signer) -> dict[str, tuple[int, Iterator[Request]]]:
    """Each contender's status and its requests, without end."""
    token, stranger = signer.token(), Signer.generate()
    bearer = {"authorization": f"Bearer {token}"}

    def body(query: str) -> bytes:
        return json.dumps({"query": query}).encode()

    def again(headers: dict[str, str], content: bytes) -> Iterator[Request]:
        return itertools.repeat((headers, content))

    def anew(make: Callable[[int], Request]) -> Iterator[Request]:
        return map(make, itertools.count())

    spreads = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(30))
    bomb = f"{{ ...f0 }} {spreads} fragment f30 on Query {{ __typename }}"
    forged = [stranger.token(sub=f"user{n}") for n in range(5000)]
    return {
        GOOD: (200, again({**bearer, "x-om-operation-id": "get_zi_score"}, b"{}")),
        "no token": (401, again({}, b"{}")),
        "junk as a token": (401, anew(lambda n: ({"authorization": f"Bearer x{n}.y.z"}, b"{}"))),
        "expired, again and again": (401, again({"authorization": f"Bearer {signer.token(exp=1)}"}, b"{}")),
        "forged, again and again": (401, anew(lambda n: ({"authorization": f"Bearer {forged[n % 20]}"}, b"{}"))),
        NEW: (401, anew(lambda n: ({"authorization": f"Bearer {forged[n % len(forged)]}"}, b"{}"))),
        "unknown operation": (400, anew(lambda n: ({**bearer, "x-om-operation-id": f"nothing{n}"}, b"{}"))),
        "fragment bomb": (400, again(bearer, body(bomb))),
        "101 aliases": (400, again(bearer, body("{" + " ".join(f"a{n}:__typename" for n in range(101)) + "}"))),
        "500 levels": (400, again(bearer, body("{a" * 500 + "}" * 500))),
        LARGE: (400, again(bearer, body("{" + "a:__typename " * 3_000 + "}"))),
    }


async def ask(app: Any, headers: dict[str, str], body: bytes) -> int:
    """The status of one request, as a server would ask the application."""
    status, sent = 0, False
    all_headers = {"content-type": "application/json", **headers}
    scope = {
        "type": "http", "method": "POST", "path": GRAPHQL, "raw_path": GRAPHQL.encode(), "query_string": b"", "state": {},
        "headers": [(name.encode(), value.encode()) for name, value in all_headers.items()],
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            await asyncio.Event().wait()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope, receive, send)
    return status


async def measure(app: Any, expected: int, wanted: Iterator[Request], count: int) -> float:
    """Microseconds of processor time a request. Raises SystemExit for another answer than expected."""
    batch = list(itertools.islice(wanted, count))
    started = time.process_time()
    for headers, body in batch:
        status = await ask(app, headers, body)
        if status != expected:
            sys.exit(f"nothing measured: {status} instead of {expected}")
    return (time.process_time() - started) / count * 1e6


async def contest(app: Any, contenders: dict[str, tuple[int, Iterator[Request]]], rounds: int, count: int) -> int:
    """Prints the medians; how many refusals cost more than a good request."""
    costs: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name in list(contenders) if number % 2 else list(contenders)[::-1]:
            cost = await measure(app, *contenders[name], count)
            if number:
                costs[name].append(cost)
    dearer = 0
    print(f"{'':<28}{'us':>8}   of a good request")
    for name, found in costs.items():
        ratio = statistics.median(each / good for each, good in zip(found, costs[GOOD], strict=True))
        dearer += ratio >= 1 and name not in (GOOD, NEW, LARGE)
        print(f"{name:<28}{statistics.median(found):>8.1f}   {ratio:.2f}")
    return dearer


async def run(folder: Path, rounds: int, count: int) -> int:
    """Starts servers and the application, measures, and ends them."""
    mariadb, redis = MariaDB(folder / "mariadb", fast=True), Redis(folder / "redis")
    mariadb.start()
    redis.start()
    try:
        signer = Signer.generate()
        with mariadb.connect() as connection:
            load(generate(EstateOptions(today=datetime.now(UTC).date(), tables=60)), connection, schema="om")
            make_accounts(connection, ACCOUNTS, om_schema="om", thirdeye_schema="thirdeye")
        # Without a limit on rates, whose round trip would make the good request dearer.
        settings = settings_for(mariadb, redis, om_schema="om", schema="thirdeye", signer=signer, rate_limit="off")
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            contenders = requests(signer)
            headers, body = next(contenders[GOOD][1])
            while await ask(app, headers, body) != 200:
                await asyncio.sleep(0.1)
            await asyncio.sleep(1)
            return await contest(app, contenders, rounds, count)
    finally:
        redis.kill()
        mariadb.kill()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.refusals", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=2000, help="of each contender in each round")
    options = parser.parse_args()
    # Lines are written in production too; here they go nowhere.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="thirdeye-bench-") as folder:
        dearer = asyncio.run(run(Path(folder), options.rounds, options.requests))
    print(f"dearer than a good request: {dearer}")
    return 1 if dearer else 0


if __name__ == "__main__":
    sys.exit(main())
