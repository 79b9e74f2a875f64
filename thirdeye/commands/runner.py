"""What commands share: settings, and running something asynchronous. `failures.py` ends what goes wrong."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from thirdeye.database import MySQL
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
