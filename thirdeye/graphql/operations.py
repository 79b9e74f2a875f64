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
    """A persisted operation does not parse, does not fit the schema, or is over a limit."""


class PersistedOperations:
    """All persisted operations, each prepared when it is first asked for.

    Those that are shipped can run, a test says so: preparing all of them took a third of the time until a process answers.
    Raises OperationInvalid for a name that cannot be an id.
    """

    def __init__(self, documents: DocumentCache, folder: Path | None = None) -> None:
        self._documents = documents
        self._texts = {_id_of(path): path.read_text(encoding="utf-8") for path in _files(folder)}
        self._prepared: dict[str, PreparedDocument] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def find(self, operation_id: str, source: str = "X-OM-Operation-Id") -> PreparedDocument:
        """The operation with this id. Raises OperationInvalid for one that cannot run.

        Raises BadInput, naming the header or field, for an invalid or unknown id.
        """
        prepared = self._prepared.get(operation_id)
        if prepared is not None:
            return prepared
        if operation_id in self._texts:
            prepared = _prepare(operation_id, self._texts[operation_id], self._documents)
            self._prepared[operation_id] = prepared
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


def _id_of(path: Path) -> str:
    if not _ID.match(path.stem):
        raise OperationInvalid(f"{path.name}: the name of the file must be letters, digits, _ and -")
    return path.stem


def _prepare(operation_id: str, text: str, documents: DocumentCache) -> PreparedDocument:
    try:
        prepared = documents.prepare(text)
    except LimitExceeded as error:
        raise OperationInvalid(f"{operation_id}: {error.message}") from None
    if prepared.errors:
        raise OperationInvalid(f"{operation_id}: {'; '.join(error.message for error in prepared.errors)}")
    return prepared
