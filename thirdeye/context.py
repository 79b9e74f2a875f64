"""What a resolver may use, made per request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from graphql import GraphQLResolveInfo

from thirdeye.auth.principal import Principal
from thirdeye.clock import Clock
from thirdeye.database import MySQL
from thirdeye.inventory.reader import EstateReader
from thirdeye.jobs import JobQueue
from thirdeye.settings import Settings


class ScoreReader(Protocol):
    """The stored score; `thirdeye.score` is above."""

    async def current(self) -> Mapping[str, object]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The caller, the databases and the request id; `info.context` in a resolver."""

    principal: Principal | None
    request_id: str
    thirdeye: MySQL
    score: ScoreReader
    estate: EstateReader
    jobs: JobQueue
    clock: Clock
    settings: Settings
    # What a request's resolvers share: loaders, and the estate as the request sees it.
    loaders: dict[str, Any] = field(default_factory=dict)
    # What resolvers worked out of the document alone, whatever the variables: kept for as long as the document is.
    of_document: dict[tuple[str, int], Any] = field(default_factory=dict)


Info = GraphQLResolveInfo[Context]
