"""Lineage that the texts of views give, between the tables that there are; and which tables they may mean."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from thirdeye.inventory.columns import ABSENT, NO_NODE, Array, Columns, Mask
from thirdeye.inventory.table_names import schema_key
from thirdeye.mirror.state import State
from thirdeye.mirror.views.references import ReferenceKind, TextState, ViewTexts
from thirdeye.mirror.views.word_index import WordChunk

# Of more pairs of tables and deleted views, it is not looked whether anything depends on these.
_MOST_PAIRS: Final = 1_000_000


def _none() -> Array:
    return np.zeros(0, np.uint32)


@dataclass(frozen=True)
class TextLineage:
    """Lineage that texts give, as table numbers; and by table a view that may name it, NO_NODE for none.

    `possible`: pairs of a table and a deleted view that may name it, which matters only where something depends on the view.
    """

    upstream: Array = field(default_factory=_none)
    downstream: Array = field(default_factory=_none)
    unread_views: Array = field(default_factory=_none)
    possible: Array = field(default_factory=lambda: np.stack([_none(), _none()]))

    def hold_through_deleted(self, sources: Array) -> None:
        """Marks what deleted views may name that conduct: they are among the sources of the lineage."""
        tables, views = self.possible
        chosen = np.isin(views, sources)
        _mark(self.unread_views, tables[chosen], views[chosen])


def _mark(unread_views: Array, tables: Array, views: Array) -> None:
    """Notes for each table the first of the views, unless one is noted."""
    order = np.lexsort((views, tables))
    tables, views = tables[order], views[order]
    chosen = (tables != views) & (unread_views[tables] == NO_NODE)
    tables, first = np.unique(tables[chosen], return_index=True)
    unread_views[tables] = views[chosen][first]


def named_tables(state: State) -> Mask:
    """Which tables a name can mean: those of OM, deleted ones too, and absent ones."""
    mask: Mask = (state.source["stamp"] != 0) | state.query.has(ABSENT)
    return mask


def text_lineage(state: State, known: ViewTexts, words: "WordMatches") -> TextLineage:
    """The lineage that the texts give between the tables of a state; `words` are those of texts that were not read."""
    return _Evaluation(state, known).lineage(words)


class _Evaluation:
    """One look at what the texts name."""

    def __init__(self, state: State, known: ViewTexts) -> None:
        self._state = state
        self._known = known
        self._tables = np.flatnonzero(named_tables(state)).astype(np.uint32)
        self._present = state.present()
        self._places = state.query["place"][self._tables]
        schemas = (
            schema_key(state.services.items[service], database, schema)
            for service, database, schema in state.places.items
        )
        # By place.
        self._schemas = np.array([*schemas, 0], np.uint64)
        self._unread_views = np.zeros(0, np.uint32)

    def lineage(self, words: "WordMatches") -> TextLineage:
        edges = [self._edges(*each) for each in ((ReferenceKind.PATH, "path_key"), (ReferenceKind.PARTS, "stem_key"))]
        upstream, downstream = np.concatenate(edges, axis=1)
        words.add(self._lost_names())
        self._unread_views, possible = words.first_views, words.deleted
        self._mark_heads(upstream, downstream, possible)
        self._mark_databases(possible)
        self._mark_unless_noted(possible.first_views())
        # A view does not depend on itself.
        others = upstream != downstream
        return TextLineage(upstream[others], downstream[others], self._unread_views, possible.pairs())

    def _mark_unless_noted(self, views: Array) -> None:
        """Notes a view by table, NO_NODE for none, where none is noted."""
        noted = self._unread_views
        self._unread_views = np.where(noted == NO_NODE, views, noted)

    def _by(self, key: str) -> tuple[Array, Array]:
        """The keys of the named tables in order, and the tables."""
        keys = self._state.name[key][self._tables]
        order = np.argsort(keys, kind="stable")
        return keys[order], self._tables[order]

    def _of_kind(self, *kinds: ReferenceKind) -> Columns:
        references = self._known.references
        chosen = np.isin(references["kind"], kinds)
        found = Columns(references.fields, int(chosen.sum()))
        for name in references.fields:
            found[name] = references[name][chosen]
        return found

    def _edges(self, kind: ReferenceKind, key: str) -> Array:
        """Pairs of a table and the view that names it."""
        keys, tables = self._by(key)
        either = ReferenceKind.EITHER if kind is ReferenceKind.PATH else ReferenceKind.PARTS
        references = self._of_kind(kind, either)
        views, first, other = references["view"], references["key"], references["other"]
        counts = (other != 0) & ((references["kind"] == either) | ~_are_in(first, keys))
        wanted, views = np.concatenate([first, other[counts]]), np.concatenate([views, views[counts]])
        # 0 is no stem.
        return _matches(keys, tables, views[wanted != 0], wanted[wanted != 0])

    def _lost_names(self) -> WordChunk:
        """Names that mean nothing here, as words.

        What OpenMetadata calls a database or a schema is not always what the engine does, and names without a schema depend
        on the session. But in a schema that is known, a name that is not there means nothing.
        """
        references = self._of_kind(ReferenceKind.PATH, ReferenceKind.EITHER)
        keys = self._by("path_key")[0]
        found = _are_in(references["key"], keys) | _are_in(references["other"], keys)
        known = np.unique(self._schemas[np.unique(self._places)])
        lost = ~found & ~_are_in(references["schema"], known[known != 0])
        return WordChunk.of(references["view"][lost], references["word"][lost])

    def _mark_heads(self, upstream: Array, downstream: Array, possible: "_DeletedViews") -> None:
        """Notes by table the first view with a wildcard that may mean it, and which has no edge from it for that."""
        edges = _Upstream(upstream, downstream)
        first_views = np.full(self._state.tables, NO_NODE, np.uint32)
        for tables, views in self._heads():
            present = self._present[views]
            # A later view of the group changes nothing for a table that has one.
            left = tables[self._unread_views[tables] == NO_NODE]
            for view in views[present]:
                if not len(left):
                    break
                others = edges.others(left, view)
                first_views[left[others]] = np.minimum(first_views[left[others]], view)
                left = left[~others]
            for view in views[~present]:
                chosen = tables[edges.others(tables, view)]
                possible.add(chosen, np.full(len(chosen), view, np.uint32))
        self._mark_unless_noted(first_views)

    def _heads(self) -> Iterator[tuple[Array, Array]]:
        """Tables that a wildcard may mean, and the views that have it, both in order."""
        references = self._of_kind(ReferenceKind.HEAD)
        views = dict[tuple[int, int, tuple[int, str | None] | None], list[int]]()
        for view, head, schema in zip(*(references[name].tolist() for name in ("view", "key", "schema")), strict=True):
            database = None if head or schema else self._database(view)
            views.setdefault((head, schema, database), []).append(view)
        for (head, schema, _), same in views.items():
            tables = self._tables[self._with_head(same[0], head, schema)]
            yield tables, np.unique(np.array(same, np.uint32))

    def _with_head(self, view: int, head: int, schema: int) -> Mask:
        """Which named tables a wildcard of a view may mean: by the first letters of names, by schema, or its database."""
        if not head and not schema:
            return self._of_database(view)
        chosen = np.ones(len(self._tables), np.bool_)
        if head:
            chosen &= self._state.name["head_key"][self._tables] == head
        if schema:
            chosen &= (self._schemas == schema)[self._places]
        return chosen

    def _database(self, view: int) -> tuple[int, str | None]:
        service, database, _ = self._state.places.items[self._state.query["place"][view]]
        return service, database

    def _of_database(self, view: int) -> Mask:
        """Which named tables are of the database of a view."""
        items, database = self._state.places.items, self._database(view)
        of_places = np.array([*(item[:2] == database for item in items), False])
        mask: Mask = of_places[self._places]
        return mask

    def _mark_databases(self, possible: "_DeletedViews") -> None:
        """Of a text that is too large, any table of its database may be what it names."""
        first_views = dict[tuple[int, str | None], list[int]]()
        for view in np.sort(self._known.views(TextState.TOO_LARGE)).tolist():
            if self._present[view]:
                first_views.setdefault(self._database(view), []).append(view)
            else:
                tables = self._tables[self._of_database(view)]
                possible.add(tables, np.full(len(tables), view, np.uint32))
        for views in first_views.values():
            named = self._tables[self._of_database(views[0])]
            for view in views[:2]:
                _mark(self._unread_views, named, np.full(len(named), view, np.uint32))


class _Upstream:
    """What the texts of views name, by view."""

    def __init__(self, upstream: Array, downstream: Array) -> None:
        order = np.argsort(downstream, kind="stable")
        self._upstream, self._downstream = upstream[order], downstream[order]

    def others(self, tables: Array, view: np.uint32) -> Mask:
        """Which of these tables, in order, are neither the view itself nor named by it."""
        first, end = (np.searchsorted(self._downstream, view, side) for side in ("left", "right"))
        named = np.append(self._upstream[first:end], view)
        places = np.searchsorted(tables, named)
        named, places = named[places < len(tables)], places[places < len(tables)]
        others = np.ones(len(tables), np.bool_)
        others[places[tables[places] == named]] = False
        return others


class WordMatches:
    """Which tables the words of views may mean."""

    def __init__(self, state: State) -> None:
        self._present = state.present()
        tables = np.flatnonzero(named_tables(state)).astype(np.uint32)
        keys = state.name["word_key"][tables]
        order = np.argsort(keys, kind="stable")
        self._keys, self._tables = keys[order], tables[order]
        # By table the first view, other than itself, one of whose words it is; NO_NODE for none.
        self.first_views = np.full(state.tables, NO_NODE, np.uint32)
        self.deleted = _DeletedViews(state.tables)

    def add(self, words: WordChunk) -> None:
        """Adds words of views."""
        is_name = np.repeat(_are_in(words.keys, self._keys), words.counts)
        views, keys = (part[is_name] for part in words.pairs())
        present = self._present[views]
        self.deleted.add(*_matches(self._keys, self._tables, views[~present], keys[~present]))
        views, keys = views[present], keys[present]
        # The second one for a view whose own text names it.
        for _ in range(2):
            distinct, first = np.unique(keys, return_index=True)
            tables, first_views = _matches(self._keys, self._tables, views[first], distinct)
            others = tables != first_views
            np.minimum.at(self.first_views, tables[others], first_views[others])
            views, keys = np.delete(views, first), np.delete(keys, first)


class _DeletedViews:
    """Pairs of a table and a deleted view that may name it; of too many, only the first view of each table."""

    def __init__(self, tables: int) -> None:
        self._pairs = [np.zeros((2, 0), np.uint32)]
        self._count = 0
        self._first = np.full(tables, NO_NODE, np.uint32)

    def add(self, tables: Array, views: Array) -> None:
        """Adds pairs."""
        self._pairs.append(np.stack([tables, views]))
        self._count += len(tables)
        if self._count > _MOST_PAIRS:
            tables, views = np.concatenate(self._pairs, axis=1)
            others = tables != views
            np.minimum.at(self._first, tables[others], views[others])
            self._pairs = [np.zeros((2, 0), np.uint32)]

    def pairs(self) -> Array:
        """The pairs; none if there were too many."""
        return np.concatenate(self._pairs, axis=1)

    def first_views(self) -> Array:
        """By table the first view, NO_NODE unless there were too many pairs."""
        return self._first


def _are_in(wanted: Array, keys: Array) -> Mask:
    """Which are among `keys`, which are sorted: `isin` would sort them again."""
    places = np.searchsorted(keys, wanted)
    mask: Mask = places < len(keys)
    mask[mask] = keys[places[mask]] == wanted[mask]
    return mask


def _matches(keys: Array, tables: Array, views: Array, wanted: Array) -> Array:
    """Pairs of a table with one of the wanted keys, and the view that wants it; `keys` are sorted."""
    first, end = np.searchsorted(keys, wanted, "left"), np.searchsorted(keys, wanted, "right")
    counts = end - first
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.stack([tables[np.repeat(first, counts) + within], np.repeat(views, counts)]).astype(np.uint32)
