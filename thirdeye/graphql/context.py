"""What a resolver may use, made per request."""

from dataclasses import dataclass, field
from typing import Any

from thirdeye.auth.principal import Principal
from thirdeye.clock import Clock
from thirdeye.database import MySQL
from thirdeye.estate.inventory.reader import EstateReader
from thirdeye.jobs import JobQueue
from thirdeye.score.service import ScoreService
from thirdeye.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The caller, the databases and the request id; `info.context` in a resolver."""

    principal: Principal | None
    request_id: str
    thirdeye: MySQL
    score: ScoreService
    estate: EstateReader
    jobs: JobQueue
    clock: Clock
    settings: Settings
    # What a request's resolvers share: loaders, and the estate as the request sees it.
    loaders: dict[str, Any] = field(default_factory=dict)
