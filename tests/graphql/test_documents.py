"""Tokens are counted as graphql-core counts them; rejected documents are remembered within a bound."""

import pytest
from graphql import GraphQLSyntaxError, Source, TokenKind
from graphql.language import Lexer
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.errors import LimitExceeded
from thirdeye.graphql.documents import _MAX_REJECTED_LENGTH, _TOKEN, DocumentCache, rejection_cache
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


def test_rejected_texts_are_forgotten_oldest_first() -> None:
    cache = rejection_cache()
    size = _MAX_REJECTED_LENGTH // 4
    texts = [bytes([number]) * size for number in range(6)]
    for text in texts:
        cache[text] = size, "too long"
    assert [text in cache for text in texts] == [False, False, True, True, True, True]
    cache[texts[5]] = size, "still too long"
    assert cache.currsize == 4 * size
