"""Tokens are counted as graphql-core counts them; documents, also rejected ones, are remembered within bounds of memory."""

import gc
import tracemalloc
from collections.abc import Callable
from contextlib import suppress

import pytest
from graphql import GraphQLSyntaxError, Source, TokenKind, execute
from graphql.language import Lexer
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.errors import LimitExceeded
from thirdeye.graphql import documents as module
from thirdeye.graphql.documents import _TOKEN, DocumentCache
from thirdeye.graphql.executor import PlainExecutor
from thirdeye.graphql.schema import build_schema

pieces = st.sampled_from(
    [
        "a",
        "_x9",
        "on",
        "0",
        "-7",
        "1.5",
        "-0.5e-3",
        "2E+10",
        '"text"',
        '"\\""',
        '"""block \\""" " "" """',
        "...",
        "$",
        "!",
    ]
    + [
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        ":",
        "=",
        "@",
        "|",
        "&",
        " ",
        "\t",
        ",",
        "\n",
        "\ufeff",
        "# a b {\n",
        "#\n",
        "é",
        "-",
    ]
)


def tokens_of(text: str) -> int | None:
    """How many tokens and comments graphql-core finds; None for a text with something else in it."""
    lexer, count = Lexer(Source(text)), 0
    try:
        while (token := lexer.advance()).kind is not TokenKind.EOF:
            pass
    except GraphQLSyntaxError:
        return None
    token = lexer.token
    while token.prev is not None and token.prev.kind is not TokenKind.SOF:
        token, count = token.prev, count + 1
    return count


@given(st.lists(pieces, max_size=30).map("".join))
def test_tokens_are_counted_without_parsing(text: str) -> None:
    count = tokens_of(text)
    if count is not None:
        assert len(_TOKEN.findall(text)) == count


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("{" + "a " * 3_000 + "}", "tokens"),
        ("{ a(x: [" + "1-" * 2_600 + "1]) }", "tokens"),
        ("{ a " + "#\n" * 3_000 + "}", "tokens"),
        ("{a" * 5_000 + "}" * 5_000, "tokens"),
        ("{a" * 600 + "}" * 600, "depth"),
        ("{a" * 90 + "}" * 90, "levels deep"),
    ],
)
def test_limits_are_checked_before_validation(text: str, limit: str) -> None:
    documents = DocumentCache(build_schema(), playground=False)
    for _ in range(2):
        # The second time from memory.
        with pytest.raises(LimitExceeded) as caught:
            documents.prepare(text)
        assert caught.value.limit == limit


# By what fills memory: documents of many fields with plans, of many values, of comments, of long and of tiny text; tiny
# texts that do not parse, do not fit the schema, or are over a limit. Before, each kind took what it wanted.
FILLERS: dict[str, Callable[[int], str]] = {
    "fields": lambda n: f"query Q{n} {{" + " ".join(f"a{i}: ziScore {{ score }}" for i in range(90)) + "}",
    "values": lambda n: f"query Q{n} {{ actionItems(filter: {{status: [{'OPEN ' * 2300}]}}) {{ totalCount }} }}",
    "comments": lambda n: f"query Q{n} {{ ziScore {{ score }} }}" + "#\n" * 2_000,
    "long": lambda n: f"query Q{n} {{ ziScore {{ score }} }} # \U0001f440" + "x" * 100_000,
    "tiny": lambda n: f"{{ a{n}: ziScore {{ score }} }}",
    "invalid": lambda n: f"{{b{n}}}",
    "unparsed": lambda n: f"{{b{n}",
    "too deep": lambda n: "{a" * 9 + str(n) + "}" * 9,
}
# Of each so many that before they took more than the bound, in bytes, which is lowered here.
COUNTS = {
    "fields": 9,
    "values": 4,
    "comments": 8,
    "long": 8,
    "tiny": 160,
    "invalid": 600,
    "unparsed": 300,
    "too deep": 1_000,
}
LARGE, SMALL = 2_000_000, 200_000
# What is parsed also fills caches of the library, once.
BOUNDS = {"tiny": 600_000, "invalid": 600_000}


# What measures coverage takes memory, too.
@pytest.mark.unmeasured
@pytest.mark.parametrize("kind", FILLERS)
def test_documents_take_no_more_memory_than_is_allowed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bound = BOUNDS.get(kind, LARGE if COUNTS[kind] < 50 else SMALL)
    for name in ("_MAX_PREPARED_BYTES", "_MAX_REJECTED_BYTES"):
        monkeypatch.setattr(module, name, bound, raising=False)
    schema, text = build_schema(), FILLERS[kind]
    documents = DocumentCache(schema, playground=False)
    assert schema.query_type is not None
    monkeypatch.setattr(schema.query_type.fields["ziScore"], "resolve", lambda *_: {"score": 1})

    def fill(number: int) -> None:
        with suppress(LimitExceeded):
            prepared = documents.prepare(text(number))
            if kind == "fields":
                assert prepared.document is not None
                execute(schema, prepared.document, executor_class=PlainExecutor, plans=prepared.plans)

    for number in range(3):
        fill(number)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(3, COUNTS[kind] + 1):
            fill(number)
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert taken < bound
    # The newest are what is kept.
    kept = next(cache for cache in (documents._documents, documents._invalid, documents._over_limit) if len(cache))
    assert 0 < len(kept) < COUNTS[kind]
    assert (text(COUNTS[kind]) in kept, text(0) in kept) == (True, False)


def test_what_is_larger_than_all_that_may_be_kept_is_served_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_PREPARED_BYTES", 100_000)
    monkeypatch.setattr(module, "_MAX_REJECTED_BYTES", 100_000)
    documents = DocumentCache(build_schema(), playground=False)
    small = documents.prepare("{ ziScore { score } }")
    assert documents.prepare(FILLERS["values"](1)).document is not None
    assert documents.prepare("{ nothing } #" + "x" * 200_000).code == "GRAPHQL_VALIDATION_FAILED"
    assert documents.prepare("{ ziScore { score } }") is small
    assert (len(documents._documents), len(documents._invalid)) == (1, 0)


def test_rejected_bodies_are_forgotten_oldest_first() -> None:
    cache: module.RejectionCache[bytes, str] = module.rejection_cache()
    size = module._MAX_REJECTED_BYTES // 4 - 5_000
    texts = [bytes([number]) * size for number in range(6)]
    for text in texts:
        module.remember_rejected(cache, text, "too long", "too long")
    assert [text in cache for text in texts] == [False, False, True, True, True, True]
