"""What each table cost on a day, as arrays, and as the bytes that are kept of it. Pure; USD a month."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import orjson

from thirdeye.inventory.columns import CHUNK, PRESENT, Array, unpack_fields
from thirdeye.inventory.domain_names import domain_path, with_parents
from thirdeye.inventory.fqn import join_fqn
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.inventory.storage_prices import storage_costs

COST_COLUMNS: Final = ("flags", "place", "domains", "size", "written", "query_cost")
# By the number of the table. `service` is an index into the names plus 1: 0 where there is no table. NaN: not known.
_FIELDS: Final = {"service": "i4", "domains": "i4", "storage": "f8", "queries": "f8"}
# What compresses at all does so at the lowest level: half of it are equal numbers.
_LEVEL: Final = 1


@dataclass(frozen=True)
class TableCosts:
    """The tables of a day by number. `domains`: of each set the FQNs of its domains and of those that they lie in."""

    services: Sequence[str]
    domains: Sequence[Sequence[str]]
    columns: Mapping[str, Array]

    @property
    def length(self) -> int:
        """One more than the highest number."""
        return len(self.columns["service"])


def costs_of(snapshot: Snapshot) -> TableCosts:
    """Those of the published estate, which must have COST_COLUMNS."""
    catalogue, directory = snapshot.catalogue, snapshot.directory
    parts = list[dict[str, Array]]()
    for number in range(catalogue.columns.chunks):
        chunk = catalogue.columns.parts(number)
        present, service = (chunk["flags"] & PRESENT) != 0, catalogue.place_service[chunk["place"]]
        usd = catalogue.tariffs.usd(catalogue.tariffs.of(service, chunk["written"], chunk["flags"]))
        part = {
            "service": service + 1,
            "domains": chunk["domains"],
            "storage": storage_costs(chunk["size"], usd, chunk["flags"]),
            "queries": chunk["query_cost"],
        }
        # Tables that are gone are zeros, which take no room.
        parts.append({name: np.where(present, part[name], 0).astype(dtype) for name, dtype in _FIELDS.items()})
    fqns = [[join_fqn(path) for path in with_parents(domain_path(domain["fqn"]))] for domain in directory["domains"]]
    return TableCosts(
        services=[service["name"] for service in directory["services"]],
        domains=[sorted({fqn for domain in members for fqn in fqns[domain]}) for members in directory["domain_sets"]],
        columns=_joined(parts),
    )


def packed(costs: TableCosts) -> Iterator[bytes]:
    """The parts that are kept: the names, then the tables CHUNK by CHUNK."""
    yield zlib.compress(orjson.dumps({"services": costs.services, "domains": costs.domains}), _LEVEL)
    for start in range(0, costs.length, CHUNK):
        part = b"".join(costs.columns[name][start : start + CHUNK].tobytes() for name in _FIELDS)
        yield zlib.compress(part, _LEVEL)


def unpacked(parts: Sequence[bytes]) -> TableCosts:
    """What `packed` kept."""
    names = orjson.loads(zlib.decompress(parts[0]))
    chunks = [unpack_fields(_FIELDS, zlib.decompress(part)) for part in parts[1:]]
    return TableCosts(names["services"], names["domains"], _joined(chunks))


def _joined(parts: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    return {
        name: np.concatenate([np.zeros(0, dtype), *(part[name] for part in parts)]) for name, dtype in _FIELDS.items()
    }
