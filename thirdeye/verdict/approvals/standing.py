"""Which approvals hold in a refresh, and which end with it. Pure, over columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from thirdeye.mirror.advisor import Estate
from thirdeye.mirror.keys import id_text
from thirdeye.verdict.approvals.downstream import EstateDownstream
from thirdeye.verdict.approvals.rules import Ending, Standing, ending
from thirdeye.verdict.approvals.store import Basis


@dataclass(frozen=True)
class Approvals:
    """The numbers of tables whose removal is approved, and by ending the ids of the approvals that end."""

    numbers: frozenset[int] = frozenset()
    ended: dict[Ending, list[int]] = field(default_factory=dict)


def standing_approvals(estate: Estate, bases: Sequence[Basis]) -> Approvals:
    """Those of these approvals that still hold; of tables that are gone nothing ends."""
    numbers, ended, downstream = set[int](), dict[Ending, list[int]](), EstateDownstream(estate)
    for basis in bases:
        if basis.number >= len(estate.present) or not estate.present[basis.number]:
            continue
        why = ending(basis.standing, _now(estate, basis.number, downstream))
        if why is None:
            numbers.add(basis.number)
        else:
            ended.setdefault(why, []).append(basis.id)
    return Approvals(frozenset(numbers), ended)


def _now(estate: Estate, number: int, downstream: EstateDownstream) -> Standing:
    return Standing(
        table_id=id_text(estate.source["id"][number]),
        accessed=int(estate.query["accessed"][number]),
        written=int(estate.query["written"][number]),
        downstream=downstream.of(number),
    )
