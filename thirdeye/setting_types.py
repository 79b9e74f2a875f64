"""What the values of settings may be."""

import json
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator
from pydantic_settings import NoDecode

ASYMMETRIC = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"})
SYMMETRIC = frozenset({"HS256", "HS384", "HS512"})


def _as_list(value: Any) -> Any:
    """A JSON list, or words with commas between them."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [word.strip() for word in value.split(",") if word.strip()]


def _check_mapping(value: list[str]) -> list[str]:
    if value and sorted(entry.partition(":")[0] for entry in value if entry.partition(":")[2]) != ["email", "username"]:
        raise ValueError("must be username:CLAIM and email:CLAIM, both")
    return value


Words = Annotated[list[str], NoDecode, BeforeValidator(_as_list)]
# As `inventory/uncounted_use.py` reads them: stars, and at least three letters in a row.
Pattern = Annotated[str, StringConstraints(pattern=r"[^*\s]{3}", max_length=200)]
Patterns = Annotated[list[Pattern], NoDecode, BeforeValidator(_as_list), Field(max_length=50)]
Days = Annotated[int, Field(ge=1, le=3650)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[int, Field(ge=0, le=1000)]
Points = Annotated[int, Field(ge=0, le=100)]
Pool = Annotated[int, Field(ge=1, le=200)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=60)]
Domain = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[^@\s]+$")]
ClaimsMapping = Annotated[Words, AfterValidator(_check_mapping)]
TracesSampler = Literal[
    "always_on", "always_off", "traceidratio",
    "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio",
]  # fmt: skip
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_$]{1,64}$")]


class Provider(BaseModel):
    """Another provider of tokens than OM: its key set, and what its tokens must say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    jwks_url: str
    issuers: Annotated[list[str], Field(min_length=1)]
    audiences: Annotated[list[str], Field(min_length=1)]
    algorithms: Annotated[list[str], Field(min_length=1)] = ["RS256"]
    # Without these, those for all providers.
    principal_claims: list[str] = []
    principal_claims_mapping: ClaimsMapping = []
    roles_claim: str | None = None
    principal_domains: list[Domain] = []

    @field_validator("jwks_url")
    @classmethod
    def _http(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"http", "https"}:
            raise ValueError("jwks_url must start with http:// or https://")
        return value

    @field_validator("algorithms")
    @classmethod
    def _public(cls, value: list[str]) -> list[str]:
        if not ASYMMETRIC.issuperset(value):
            raise ValueError(f"algorithms must be of {', '.join(sorted(ASYMMETRIC))}")
        return value
