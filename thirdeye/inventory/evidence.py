"""What of OpenMetadata the estate rests on, by kind: what cannot be read now, nothing is concluded from. Pure."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class Evidence(StrEnum):
    """A kind of evidence. A column of the estate may rest on several."""

    USAGE = "USAGE"
    LINEAGE = "LINEAGE"
    PROFILES = "PROFILES"
    QUERY_COSTS = "QUERY_COSTS"
    SERVICES = "SERVICES"
    OWNERS = "OWNERS"
    DOMAINS = "DOMAINS"
    TAGS = "TAGS"
    # Data products and contracts, and what tells that somebody looks after a table.
    PROTECTION = "PROTECTION"
    RETENTION = "RETENTION"


Kinds = frozenset[Evidence]
NOTHING: Final[Kinds] = frozenset()
ALL: Final[Kinds] = frozenset(Evidence)
USE: Final[Kinds] = frozenset({Evidence.USAGE, Evidence.LINEAGE})
# Prices go by the types of services.
COST: Final[Kinds] = frozenset({Evidence.PROFILES, Evidence.QUERY_COSTS, Evidence.SERVICES})
VERDICT: Final[Kinds] = ALL - {Evidence.OWNERS, Evidence.DOMAINS, Evidence.RETENTION}

_FIELDS_BY_KINDS: Final[Mapping[Kinds, str]] = {
    NOTHING: "absent",
    frozenset({Evidence.SERVICES}): "service database schema series inSeries",
    frozenset({Evidence.OWNERS}): "owner mine owned ownedByNobody formerOwner",
    frozenset({Evidence.DOMAINS}): "domain",
    frozenset({Evidence.TAGS}): "tier tag",
    frozenset({Evidence.RETENTION}): "retention",
    frozenset({Evidence.PROFILES}): "minimumBytes maximumBytes lastWrittenAfter lastWrittenBefore growing",
    frozenset({Evidence.USAGE}): "activity unknownReasons evidence lastAccessedAfter lastAccessedBefore maximumQueries",
    USE: "zombie inUse inUseThroughLineage duplicate",
    COST: "minimumMonthlyCost maximumMonthlyCost",
    VERDICT: "verdict blocker blocked minimumPurgeScore maximumReturnRisk minimumSaving oldParts trial",
}
# By field of a filter of tables what it looks at.
FILTER_EVIDENCE: Final[Mapping[str, Kinds]] = {
    field: kinds for kinds, fields in _FIELDS_BY_KINDS.items() for field in fields.split()
}


def looked_at(fields: Iterable[str]) -> Kinds:
    """What a filter with these fields looks at."""
    return NOTHING.union(*(FILTER_EVIDENCE.get(field, ALL) for field in fields))


def missing_kinds(names: Iterable[str]) -> Kinds:
    """The kinds that a directory says cannot be read."""
    return frozenset(map(Evidence, names))
