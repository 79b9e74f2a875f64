"""What daily facts, forecasts and budgets are of: the whole estate, a service, a domain, or a domain within a service."""

from typing import NamedTuple

from thirdeye.inventory.fqn import digest


class Place(NamedTuple):
    """A service by name and a domain by FQN, with the domains that lie in it; None for all."""

    service: str | None = None
    domain: str | None = None

    @property
    def key(self) -> bytes:
        """The 16 bytes that stand for it in the schema."""
        # A zero byte is in no name; an empty name is none of the estate's.
        return digest(f"{self.service or ''}\0{self.domain or ''}")


EVERYTHING = Place()
