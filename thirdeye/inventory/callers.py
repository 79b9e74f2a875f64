"""Which user of OpenMetadata a caller is whom another provider names: by what the last refresh read."""

import asyncio
from dataclasses import replace
from typing import Final

import structlog

from thirdeye.auth.identity import People, called
from thirdeye.auth.principal import Principal
from thirdeye.errors import Unavailable
from thirdeye.inventory.directory import Directory
from thirdeye.inventory.reader import EstateReader

# A request must not wait long for the name of its caller while the database is unavailable.
_SECONDS: Final = 1.0
log = structlog.get_logger(__name__)


class Callers:
    """Names callers by the published directory; while there is none, by their tokens alone."""

    def __init__(self, estate: EstateReader) -> None:
        self._estate = estate
        self._known: tuple[Directory | None, People] = None, People()

    async def identify(self, principal: Principal) -> Principal:
        """The same caller with the name of the user of OpenMetadata, or with one that no user has."""
        if principal.identity is None:
            return principal
        name = called(principal.identity, await self.people())
        return principal if name == principal.name else replace(principal, name=name)

    async def people(self) -> People:
        """Who may sign in, as of the last refresh; nobody before the first."""
        try:
            async with asyncio.timeout(_SECONDS):
                directory = (await self._estate.snapshot()).directory
        except (Unavailable, TimeoutError):
            return self._known[1]
        except Exception as error:
            # Such as a schema without tables: nobody is known then, and nobody is refused for it.
            log.warning("people_not_read", error=type(error).__name__)
            return self._known[1]
        if directory is not self._known[0]:
            self._known = directory, people_of(directory)
        return self._known[1]


def people_of(directory: Directory) -> People:
    """Who may sign in, in a directory."""
    people = directory["people"]
    return People(names=frozenset(people["names"]), emails=people["emails"], reserved=frozenset(people["reserved"]))
