"""What administrators confirmed: that the usage, or the lineage, that OpenMetadata has of a place is complete."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thirdeye.database import MySQL
from thirdeye.inventory.columns import Mask
from thirdeye.mirror import store
from thirdeye.mirror.state import State


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """A confirmation in force. Without a database it holds for the service, without a schema for the database."""

    id: int
    kind: str
    service: str
    database_name: str | None
    schema_name: str | None


async def in_force(thirdeye: MySQL) -> list[Confirmation]:
    """All that nobody has taken back."""
    return [Confirmation(**row) for row in await store.confirmations(thirdeye)]


def confirmed_places(
    state: State, services: Sequence[str], confirmations: Sequence[Confirmation], kind: str = "FEED"
) -> Mask:
    """Which places of the state a confirmation holds for; `services`: names by service number."""
    mask = np.zeros(max(len(state.places.items), 1), np.bool_)
    for confirmation in confirmations:
        if confirmation.kind != kind:
            continue
        database, schema = confirmation.database_name, confirmation.schema_name
        for number, (service, of_database, of_schema) in enumerate(state.places.items):
            mask[number] |= (
                services[service] == confirmation.service
                and database in (None, of_database)
                and schema in (None, of_schema)
            )
    return mask
