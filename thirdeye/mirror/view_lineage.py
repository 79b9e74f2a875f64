"""Lineage that the texts of views give, between the tables that there are; and which tables they may mean."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from thirdeye.inventory.columns import ABSENT, NO_NODE, Array, Columns, Mask
from thirdeye.inventory.table_names import schema_key
from thirdeye.mirror.state import State
from thirdeye.mirror.view_references import ReferenceKind, TextState, ViewTexts

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
    possible: tuple[Array, Array] = field(default_factory=lambda: (_none(), _none()))

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


def text_lineage(state: State, known: ViewTexts) -> TextLineage:
    """The lineage that the texts give between the tables of a state."""
    return _Evaluation(state, known).lineage()


class _Evaluation:
    """One look at what the texts name."""

    def __init__(self, state: State, known: ViewTexts) -> None:
        self._state = state
        self._known = known
        self._tables = np.flatnonzero(named_tables(state))
        self._present = state.present()
        places = [
            schema_key(state.services.items[service], database, schema)
            for service, database, schema in state.places.items
        ]
        self._schemas = np.array([*places, 0], np.uint64)[state.query["place"][self._tables]]
        self._unread_views = np.full(state.tables, NO_NODE, np.uint32)

    def lineage(self) -> TextLineage:
        edges = [self._edges(*each) for each in ((ReferenceKind.PATH, "path_key"), (ReferenceKind.PARTS, "stem_key"))]
        upstream, downstream = np.concatenate(edges, axis=1)
        views, words = self._words()
        present = self._present[views]
        self._mark_words(views[present], words[present])
        possible = [_matches(*self._by("word_key"), views[~present], words[~present])]
        for tables, heads in self._heads(upstream, downstream):
            of_present = self._present[heads]
            _mark(self._unread_views, tables[of_present], heads[of_present])
            possible.append(np.stack([tables[~of_present], heads[~of_present]]))
        possible += self._mark_databases()
        pairs = np.concatenate(possible, axis=1)
        if pairs.shape[1] > _MOST_PAIRS:
            _mark(self._unread_views, *pairs)
            pairs = pairs[:, :0]
        # A view does not depend on itself.
        others = upstream != downstream
        return TextLineage(upstream[others], downstream[others], self._unread_views, (pairs[0], pairs[1]))

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
        counts = (other != 0) & ((references["kind"] == either) | ~np.isin(first, keys))
        wanted, views = np.concatenate([first, other[counts]]), np.concatenate([views, views[counts]])
        # 0 is no stem.
        return _matches(keys, tables, views[wanted != 0], wanted[wanted != 0])

    def _words(self) -> tuple[Array, Array]:
        """Views and the keys of words: of texts that were not read, and of names that mean nothing here.

        What OpenMetadata calls a database or a schema is not always what the engine does, and names without a schema depend
        on the session. But in a schema that is known, a name that is not there means nothing.
        """
        references = self._of_kind(ReferenceKind.PATH, ReferenceKind.EITHER)
        keys = self._by("path_key")[0]
        found = np.isin(references["key"], keys) | np.isin(references["other"], keys)
        lost = ~found & ~np.isin(references["schema"], self._schemas[self._schemas != 0])
        words = self._known.words
        return (
            np.concatenate([words["view"], references["view"][lost]]),
            np.concatenate([words["key"], references["word"][lost]]),
        )

    def _mark_words(self, views: Array, words: Array) -> None:
        """Notes by table the first view, other than itself, one of whose words it is."""
        order = np.lexsort((views, words))
        keys, views = words[order], views[order]
        table_keys = self._state.name["word_key"][self._tables]
        # The second one for a view whose own text names it.
        for _ in range(2):
            distinct, first = np.unique(keys, return_index=True)
            if not len(distinct):
                return
            places = np.minimum(np.searchsorted(distinct, table_keys), len(distinct) - 1)
            matches = distinct[places] == table_keys
            _mark(self._unread_views, self._tables[matches], views[first[places[matches]]])
            others = np.ones(len(keys), np.bool_)
            others[first] = False
            keys, views = keys[others], views[others]

    def _heads(self, upstream: Array, downstream: Array) -> list[tuple[Array, Array]]:
        """Pairs of a table and a view with a wildcard that may mean it, and which has no edge from it for that."""
        references = self._of_kind(ReferenceKind.HEAD)
        known = np.sort(_pair_keys(upstream, downstream))
        found, meant = list[tuple[Array, Array]](), dict[tuple[int, int, int], Array]()
        for view, head, schema in zip(*(references[name].tolist() for name in ("view", "key", "schema")), strict=True):
            key = (head, schema, 0 if head or schema else int(self._state.query["place"][view]))
            if key not in meant:
                meant[key] = self._tables[self._with_head(view, head, schema)].astype(np.uint32)
            tables = meant[key]
            views = np.full(len(tables), view, np.uint32)
            new = ~np.isin(_pair_keys(tables, views), known)
            found.append((tables[new], views[new]))
        return found

    def _with_head(self, view: int, head: int, schema: int) -> Mask:
        """Which named tables a wildcard of a view may mean: by the first letters of names, by schema, or its database."""
        if not head and not schema:
            return self._of_database(view)
        chosen = np.ones(len(self._tables), np.bool_)
        if head:
            chosen &= self._state.name["head_key"][self._tables] == head
        if schema:
            chosen &= self._schemas == schema
        return chosen

    def _of_database(self, view: int) -> Mask:
        """Which named tables are of the database of a view."""
        items, place = self._state.places.items, self._state.query["place"]
        database = items[place[view]][:2]
        of_places = np.array([*(item[:2] == database for item in items), False])
        mask: Mask = of_places[place[self._tables]]
        return mask

    def _mark_databases(self) -> list[Array]:
        """Of a text that is too large, any table of its database may be what it names; pairs for deleted views."""
        pairs, first_views = [np.zeros((2, 0), np.uint32)], dict[tuple[int, str | None], list[int]]()
        items, place = self._state.places.items, self._state.query["place"]
        for view in np.sort(self._known.views(TextState.TOO_LARGE)).tolist():
            if self._present[view]:
                first_views.setdefault(items[place[view]][:2], []).append(view)
            else:
                tables = self._tables[self._of_database(view)].astype(np.uint32)
                pairs.append(np.stack([tables, np.full(len(tables), view, np.uint32)]))
        for views in first_views.values():
            named = self._tables[self._of_database(views[0])]
            for view in views[:2]:
                _mark(self._unread_views, named, np.full(len(named), view, np.uint32))
        return pairs


def _pair_keys(upstream: Array, downstream: Array) -> Array:
    keys: Array = (upstream.astype(np.uint64) << np.uint64(32)) | downstream.astype(np.uint64)
    return keys


def _matches(keys: Array, tables: Array, views: Array, wanted: Array) -> Array:
    """Pairs of a table with one of the wanted keys, and the view that wants it; `keys` are sorted."""
    first, end = np.searchsorted(keys, wanted, "left"), np.searchsorted(keys, wanted, "right")
    counts = end - first
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.stack([tables[np.repeat(first, counts) + within], np.repeat(views, counts)]).astype(np.uint32)
