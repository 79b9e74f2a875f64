"""Persisted operations: all that are shipped can run, and each is prepared when it is first asked for."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

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
    for operation in operations:
        assert not operations.find(operation).errors
        assert operations.find(operation) is operations.find(operation)
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
def test_one_that_cannot_run_is_told_with_the_reason(
    documents: DocumentCache, tmp_path: Path, name: str, text: str, problem: str
) -> None:
    (tmp_path / f"{name}.graphql").write_text(text)
    with pytest.raises(OperationInvalid, match=problem):
        PersistedOperations(documents, tmp_path).find(name)


def test_starting_prepares_none_of_them(documents: DocumentCache, tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / f"{name}.graphql").write_text(f"query {name} {{ ziScore {{ score }} }}")
    asked = list[str]()
    counting = SimpleNamespace(prepare=lambda text: asked.append(text) or documents.prepare(text))
    operations = PersistedOperations(cast(DocumentCache, counting), tmp_path)
    assert not asked
    operations.find("second")
    operations.find("second")
    assert asked == ["query second { ziScore { score } }"]


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
