"""Who may change what, by the roles of the token and the settings. Ownership is checked by the domains."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from thirdeye.auth.principal import DEVELOPMENT_ADMINISTRATOR, Principal
from thirdeye.errors import Forbidden
from thirdeye.settings import Settings


class CallerContext(Protocol):
    """The part of a request's context that permissions depend on."""

    @property
    def principal(self) -> Principal | None: ...
    @property
    def settings(self) -> Settings: ...


def may_administer(context: CallerContext) -> bool:
    """Whether the caller may change rules, prices and policy, and request a refresh."""
    principal = context.principal
    if principal is None:
        return False
    return principal is DEVELOPMENT_ADMINISTRATOR or not principal.roles.isdisjoint(context.settings.admin_roles)


def may_write(context: CallerContext) -> bool:
    """Whether the caller may change all action items and campaigns; without WRITE_ROLES every caller may."""
    if context.principal is None:
        return False
    roles = context.settings.write_roles
    return not roles or not context.principal.roles.isdisjoint(roles) or may_administer(context)


def is_steward(context: CallerContext) -> bool:
    """Whether the caller has one of WRITE_ROLES or is an administrator; that everybody may write makes nobody a steward."""
    principal = context.principal
    if principal is None:
        return False
    return not principal.roles.isdisjoint(context.settings.write_roles) or may_administer(context)


def administrator(context: CallerContext) -> str:
    """The caller's name. Raises Forbidden for all but administrators, naming the roles."""
    if context.principal is None or not may_administer(context):
        raise Forbidden(f"only administrators may do this: it needs {_roles(context.settings.admin_roles)}")
    return context.principal.name


def writer(context: CallerContext, *, or_else: str = "") -> str:
    """The caller's name. Raises Forbidden unless the caller may write; `or_else` tells who else may."""
    if context.principal is None or not may_write(context):
        roles = list(dict.fromkeys([*context.settings.write_roles, *context.settings.admin_roles]))
        raise Forbidden(f"you may not do this: it needs {_roles(roles)}{or_else}")
    return context.principal.name


def caller(context: CallerContext) -> str:
    """The caller's name. Raises Forbidden for a request without one."""
    if context.principal is None:
        raise Forbidden("only somebody with a token may do this")
    return context.principal.name


def caller_teams(context: CallerContext, users: Mapping[str, tuple[str, Sequence[str]]]) -> tuple[str, list[str]]:
    """The ids of the caller and of the caller's teams in OpenMetadata; empty if the directory's users lack the caller."""
    name = context.principal.name if context.principal else ""
    identifier, teams = users.get(name, ("", []))
    return identifier, list(teams)


def _roles(roles: Sequence[str]) -> str:
    return f"the role {roles[0]}" if len(roles) == 1 else f"one of the roles {', '.join(roles)}"
