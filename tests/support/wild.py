"""Values that nobody sends by honest means, as hypothesis strategies: JSON, tokens, bytes of HTTP, arguments by the schema."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)
from hypothesis import strategies as st

from tests.support import tokens as by_hand

TEXTS = (
    st.text(max_size=40)
    | st.sampled_from(
        (
            "",
            " ",
            "\0",
            "\x1b[2J",
            "\u202e",
            "\ud800",
            "'",
            '"',
            "%",
            "_",
            "\\",
            "😀",
            "a" * 300,
            "é" * 70_000,
            "e\u0301" * 300,
        )
    )
    | st.sampled_from(
        ("ann", "crew", "shop.main.core.orders", '"a.b".c', "NONE", "asc", "cost", "name", "1e400", "NaN", "-0", "null")
    )
)
NUMBERS = (
    st.integers()
    | st.sampled_from((0, 1, -1, 20, 100, 101, 2**31 - 1, 2**31, -(2**31) - 1, 2**53, 2**63 - 1, 2**63, 2**64, 10**40))
    | st.floats(allow_nan=False, allow_infinity=False)
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=8
)
_MOMENTS = st.datetimes().map(lambda moment: moment.isoformat() + "Z") | st.sampled_from(
    ("2026-11-20T12:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999Z", "2026-02-30T00:00:00Z")
)
_DAYS = st.dates().map(str) | st.sampled_from(("2026-11-20", "0001-01-01", "9999-12-31", "2026-02-30", "2026-W01"))
_DECIMALS = st.decimals().map(str) | st.sampled_from(("1e26", "1e-999999999", "9" * 400, "0", "-0.000001"))
# Mostly such as some row has.
_INTEGERS = st.integers(1, 40) | st.integers(0, 100) | NUMBERS


class Arguments:
    """Values for arguments: mostly of their type, at its ends and in odd letters; now and then of another.

    `known` are texts that mean something here, such as names of tables.
    """

    def __init__(self, known: Sequence[str]) -> None:
        texts = st.sampled_from([*known]) | st.sampled_from([*known]) | TEXTS
        self._scalars: Mapping[str, st.SearchStrategy[Any]] = {
            "String": texts, "Boolean": st.booleans(), "Int": _INTEGERS, "Float": st.floats(0, 1) | NUMBERS, "Bytes": NUMBERS,
            "DateTime": _MOMENTS, "Date": _DAYS, "Decimal": _DECIMALS,
        }  # fmt: skip

    def of_field(self, field: GraphQLField) -> st.SearchStrategy[dict[str, Any]]:
        """Those that are required, and some of the others."""
        required = [name for name, argument in field.args.items() if is_required_argument(argument)]
        return st.sets(st.sampled_from([*field.args]), max_size=4).flatmap(
            lambda names: st.fixed_dictionaries(
                {name: self._of_type(field.args[name].type) for name in sorted({*names, *required})}
            )
        )

    def _of_type(self, wanted: GraphQLInputType) -> st.SearchStrategy[Any]:
        if isinstance(wanted, GraphQLNonNull):
            return self._of_type(wanted.of_type)
        return st.one_of(*[self._right(wanted)] * 15, JSON)

    def _right(self, wanted: GraphQLInputType) -> st.SearchStrategy[Any]:
        if isinstance(wanted, GraphQLList):
            return st.lists(self._of_type(wanted.of_type), max_size=4)
        if isinstance(wanted, GraphQLEnumType):
            return st.sampled_from([*wanted.values])
        if isinstance(wanted, GraphQLInputObjectType):
            fields = wanted.fields
            return st.sets(st.sampled_from([*fields]), max_size=4).flatmap(
                lambda names: st.fixed_dictionaries({name: self._of_type(fields[name].type) for name in sorted(names)})
            )
        return self._scalars[str(wanted)]


def selection(wanted: GraphQLOutputType, levels: int = 3) -> str:
    """What can be asked of a type without arguments, so many levels deep; nothing of a leaf."""
    named = get_named_type(wanted)
    if not isinstance(named, GraphQLObjectType):
        return ""
    parts = []
    for name, field in named.fields.items():
        if any(is_required_argument(argument) for argument in field.args.values()):
            continue
        if is_leaf_type(get_named_type(field.type)):
            parts.append(name)
        elif levels > 1 and (below := selection(field.type, levels - 1)):
            parts.append(f"{name} {below}")
    return f"{{ {' '.join(parts)} }}" if parts else ""


def tokens(sign: Callable[[Any, Any], str]) -> st.SearchStrategy[str]:
    """Headers and claims with something else in them, under a true signature; or with letters changed afterwards."""
    header = st.dictionaries(st.sampled_from(("alg", "kid", "typ", "crit", "jwk", "zip", "b64", "x")), JSON, max_size=2)
    names = ("iss", "sub", "aud", "exp", "nbf", "iat", "roles", "email", "isBot", "preferred_username", "jti", "x")
    claims = st.dictionaries(st.sampled_from(names), JSON | st.sampled_from(("admin", "openmetadata")), max_size=2)
    parts = st.tuples(
        st.just({"alg": "RS256"}) | header.map(lambda more: {"alg": "RS256", "typ": "JWT", **more}) | JSON,
        st.one_of(
            *[claims.map(lambda more: {"iss": "open-metadata.org", "sub": "admin", "exp": None, **more})] * 3, JSON
        ),
    )
    signed = parts.map(lambda both: sign(json.dumps(both[0]).encode(), json.dumps(both[1]).encode()))
    return signed | signed | st.tuples(signed, st.data()).map(lambda both: _changed(*both)) | TEXTS


def _changed(token: str, data: st.DataObject) -> str:
    at = data.draw(st.integers(0, len(token) - 1))
    return token[:at] + data.draw(st.sampled_from(("", ".", "A", "=", "-", " ", "\t", "é", "AAAA"))) + token[at + 1 :]


def cursors(real: str) -> st.SearchStrategy[str]:
    """Cursors of the same make as a real one, with other values in them; and what is none."""
    values = json.loads(by_hand.decode(real))
    own = st.tuples(*(st.one_of(st.just(value), st.just(value), SCALARS) for value in values)).map(list)
    return own.map(by_hand.encode) | JSON.map(by_hand.encode) | TEXTS | st.binary(max_size=60).map(by_hand.encode)


_METHODS = st.sampled_from(
    (b"GET", b"POST", b"HEAD", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"get", b"PRI", b"G\0T")
)
_VERSIONS = st.sampled_from(
    (b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.", b"", b"XTTP/1.1")
)
_NAMES = st.sampled_from(
    (
        b"content-type", b"accept", b"content-length", b"transfer-encoding", b"connection", b"expect", b"upgrade", b"host",
        b"if-match", b"if-none-match", b"idempotency-key", b"x-om-operation-id", b"x-request-id", b"traceparent", b"range",
        b"origin", b"authorization", b"accept-encoding", b"content-encoding", b"x-forwarded-for", b"cookie", b"", b"a b",
    )
) | st.binary(max_size=20)  # fmt: skip
_VALUES = st.sampled_from(
    (
        b"application/json", b"text/html", b"*/*", b"application/graphql-response+json", b"text/plain; charset=utf-7",
        b"chunked", b"close", b"100-continue", b"h2c", b"websocket", b'"1"', b'W/"1"', b"*", b"0", b"-1", b"5", b"9" * 20,
        b"0x5", b"5, 5", b"gzip", b"bytes=0-1", b"get_zi_score", b"../x", b"null", b"00-" + b"a" * 32 + b"-b-01",
    )
) | st.binary(max_size=40)  # fmt: skip
_BODIES = st.sampled_from(
    (
        b"", b"{}", b"[]", b"null", b'{"query":"{ __typename }"}', b'{"query":"{ ziScore { score } }","variables":[]}',
        b'{"query":"{ a }","operationName":5}', b'{"documentId":"get_zi_score"}', b'{"title":"x"}', b'{"title":"\\ud800"}',
        b"5\r\nhello\r\n0\r\n\r\n", b"zz\r\n", b"\xff\xfe", b'{"query":' + b"[" * 500,
    )
) | st.binary(max_size=200)  # fmt: skip


def requests(paths: list[str], token: str) -> st.SearchStrategy[bytes]:
    """What begins like HTTP, to one of these paths."""
    targets = st.sampled_from([path.encode() for path in paths])
    queries = st.sampled_from((b"", b"?first=1", b"?first=x&after=%00", b"?query=%7B__typename%7D", b"?%", b"#x")) | (
        st.binary(max_size=30).map(lambda raw: b"?" + raw)
    )
    true_header = (b"authorization", f"Bearer {token}".encode())
    headers = st.lists(st.tuples(_NAMES, _VALUES), max_size=4)

    def build(parts: tuple[bytes, bytes, bytes, bytes, list[tuple[bytes, bytes]], bytes, bool, bool]) -> bytes:
        method, target, query, version, more, body, with_token, with_length = parts
        lines = [b" ".join((method, target + query, version)), b"host: thirdeye"]
        fields = [*more, *([true_header] if with_token else ())]
        if with_length:
            fields.append((b"content-length", str(len(body)).encode()))
        lines += [name + b": " + value for name, value in fields]
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    parts = (_METHODS, targets, queries, _VERSIONS, headers, _BODIES, st.booleans(), st.booleans())
    return st.tuples(*parts).map(build)
