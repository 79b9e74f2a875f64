"""ThirdEye's schema, opened as the service opens it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from thirdeye.commands.runner import no_observer
from thirdeye.database import MySQL, thirdeye_database
from thirdeye.migrations import migrate
from thirdeye.settings import Settings


@asynccontextmanager
async def open_thirdeye(settings: Settings, *, migrated: bool = True) -> AsyncIterator[MySQL]:
    """The database; all migrations are applied unless `migrated` is false."""
    thirdeye = thirdeye_database(settings, no_observer)
    await thirdeye.start()
    try:
        if migrated:
            await migrate(settings, thirdeye)
        yield thirdeye
    finally:
        await thirdeye.stop()
