"""Who is calling: tokens, keys, the middleware that asks for them."""

from thirdeye.auth.authenticator import Authenticator, Everybody, build_authenticator
from thirdeye.auth.principal import Principal

__all__ = ["Authenticator", "Everybody", "Principal", "build_authenticator"]
