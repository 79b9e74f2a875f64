"""Persisted operations are looked at when the process starts, not when somebody asks."""

from pathlib import Path

import pytest

from thirdeye.errors import BadInput
from thirdeye.graphql.documents import DocumentCache
from thirdeye.graphql.operations import OperationInvalid, PersistedOperations
from thirdeye.graphql.schema import build_schema


@pytest.fixture(scope="module")
def documents() -> DocumentCache:
    return DocumentCache(build_schema(), playground=False)


def test_all_that_are_shipped_can_run(documents: DocumentCache) -> None:
    operations = PersistedOperations(documents)
    assert "get_zi_score" in list(operations)
    assert operations.find("get_zi_score").family == "score"
    assert operations.find("list_action_items").family is None
    with pytest.raises(BadInput, match="no operation nothing"):
        operations.find("nothing")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("broken", "{", "Syntax"),
        ("strange", "{ nope }", "nope"),
        ("deep", "{a{a{a{a{a{a{a{a{a}}}}}}}}}", "deep"),
        ("a b", "{ __typename }", "name of the file"),
    ],
)
def test_one_that_cannot_run_stops_the_start(
    documents: DocumentCache, tmp_path: Path, name: str, text: str, problem: str
) -> None:
    (tmp_path / f"{name}.graphql").write_text(text)
    with pytest.raises(OperationInvalid, match=problem):
        PersistedOperations(documents, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "query ($a: Int) { ziScore { score } }",
        "{ ziScore { score @skip(if: true) } }",
        "{ ziScore { score } __typename }",
    ],
)
def test_only_plain_questions_for_the_score_are_answered_from_its_bytes(documents: DocumentCache, text: str) -> None:
    assert documents.prepare(text).family is None
