"""What a proxy does when ThirdEye hangs or breaks off, and with the headers of requests. Pure."""

from collections.abc import Iterator
from typing import Final

from thirdeye.commands.doctor.facts import Answer, StandInFacts
from thirdeye.commands.doctor.findings import Finding, finding, listed

# ThirdEye's slowest answers begin after so many seconds, and people are to hear of a failure within so many.
_EARLY_SECONDS: Final = 4.5
_LATE_SECONDS: Final = 6.0


def judge_stand_in(facts: StandInFacts) -> Iterator[Finding]:
    """Whether requests come as they were sent, never twice where that does harm, and failures are told in time."""
    if not facts.echo_arrivals:
        yield _away(facts.echo)
        return
    changed = [name for name, value in facts.sent.items() if facts.came.get(name) != [value]]
    if "authorization" in changed:
        yield finding("ADDRESS_DROPS_AUTHORIZATION", f"it came {_times(facts, 'authorization')}")
    elif changed:
        seen = f"changed or dropped: {listed(changed, 10)}"
        yield finding("ADDRESS_CHANGES_HEADERS", seen, headers=listed(changed, 10))
    yield from _limits(facts)
    if facts.write_arrivals > 1:
        yield finding("ADDRESS_REPEATS_WRITES", f"a mutation without Idempotency-Key came {facts.write_arrivals} times")
    odd = [answer for answer in (facts.broken, facts.write) if not _is_agreed(answer)]
    if odd:
        yield finding("ADDRESS_HIDES_FAILURES", f"it answered {odd[0].status}: {odd[0].text[:80]!r}")


def _times(facts: StandInFacts, name: str) -> str:
    count = len(facts.came.get(name, []))
    return "not at all" if not count else "changed" if count == 1 else f"{count} times"


def _away(echo: Answer) -> Finding:
    if echo.status is None:
        return finding("ADDRESS_UNREACHABLE", echo.error)
    return finding(
        "ADDRESS_THIRDEYE_AWAY", f"a request did not arrive; the answer was {echo.status}: {echo.text[:80]!r}"
    )


def _limits(facts: StandInFacts) -> Iterator[Finding]:
    hang = facts.hang
    if facts.hang_arrivals > 1:
        yield finding("ADDRESS_REPEATS_AFTER_HANG", f"a request that hung came {facts.hang_arrivals} times")
    elif hang.seconds < _EARLY_SECONDS:
        yield finding("ADDRESS_GIVES_UP_EARLY", f"after {hang.seconds:.1f} s")
    if hang.status is None:
        yield finding("ADDRESS_WAITS_LONG", f"no answer within {facts.waited:.1f} s")
    elif hang.seconds > _LATE_SECONDS and facts.hang_arrivals == 1:
        yield finding("ADDRESS_WAITS_LONG", f"{hang.seconds:.1f} s")


def _is_agreed(answer: Answer) -> bool:
    body = answer.body
    return answer.status == 503 and isinstance(body, dict) and body.get("code") == 503
