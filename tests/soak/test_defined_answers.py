"""Whatever comes in, by token, socket, cursor or argument: nothing but answers that the contract defines.

Each kind is tried for THIRDEYE_SOAK_SECONDS (600 by default), with new seeds from THIRDEYE_SOAK_SEED on.
"""

import json
import os
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from graphql import GraphQLField, GraphQLSchema
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.support import tokens as by_hand
from tests.support import wild
from tests.support.api import GRAPHQL
from tests.support.deployment import Client, Deployment
from tests.support.waiting import wait_for
from thirdeye.graphql.schema import build_schema
from thirdeye.local.tokens import Signer

pytestmark = pytest.mark.soak
SECONDS = float(os.environ.get("THIRDEYE_SOAK_SECONDS", "600"))
SEED = int(os.environ.get("THIRDEYE_SOAK_SEED", "1"))
EXAMPLES = 300
PREFIX = "/api/v1/thirdeye"
# Outside GraphQL; none of them says that the server broke.
STATUSES = {200, 201, 204, 304, 400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 415, 422, 428, 429, 431, 501, 503}
CODES = {
    "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT", "NOT_FOUND", "CONFLICT", "FORBIDDEN", "TIMEOUT",
    "UNAVAILABLE",
}  # fmt: skip
PATHS = [
    "/", "/health", "/metrics", f"{PREFIX}/health", f"{PREFIX}/health/ready", f"{PREFIX}/health/live", GRAPHQL, f"{GRAPHQL}/",
    f"{PREFIX}/dashboard/zi-score", f"{PREFIX}/dashboard/health-history", f"{PREFIX}/dashboard/budget-forecast",
    f"{PREFIX}/action-items", f"{PREFIX}/action-items/1", f"{PREFIX}/action-items/-1", f"{PREFIX}/action-items/{2**63}",
    f"{PREFIX}/docs", f"{PREFIX}/openapi.json", f"{PREFIX}/tables.csv", f"{PREFIX}/%00", "//", "*", "http://elsewhere/health",
    "",
]  # fmt: skip


@dataclass
class Served:
    """A real server over a refreshed sample estate, and what it answered so far."""

    api: Client
    signer: Signer
    client: httpx.Client
    answers: Counter[str]

    def ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The answer, checked."""
        # httpx writes no halves of surrogate pairs; the standard library escapes them.
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.signer.token()}"}
        return self.check(self.client.post(GRAPHQL, content=body, headers=headers))

    def check(self, response: httpx.Response) -> dict[str, Any]:
        """The answer of one that may be asked for anything in JSON."""
        assert response.status_code in STATUSES, (response.status_code, response.text)
        answer: dict[str, Any] = response.json()
        if response.status_code != 200:
            self.answers[str(response.status_code)] += 1
            assert answer["code"] == response.status_code, answer
            assert answer["message"], answer
        codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
        self.answers.update(codes or [f"{response.status_code} without errors"])
        assert CODES.issuperset(codes), answer["errors"]
        return answer


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[Served]:
    deployment = Deployment(tmp_path_factory.mktemp("defined"), signer, measured=False)
    try:
        deployment.start_worker()
        api = deployment.serve()
        api.wait_until_ready()
        wait_for(lambda: bool(api.ask("{ estate { refreshedAt } }")["data"]))
        with httpx.Client(base_url=f"http://127.0.0.1:{api.port}", timeout=60) as client:
            yield Served(api, signer, client, Counter())
        assert api.child.exit_code is None, api.child.log_end()
        broken = [line for line in api.child.log.read_text().splitlines() if is_trouble(line)]
        assert broken == [], broken[:5]
    finally:
        deployment.stop()


def is_trouble(line: str) -> bool:
    return "Traceback" in line or '"level":"error"' in line.replace(" ", "") or '"level":"critical"' in line


def for_a_while(check: Callable[..., None], strategy: st.SearchStrategy[Any]) -> int:
    """Tries a property with one seed after another until the time is over; gives how many examples there were."""
    end, tried = time.monotonic() + SECONDS, 0

    def counted(value: Any) -> None:
        nonlocal tried
        tried += 1
        check(value)

    rules = settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    number = SEED
    while time.monotonic() < end:
        seed(number)(rules(given(strategy)(counted)))()
        number += 1
    return tried


def fields_of(schema: GraphQLSchema) -> list[tuple[str, str, GraphQLField]]:
    """The fields of both roots that have arguments."""
    assert schema.query_type is not None
    assert schema.mutation_type is not None
    roots = (("query", schema.query_type), ("mutation", schema.mutation_type))
    return [(kind, name, field) for kind, root in roots for name, field in root.fields.items() if field.args]


def document(kind: str, name: str, field: GraphQLField, given_arguments: dict[str, Any], asked: str) -> str:
    """An operation with a variable for each argument."""
    if not given_arguments:
        return f"{kind} {{ {name} {asked} }}"
    variables = ", ".join(f"${argument}: {field.args[argument].type}" for argument in given_arguments)
    passed = ", ".join(f"{argument}: ${argument}" for argument in given_arguments)
    return f"{kind} ({variables}) {{ {name}({passed}) {asked} }}"


def test_tokens(served: Served) -> None:
    key = by_hand.private_key_of(served.signer.private_pem)

    def check(token: str) -> None:
        # A header is bytes: what is no Latin-1 is sent as UTF-8.
        value = b"Bearer " + token.encode("utf-8", "surrogatepass")
        if re.search(rb"[\r\n\0]", value):
            return  # httpx sends no such header; the socket's own test does
        try:
            response = served.client.get(f"{PREFIX}/dashboard/zi-score", headers={b"authorization": value})
        except httpx.LocalProtocolError:
            return
        served.check(response)
        assert response.status_code in (200, 400, 401, 431), response.text
        assert response.status_code != 200 or is_ours(token), token

    def is_ours(token: str) -> bool:
        header, claims = (json.loads(by_hand.decode(part)) for part in token.strip().split(".")[:2])
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        ends = claims.get("exp")
        return (
            by_hand.is_signed_by(key, token.strip())
            and header["alg"] == "RS256"
            and not {"crit", "b64"} & {*header}
            and claims["iss"] == "open-metadata.org"
            and (audience is None or "openmetadata" in named)
            and (ends is None or ends > time.time() - 60)
        )

    strategy = wild.tokens(lambda header, claims: by_hand.sign(header, claims, key))
    print(for_a_while(check, strategy), served.answers)
    assert served.answers["200 without errors"], "not one of them was let in"


def test_requests(served: Served) -> None:
    strategy = st.lists(wild.requests(PATHS, served.signer.token()), min_size=1, max_size=3).map(b"".join)

    def check(sent: bytes) -> None:
        received = exchange(served.api.port, sent)
        assert not received or received.startswith(b"HTTP/1.1 "), received[:200]
        statuses = [int(status) for status in re.findall(rb"^HTTP/1\.1 (\d{3}) ", received, re.M)]
        served.answers.update(str(status) for status in statuses)
        assert STATUSES.issuperset({*statuses} - {100, 101}), (sent, received[-500:])
        assert b'"INTERNAL"' not in received, (sent, received[-500:])

    print(for_a_while(check, strategy), served.answers)


def exchange(port: int, sent: bytes) -> bytes:
    """What comes back, up to a pause: what is cut off has no answer that one could wait for."""
    received = b""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=30) as connection,
        suppress(ConnectionError, TimeoutError),
    ):
        connection.sendall(sent)
        connection.settimeout(0.15)
        while piece := connection.recv(65_536):
            received += piece
    return received


def test_cursors(served: Served) -> None:
    served.ask('mutation { createActionItem(title: "x") { id } }', {})
    served.ask('mutation { b: createActionItem(title: "y") { id } }', {})
    schema = build_schema()
    real = dict[tuple[str, str], str]()
    for _, name, field in fields_of(schema):
        for argument in ("after", "before"):
            if argument in field.args:
                page = served.ask(f"{{ {name}(first: 1) {{ pageInfo {{ endCursor }} }} }}", {})["data"]
                cursor = page and page[name]["pageInfo"]["endCursor"]
                # Of a list that is empty here: a moment and a number, as most have.
                real[name, argument] = cursor or by_hand.encode(["2026-11-20T12:00:00", 1])
    assert len(real) >= 6

    def check(case: tuple[tuple[str, str], str, int]) -> None:
        (name, argument), cursor, first = case
        size = "last" if argument == "before" else "first"
        asked = f"{name}({argument}: $c, {size}: $n) {{ pageInfo {{ endCursor hasNextPage }} }}"
        query = f"query ($c: String, $n: Int) {{ {asked} }}"
        answer = served.ask(query, {"c": cursor, "n": first})
        codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
        assert codes <= {"BAD_USER_INPUT", "NOT_FOUND"}, answer

    strategy = st.sampled_from([*real]).flatmap(
        lambda place: st.tuples(st.just(place), wild.cursors(real[place]), st.integers(1, 100))
    )
    print(for_a_while(check, strategy), served.answers)


def known_texts(served: Served) -> list[str]:
    """Names that mean something in this estate."""
    tables = served.ask(
        "{ tables(first: 30) { edges { node { fqn name service database schema owners { name } } } } }", {}
    )
    nodes = [edge["node"] for edge in tables["data"]["tables"]["edges"]]
    owners = [owner["name"] for node in nodes for owner in node["owners"]]
    words = [
        "asc",
        "desc",
        "cost",
        "name",
        "size",
        "updatedAt",
        "OPEN",
        "IN_PROGRESS",
        "DONE",
        "Tier1",
        "NONE",
        "order",
        "Postgres",
    ]
    named = [node[name] for node in nodes for name in ("fqn", "name", "service", "database", "schema")]
    return [*words, *owners, *named]


def test_arguments(served: Served) -> None:
    schema = build_schema()
    fields = fields_of(schema)
    # The ids of what there is change as they are deleted: some have to be there.
    asked = {name: wild.selection(field.type) for _, name, field in fields}

    def check(case: tuple[tuple[str, str, GraphQLField], dict[str, Any]]) -> None:
        (kind, name, field), variables = case
        served.ask(document(kind, name, field, variables, asked[name]), variables)

    values = wild.Arguments(known_texts(served))
    strategy = st.sampled_from(fields).flatmap(lambda each: st.tuples(st.just(each), values.of_field(each[2])))
    print(for_a_while(check, strategy), served.answers)
