"""The numbers of tables: which are let go of, and which are given again.

A table that OpenMetadata has not had for FORGOTTEN_DAYS, and of which nothing is said any more (no usage and no lineage in
OpenMetadata, no decision, item, sum or change here), is forgotten: its row and its columns go, so that neither grows for
ever. Its number is given again a day later, when whoever looked at the generations before is done, and only while still
nothing refers to it. What is unknown, or referred to, is kept. See ADR 0015.
"""

from typing import Final

import numpy as np

from thirdeye.errors import Unavailable
from thirdeye.inventory.absence import MINUTES_PER_DAY
from thirdeye.inventory.columns import ABSENT, PRESENT, Array, Mask, select
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.lineage import Graph
from thirdeye.mirror.state import State

FORGOTTEN_DAYS: Final = 400
# For so long the number of a forgotten table is nobody's.
WAITING_DAYS: Final = 1
# A refresh looks at so many numbers to let go of, and at so many to give again; the next ones at the others.
PAGE: Final = 2_000


class StillReferredTo(Unavailable):
    """Somebody said something of a table while a refresh was about to forget it."""

    def __init__(self) -> None:
        super().__init__("a table that was about to be forgotten is referred to again; the next refresh keeps it")


async def free_numbers(context: RefreshContext, state: State) -> list[int]:
    """Numbers that were given before, that no table has, and that nothing refers to. Sets which one is the next new one."""
    numbered = np.flatnonzero(state.source["id"] != b"")
    state.given = max(state.given, int(np.max(numbered, initial=-1)) + 1)
    if not state.remembers:
        await _skip_referred_to(context, state)
        return []
    waiting = WAITING_DAYS * MINUTES_PER_DAY
    state.freed = {number: minute for number, minute in state.freed.items() if context.minute - minute < waiting}
    free = ~select(state.freed, state.given)[: state.given]
    free[numbered] = False
    numbers: list[int] = (await _not_referred_to(context, np.flatnonzero(free))).tolist()
    return numbers


async def _skip_referred_to(context: RefreshContext, state: State) -> None:
    """Has new numbers begin after those that something refers to, where it is not known which were given."""
    if state.given:
        referred_to = await context.references(range(state.given, state.given + PAGE))
        state.given = max(referred_to, default=state.given - 1) + 1


async def forget_tables(context: RefreshContext, work: RefreshWork) -> None:
    """Empties the columns of tables that are to be forgotten, and says which: publishing deletes their rows."""
    # Of what cannot be read now nobody knows what it says.
    if context.reader.verdicts_unseen:
        return
    state = work.state
    forgotten = await _not_referred_to(context, np.flatnonzero(_are_over(state, context.minute) & ~_ends(work.graph)))
    for columns in (state.query, state.source):
        columns.empty(forgotten)
    work.forgotten = forgotten.tolist()
    state.freed |= dict.fromkeys(work.forgotten, context.minute)


def empty_unnumbered(columns: dict[str, Array]) -> None:
    """Lets go of the advice that numbers without a table still have."""
    unnumbered = columns["id"] == b""
    for name in ("advised", "advised_on"):
        columns[name][unnumbered] = 0


def _are_over(state: State, now: int) -> Mask:
    """Which tables are gone for long, in OpenMetadata too, with no row of usage left there."""
    source = state.source
    since = source["absent_since"].astype(np.int64)
    over: Mask = (since > 0) & (now - since >= FORGOTTEN_DAYS * MINUTES_PER_DAY)
    over &= (source["id"] != b"") & (source["stamp"] == 0) & (source["first_row"] == 0)
    over &= (state.query["flags"] & (PRESENT | ABSENT)) == 0
    return over


def _ends(graph: Graph) -> Mask:
    """Which tables take part in lineage."""
    ends = np.zeros(graph.nodes, np.bool_)
    ends[graph.sources] = ends[graph.targets] = True
    return ends[: graph.tables]


async def _not_referred_to(context: RefreshContext, numbers: Array) -> Array:
    """Of a page of these numbers, another one in each refresh, those that nothing refers to, in order."""
    if not len(numbers):
        return numbers
    page = np.sort(np.roll(numbers, -(context.run * PAGE % len(numbers)))[:PAGE])
    referred_to = await context.references(page.tolist())
    return page[~np.isin(page, list(referred_to))]
