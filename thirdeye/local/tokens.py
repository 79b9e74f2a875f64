"""Tokens shaped like OM's, for development and tests: signed by a key of this machine's own."""

from pathlib import Path
from typing import Any

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

    def jwk(self, **changes: Any) -> dict[str, Any]:
        """The public key as an entry of a key set."""
        public: dict[str, Any] = dict(self._key.as_dict(private=False))
        return {**public, "kid": KEY_ID, "alg": "RS256", "use": "sig", **changes}

    def token(self, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token like OM's for an administrator; `claims` and `header` change it, `...` as a value leaves one out."""
        all_claims = {
            "iss": "open-metadata.org",
            "sub": "admin",
            "email": "admin@open-metadata.org",
            "isBot": False,
            "tokenType": "OM_USER",
            "roles": ["Admin"],
            "exp": None,
            **claims,
        }
        sound = {name: value for name, value in all_claims.items() if value is not ...}
        head = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID, **(header or {})}
        sound_head = {name: value for name, value in head.items() if value is not ...}
        return jwt.encode(sound_head, sound, self._key, algorithms=[str(sound_head["alg"])])
