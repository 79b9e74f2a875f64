"""A denied token stays denied in every form that anybody can give it without the key.

The signature is the part that nobody signed: with ECDSA (r, n - s) verifies as well as (r, s), and the last letter of a
base64url text may have spare bits. Relatives of both, all here: the three curves, RSA and HMAC, a denial of the whole text
as earlier versions kept it, and the caller who is remembered from before the denial.
"""

from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from tests.support import tokens as by_hand
from tests.support.tokens import CLAIMS, NOW
from thirdeye.auth import Authenticator, build_authenticator
from thirdeye.errors import Unauthenticated
from thirdeye.settings import load_settings

pytestmark = pytest.mark.anyio
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SECRET = "a development secret of 32 bytes!"
# By algorithm curve, hash, and the order of the curve from SEC 2.
CURVES: dict[str, tuple[Any, Any, int]] = {
    "ES256": (ec.SECP256R1(), hashes.SHA256(), int("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", 16)),
    "ES384": (
        ec.SECP384R1(), hashes.SHA384(),
        int("F" * 48 + "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16),
    ),
    "ES512": (
        ec.SECP521R1(), hashes.SHA512(),
        int("1" + "F" * 64 + "FA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409", 16),
    ),
}  # fmt: skip


def elliptic(algorithm: str, curve: Any, digest: Any, order: int) -> tuple[Authenticator, str, str]:
    """An authenticator with a set of denials, a token, and its twin."""
    key = ec.generate_private_key(curve)
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    signed = f"{by_hand.encode({'alg': algorithm})}.{by_hand.encode(CLAIMS)}"
    r, s = utils.decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(digest)))
    size = (curve.key_size + 7) // 8
    token, twin = (
        f"{signed}.{by_hand.encode(r.to_bytes(size, 'big') + each.to_bytes(size, 'big'))}" for each in (s, order - s)
    )
    return made(jwt_public_key=pem.decode(), jwt_algorithm=[algorithm]), token, twin


def made(**settings: Any) -> Authenticator:
    authenticator = build_authenticator(
        load_settings(_env_file=None, environment="development", **settings), lambda: NOW, denied=set[bytes]()
    )
    assert isinstance(authenticator, Authenticator)
    return authenticator


def denials(authenticator: Authenticator) -> set[bytes]:
    found: Any = authenticator._denied
    return found


def with_spare_bits(token: str) -> list[str]:
    """The token with other last letters that the same bytes decode from."""
    spare = {0: 0, 2: 4, 3: 2}[len(token.rpartition(".")[2]) % 4]
    place = LETTERS.index(token[-1])
    return [token[:-1] + LETTERS[place + more] for more in range(1, 2**spare)]


async def refused(authenticator: Authenticator, token: str, why: str) -> None:
    assert authenticator.cached(token) is None
    with pytest.raises(Unauthenticated, match=why):
        await authenticator.authenticate(token)


@pytest.mark.parametrize("algorithm", CURVES)
@pytest.mark.parametrize("form", ["signed part", "whole text, as it was kept before"])
async def test_the_twin_of_a_denied_signature_is_denied_too(algorithm: str, form: str) -> None:
    authenticator, token, twin = elliptic(algorithm, *CURVES[algorithm])
    # Both are good signatures, and their caller is remembered.
    for each in (token, twin):
        assert (await authenticator.authenticate(each)).name == "admin"
    text = token.rpartition(".")[0] if form == "signed part" else token
    denials(authenticator).add(sha256(text.encode()).digest())
    for each in (token, twin):
        await refused(authenticator, each, "denied")
    fresh = elliptic(algorithm, *CURVES[algorithm])
    assert (await fresh[0].authenticate(fresh[1])).name == "admin"


@pytest.mark.parametrize("algorithm", ["RS256", "HS256", "ES512"])
async def test_a_signature_has_one_text(algorithm: str) -> None:
    if algorithm == "RS256":
        authenticator, token = made(jwt_public_key=by_hand.public_pem()), by_hand.make_token()
    elif algorithm == "HS256":
        authenticator, signed = made(jwt_secret=SECRET), f"{by_hand.encode({'alg': 'HS256'})}.{by_hand.encode(CLAIMS)}"
        code = hmac.HMAC(SECRET.encode(), hashes.SHA256())
        code.update(signed.encode())
        token = f"{signed}.{by_hand.encode(code.finalize())}"
    else:
        authenticator, token, _ = elliptic(algorithm, *CURVES[algorithm])
    others = with_spare_bits(token)
    assert (await authenticator.authenticate(token)).name == "admin"
    assert bool(others) == (algorithm != "ES512")
    for other in [*others, f"{token}=", f"{token}=="]:
        await refused(authenticator, other, "malformed")
    # So that a whole text that was denied before is denied in all its forms.
    denials(authenticator).add(sha256(token.encode()).digest())
    for each in [token, *others]:
        await refused(authenticator, each, "denied|malformed")
    await authenticator.stop()


@pytest.mark.parametrize("algorithm", CURVES)
@pytest.mark.parametrize(
    "signature", [b"x", b"\0" * 64, b"\xff" * 64, b"\xff" * 96, b"\xff" * 132, b"\0" * 132, b"\xff" * 1000]
)
async def test_whatever_stands_for_a_signature_is_refused(algorithm: str, signature: bytes) -> None:
    authenticator, token, _ = elliptic(algorithm, *CURVES[algorithm])
    await refused(authenticator, f"{token.rpartition('.')[0]}.{by_hand.encode(signature)}", "does not verify")
