"""Who is calling: tokens, keys, roles and the middleware that requires them."""

from thirdeye.auth.authenticator import Authenticator, DevelopmentAuthenticator, build_authenticator
from thirdeye.auth.principal import Principal

__all__ = ["Authenticator", "DevelopmentAuthenticator", "Principal", "build_authenticator"]
