"""What commands share: settings, and running something asynchronous with errors that people can read."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from thirdeye.database import MySQL
from thirdeye.errors import Unavailable
from thirdeye.migrations import MigrationFailed
from thirdeye.settings import Settings, SettingsInvalid, process_settings

Result = TypeVar("Result")


def no_observer(_name: str, _seconds: float) -> None:
    """Statements of a command are in no metric."""


def settings_or_exit() -> Settings:
    """The settings; ends the process with a message when one is wrong."""
    try:
        return process_settings()
    except SettingsInvalid as error:
        sys.exit(f"ThirdEye cannot start, a setting is wrong:\n{error}")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of `work`; ends the process with a message when something it needs is away."""
    try:
        return asyncio.run(work)
    except (MigrationFailed, SettingsInvalid) as error:
        sys.exit(str(error))
    except Unavailable as error:
        sys.exit(f"{error} ({getattr(error, 'detail', 'no more is known')})")


async def with_database(database: MySQL, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of `work` over an open database."""
    await database.start()
    try:
        return await work
    finally:
        await database.stop()
