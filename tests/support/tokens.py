"""Tokens and key sets made by hand from the standards, without joserfc: a second judge of what the code accepts."""

import base64
import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from thirdeye.auth.tokens import TokenRules

KEY_ID = "by-hand"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
CLAIMS = {"iss": "open-metadata.org", "sub": "admin"}
RULES = TokenRules(
    algorithms=("RS256",), issuers=frozenset({"open-metadata.org"}), audiences=frozenset({"openmetadata"})
)
_HASHES = {"RS256": hashes.SHA256(), "RS384": hashes.SHA384(), "RS512": hashes.SHA512()}


def encode(part: Any) -> str:
    """Base64url without padding, of bytes as they are or of a value as JSON."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(part: str) -> bytes:
    """What `encode` wrote."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@lru_cache(maxsize=1)
def private_key() -> rsa.RSAPrivateKey:
    """The key of the session."""
    return new_key()


def new_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """Another key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def private_key_of(pem: bytes) -> rsa.RSAPrivateKey:
    """The key in a PEM text."""
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def is_signed_by(key: rsa.RSAPrivateKey, token: str) -> bool:
    """Whether a token has a true RS256 signature of this key."""
    signed, _, signature = token.rpartition(".")
    try:
        key.public_key().verify(decode(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def public_pem(key: rsa.RSAPrivateKey | None = None) -> str:
    """The public half in PEM form."""
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return (key or private_key()).public_key().public_bytes(encoding, form).decode()


def default_modulus() -> int:
    """A modulus that begins and ends like that of OM's public default key; what lies between makes no difference."""
    begin, end = "2XTHbrS8uYv-THweGDgqRciCTZJIU0NuaPUQT43V7oQgj3EF", "qZU6c2ZisBgMu2pazPZQ"
    return int.from_bytes(base64.urlsafe_b64decode(begin + "A" * (342 - len(begin + end)) + end + "=="), "big")


def om_modulus(modulus: int) -> str:
    """A modulus as OM writes it: a leading zero byte and "=" padding."""
    raw = b"\0" + modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).decode()


def om_entry(key: rsa.RSAPrivateKey | None = None, **changes: Any) -> dict[str, Any]:
    """An entry of a key set in OM's off-standard form."""
    numbers = (key or private_key()).public_key().public_numbers()
    return {
        "kty": "RSA",
        "kid": KEY_ID,
        "n": om_modulus(numbers.n),
        "e": "AQAB",
        "alg": "RS256",
        "use": "sig",
        **changes,
    }


def sign(header: Any, payload: Any, key: rsa.RSAPrivateKey | None = None, algorithm: str = "RS256") -> str:
    """Any header and payload under a true signature; bytes are taken as they are."""
    signed = f"{encode(header)}.{encode(payload)}"
    signature = (key or private_key()).sign(signed.encode(), padding.PKCS1v15(), _HASHES[algorithm])
    return f"{signed}.{encode(signature)}"


def make_token(*, key: rsa.RSAPrivateKey | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token like OM's; `claims` and `header` change it, `...` as a value leaves one out."""
    head = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID, **(header or {})}
    body = {"iss": "open-metadata.org", "sub": "admin", "roles": ["Admin"], "exp": None, **claims}
    head, body = ({k: v for k, v in part.items() if v is not ...} for part in (head, body))
    return sign(head, body, key, head["alg"])
