"""Lets no request pass without a valid token, except to public paths."""

from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from thirdeye.auth.authenticator import Authenticator, DevelopmentAuthenticator
from thirdeye.auth.principal import Principal
from thirdeye.edge.refusal import refuse, retry_after
from thirdeye.errors import ThirdEyeError, Unauthenticated
from thirdeye.request_state import request_state

_CHALLENGE = (b"www-authenticate", b'Bearer realm="thirdeye", error="invalid_token"')


class AuthenticationMiddleware:
    """Puts the caller into the request's state, or answers 401 (503 without keys) in OM's shape.

    `identify` gives callers whom another provider names the name that they have in OpenMetadata; without it, they have the
    one that their tokens say.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        authenticator: Authenticator | DevelopmentAuthenticator,
        is_public: Callable[[Scope], bool],
        identify: Callable[[Principal], Awaitable[Principal]] | None = None,
    ) -> None:
        self._identify = identify
        self._app = app
        self._authenticator = authenticator
        self._is_public = is_public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http" and not self._is_public(scope):
            try:
                request_state(scope).principal = await self._principal(scope)
            except ThirdEyeError as error:
                claimed = getattr(error, "claimed", None)
                if isinstance(claimed, str) and claimed.isprintable():
                    request_state(scope).claimed = claimed[:256]
                await refuse(scope, send, error, (_CHALLENGE if error.status == 401 else retry_after(1),))
                return
        await self._app(scope, receive, send)

    async def _principal(self, scope: Scope) -> Principal:
        if isinstance(self._authenticator, DevelopmentAuthenticator):
            return await self._authenticator.authenticate("")
        token = _bearer_token(scope)
        principal = self._authenticator.cached(token) or await self._authenticator.authenticate(token)
        # OpenMetadata's own tokens say who somebody is there.
        return principal if principal.identity is None or self._identify is None else await self._identify(principal)


def known_caller(authenticator: Authenticator | DevelopmentAuthenticator, scope: Scope) -> Principal | None:
    """The caller, if nothing must be waited for to know; None also for whoever is to be refused."""
    if isinstance(authenticator, DevelopmentAuthenticator):
        return authenticator.cached("")
    try:
        principal = authenticator.cached(_bearer_token(scope))
    except Unauthenticated:
        return None
    # Whom another provider names is found in OpenMetadata's users first.
    return None if principal is None or principal.identity is not None else principal


def _bearer_token(scope: Scope) -> str:
    values: list[bytes] = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(values) != 1:
        raise Unauthenticated("send exactly one Authorization header: Bearer <token>")
    scheme, _, token = values[0].decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("send the token as Authorization: Bearer <token>")
    return token.strip()
