"""What a report tells: the answer of the persisted operation `get_report`, for an administrator."""

from typing import Any

from graphql import graphql

from thirdeye.auth.principal import Principal
from thirdeye.context import Context
from thirdeye.errors import NotFound, ThirdEyeError, Unavailable
from thirdeye.graphql.schema import build_schema
from thirdeye.resources import resource
from thirdeye.score import store
from thirdeye.services import Services, open_services
from thirdeye.settings import Settings


async def load_report(settings: Settings) -> dict[str, Any]:
    """The data of the operation, as JSON has it. Raises ThirdEyeError where there is nothing to report yet."""
    async with open_services(settings, watches=False) as services:
        # Else asking for it would begin to compute one.
        if await store.latest_score(services.thirdeye) is None:
            raise NotFound(
                "there is no score yet: `thirdeye worker` computes one, and so does the API when it is asked"
            )
        text = (resource("operations") / "get_report.graphql").read_text("utf-8")
        result = await graphql(build_schema(), text, context_value=_context(services))
        for error in result.errors or ():
            if isinstance(error.original_error, ThirdEyeError):
                raise error.original_error
            raise error
        if result.data is None:
            raise Unavailable("the report could not be made")
        return result.data


def _context(services: Services) -> Context:
    roles = frozenset(services.settings.admin_roles)
    return Context(
        principal=Principal(name="command line", roles=roles),
        request_id="report",
        thirdeye=services.thirdeye,
        score=services.score,
        estate=services.estate,
        jobs=services.jobs,
        clock=services.clock,
        settings=services.settings,
    )
