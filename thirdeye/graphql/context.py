"""What a resolver may use, made per request."""

from dataclasses import dataclass

from thirdeye.auth.principal import Principal
from thirdeye.clock import Clock
from thirdeye.database import MySQL
from thirdeye.score.service import ScoreService
from thirdeye.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The caller, the databases and the request id; `info.context` in a resolver."""

    principal: Principal | None
    request_id: str
    thirdeye: MySQL
    score: ScoreService
    clock: Clock
    settings: Settings
