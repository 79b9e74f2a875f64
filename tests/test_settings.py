"""Settings: a wrong value stops the start with its name and what is allowed."""

import os
from pathlib import Path
from typing import NoReturn

import pytest
from pydantic import SecretStr

from thirdeye.secret_files import MAX_BYTES
from thirdeye.settings import FROM_FILES, Settings, SettingsInvalid, load_settings

SOUND = {"JWT_JWKS_URL": "http://om/api/v1/system/config/jwks"}


def load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in {**SOUND, **variables}.items():
        monkeypatch.setenv(name, value)
    return load_settings(_env_file=None)


def test_defaults_of_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch)
    assert settings.thirdeye_port == 8586
    assert settings.refresh_minutes == 60
    assert settings.jwt_algorithm == ["RS256"]
    assert settings.jwt_audiences == ["openmetadata"]
    assert settings.jwt_issuers == ["open-metadata.org"]
    assert settings.environment == "production"
    assert settings.graphql_playground is False


@pytest.mark.parametrize("value", ["RS256,RS512", '["RS256", "RS512"]', " RS256 , RS512 "])
def test_lists_in_both_spellings(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    assert load(monkeypatch, JWT_ALGORITHM=value).jwt_algorithm == ["RS256", "RS512"]


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"REFRESH_MINUTES": "0"}, "REFRESH_MINUTES"),
        ({"REFRESH_MINUTES": "1441"}, "REFRESH_MINUTES"),
        ({"REFRESH_MINUTES": "soon"}, "REFRESH_MINUTES"),
        ({"THIRDEYE_PORT": "70000"}, "THIRDEYE_PORT"),
        ({"OM_MYSQL_DB": "a`; DROP"}, "OM_MYSQL_DB"),
        ({"THIRDEYE_MYSQL_SCHEMA": "x" * 65}, "THIRDEYE_MYSQL_SCHEMA"),
        ({"REDIS_URL": "http://x"}, "REDIS_URL"),
        ({"JWT_JWKS_URL": "ftp://x"}, "JWT_JWKS_URL"),
        ({"JWT_PUBLIC_KEY": "no key"}, "JWT_PUBLIC_KEY"),
        ({"JWT_ALGORITHM": "none"}, "JWT_ALGORITHM"),
        ({"JWT_ALGORITHM": "[]"}, "JWT_ALGORITHM"),
        ({"JWT_ALGORITHM": "[RS256"}, "JWT_ALGORITHM"),
        ({"JWT_ALGORITHM": "HS256"}, "JWT_ALGORITHM"),
        ({"JWT_ISSUERS": "[]"}, "JWT_ISSUERS"),
        ({"JWT_ENABLED": "false"}, "JWT_ENABLED"),
        ({"JWT_JWKS_URL": "", "JWT_SECRET": "s3cret"}, "JWT_SECRET"),
        ({"JWT_JWKS_URL": ""}, "JWT_JWKS_URL"),
        (
            {"JWT_JWKS_URL": "", "JWT_SECRET": "x", "ENVIRONMENT": "development", "JWT_ALGORITHM": "RS256"},
            "JWT_ALGORITHM",
        ),
        ({"ENVIRONMENT": "staging"}, "ENVIRONMENT"),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
        ({"ZI_BAND_GOOD": "90"}, "ZI_BAND_EXCELLENT"),
        ({"COOLING_DAYS": "10"}, "ACTIVE_DAYS"),
        ({f"ZI_WEIGHT_{name}": "0" for name in ("STORAGE", "COMPUTE", "QUERY", "OTHERS")}, "ZI_WEIGHT_STORAGE"),
        ({"OM_MYSQL_POOL_SIZE": "0"}, "OM_MYSQL_POOL_SIZE"),
        (
            {"ENVIRONMENT": "development", "GRAPHQL_PLAYGROUND": "true", "GRAPHQL_PERSISTED_ONLY": "true"},
            "GRAPHQL_PLAYGROUND, GRAPHQL_PERSISTED_ONLY",
        ),
        (
            {"MAX_CONNECTIONS": "100", "MAX_CONNECTIONS_BY_ADDRESS": "101"},
            "MAX_CONNECTIONS_BY_ADDRESS, MAX_CONNECTIONS",
        ),
        ({"MAX_EXPORTS": "1", "MAX_EXPORTS_BY_CALLER": "2"}, "MAX_EXPORTS_BY_CALLER, MAX_EXPORTS"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsInvalid, match=named) as caught:
        load(monkeypatch, **variables)
    assert "s3cret" not in str(caught.value)


def test_a_development_secret_brings_its_own_algorithm(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, JWT_JWKS_URL="", JWT_SECRET="s3cret", ENVIRONMENT="Development", LOG_LEVEL="debug")
    assert settings.development
    assert "s3cret" not in repr(settings)


# ---- secrets out of files


def written(folder: Path, content: str | bytes, name: str = "secret") -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


@pytest.mark.parametrize("content", ["p w\u00e9$", "p w\u00e9$\n", "p w\u00e9$\r\n", "\ufeffp w\u00e9$\n"])
def test_a_secret_comes_out_of_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str) -> None:
    settings = load(monkeypatch, OM_MYSQL_PW_RO_FILE=written(tmp_path, content))
    assert settings.om_mysql_pw_ro.get_secret_value() == "p w\u00e9$"
    assert "p w" not in repr(settings)


def test_every_secret_can_be_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is a SecretStr, or left out of the repr since it may hold a password; and the key, which has many lines."""
    may_be_secret = {
        name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation) or not field.repr
    }
    assert may_be_secret | {"jwt_public_key"} == set(FROM_FILES)
    pem = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
    settings = load(
        monkeypatch,
        REDIS_URL_FILE=written(tmp_path, "rediss://:s3cret@redis:6380/1\n", "redis"),
        JWT_PUBLIC_KEY_FILE=written(tmp_path, pem, "key"),
    )
    assert (settings.redis_url, settings.jwt_public_key) == ("rediss://:s3cret@redis:6380/1", pem)


def test_a_file_may_be_named_in_the_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = written(tmp_path, "s3cret\n")
    env = written(tmp_path, f"om_mysql_pw_ro_file={path}\nTHIRDEYE_MYSQL_PW_FILE=/nowhere\n", ".env")
    # An empty value counts as unset, and the environment wins.
    for name, value in {**SOUND, "OM_MYSQL_PW_RO": "", "THIRDEYE_MYSQL_PW_FILE": path}.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(_env_file=env)
    assert settings.om_mysql_pw_ro == settings.thirdeye_mysql_pw == SecretStr("s3cret")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("\n", "is empty"),
        (" \t\n", "is empty"),
        ("s3cret\ns3cret\n", "more than one line"),
        (b"s3cret\xff", "no text in UTF-8"),
        ("s" * (MAX_BYTES + 1), "over 64 KiB"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | bytes, said: str
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(SettingsInvalid, match=f"^THIRDEYE_MYSQL_PW_FILE: {path} .*{said}") as caught:
        load(monkeypatch, THIRDEYE_MYSQL_PW_FILE=path)
    assert "s3cret" not in str(caught.value)


def test_what_is_no_readable_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "closed").write_text("s3cret")

    def closed(path: Path, mode: str) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", closed)
    for name, said in {
        "missing": "does not exist",
        ".": "is a folder",
        "pipe": "no regular file",
        "closed": f"cannot be read; let user {os.geteuid()}",
        "closed/below": "Not a directory",
    }.items():
        with pytest.raises(SettingsInvalid, match=f"OM_MYSQL_PW_RO_FILE: .*{said}"):
            load(monkeypatch, OM_MYSQL_PW_RO_FILE=str(tmp_path / name))


def test_all_that_is_wrong_with_files_is_said_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = written(tmp_path, "s3cret")
    with pytest.raises(SettingsInvalid) as caught:
        load(monkeypatch, OM_MYSQL_PW_RO="x", OM_MYSQL_PW_RO_FILE=path, OM_MYSQL_HOST_FILE=path, JWT_SECRET_FILE="/-")
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [
        "OM_MYSQL_HOST_FILE", "OM_MYSQL_PW_RO_FILE", "JWT_SECRET_FILE",
    ]  # fmt: skip
    assert "OM_MYSQL_PW_RO is set as well" in str(caught.value)
    assert "only these can be files: JWT_JWKS_URL, " in str(caught.value)
