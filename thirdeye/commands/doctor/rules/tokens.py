"""Whether tokens can be verified: key sets, clocks, revocation, audiences. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from thirdeye.commands.doctor.facts import KeySetFacts, KeySetProblem, RevocationFacts
from thirdeye.commands.doctor.findings import Finding, finding, listed
from thirdeye.commands.doctor.rules.databases import clock_text

# The leeway that tokens have.
_CLOCK_SECONDS: Final = 30.0
_CODES: Final = {
    KeySetProblem.UNREACHABLE: "KEY_SET_UNREACHABLE",
    KeySetProblem.REDIRECTS: "KEY_SET_REDIRECTS",
    KeySetProblem.INVALID: "KEY_SET_INVALID",
}
_KINDS: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "HS": "oct"}
FOR_OTHERS: Final = "the token is meant for somebody else"


def judge_key_set(facts: KeySetFacts) -> Iterator[Finding]:
    """Whether a source of keys has one that verifies tokens and that nobody else can sign with."""
    where = f"{facts.setting} {facts.address}".strip()
    if facts.problem is not None:
        yield finding(_CODES[facts.problem], f"{where}: {facts.detail}", setting=facts.setting)
        return
    if facts.clock_offset is not None and abs(facts.clock_offset) > _CLOCK_SECONDS:
        yield finding("ISSUER_CLOCK_OFF", clock_text(where, facts.clock_offset))
    if facts.default_keys:
        yield finding("DEFAULT_KEY", where)
    elif not facts.kinds:
        reason = f": {listed(facts.unusable)}" if facts.unusable else " is empty"
        yield finding("KEY_SET_WITHOUT_KEY", f"{where}{reason}")
    usable = {_KINDS[name[:2]] for name in facts.algorithms}
    if facts.kinds and usable.isdisjoint(facts.kinds):
        kinds = " or ".join(sorted(set(facts.kinds)))
        seen = f"{where} has {kinds} keys; {facts.algorithms_setting} allows {', '.join(facts.algorithms)}"
        yield finding("KEY_ALGORITHM_MISMATCH", seen, setting=facts.algorithms_setting, kinds=kinds)


def judge_revocation(facts: RevocationFacts) -> Finding | None:
    """OpenMetadata refuses whoever comes without a token; nothing else may be asked whether one was revoked."""
    if facts.status is None:
        return finding("REVOCATION_UNREACHABLE", f"{facts.address}: {facts.error}", setting=facts.setting)
    if facts.status != 401:
        return finding("REVOCATION_ADDRESS_WRONG", f"{facts.address} answers {facts.status} to nobody, not 401")
    return None


def judge_refusals(reasons: Mapping[str, int]) -> Iterator[Finding]:
    """Refusals of the last day, by reason. Audiences are looked at only where the signature is valid, so that nobody can
    make this up.
    """
    if reasons.get(FOR_OTHERS):
        yield finding("AUDIENCE_REFUSED", f"{reasons[FOR_OTHERS]:,} requests")


def judge_token(steps: Sequence[tuple[str, bool | None, str]]) -> Iterator[Finding]:
    """The checks of a token in order: name, whether it passed, and detail."""
    failed = next(((name, detail) for name, passed, detail in steps if passed is False), None)
    if failed:
        yield finding("TOKEN_REFUSED", f"{failed[0]}: {failed[1]}", step=failed[0])
