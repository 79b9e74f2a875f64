"""What an examination comes to: findings with their advice, checks that were made or not, and the exit code. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from thirdeye.commands.doctor.catalogue import CATALOGUE, Severity


class ExitCode(IntEnum):
    """As plug-ins of Nagios, Icinga and their relatives have it."""

    SOUND = 0
    WARNINGS = 1
    FAULTS = 2
    NOT_ALL_CHECKED = 3


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: a code of the catalogue, what was seen, and what its advice names."""

    code: str
    seen: str
    values: dict[str, str] = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        return CATALOGUE[self.code].severity

    @property
    def meaning(self) -> str:
        return CATALOGUE[self.code].meaning.format(**self.values)

    @property
    def advice(self) -> str:
        """The one thing to do."""
        return CATALOGUE[self.code].advice.format(**self.values)


def finding(code: str, seen: str, **values: object) -> Finding:
    """A finding; `values` are what its advice names."""
    return Finding(code, seen, {name: str(value) for name, value in values.items()})


@dataclass(frozen=True, kw_only=True)
class Check:
    """One part of the installation: what was seen of it, and what is wrong. `unknown` says why it could not be looked at."""

    name: str
    seen: str = ""
    findings: Sequence[Finding] = ()
    unknown: str | None = None

    @property
    def state(self) -> str:
        if self.findings:
            return "FOUND"
        return "NOT_CHECKED" if self.unknown is not None else "SOUND"


@dataclass(frozen=True)
class Examination:
    """All checks, in the order in which they were made."""

    checks: Sequence[Check]

    @property
    def findings(self) -> list[tuple[Check, Finding]]:
        """The worst first."""
        found = [(check, each) for check in self.checks for each in check.findings]
        return sorted(found, key=lambda pair: pair[1].severity is not Severity.FAULT)

    @property
    def exit_code(self) -> ExitCode:
        """Unknown is worse than a warning: behind it may be a fault."""
        severities = {each.severity for _, each in self.findings}
        if Severity.FAULT in severities:
            return ExitCode.FAULTS
        if any(check.unknown is not None for check in self.checks):
            return ExitCode.NOT_ALL_CHECKED
        return ExitCode.WARNINGS if severities else ExitCode.SOUND

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "exitCode": int(self.exit_code),
            "checks": [
                {"name": check.name, "state": check.state, "seen": check.seen, "notChecked": check.unknown}
                for check in self.checks
            ],
            "findings": [
                {
                    "code": each.code,
                    "severity": each.severity,
                    "check": check.name,
                    "meaning": each.meaning,
                    "seen": each.seen,
                    "advice": each.advice,
                }
                for check, each in self.findings
            ],
        }


def present(*findings: Finding | None) -> list[Finding]:
    """Those that there are."""
    return [each for each in findings if each is not None]


def listed(words: Iterable[str], most: int = 5) -> str:
    """The first of them, and how many more there are."""
    words = list(words)
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more
