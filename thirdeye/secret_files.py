"""Secrets out of files: `OM_MYSQL_PW_RO_FILE` names the file that holds `OM_MYSQL_PW_RO`, as images of databases do it."""

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

SUFFIX = "_file"
# A key in PEM form has some kilobytes.
MAX_BYTES = 64 * 1024
# Of these alone more than one line makes sense.
_SEVERAL_LINES = frozenset({"jwt_public_key"})


class SecretFilesUnusable(Exception):
    """What is wrong with the files of secrets, a line for each; never what they hold."""


class _Unusable(Exception):
    pass


class SecretFiles(PydanticBaseSettingsSource):
    """The settings whose files the variables of these sources name, of two with the same name those of the later one."""

    def __init__(
        self,
        settings_cls: type[BaseSettings],
        named_by: Iterable[PydanticBaseSettingsSource],
        *,
        allowed: Iterable[str],
    ) -> None:
        super().__init__(settings_cls)
        self._variables: dict[str, str | None] = {}
        self._allowed = allowed
        for source in named_by:
            if isinstance(source, EnvSettingsSource):
                self._variables |= source.env_vars

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ANN401
        raise NotImplementedError  # all are read at once

    def __call__(self) -> dict[str, Any]:
        """By setting the secret. Raises SecretFilesUnusable."""
        return dict(read_secrets(self._variables, allowed=self._allowed, settings=self.settings_cls.model_fields))


def read_secrets(
    variables: Mapping[str, str | None], *, allowed: Iterable[str], settings: Iterable[str]
) -> dict[str, str]:
    """By setting what its file holds, without the line break at its end.

    `variables` are those of the process, by lower-case name; `allowed` the settings that may come out of a file, of all
    `settings`. Raises SecretFilesUnusable.
    """
    allowed, secrets, problems = set(allowed), {}, []
    for name in settings:
        path = variables.get(name + SUFFIX)
        if not path:
            continue
        try:
            if name not in allowed:
                raise _Unusable(f"only these can be files: {', '.join(sorted(each.upper() for each in allowed))}")
            if variables.get(name):
                raise _Unusable(f"{name.upper()} is set as well; keep one of the two")
            secrets[name] = _read(Path(path), several_lines=name in _SEVERAL_LINES)
        except _Unusable as problem:
            problems.append(f"{(name + SUFFIX).upper()}: {problem}")
    if problems:
        raise SecretFilesUnusable("\n".join(problems))
    return secrets


def _read(path: Path, *, several_lines: bool) -> str:
    try:
        content = _content(path)
    except FileNotFoundError:
        raise _Unusable(f"{path} does not exist; is the secret mounted?") from None
    except PermissionError:
        raise _Unusable(f"{path} cannot be read; let user {os.geteuid()}, as whom ThirdEye runs, read it") from None
    except OSError as error:
        raise _Unusable(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        # A NUL in the path, or bytes that are no text.
        raise _Unusable(f"{path} is no text in UTF-8") from None
    if not content.strip():
        raise _Unusable(f"{path} is empty; write the secret into it")
    if not several_lines and len(content.splitlines()) > 1:
        raise _Unusable(f"{path} has more than one line; it must hold the secret alone")
    return content


def _content(path: Path) -> str:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise _Unusable(f"{path} is a folder; container engines make one where the file to mount does not exist")
    # Reading a pipe or a device might never end.
    if not stat.S_ISREG(mode):
        raise _Unusable(f"{path} is no regular file")
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise _Unusable(f"{path} has over {MAX_BYTES // 1024} KiB; is it the right file?")
    # Editors put a byte order mark at the beginning, and all a line break at the end.
    return content.decode("utf-8-sig").rstrip("\r\n")
