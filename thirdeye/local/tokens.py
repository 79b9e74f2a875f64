"""Tokens shaped like OM's, for development and tests: signed by a key of this machine's own."""

from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import RSAKey

KEY_ID = "thirdeye-development"


class Signer:
    """A private RSA key that signs tokens."""

    def __init__(self, pem: bytes) -> None:
        self._key = RSAKey.import_key(pem)
        self.private_pem = pem
        self.public_pem = self._key.as_pem(private=False).decode()

    @classmethod
    def generate(cls) -> "Signer":
        """With a new key of 2048 bits."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        return cls(key.private_bytes(encoding, form, serialization.NoEncryption()))

    @classmethod
    def kept_in(cls, file: Path) -> "Signer":
        """With the key in this file, made at the first time and readable by its owner alone."""
        if not file.exists():
            fresh = file.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_bytes(cls.generate().private_pem)
            fresh.rename(file)
        return cls(file.read_bytes())

    def jwk(self, **changes: object) -> dict[str, object]:
        """The public key as an entry of a key set."""
        return {**self._key.as_dict(private=False), "kid": KEY_ID, "alg": "RS256", "use": "sig", **changes}

    def token(self, *, header: Mapping[str, object] | None = None, **claims: object) -> str:
        """A token like OM's for an administrator; `claims` and `header` change it, `...` as a value leaves one out."""
        all_claims: dict[str, object] = {
            "iss": "open-metadata.org",
            "sub": "admin",
            "email": "admin@open-metadata.org",
            "isBot": False,
            "tokenType": "OM_USER",
            "roles": ["Admin"],
            "exp": None,
            **claims,
        }
        full_header = _present({"alg": "RS256", "typ": "JWT", "kid": KEY_ID, **(header or {})})
        return jwt.encode(full_header, _present(all_claims), self._key, algorithms=[str(full_header["alg"])])


def _present(members: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not ...}
