"""What the public address makes of requests to ThirdEye. Pure."""

from collections.abc import Iterator
from typing import Final

from thirdeye.commands.doctor.facts import AddressFacts, Answer
from thirdeye.commands.doctor.findings import Finding, finding

_OF_PROXIES: Final = frozenset({502, 503, 504})
_SLOW_SECONDS: Final = 1.0
# A line of Prometheus' text that every ThirdEye has.
METRIC: Final = "thirdeye_"


def judge_address(facts: AddressFacts) -> Iterator[Finding]:
    """The first answer decides whether there is anything more to ask."""
    health = facts.health
    away = _away(health)
    if away is not None:
        yield away
        return
    if health.seconds > _SLOW_SECONDS:
        yield finding("ADDRESS_SLOW", f"{health.seconds:.1f} s")
    if health.request_id != facts.sent_request_id:
        yield finding("ADDRESS_DROPS_REQUEST_ID", f"sent {facts.sent_request_id}, got {health.request_id or 'none'}")
    if facts.metrics is not None and facts.metrics.status == 200 and METRIC in facts.metrics.text:
        yield finding("ADDRESS_EXPOSES_METRICS", "/metrics answers 200")
    if facts.nobody is not None and facts.nobody.status == 200:
        yield finding("ADDRESS_OPEN", "a question without a token was answered with 200")
    elif facts.somebody is not None:
        yield from _with_token(facts, facts.somebody)


def _away(health: Answer) -> Finding | None:
    if health.status is None:
        return finding("ADDRESS_UNREACHABLE", health.error)
    if health.status in _OF_PROXIES:
        return finding("ADDRESS_THIRDEYE_AWAY", f"/api/v1/thirdeye/health answers {health.status}")
    if health.status != 200 or health.body != {"status": "ok"}:
        return finding("ADDRESS_NOT_PROXIED", f"/api/v1/thirdeye/health answers {health.status}: {health.text[:80]!r}")
    return None


def _with_token(facts: AddressFacts, somebody: Answer) -> Iterator[Finding]:
    if somebody.status == 400 and facts.nobody is not None and facts.nobody.status == 401:
        # Without a token the same was a request: uvicorn takes no header that goes on over a second line.
        seen = f"with a token it sends ThirdEye what is no HTTP, such as a folded header: {_message(somebody)}"
        yield finding("ADDRESS_DROPS_AUTHORIZATION", seen)
    elif somebody.status == 401 and "Authorization" in _message(somebody):
        yield finding("ADDRESS_DROPS_AUTHORIZATION", f"sent with a token: {_message(somebody)}")
    elif somebody.status != 200 and facts.accepted:
        yield finding("ADDRESS_REFUSES_TOKEN", f"{somebody.status}: {_message(somebody)}")
    elif somebody.status == 200 and facts.operation is not None and not _is_operation(facts.operation):
        yield finding("ADDRESS_DROPS_OPERATION_ID", "the text of a request was run, not the operation that it named")


def _message(answer: Answer) -> str:
    return str(answer.body.get("message", "")) if isinstance(answer.body, dict) else answer.text[:80]


def _is_operation(answer: Answer) -> bool:
    data = answer.body.get("data") if isinstance(answer.body, dict) else None
    return answer.status != 200 or (isinstance(data, dict) and "ziScore" in data)
