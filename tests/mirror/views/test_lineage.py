"""What wildcards and texts that are too long may mean, beside a plain look at every pair of a table and a view."""

from collections.abc import Iterator
from random import Random

import numpy as np
import pytest

from thirdeye.inventory.columns import NO_NODE, PRESENT
from thirdeye.inventory.directory import Place
from thirdeye.inventory.table_names import schema_key
from thirdeye.mirror.state import Numbering, State
from thirdeye.mirror.views import lineage as view_lineage
from thirdeye.mirror.views.lineage import TextLineage, WordMatches, text_lineage
from thirdeye.mirror.views.references import ReferenceKind, TextState, ViewTexts
from thirdeye.mirror.views.word_index import WordChunk

TABLES = 20
SERVICES = ["1a", "2b"]
PLACES: list[Place] = [(0, "main", "raw"), (0, "main", "mart"), (0, "other", "raw"), (1, "main", "raw")]
SCHEMAS = [schema_key(SERVICES[service], database, schema) for service, database, schema in PLACES]
Pair = tuple[int, int]


def random_estate(random: Random) -> tuple[State, ViewTexts]:
    """Tables with few different beginnings of names, and views that name them and have wildcards."""
    state = State(services=Numbering(SERVICES), places=Numbering(PLACES))
    state.grow(TABLES)
    for number in range(TABLES):
        state.query["place"][number] = random.randrange(len(PLACES))
        state.query["flags"][number] = random.choice([0, PRESENT, PRESENT])
        state.source["stamp"][number] = state.query["flags"][number] or random.randrange(2)
        state.name["path_key"][number] = state.name["word_key"][number] = 100 + number
        state.name["head_key"][number] = random.randint(1, 3)
    known = ViewTexts()
    views = [random.randrange(TABLES) for _ in range(12)]
    known.add("view-text", [(view, TextState.TOO_LARGE) for view in views[:3]])
    schemas = [0, 0, *SCHEMAS]
    heads = [(view, random.randrange(4), 0, ReferenceKind.HEAD, 0, random.choice(schemas)) for view in views[2:]]
    named = [(view, 100 + random.randrange(TABLES), 0, ReferenceKind.PATH, 0, SCHEMAS[0]) for view in views * 2]
    known.add("view-reference", [*heads, *named])
    known.sort()
    return state, known


def wildcards(state: State, known: ViewTexts, edges: set[Pair]) -> Iterator[Pair]:
    """Each table, with each view that has a wildcard for it and does not name it."""
    references = known.references
    for kind, view, head, schema in zip(*(references[name] for name in ("kind", "view", "key", "schema")), strict=True):
        for table in np.flatnonzero(state.source["stamp"]).tolist():
            place, own = (int(state.query["place"][number]) for number in (table, view))
            fits = state.name["head_key"][table] == head if head else True
            fits = fits and (SCHEMAS[place] == schema if schema else True)
            if not head and not schema:
                fits = PLACES[place][:2] == PLACES[own][:2]
            if kind == ReferenceKind.HEAD and fits and table != view and (table, view) not in edges:
                yield table, int(view)


def databases(state: State, known: ViewTexts) -> Iterator[Pair]:
    """Each table, with each view of its database whose text is too long."""
    for view in known.views(TextState.TOO_LARGE).tolist():
        for table in np.flatnonzero(state.source["stamp"]).tolist():
            of_table, of_view = (PLACES[state.query["place"][number]][:2] for number in (table, view))
            if of_table == of_view and table != view:
                yield table, view


def named(state: State, known: ViewTexts) -> set[Pair]:
    references = known.references
    paths = references["kind"] == ReferenceKind.PATH
    pairs = zip((references["key"][paths] - 100).tolist(), references["view"][paths].tolist(), strict=True)
    return {(table, view) for table, view in pairs if state.source["stamp"][table]}


def first_views(present: list[set[Pair]], deleted: set[Pair], *, too_many: bool) -> list[int]:
    """By table the first view of the first of these that has one; last the deleted ones, if they are too many."""
    found = [NO_NODE] * TABLES
    for pairs in [*present, deleted] if too_many else present:
        firsts = {table: min(view for each, view in pairs if each == table) for table, _ in pairs}
        found = [firsts.get(table, NO_NODE) if found[table] == NO_NODE else found[table] for table in range(TABLES)]
    return found


def pairs_of(lineage: TextLineage) -> set[Pair]:
    tables, views = lineage.possible
    return {(table, view) for table, view in zip(tables.tolist(), views.tolist(), strict=True) if table != view}


@pytest.mark.parametrize("most_pairs", [1_000_000, 20, 0])
@pytest.mark.parametrize("seed", range(30))
def test_tables_that_a_wildcard_may_mean(monkeypatch: pytest.MonkeyPatch, seed: int, most_pairs: int) -> None:
    monkeypatch.setattr(view_lineage, "_MOST_PAIRS", most_pairs)
    state, known = random_estate(Random(seed))
    lineage, edges = text_lineage(state, known, WordMatches(state)), named(state, known)
    assert set(zip(lineage.upstream.tolist(), lineage.downstream.tolist(), strict=True)) == {
        (table, view) for table, view in edges if table != view
    }
    present = state.present()
    found = [set(wildcards(state, known, edges)), set(databases(state, known))]
    deleted = {pair for pairs in found for pair in pairs if not present[pair[1]]}
    of_present = [{pair for pair in pairs if present[pair[1]]} for pairs in found]
    too_many = pairs_of(lineage) != deleted
    assert too_many == (not pairs_of(lineage) and bool(deleted))
    if most_pairs != 20:
        assert too_many == (most_pairs == 0 and bool(deleted))
    assert lineage.unread_views.tolist() == first_views(of_present, deleted, too_many=too_many)


@pytest.mark.parametrize("seed", range(30))
def test_tables_that_words_may_mean(seed: int) -> None:
    random = Random(seed)
    state, _ = random_estate(random)
    # Several tables of one name.
    state.name["word_key"] = np.array([random.randint(1, 8) for _ in range(TABLES)], np.uint64)
    pairs = [(random.randrange(TABLES), random.randint(1, 10)) for _ in range(60)]
    matches = WordMatches(state)
    for start in range(0, 60, 20):
        views, keys = zip(*pairs[start : start + 20], strict=True)
        matches.add(WordChunk.of(np.array(views, np.uint32), np.array(keys, np.uint64)))
    present, names = state.present(), state.name["word_key"]
    meant = {
        (table, view)
        for table in np.flatnonzero(state.source["stamp"]).tolist()
        for view, key in pairs
        if names[table] == key
    }
    of_present = {(table, view) for table, view in meant if present[view] and table != view}
    assert matches.first_views.tolist() == first_views([of_present], set(), too_many=False)
    deleted = zip(*(part.tolist() for part in matches.deleted.pairs()), strict=True)
    assert {pair for pair in deleted if pair[0] != pair[1]} == {
        pair for pair in meant if not present[pair[1]] and pair[0] != pair[1]
    }


def test_no_more_pairs_are_kept_than_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_lineage, "_MOST_PAIRS", 3)
    views = view_lineage._DeletedViews(TABLES)
    for view in (9, 5, 7):
        views.add(np.array([1, 2, view], np.uint32), np.full(3, view, np.uint32))
    assert views.pairs().shape == (2, 0)
    assert views.first_views()[[1, 2, 9]].tolist() == [5, 5, NO_NODE]
