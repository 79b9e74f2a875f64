"""`python -m bench.allowed`: what each field costs, then the sixteen slowest requests that the limits allow.

Against the real ASGI app over an estate of 20,000 tables. Prints milliseconds and weight of each field alone with its
largest page; then, of every field with as many aliases as are allowed and pages of several sizes, and of mixes of the
slowest, how long it takes alone, and the longest that another caller's `ziScore` waits meanwhile.
"""

import asyncio
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from graphql import GraphQLSchema, parse

from bench.allowed.asking import Asker
from bench.allowed.documents import Path, paths
from bench.allowed.estate import prepared
from bench.refresh.estates import server
from thirdeye.app import create_app
from thirdeye.errors import LimitExceeded
from thirdeye.graphql.cost import MAX_COST, Weights, costs_of
from thirdeye.graphql.limits import check_limits
from thirdeye.graphql.list_sizes import check_sizes, list_sizes_of
from thirdeye.graphql.schema import build_schema
from thirdeye.observability.logging import configure_logging

_ALIASES: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)
_PAGES: Final = ("largest", "20", "1")
_SHOWN: Final = 16
_POLL_SECONDS: Final = 0.005
_SCORE: Final = "{ ziScore { score } }"


@dataclass
class Candidate:
    """A request, and what it took."""

    name: str
    query: str
    cost: float
    times: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    kilobytes: float = 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def wait(self) -> float:
        return statistics.median(self.waits) if self.waits else 0.0


class Search:
    """Makes requests from the schema and asks them."""

    def __init__(self, asker: Asker, schema: GraphQLSchema, samples: dict[str, str]) -> None:
        self._asker, self._schema, self._samples, self._weights = asker, schema, samples, Weights(schema)

    def cost(self, query: str) -> float | None:
        """The cost of a request; None if it is over a limit."""
        document = parse(query)
        with suppress(LimitExceeded):
            check_limits(document)
            check_sizes(list_sizes_of(self._schema, document)[None], {})
            cost = costs_of(self._weights, document)[None].of({})
            return cost if cost <= MAX_COST else None
        return None

    async def ask(self, candidate: Candidate, *, watched: bool = False) -> bytes:
        """Asks once, beside somebody who asks for the score again and again if it is `watched`."""
        worst, done = 0.0, asyncio.Event()

        async def poll() -> None:
            nonlocal worst
            while not done.is_set():
                elapsed, _, _ = await self._asker.ask(_SCORE)
                worst = max(worst, elapsed)
                await asyncio.sleep(_POLL_SECONDS)

        poller = asyncio.create_task(poll()) if watched else None
        elapsed, status, body = await self._asker.ask(candidate.query)
        done.set()
        if poller is not None:
            await poller
            candidate.waits.append(worst)
        else:
            candidate.times.append(elapsed)
        candidate.kilobytes = len(body) / 1000
        if status != 200 or b'"errors":' in body:
            raise SystemExit(f"{candidate.name}: {status} {body[:300]!r}")
        return body

    def candidate(self, path: Path, aliases: int, pages: str, *, leaves: bool) -> Candidate | None:
        """A field so many times, if that is allowed."""
        fields = path.text(self._arguments(path), pages=pages, leaves=leaves)
        query = "{ " + " ".join(f"a{n}: {fields}" for n in range(aliases)) + " }"
        cost = self.cost(query)
        what = f"{path.name} x {aliases}, pages {pages}{'' if leaves else ', one leaf'}"
        return None if cost is None else Candidate(what, query, cost)

    def largest_allowed(self, path: Path, pages: str, *, leaves: bool) -> Candidate | None:
        """The most aliases of a field that are allowed."""
        found = None
        for aliases in _ALIASES:
            found = self.candidate(path, aliases, pages, leaves=leaves) or found
        return found

    def _arguments(self, path: Path) -> dict[str, str]:
        deep = {
            path.key(level): "depth: 5"
            for level, (name, _) in enumerate(path.steps)
            if name in ("upstream", "downstream")
        }
        return {**self._samples, **deep}

    def mix(self, chosen: Sequence[Candidate]) -> Candidate | None:
        """As many of these, one after another and again, as are allowed together."""
        parts, query, cost = list[str](), "", 0.0
        for place in range(48):
            first = chosen[place % len(chosen)].query[2:-2].split(" a1: ")[0].removeprefix("a0: ")
            asked = "{ " + " ".join([*parts, f"m{place}: {first}"]) + " }"
            price = self.cost(asked)
            if price is not None:
                parts.append(f"m{place}: {first}")
                query, cost = asked, price
        names = ", ".join(dict.fromkeys(each.name.split(" x ")[0] for each in chosen))
        return Candidate(f"mix of {names}", query, cost) if parts else None


async def _samples(asker: Asker) -> dict[str, str]:
    """Arguments for fields that need some: of tables that take the most work."""

    async def data(query: str) -> Any:
        _, _, body = await asker.ask(query)
        return orjson.loads(body)["data"]

    listed = (await data("{ tables(first: 40) { edges { node { fqn dependents { count } } } } }"))["tables"]["edges"]
    hub = max((edge["node"] for edge in listed), key=lambda table: table["dependents"]["count"])
    items = (await data("{ actionItems(first: 1) { edges { node { id } } } }"))["actionItems"]["edges"]
    campaigns = (await data("{ campaigns { id } }"))["campaigns"]
    fqn = f'fqn: "{hub["fqn"]}"'
    return {
        "table": fqn,
        "removalPlan": fqn,
        "actionItem": f"id: {items[0]['node']['id']}",
        "campaign": f"id: {campaigns[0]['id']}",
        "simulatePolicy": "input: {deleteRisk: 0.04}",
        "previewActionRule": 'input: {name: "x", category: PURGE, priority: LOW, filter: {zombie: true}}',
        "tables": 'search: "a", collapseSeries: true',
    }


async def _times(search: Search, candidates: Iterable[Candidate], rounds: int) -> list[Candidate]:
    measured = []
    for candidate in candidates:
        for _ in range(rounds):
            await search.ask(candidate)
        measured.append(candidate)
    return sorted(measured, key=lambda each: -each.median)


def _weighed(search: Search, schema: GraphQLSchema) -> Iterator[Candidate]:
    for path in paths(schema, levels=2):
        candidate = search.candidate(path, 1, "largest", leaves=True) or search.candidate(path, 1, "20", leaves=True)
        if candidate is not None:
            yield candidate


def _searched(search: Search, schema: GraphQLSchema) -> Iterator[Candidate]:
    known = set[str]()
    for path in paths(schema, levels=3):
        for pages in _PAGES if any("first" in step.args for _, step in path.steps) else ("default",):
            for leaves in (True, False):
                candidate = search.largest_allowed(path, pages, leaves=leaves)
                if candidate is not None and candidate.query not in known:
                    known.add(candidate.query)
                    yield candidate


def _mixes(search: Search, slowest: Sequence[Candidate]) -> Iterator[Candidate]:
    for size in (2, 3, 5, 8):
        for start in range(0, 12, 2):
            chosen = slowest[start : start + size]
            mix = search.mix(chosen) if len(chosen) == size else None
            if mix is not None:
                yield mix


async def _run(app: Any, schema: GraphQLSchema, say: Callable[[str], None]) -> None:
    async with app.router.lifespan_context(app):
        asker = Asker(app)
        await asker.ask(_SCORE)
        search = Search(asker, schema, await _samples(asker))
        say("each field alone, with its largest page: ms, cost, KB")
        for each in await _times(search, _weighed(search, schema), 3):
            say(f"{each.median:8.1f} {each.cost:8.1f} {each.kilobytes:7.0f}  {each.name}")
        searched = await _times(search, _searched(search, schema), 1)
        say(f"{len(searched)} requests at the edge of the limits")
        found = await _times(search, [*searched[:40], *_mixes(search, searched)], 2)
        for each in found[:40]:
            for _ in range(3):
                await search.ask(each, watched=True)
        for title, key in (
            ("slowest alone", lambda each: -each.median),
            ("longest waits of another", lambda each: -each.wait),
        ):
            say(f"{title}: ms alone, longest wait of a ziScore, cost, KB")
            for each in sorted(found[:40], key=key)[:_SHOWN]:
                say(f"{each.median:8.0f} {each.wait:8.0f} {each.cost:8.0f} {each.kilobytes:7.0f}  {each.name}")


def main() -> None:
    configure_logging("ERROR")
    with server() as at:
        settings, clock = prepared(at)
        print(f"20,000 tables on {at.version}", flush=True)
        asyncio.run(_run(create_app(settings, clock=clock), build_schema(), lambda line: print(line, flush=True)))


if __name__ == "__main__":
    sys.exit(main())
