"""What commands share: settings, and running something asynchronous. `failures.py` ends what goes wrong."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from thirdeye.database import MySQL, thirdeye_database
from thirdeye.errors import Unavailable
from thirdeye.migrations import check_schema
from thirdeye.settings import Settings, process_settings

Result = TypeVar("Result")


def no_observer(_name: str, _seconds: float) -> None:
    """Statements of a command are in no metric."""


def settings_or_exit() -> Settings:
    """The settings; a wrong one ends the process with a sentence."""
    return process_settings()


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of `work`."""
    return asyncio.run(work)


async def with_database(database: MySQL, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of `work` over an open database."""
    await database.start()
    try:
        return await work
    finally:
        await database.stop()


def refuse_unfit_schema(settings: Settings) -> None:
    """Ends the process where ThirdEye's schema is not one that this version may work on.

    While it cannot be reached the process starts all the same: the watch of each second tells when it can, and what it is.
    """
    database = thirdeye_database(settings, no_observer)
    with suppress(Unavailable):
        run(with_database(database, check_schema(settings, database)))
