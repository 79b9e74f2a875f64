"""Settings: a wrong value stops the start with its name and what is allowed."""

import pytest

from thirdeye.settings import Settings, SettingsInvalid, load_settings

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
