"""Hot answers by the shortest way: from the server's protocol, as soon as the last byte of a request is there.

The usual way to a hot answer is a task, twelve coroutines and two messages, which together take longer than all that decides
about the answer. A request whose answer is kept, whose caller is known and far from the limit, and for which nothing has to be
waited for, is answered here instead; any other one, and each that is refused, goes the usual way, and nothing of it was
counted before. What decides, counts and logs is the same object on both ways.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Scope

from thirdeye.auth.authenticator import Authenticator, DevelopmentAuthenticator
from thirdeye.auth.middleware import known_caller
from thirdeye.edge.concurrency import RequestPlaces
from thirdeye.edge.rate_limit import RateLimiter
from thirdeye.graphql.hot_answers import HotAnswer, HotAnswers
from thirdeye.observability.requests import RequestRecorder, begin_request


@dataclass(frozen=True, kw_only=True)
class HotLane:
    """Answers requests for `path` from `hot`. `limiter` is None where rates are not limited."""

    path: str
    hot: HotAnswers
    authenticator: Authenticator | DevelopmentAuthenticator
    limiter: RateLimiter | None
    places: RequestPlaces
    recorder: RequestRecorder

    def expects(self, scope: Scope) -> Mapping[bytes, HotAnswer] | None:
        """By body the answers that are kept for requests with this head, if there are any."""
        return self.hot.kept_for(self.hot.head_of(scope))

    def answer(self, kept: Mapping[bytes, HotAnswer], scope: Scope, body: bytes) -> tuple[int, bytes] | None:
        """Status, and all that follows the server's own headers; None if the request has to go the usual way."""
        started = time.perf_counter()
        found = kept.get(body)
        if found is None or not self.hot.holds_at_once(found) or not self.places.is_open:
            return None
        principal = known_caller(self.authenticator, scope)
        # Asked last, for whoever may go on is counted.
        if principal is None or not (self.limiter is None or self.limiter.may_go_on(principal.name)):
            return None
        state = begin_request(scope)
        state.principal = principal
        self.hot.count(found, scope)
        self.recorder.record(scope, state, found.status, time.perf_counter() - started)
        before, after = found.around_id
        return found.status, before + state.request_id.encode() + after + found.body
