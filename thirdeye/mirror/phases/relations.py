"""RELATIONS: owners, domains and retention of tables, their own and what they inherit; what else attends to them; names."""

from collections.abc import Mapping
from functools import partial
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array
from thirdeye.inventory.directory import nobody
from thirdeye.mirror import relations
from thirdeye.mirror.buckets import id_buckets
from thirdeye.mirror.callers import read_people
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.keys import id_text
from thirdeye.mirror.labels import products_of_places, set_attention
from thirdeye.mirror.names import Names, load_directory, read_names
from thirdeye.mirror.openmetadata.source_tables import (
    CONTRACTS,
    DATABASES,
    PRODUCTS,
    RELATIONS,
    SCHEMAS,
    SERVICE_IDS,
    USERS,
    SourceTable,
)
from thirdeye.mirror.reader import OpenMetadataReader
from thirdeye.mirror.state import Index, State

# More owners are hardly meant: somebody related everybody.
_MANY_OWNERS: Final = 50


async def read_relations(context: RefreshContext, work: RefreshWork) -> None:
    """Sets owners, domains and retention of every table: its own if they changed, and all that it inherits."""
    reader, state = context.reader, work.state
    before = load_directory(await context.blobs.previous("directory"))
    # Made here and not earlier: no larger step needs it.
    work.tables_by_id = Index(state.source["id"])
    work.names = await reader.bounded(USERS, partial(read_names, reader, before, context.warnings), Names())
    known = before.get("people") or nobody()
    work.names.people = await reader.bounded(USERS, partial(read_people, reader, work.names, before), known)
    bucket_of_table = id_buckets(state.source["id"])
    buckets = await reader.changed_buckets(state.sums, "ownership", bucket_of_table[work.rekeyed])
    tables, rows = buckets.tables(bucket_of_table), buckets.rows(reader.om.ownership)
    set_ownership = partial(relations.set_ownership, state, work.tables_by_id, tables)
    odd = await reader.read_part(RELATIONS, "ownership", rows, set_ownership, 0)
    await reader.warn_of_odd_relations("ownership", odd)
    inherited, retained = relations.InheritedOwnership(), set[str]()
    hashes = dict[str, str]()
    if buckets.readable:
        for table in (SCHEMAS, DATABASES, SERVICE_IDS):
            hashes |= await _place_hashes(reader, table)
        inherited.add(await reader.om.owned_places(), hashes)
    for table in (SCHEMAS, DATABASES):
        if buckets.readable and await reader.can_read(table):
            retained.update(await reader.om.retained_places(table.name))
    relations.inherit(state, inherited, work.names)
    relations.set_retention(state, retained)
    _warn(context, work)
    await _read_attention(context, work, hashes)


async def _place_hashes(reader: OpenMetadataReader, table: SourceTable) -> dict[str, str]:
    """The hashes of places by id."""
    return {identifier: place_hash for identifier, place_hash in await reader.place_hashes(table) if place_hash}


def _warn(context: RefreshContext, work: RefreshWork) -> None:
    """Counts the tables that too many own, and those of owners and domains that OpenMetadata does not have."""
    state, names = work.state, work.names
    owners, domains = state.owner_sets.items, state.domain_sets.items
    cases = (
        ("MANY_OWNERS", "own_owners", [len(members) > _MANY_OWNERS for members in owners]),
        ("OWNER_MISSING", "own_owners", [any(map(names.is_missing, members)) for members in owners]),
        ("DOMAIN_MISSING", "own_domains", [not all(map(names.has_domain, members)) for members in domains]),
    )
    for code, column, odd in cases:
        numbers = np.flatnonzero(np.array(odd)[state.source[column]] & state.present())
        if len(numbers):
            context.warnings.add(code, _example(state, numbers), len(numbers))


def _example(state: State, numbers: Array) -> str:
    return f"table {id_text(state.source['id'][numbers[0]])}"


async def _read_attention(context: RefreshContext, work: RefreshWork, hashes: Mapping[str, str]) -> None:
    """Sets data products and contracts, test suites and followers of every table; gives those of places, and names.

    `hashes` are the FQN hashes of places by id.
    """
    reader, state, labels = context.reader, work.state, work.labels
    bucket_of_table = id_buckets(state.source["id"])
    buckets = await reader.changed_buckets(state.sums, "attention", bucket_of_table[work.rekeyed])
    tables, rows = buckets.tables(bucket_of_table), buckets.rows(reader.om.attention)
    set_all = partial(set_attention, state, work.tables_by_id, tables)
    odd = await reader.read_part(RELATIONS, "attention", rows, set_all, 0)
    await reader.warn_of_odd_relations("attention", odd)
    if not buckets.readable:
        return
    found = await reader.rows(RELATIONS, reader.om.place_products)
    of_places = [{**row, "fqn_hash": hashes[row["place"].lower()]} for row in found if row["place"].lower() in hashes]
    labels.place_products = products_of_places(state, of_places)
    kinds = {kind for products in state.product_sets.items for kind, _ in products} | {row["kind"] for row in of_places}
    for kind, table in (("dataProduct", PRODUCTS), ("dataContract", CONTRACTS)):
        if kind in kinds:
            labels.add_names(kind, await reader.rows(table, partial(reader.om.named, table.name)))
    labels.bots.update(await reader.optional(USERS, reader.om.bots, []))
