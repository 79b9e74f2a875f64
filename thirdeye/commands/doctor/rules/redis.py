"""Whether Redis keeps what it is given. Pure."""

from collections.abc import Iterator
from typing import Final

from thirdeye.commands.doctor.facts import RedisFacts
from thirdeye.commands.doctor.findings import Finding, finding

_KEEPING: Final = "noeviction"
_FULL: Final = 0.9


def judge_redis(facts: RedisFacts) -> Iterator[Finding]:
    """Jobs and reports of the worker are in Redis; all else in it can be made again."""
    if facts.refusal is not None:
        yield finding("REDIS_REFUSES_WRITES", facts.refusal)
    if facts.save_failed:
        yield finding("REDIS_SAVE_FAILS", "the last save to disk failed")
    if not facts.max_memory:
        return
    if facts.policy != _KEEPING:
        yield finding("REDIS_EVICTS", f"maxmemory-policy is {facts.policy}")
    elif facts.memory > _FULL * facts.max_memory and facts.refusal is None:
        share = facts.memory / facts.max_memory
        yield finding("REDIS_NEARLY_FULL", f"{share:.0%} of {facts.max_memory:,} bytes are in use")
