"""How commands end that cannot do what they should: with a sentence on standard error and exit code 1, 130 after Ctrl-C."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import httpx
import pymysql
import typer
from redis.exceptions import RedisError
from typer.core import TyperGroup

from thirdeye.database_errors import NOT_READABLE
from thirdeye.errors import ThirdEyeError
from thirdeye.migrations import MigrationFailed
from thirdeye.settings import SettingsInvalid
from thirdeye.text import visible

_INTERRUPTED = 130


@contextmanager
def known_failures() -> Iterator[None]:
    """Ends the process with a sentence for what is known to go wrong. A defect keeps its traceback."""
    try:
        yield
    except ThirdEyeError as error:
        detail = getattr(error, "detail", "")
        _end(f"{error.message} ({detail})" if detail else error.message)
    except SettingsInvalid as error:
        _end(f"ThirdEye cannot start, a setting is wrong:\n{error}")
    except MigrationFailed as error:
        _end(str(error))
    except pymysql.err.MySQLError as error:
        is_behind = bool(error.args) and error.args[0] in NOT_READABLE
        hint = "; is the schema current? See `thirdeye migrate --status`" if is_behind else ""
        _end(f"the database refused a statement: {' '.join(map(str, error.args))}{hint}")
    except RedisError as error:
        _end(f"Redis cannot be used: {error}")
    except (OSError, TimeoutError, httpx.HTTPError) as error:
        if isinstance(error, BrokenPipeError):
            raise  # Click ends quietly when nobody reads any more.
        _end(f"something that is needed cannot be reached or read: {error or type(error).__name__}")
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
        sys.exit(_INTERRUPTED)


def _end(message: str) -> NoReturn:
    sys.exit("\n".join(map(visible, message.splitlines())))


class Commands(TyperGroup):
    """The commands, which end known failures as above."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  Typer's own copy of Click has no public name
        with known_failures():
            return super().invoke(ctx)
