"""JSON that is nested as deep as a token has room for costs a 401 and no traceback, for anybody can send it.

Its relatives, which are JSON from outside as well: the key set, bodies and query strings, cursors, OpenMetadata's columns.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import structlog

from tests.support import ROOT
from tests.support import tokens as by_hand
from tests.support.api import GRAPHQL, running
from tests.support.tokens import CLAIMS
from thirdeye.auth.keys import RemoteKeySet
from thirdeye.errors import BadInput, Unavailable
from thirdeye.local.tokens import Signer
from thirdeye.mirror.duplicates import _column_names
from thirdeye.mirror.json_parts import read_part
from thirdeye.outside_json import MAX_DEPTH, UnreadableJson, read_json
from thirdeye.paging import decode_cursor

pytestmark = pytest.mark.anyio
PREFIX = "/api/v1/thirdeye"
DEPTHS = (MAX_DEPTH + 1, 254, 255, 998, 1000, 1023, 1024, 1500, 5000)


def nested(depth: int, kind: str = "[", inner: str = "") -> str:
    if kind == "[":
        return "[" * depth + inner + "]" * depth
    return '{"a":' * depth + (inner or "1") + "}" * depth


def tokens(depth: int, kind: str) -> list[str]:
    """Under a true signature: in the header, in the payload, below a claim that is read and below one that is not."""
    value = nested(depth, kind)
    header, claims = json.dumps({"alg": "RS256"}), json.dumps(CLAIMS)
    return [
        by_hand.sign(value.encode(), CLAIMS),
        by_hand.sign(f'{header[:-1]},"x":{value}}}'.encode(), CLAIMS),
        by_hand.sign({"alg": "RS256"}, value.encode()),
        by_hand.sign({"alg": "RS256"}, f'{claims[:-1]},"roles":{value}}}'.encode()),
        by_hand.sign({"alg": "RS256"}, f'{claims[:-1]},"x":{value}}}'.encode()),
    ]


async def test_whatever_is_nested_is_refused_and_nothing_breaks(
    make_settings: Callable[..., Any], signer: Signer
) -> None:
    settings = make_settings(jwt_public_key=by_hand.public_pem(), rate_limit="off")
    async with running(settings, signer) as api:
        with structlog.testing.capture_logs() as logs:
            for depth in DEPTHS:
                for kind in "[{":
                    for token in tokens(depth, kind):
                        response = await api.client.get(GRAPHQL, headers={"authorization": f"Bearer {token}"})
                        assert (response.status_code, response.json()["code"]) == (401, 401), (depth, kind)
            api.client.headers["authorization"] = f"Bearer {by_hand.make_token()}"
            for depth in DEPTHS:
                for kind in "[{":
                    await bodies_are_refused(api.client, nested(depth, kind))
        assert [entry for entry in logs if entry["log_level"] in ("error", "critical") or "exc_info" in entry] == []
        # What an honest provider nests is no trouble.
        usual = by_hand.make_token(resource_access={"a": {"b": [{"c": ["d"]}]}})
        answer = await api.client.post(
            GRAPHQL, json={"query": "{ __typename }"}, headers={"authorization": f"Bearer {usual}"}
        )
        assert answer.status_code == 200


async def bodies_are_refused(client: httpx.AsyncClient, value: str) -> None:
    json_body = {"content-type": "application/json", "accept": "application/json"}
    query = '"query":"query ($f: TableFilterInput) { tables(filter: $f) { totalCount } }"'
    for key in ({}, {"idempotency-key": "k"}):
        for field in ("variables", "extensions", "other"):
            body = f'{{{query},"{field}":{{"f":{value}}}}}'
            response = await client.post(GRAPHQL, content=body, headers={**json_body, **key})
            assert response.status_code == 400, response.text
        response = await client.post(
            f"{PREFIX}/action-items", content=f'{{"title":{value}}}', headers={**json_body, **key}
        )
        assert response.status_code == 400, response.text
    # httpx takes no longer addresses, and the server no longer heads.
    for name in ("variables", "extensions") if len(value) < 10_000 else ():
        parameters = {"query": "{ __typename }", name: f'{{"f":{value}}}'}
        response = await client.get(GRAPHQL, params=parameters, headers=json_body)
        assert response.status_code == 400, response.text


@pytest.mark.parametrize("depth", DEPTHS)
async def test_a_nested_key_set_is_no_key_set(depth: int) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=f'{{"keys":[{{"kty":"RSA","n":{nested(depth)}}}]}}')

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        keys = RemoteKeySet("http://keys", client=client)
        with structlog.testing.capture_logs() as logs, pytest.raises(Unavailable):
            await keys.keys("x")
        assert [entry["error"] for entry in logs] == ["UnreadableJson"]


@pytest.mark.parametrize("depth", [2, *DEPTHS])
def test_a_nested_cursor_is_none(depth: int) -> None:
    for cursor in (by_hand.encode(nested(depth).encode()), by_hand.encode(nested(depth, "{").encode())):
        with pytest.raises(BadInput):
            decode_cursor(cursor, (str, int))


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_nested_column_of_openmetadata_is_some_text(depth: int) -> None:
    for kind in "[{":
        assert read_part(nested(depth, kind)) == nested(depth, kind)
        assert _column_names(nested(depth, kind)) == []
    assert read_part('{"created": {"timestamp": 5}}') == {"created": {"timestamp": 5}}
    assert _column_names('["B", "a", 5, [1]]') == ["a", "b"]


def test_the_reader_knows_its_bounds() -> None:
    for kind in "[{":
        assert read_json(nested(MAX_DEPTH, kind), max_bytes=10_000) is not None
        for depth in DEPTHS:
            with pytest.raises(UnreadableJson):
                read_json(nested(depth, kind), max_bytes=100_000)
    # Brackets within texts are no depth, and width is none.
    wide = ["[{" * 500, [[] for _ in range(500)], {str(number): {} for number in range(500)}]
    assert read_json(json.dumps(wide), max_bytes=100_000) == wide
    for text in (b"", b"{", b"NaN", b"\xff", '"\\ud800"', '"\ud800"', b"[1,]", b"1e400"):
        with pytest.raises(UnreadableJson):
            read_json(text, max_bytes=100)
    assert read_json(b"[1]", max_bytes=3) == [1]
    with pytest.raises(UnreadableJson, match="large"):
        read_json(b"[1] ", max_bytes=3)


# What these read ThirdEye wrote itself, or whoever runs it.
OF_OUR_OWN = {
    "actions/campaigns/store.py", "actions/detection/store.py", "actions/store.py", "cache.py", "commands/doctor/store.py",
    "estate/store.py", "forecast/fitting.py", "forecast/fitting_child.py", "forecast/resolvers.py",
    "forecast/table_costs/costs.py", "graphql/answer.py", "inventory/reader.py", "inventory/series_entries.py",
    "inventory/store.py", "local/sample/loader.py", "mirror/duplicates.py", "mirror/names.py", "mirror/state.py",
    "mirror/store.py", "mirror/views/sql_reader.py", "mirror/views/texts.py", "score/store.py", "setting_types.py",
    "verdict/approvals/store.py", "verdict/store.py",
}  # fmt: skip


def test_no_other_module_reads_json_from_outside() -> None:
    package = ROOT / "thirdeye"
    readers = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if re.search(r"json\.loads\b", path.read_text())
    }
    # The reader itself, and the second reading of a token for names that stand twice.
    assert readers == {*OF_OUR_OWN, "outside_json.py", "auth/tokens.py"}
