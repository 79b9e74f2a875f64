"""Persisted operations: files under `operations/`, the file's name is the id."""

import re
from collections.abc import Iterator
from pathlib import Path

from graphql import OperationDefinitionNode, parse

from thirdeye.errors import BadInput, LimitExceeded
from thirdeye.graphql.documents import DocumentCache, PreparedDocument
from thirdeye.resources import resource

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}\Z")


class OperationInvalid(Exception):
    """A persisted operation does not parse, does not fit the schema, or is over a limit; the process must not start."""


class PersistedOperations:
    """All persisted operations, prepared at start."""

    def __init__(self, documents: DocumentCache, folder: Path | None = None) -> None:
        self._prepared = {path.stem: _prepare(path, documents) for path in _files(folder)}

    def __iter__(self) -> Iterator[str]:
        return iter(self._prepared)

    def find(self, operation_id: str, source: str = "X-OM-Operation-Id") -> PreparedDocument:
        """The operation with this id. Raises BadInput, naming the header or field, for an invalid or unknown id."""
        prepared = self._prepared.get(operation_id)
        if prepared is not None:
            return prepared
        if not _ID.match(operation_id):
            raise BadInput(f"{source}: only letters, digits, _ and - are allowed, at most 100")
        raise BadInput(f"{source}: there is no operation {operation_id}")


def manifest(folder: Path | None = None) -> dict[str, object]:
    """All persisted operations in Apollo's manifest format, for clients that are built with one."""
    operations = []
    for path in _files(folder):
        body = path.read_text(encoding="utf-8")
        (node,) = (node for node in parse(body).definitions if isinstance(node, OperationDefinitionNode))
        name = node.name.value if node.name else path.stem
        operations.append({"id": path.stem, "name": name, "type": node.operation.value, "body": body})
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}


def _files(folder: Path | None) -> list[Path]:
    return sorted((folder or resource("operations")).glob("*.graphql"))


def _prepare(path: Path, documents: DocumentCache) -> PreparedDocument:
    if not _ID.match(path.stem):
        raise OperationInvalid(f"{path.name}: the name of the file must be letters, digits, _ and -")
    try:
        prepared = documents.prepare(path.read_text(encoding="utf-8"))
    except LimitExceeded as error:
        raise OperationInvalid(f"{path.name}: {error.message}") from None
    if prepared.errors:
        raise OperationInvalid(f"{path.name}: {'; '.join(error.message for error in prepared.errors)}")
    return prepared
