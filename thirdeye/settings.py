"""All settings: environment variables and `.env`, typed. `docs/settings.md` lists them; a test compares the two."""

import re
from functools import lru_cache
from importlib.util import find_spec
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from thirdeye.secret_files import SecretFiles, SecretFilesUnusable
from thirdeye.setting_types import (
    ASYMMETRIC,
    SYMMETRIC,
    ClaimsMapping,
    Days,
    Identifier,
    Patterns,
    Points,
    Pool,
    Port,
    Provider,
    Seconds,
    Share,
    TracesSampler,
    Weight,
    Words,
)

# What may come out of a file named by `OM_MYSQL_PW_RO_FILE` and so on: what holds a secret, or may, and the long key.
FROM_FILES = (
    "om_mysql_pw_ro", "thirdeye_mysql_pw", "redis_url", "jwt_jwks_url", "jwt_public_key", "jwt_secret",
    "otel_exporter_otlp_endpoint", "otel_exporter_otlp_headers",
)  # fmt: skip


class SettingsInvalid(Exception):
    """A setting has a value that is not allowed; the message names each and says what is."""


class Settings(BaseSettings):
    """The settings of one process. Field `om_mysql_host` is the variable `OM_MYSQL_HOST`, and so on."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True, frozen=True)

    environment: Literal["production", "development"] = "production"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    thirdeye_host: str = "0.0.0.0"  # noqa: S104  a service in a container listens on all of its addresses
    thirdeye_port: Port = 8586
    thirdeye_processes: Annotated[int, Field(ge=1, le=64)] = 1
    keep_alive_seconds: Annotated[int, Field(ge=1, le=3600)] = 75
    max_connections: Annotated[int, Field(ge=1, le=100_000)] = 800
    max_connections_by_address: Annotated[int, Field(ge=1, le=100_000)] = 400
    worker_metrics_port: Annotated[int, Field(ge=0, le=65535)] = 0

    # OpenTelemetry's own names.
    otel_exporter_otlp_endpoint: Annotated[str | None, Field(repr=False)] = None
    otel_exporter_otlp_headers: SecretStr = SecretStr("")
    otel_exporter_otlp_protocol: Literal["http/protobuf"] = "http/protobuf"
    otel_service_name: Annotated[str, StringConstraints(min_length=1, max_length=100)] = "thirdeye"
    otel_traces_sampler: TracesSampler = "parentbased_always_on"
    otel_traces_sampler_arg: Share = 1.0
    otel_sdk_disabled: bool = False

    om_mysql_host: str = "localhost"
    om_mysql_port: Port = 3306
    om_mysql_db: Identifier = "openmetadata_db"
    om_mysql_user_ro: str = "om_ro"
    om_mysql_pw_ro: SecretStr = SecretStr("")
    om_mysql_pool_size: Pool = 10
    om_base_url: str | None = None

    thirdeye_mysql_schema: Identifier = "thirdeye"
    thirdeye_mysql_user: str = "thirdeye_rw"
    thirdeye_mysql_pw: SecretStr = SecretStr("")
    thirdeye_mysql_pool_size: Pool = 10
    mysql_acquire_timeout: Seconds = 3.0
    mysql_connect_timeout: Seconds = 3.0
    mysql_statement_timeout: Seconds = 6.0
    allow_newer_schema: bool = False

    # These may hold a password, so they are in no repr.
    redis_url: Annotated[str, Field(repr=False)] = "redis://localhost:6379/0"

    jwt_enabled: bool = True
    jwt_jwks_url: Annotated[str | None, Field(repr=False)] = None
    jwt_public_key: str | None = None
    jwt_secret: SecretStr | None = None
    jwt_algorithm: Words = ["RS256"]
    jwt_audiences: Words = ["openmetadata"]
    jwt_issuers: Words = ["open-metadata.org"]
    jwt_providers: list[Provider] = []
    jwt_principal_claims: Words = ["email", "preferred_username", "sub"]
    jwt_principal_claims_mapping: ClaimsMapping = []
    jwt_roles_claim: str = "roles"
    jwt_allow_default_key: bool = False
    jwt_revocation: Literal["off", "fail-open", "fail-closed"] = "off"
    jwt_revocation_url: str | None = None

    refresh_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    graphql_playground: bool = False
    graphql_persisted_only: bool = False
    hot_answers: bool = True
    max_requests: Annotated[int, Field(ge=1, le=10_000)] = 256
    max_exports: Annotated[int, Field(ge=1, le=1000)] = 4
    max_exports_by_caller: Annotated[int, Field(ge=1, le=1000)] = 2
    rate_limit: str = "6000/minute"
    cors_origins: Words = []

    write_roles: Words = ["Admin", "DataSteward"]
    admin_roles: Words = ["Admin"]

    zi_weight_storage: Weight = 35
    zi_weight_compute: Weight = 30
    zi_weight_query: Weight = 20
    zi_weight_others: Weight = 15
    zi_band_excellent: Points = 80
    zi_band_good: Points = 60
    zi_band_fair: Points = 40
    zi_band_poor: Points = 20
    trend_days: Days = 7
    trend_stable_points: Points = 1

    recent_days: Days = 30
    new_days: Days = 30
    active_days: Days = 30
    cooling_days: Days = 90
    stale_days: Days = 365
    observed_min_days: Days = 90
    known_min_days: Days = 90
    absent_days: Days = 4
    mass_absent_days: Days = 7
    mass_absence_hours: Annotated[int, Field(ge=1, le=720)] = 48
    mass_absence_share: Annotated[float, Field(gt=0, le=1)] = 0.20
    mass_absence_tables: Annotated[int, Field(ge=1, le=1_000_000)] = 5
    mass_absence_at_once: Annotated[int, Field(ge=1, le=1_000_000)] = 50
    metadata_in_use_days: Days = 90
    care_edit_days: Days = 90
    changes_days: Days = 90
    delete_risk: Share = 0.05
    archive_risk: Share = 0.30
    return_risk_prior: str = ""
    archive_saving: Share = 0.80
    minimum_idle_days: Annotated[int, Field(ge=0, le=3650)] = 0
    review_cost_usd: Annotated[float, Field(ge=0, le=1e9)] = 10.0
    protected_tags: Words = []
    review_cared_for: bool = False
    dismissed_days: Days = 180
    completed_days: Days = 30
    lifecycle_min_share: Annotated[float, Field(gt=0, le=1)] = 0.10
    view_text_seconds: Annotated[float, Field(ge=0, le=3600)] = 60.0
    statement_text_seconds: Annotated[float, Field(ge=0, le=3600)] = 30.0
    uncounted_users: Patterns = []
    uncounted_statements: Patterns = []
    undated_usage_services: Words = ["Postgres", "TimescaleDB"]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  nobody sets `secrets_dir`
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        files = SecretFiles(settings_cls, (dotenv_settings, env_settings), allowed=FROM_FILES)
        return init_settings, env_settings, dotenv_settings, files

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("environment", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("must start with redis://, rediss:// or unix://")
        # Raises ValueError for a port that is none.
        _ = urlsplit(value).port
        return value

    @field_validator("rate_limit")
    @classmethod
    def _rate(cls, value: str) -> str:
        if value.strip().lower() == "off":
            return "off"
        if not re.fullmatch(r"[1-9][0-9]{0,8} ?(/|per) ?([1-9][0-9]{0,3} ?)?(second|minute|hour)s?", value.strip()):
            raise ValueError("must be off, or a number per second, minute or hour, such as 600/minute")
        return value.strip()

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: list[str]) -> list[str]:
        for origin in value:
            parts = urlsplit(origin)
            if parts.scheme not in {"http", "https"} or not parts.netloc or origin.count("/") != 2:
                raise ValueError("must be origins such as https://portal.example.com, without a path; * is not allowed")
        return value

    @field_validator("jwt_jwks_url", "om_base_url", "jwt_revocation_url", "otel_exporter_otlp_endpoint")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in {"http", "https"}:
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/") if value else None

    @field_validator("otel_exporter_otlp_headers")
    @classmethod
    def _pairs(cls, value: SecretStr) -> SecretStr:
        for pair in filter(None, value.get_secret_value().split(",")):
            if not re.fullmatch(r"\s*[A-Za-z0-9_-]+=[\x21-\x7e ]+", pair):
                raise ValueError("must be name=value pairs with commas between them, each value URL-encoded")
        return value

    @field_validator("jwt_public_key")
    @classmethod
    def _pem(cls, value: str | None) -> str | None:
        if value is None:
            return None
        pem = value.replace("\\n", "\n").strip()
        if "-----BEGIN" not in pem:
            raise ValueError("must be a public key in PEM form (-----BEGIN PUBLIC KEY----- ...)")
        return pem + "\n"

    @field_validator("jwt_algorithm")
    @classmethod
    def _algorithms(cls, value: list[str]) -> list[str]:
        unknown = [name for name in value if name not in ASYMMETRIC | SYMMETRIC]
        if unknown or not value:
            raise ValueError(f"must be one or more of {', '.join(sorted(ASYMMETRIC | SYMMETRIC))}")
        return value

    @field_validator("jwt_issuers", "admin_roles", "jwt_principal_claims")
    @classmethod
    def _not_empty(cls, value: list[str]) -> list[str]:
        if not value:
            raise ValueError("must name at least one")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._check_tokens()
        self._check_requests()
        if self.traces and not _is_installed("opentelemetry.exporter.otlp.proto.http"):
            raise ValueError("OTEL_EXPORTER_OTLP_ENDPOINT: needs OpenTelemetry; install thirdeye[tracing]")
        self._check_issuers()
        if self.thirdeye_mysql_schema.lower() == self.om_mysql_db.lower():
            raise ValueError(
                "THIRDEYE_MYSQL_SCHEMA, OM_MYSQL_DB: must be two schemas, for ThirdEye only reads OpenMetadata's"
            )
        if self.zi_weight_storage + self.zi_weight_compute + self.zi_weight_query + self.zi_weight_others == 0:
            raise ValueError("ZI_WEIGHT_STORAGE, _COMPUTE, _QUERY and _OTHERS: at least one must be above 0")
        bands = [self.zi_band_excellent, self.zi_band_good, self.zi_band_fair, self.zi_band_poor]
        if bands != sorted(set(bands), reverse=True):
            raise ValueError("ZI_BAND_EXCELLENT, _GOOD, _FAIR, _POOR: must fall from one to the next")
        if self.jwt_revocation != "off" and not self.jwt_revocation_url and not self.om_base_url:
            raise ValueError("JWT_REVOCATION: needs JWT_REVOCATION_URL, or OM_BASE_URL to make it of")
        if self.delete_risk > self.archive_risk:
            raise ValueError("DELETE_RISK, ARCHIVE_RISK: the first must not be above the second")
        if self.absent_days > self.mass_absent_days:
            raise ValueError("ABSENT_DAYS, MASS_ABSENT_DAYS: the first must not be above the second")
        if not self.active_days < self.cooling_days < self.stale_days:
            raise ValueError("ACTIVE_DAYS, COOLING_DAYS, STALE_DAYS: must rise from one to the next")
        return self

    def _check_requests(self) -> None:
        if self.graphql_playground and not self.development:
            raise ValueError("GRAPHQL_PLAYGROUND: true is allowed only with ENVIRONMENT=development")
        if self.graphql_playground and self.graphql_persisted_only:
            raise ValueError(
                "GRAPHQL_PLAYGROUND, GRAPHQL_PERSISTED_ONLY: one must be false, for what GraphiQL sends is not persisted"
            )
        # Where both were said: otherwise a default would refuse what was meant.
        for first, second in (
            ("max_connections_by_address", "max_connections"),
            ("max_exports_by_caller", "max_exports"),
        ):
            if {first, second} <= self.model_fields_set and getattr(self, first) > getattr(self, second):
                raise ValueError(f"{first.upper()}, {second.upper()}: the first must not be above the second")

    def _check_issuers(self) -> None:
        issuers = [*self.jwt_issuers, *(issuer for provider in self.jwt_providers for issuer in provider.issuers)]
        if len(set(issuers)) != len(issuers):
            message = "an issuer may stand once, for its tokens are verified by one key set"
            raise ValueError(f"JWT_ISSUERS, JWT_PROVIDERS: {message}")
        domains = [domain for provider in self.jwt_providers for domain in set(provider.principal_domains)]
        if len(set(domains)) != len(domains):
            raise ValueError("JWT_PROVIDERS: a domain may stand in the principal_domains of one provider only")

    def _check_tokens(self) -> None:
        production = self.environment == "production"
        if not self.jwt_enabled:
            if production:
                raise ValueError("JWT_ENABLED: false is allowed only with ENVIRONMENT=development")
            return
        if self.jwt_jwks_url or self.jwt_public_key:
            if not ASYMMETRIC.intersection(self.jwt_algorithm):
                raise ValueError("JWT_ALGORITHM: a public key needs an RS, PS or ES algorithm, such as RS256")
        elif self.jwt_secret:
            if production:
                raise ValueError("JWT_SECRET: allowed only with ENVIRONMENT=development; set JWT_JWKS_URL")
            if "jwt_algorithm" in self.model_fields_set and not SYMMETRIC.intersection(self.jwt_algorithm):
                raise ValueError("JWT_ALGORITHM: JWT_SECRET needs HS256, HS384 or HS512")
        else:
            raise ValueError("JWT_JWKS_URL, JWT_PUBLIC_KEY or (in development) JWT_SECRET: one must be set")

    @property
    def traces(self) -> bool:
        """Whether traces are sent to a collector."""
        return self.otel_exporter_otlp_endpoint is not None and not self.otel_sdk_disabled

    @property
    def development(self) -> bool:
        return self.environment == "development"

    @property
    def may_use_default_key(self) -> bool:
        """Whether OM's public default key may verify tokens."""
        return self.development or self.jwt_allow_default_key

    @property
    def revocation_url(self) -> str:
        """Where to ask whether OM takes a token."""
        return self.jwt_revocation_url or f"{self.om_base_url}/api/v1/users/loggedInUser"


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _describe(error: ValidationError) -> str:
    lines = []
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        name = ".".join(str(part) for part in detail["loc"][:1]).upper()
        message = detail["msg"].removeprefix("Value error, ")
        lines.append(f"{name}: {message}" if name else message)
    return "\n".join(lines)


def load_settings(**overrides: Any) -> Settings:
    """Reads environment and `.env`. Raises SettingsInvalid naming each wrong setting and what is allowed."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsInvalid(_describe(error)) from None
    except SecretFilesUnusable as error:
        raise SettingsInvalid(str(error)) from None
    except (SettingsError, RecursionError) as error:
        # `error parsing value for field "jwt_providers" from source ...`
        name = next(iter(re.findall(r'field "(\w+)"', str(error))), "JWT_PROVIDERS")
        raise SettingsInvalid(f"{name.upper()}: must be JSON") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f".env cannot be read: {error}") from None


@lru_cache(maxsize=1)
def process_settings() -> Settings:
    """The settings of this process, read once."""
    return load_settings()
