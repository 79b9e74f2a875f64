"""`thirdeye config show`, `thirdeye operations manifest`."""

import json
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import typer
from pydantic import SecretStr

from thirdeye.commands.runner import settings_or_exit
from thirdeye.settings import Settings

config = typer.Typer(no_args_is_help=True, help="Shows the settings.")
operations = typer.Typer(no_args_is_help=True, help="Persisted operations.")


@config.callback()
def _config() -> None:
    """Settings."""


@config.command()
def show() -> None:
    """Prints every setting with its value; passwords, also those in addresses, as stars."""
    for name, value in shown(settings_or_exit()).items():
        typer.echo(f"{name}={value}")


def shown(settings: Settings) -> dict[str, str]:
    """The settings as text, without secrets."""
    return {name.upper(): _text(getattr(settings, name)) for name in sorted(Settings.model_fields)}


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return json.dumps([each if isinstance(each, str) else _masked(each.model_dump()) for each in value])
    return _without_password(str(value)).replace("\n", "\\n")


def _masked(provider: dict[str, Any]) -> dict[str, Any]:
    return {**provider, "jwks_url": _without_password(provider["jwks_url"])}


def _without_password(text: str) -> str:
    parts = urlsplit(text)
    if "@" not in parts.netloc:
        return text
    return urlunsplit(parts._replace(netloc=f"********@{parts.netloc.rpartition('@')[2]}"))


@operations.callback()
def _operations() -> None:
    """Persisted operations."""


@operations.command()
def manifest() -> None:
    """Prints all persisted operations as a manifest in Apollo's format."""
    from thirdeye.graphql.operations import manifest as operations_manifest

    typer.echo(json.dumps(operations_manifest(), indent=2))
