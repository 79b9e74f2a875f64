"""`python -m bench.allowed`: what each field costs, then the sixteen slowest requests that the limits allow.

Against the real ASGI app over an estate of 20,000 tables. Prints milliseconds and weight of each field alone with its
largest page; then, of every field with as many aliases as are allowed and pages of several sizes, and of mixes of the
slowest, how long it takes alone, of the processor too (on a shared machine that tells more), and the longest that another
caller's `ziScore` waits meanwhile.
"""

import asyncio
import statistics
import sys
import time
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

# Of one key there may be fifty.
_MAX_ALIASES: Final = 99
_PAGES: Final = ("largest", "20")
_SHOWN: Final = 16
# So many of the slowest are asked again, beside somebody else.
_AGAIN: Final = 24
_POLL_SECONDS: Final = 0.005
_SAMPLES: Final = 40
_SCORE: Final = "{ ziScore { score } }"


@dataclass
class Candidate:
    """A request, and what it took."""

    name: str
    # The fields that it asks for, without their aliases.
    fields: Sequence[str]
    cost: float
    times: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    kilobytes: float = 0.0

    @property
    def query(self) -> str:
        return written(self.fields)

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def work(self) -> float:
        return statistics.median(self.processor)

    @property
    def wait(self) -> float:
        return statistics.median(self.waits) if self.waits else 0.0


def written(fields: Sequence[str]) -> str:
    """The document that asks for these, each under an alias."""
    return "{ " + " ".join(f"a{number}: {each}" for number, each in enumerate(fields)) + " }"


class Search:
    """Makes requests from the schema and asks them. The samples of a field are taken in turn by its aliases."""

    def __init__(self, asker: Asker, schema: GraphQLSchema, samples: dict[str, Sequence[str]]) -> None:
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
        before = time.process_time()
        elapsed, status, body = await self._asker.ask(candidate.query)
        processor = (time.process_time() - before) * 1000
        done.set()
        if poller is not None:
            await poller
            candidate.waits.append(worst)
        else:
            candidate.times.append(elapsed)
            candidate.processor.append(processor)
        candidate.kilobytes = len(body) / 1000
        if status != 200 or (b'"errors":' in body and b"TIMEOUT" not in body):
            raise SystemExit(f"{candidate.name}: {status} {body[:300]!r}")
        return body

    def candidate(self, path: Path, aliases: int, pages: str) -> Candidate | None:
        """A field so many times, if that is allowed."""
        fields = [path.text(self._arguments(path, number), pages=pages) for number in range(aliases)]
        cost = self.cost(written(fields))
        what = f"{path.name} x {aliases}, pages {pages}"
        return None if cost is None else Candidate(what, fields, cost)

    def largest_allowed(self, path: Path, pages: str) -> Candidate | None:
        """The most aliases of a field that are allowed."""
        one = self.candidate(path, 1, pages)
        aliases = min(_MAX_ALIASES, int(MAX_COST / one.cost)) if one else 0
        while aliases and (found := self.candidate(path, aliases, pages)) is None:
            aliases = aliases * 3 // 4
        return found if aliases else None

    def _arguments(self, path: Path, alias: int) -> dict[str, str]:
        deep = {
            path.key(level): "depth: 5"
            for level, (name, _) in enumerate(path.steps)
            if name in ("upstream", "downstream")
        }
        return {name: each[alias % len(each)] for name, each in self._samples.items()} | deep

    def mix(self, chosen: Sequence[Candidate]) -> Candidate | None:
        """As many of these, one after another and again, as are allowed together."""
        fields, cost = list[str](), 0.0
        for place in range(48):
            turn, which = divmod(place, len(chosen))
            more = [*fields, chosen[which].fields[turn % len(chosen[which].fields)]]
            price = self.cost(written(more))
            if price is not None:
                fields, cost = more, price
        names = ", ".join(dict.fromkeys(each.name.split(" x ")[0] for each in chosen))
        return Candidate(f"mix of {names}", fields, cost) if fields else None


async def _samples(asker: Asker) -> dict[str, Sequence[str]]:
    """Arguments for fields that need some: of tables that take the most work, and others for each alias where they can
    be, for what a request reads twice it reads once.
    """

    async def data(query: str) -> Any:
        _, _, body = await asker.ask(query)
        return orjson.loads(body)["data"]

    listed = (
        await data(
            '{ tables(first: 40, filter: {service: ["snowflake_prod"]}) { edges { node { fqn dependents { count } } } } }'
        )
    )["tables"]["edges"]
    hub = max((edge["node"] for edge in listed), key=lambda table: table["dependents"]["count"])
    items = (await data("{ actionItems(first: 1) { edges { node { id } } } }"))["actionItems"]["edges"]
    campaigns = (await data("{ campaigns { id } }"))["campaigns"]
    # Names may hold quotes, which JSON escapes as GraphQL does.
    fqn = f"fqn: {orjson.dumps(hub['fqn']).decode()}"
    page = 'search: "a", collapseSeries: true'
    after, costs = [""], ["1000000"]
    for _ in range(_SAMPLES):
        asked = f"{{ tables({page}{after[-1]}, first: 100) {{ pageInfo {{ endCursor hasNextPage }} }} }}"
        found = (await data(asked))["tables"]
        if not found["pageInfo"]["hasNextPage"]:
            break
        after.append(f', after: "{found["pageInfo"]["endCursor"]}"')
    for _ in range(_SAMPLES):
        chosen = f'filter: {{zombie: true, maximumMonthlyCost: "{costs[-1]}"}}, sortBy: "cost", first: 100'
        found = (await data(f"{{ tables({chosen}) {{ edges {{ node {{ monthlyCost }} }} }} }}"))["tables"]["edges"]
        if not found or found[-1]["node"]["monthlyCost"] in (None, costs[-1]):
            break
        costs.append(found[-1]["node"]["monthlyCost"])
    rule = 'name: "x", category: PURGE, priority: LOW, filter: {zombie: true, maximumMonthlyCost: "%s"}'
    return {
        "table": [fqn],
        "removalPlan": [fqn],
        "actionItem": [f"id: {items[0]['node']['id']}"],
        "campaign": [f"id: {campaigns[0]['id']}"],
        "simulatePolicy": ["input: {deleteRisk: 0.04}"],
        "previewActionRule": [f"input: {{{rule % cost}}}" for cost in costs],
        "tables": [page + each for each in after],
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
        candidate = search.candidate(path, 1, "largest") or search.candidate(path, 1, "20")
        if candidate is not None:
            yield candidate


def _searched(search: Search, schema: GraphQLSchema) -> Iterator[Candidate]:
    """Of each field as many as are allowed, with its largest page; with smaller ones where only these are allowed."""
    for path in paths(schema, levels=3):
        allowed = (search.largest_allowed(path, pages) for pages in _PAGES)
        candidate = next((each for each in allowed if each is not None), None)
        if candidate is not None:
            yield candidate


def _mixes(search: Search, slowest: Sequence[Candidate]) -> Iterator[Candidate]:
    for size in (2, 4, 8):
        for start in range(0, 12, 3):
            chosen = slowest[start : start + size]
            mix = search.mix(chosen) if len(chosen) == size else None
            if mix is not None:
                yield mix


async def _run(app: Any, schema: GraphQLSchema, say: Callable[[str], None]) -> None:
    async with app.router.lifespan_context(app):
        asker = Asker(app)
        await asker.ask(_SCORE)
        search = Search(asker, schema, await _samples(asker))
        say("each field alone, with its largest page: ms, ms of the processor, cost, KB")
        for each in await _times(search, _weighed(search, schema), 3):
            say(f"{each.median:8.1f} {each.work:8.1f} {each.cost:8.1f} {each.kilobytes:7.0f}  {each.name}")
        searched = await _times(search, _searched(search, schema), 1)
        say(f"{len(searched)} requests at the edge of the limits")
        found = await _times(search, [*searched[:_AGAIN], *_mixes(search, searched)], 1)
        for each in found[:_AGAIN]:
            for _ in range(2):
                await search.ask(each, watched=True)
        for title, key in (
            ("slowest alone", lambda each: -each.median),
            ("longest waits of another", lambda each: -each.wait),
        ):
            say(f"{title}: ms alone, ms of the processor, longest wait of a ziScore, cost, KB")
            for each in sorted(found[:_AGAIN], key=key)[:_SHOWN]:
                numbers = (each.median, each.work, each.wait, each.cost, each.kilobytes)
                say(" ".join(f"{number:8.0f}" for number in numbers) + f"  {each.name}")


def main() -> None:
    configure_logging("ERROR")
    with server() as at:
        settings, clock = prepared(at)
        print(f"20,000 tables on {at.version}", flush=True)
        asyncio.run(_run(create_app(settings, clock=clock), build_schema(), lambda line: print(line, flush=True)))


if __name__ == "__main__":
    sys.exit(main())
