"""REST as a table of routes: each is a persisted operation, so that there is one code path with GraphQL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Answers(StrEnum):
    """How an operation's data becomes a response."""

    OBJECT = "OBJECT"
    LIST = "LIST"
    CREATED = "CREATED"
    DELETED = "DELETED"


@dataclass(frozen=True, kw_only=True)
class RestRoute:
    """One method of one path.

    `query` maps parameters of the query string to variables. The fields of the variable `filter` are parameters as well.
    With `body` the other variables come as a JSON object. `versioned`: answers carry an ETag. If-Match gives the variable
    `version` of an operation that has one.
    """

    method: str
    path: str
    operation: str
    root: str
    summary: str
    answers: Answers = Answers.OBJECT
    query: Mapping[str, str] = field(default_factory=dict)
    filter: str | None = None
    body: bool = False
    versioned: bool = False


_PAGE: Final = {"limit": "first", "after": "after"}
_LIST: Final = {"status": "status", "sortBy": "sortBy", "sortDir": "sortDir", "search": "search"}
ROUTES: Final = (
    RestRoute(
        method="GET", path="/dashboard/zi-score", operation="get_zi_score_details", root="ziScore",
        summary="The newest ZI score",
    ),
    RestRoute(
        method="GET", path="/dashboard/health-history", operation="get_health_history", root="healthScoreHistory",
        summary="The score over time",
        query={"from": "from", "to": "to", "interval": "interval", "first": "first", "after": "after"},
    ),
    RestRoute(
        method="GET", path="/dashboard/budget-forecast", operation="get_budget_forecast", root="budgetForecast",
        summary="What the estate is expected to cost",
        query={"months": "months", "service": "service", "domain": "domain", "level": "level"},
    ),
    RestRoute(
        method="GET", path="/action-items", operation="list_action_items", root="actionItems",
        summary="Action items, a page at a time", answers=Answers.LIST, query={**_PAGE, **_LIST}, filter="filter",
    ),
    RestRoute(
        method="POST", path="/action-items", operation="create_action_item", root="createActionItem",
        summary="Writes a new action item", answers=Answers.CREATED, body=True, versioned=True,
    ),
    RestRoute(
        method="GET", path="/action-items/{id}", operation="get_action_item", root="actionItem",
        summary="One action item with its history", versioned=True,
    ),
    RestRoute(
        method="PATCH", path="/action-items/{id}", operation="update_action_item", root="updateActionItem",
        summary="Changes what is given of an action item", body=True, versioned=True,
    ),
    RestRoute(
        method="DELETE", path="/action-items/{id}", operation="delete_action_item", root="deleteActionItem",
        summary="Deletes an action item", answers=Answers.DELETED,
    ),
)  # fmt: skip
