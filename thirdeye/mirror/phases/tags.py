"""TAGS: tiers and tags of tables and their columns, and those of schemas, databases and glossary terms."""

from functools import partial

import numpy as np

from thirdeye.inventory.columns import Array
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.keys import id_text
from thirdeye.mirror.labels import set_tags, tagged_columns, tags_of_places, tags_of_terms
from thirdeye.mirror.missing_columns import warn_of_missing_columns
from thirdeye.mirror.openmetadata.source_tables import TAGS
from thirdeye.mirror.state import Index, State


async def read_tags(context: RefreshContext, work: RefreshWork) -> None:
    """Sets tier, tags and marks of every table, from the tags that changed; gives what places and terms have."""
    reader, state, labels = context.reader, work.state, work.labels
    bucket_of_table = state.source["tail"]
    work.tables_by_hash = Index(_current_keys(state))
    buckets = await reader.changed_buckets(state.sums, "tags", bucket_of_table[work.rekeyed])
    tables = buckets.tables(bucket_of_table)
    set_all = partial(set_tags, state, work.tables_by_hash, tables)
    unreadable = await reader.read_part(TAGS, "tags", buckets.rows(reader.om.tags), set_all, np.zeros(0, np.int32))
    for number in unreadable.tolist():
        reader.odd_row(
            TAGS.name, f"table {id_text(state.source['id'][number])}", "a tag of it has no name: it protects"
        )
    if not buckets.readable:
        return

    async def of_places() -> list[list[tuple[str, str]]]:
        return await reader.optional(TAGS, lambda: tags_of_places(state, reader.om.tags_of), [])

    async def of_terms() -> dict[str, list[str]]:
        return await reader.optional(TAGS, lambda: tags_of_terms(state.terms, reader.om.tags_of), {})

    labels.place_tags = await reader.bounded(TAGS, of_places, [])
    labels.terms = await reader.bounded(TAGS, of_terms, {})
    circular = labels.circular_terms
    if circular:
        context.warnings.add("TERMS_IN_A_CIRCLE", circular[0], len(circular))
    looked_at = (tables | work.read.mask(state.tables)) & tagged_columns(state)
    await reader.bounded(TAGS, partial(warn_of_missing_columns, context, state, looked_at), None)


def _current_keys(state: State) -> Array:
    """The hashes of the names that OpenMetadata has: another table may have that of one that it lacks."""
    return np.where(state.source["stamp"] != 0, state.source["key"], b"")
