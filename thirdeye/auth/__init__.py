"""Who is calling: tokens, keys, the middleware that asks for them."""

from thirdeye.auth.authenticator import Authenticator, DevelopmentAuthenticator, build_authenticator
from thirdeye.auth.principal import Principal

__all__ = ["Authenticator", "DevelopmentAuthenticator", "Principal", "build_authenticator"]
