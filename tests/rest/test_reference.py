"""openapi.json is sound, says what answers are, and its two pages need nothing from elsewhere."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.support.action_estate import Estate
from thirdeye.graphql.schema import build_schema
from thirdeye.rest.openapi import openapi
from thirdeye.rest.routes import ROUTES

PREFIX = "/api/v1/thirdeye"
DOCUMENT = openapi(PREFIX, build_schema())


def schema_of(path: str, method: str, status: int) -> dict[str, Any]:
    answer = DOCUMENT["paths"][PREFIX + path][method]["responses"][str(status)]
    schema: dict[str, Any] = answer["content"]["application/json"]["schema"]
    return {**schema, "components": DOCUMENT["components"]}


def test_every_route_is_in_it() -> None:
    operations = {(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert operations == {(route.method.lower(), PREFIX + route.path) for route in ROUTES}
    ids = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len(set(ids)) == len(ids)


def test_every_schema_in_it_is_one() -> None:
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            for answer in operation["responses"].values():
                for content in answer.get("content", {}).values():
                    Draft202012Validator.check_schema(content["schema"])


@pytest.mark.anyio
async def test_answers_are_as_it_says(estate: Estate) -> None:
    rest = estate.api.client
    made = await rest.post(f"{PREFIX}/action-items", json={"title": "x", "table": "shop.main.core.going"})
    path = f"{PREFIX}/action-items/{made.json()['id']}"
    for answer, route, method, status in (
        (made, "/action-items", "post", 201),
        (await rest.get(f"{PREFIX}/action-items"), "/action-items", "get", 200),
        (await rest.get(path), "/action-items/{id}", "get", 200),
        (await rest.patch(path, json={"status": "DONE"}), "/action-items/{id}", "patch", 200),
        (await rest.patch(path, json={"dueDate": "2000-01-01"}), "/action-items/{id}", "patch", 400),
        (await rest.get(f"{PREFIX}/dashboard/health-history"), "/dashboard/health-history", "get", 200),
    ):
        assert answer.status_code == status
        errors = list(Draft202012Validator(schema_of(route, method, status)).iter_errors(answer.json()))
        assert errors == [], errors[0].message


@pytest.mark.anyio
async def test_pages_come_without_a_token_and_from_here_alone(estate: Estate) -> None:
    rest = estate.api.client
    del rest.headers["authorization"]
    assert (await rest.get(f"{PREFIX}/openapi.json")).json()["openapi"] == "3.1.0"
    for name in ("docs", "redoc"):
        page = await rest.get(f"{PREFIX}/{name}")
        assert page.headers["content-type"].startswith("text/html")
        assert "script-src 'self';" in page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        files = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(files) >= 2
        for file in files:
            assert file.startswith(f"{PREFIX}/reference/")
            assert (await rest.get(file)).status_code == 200, file
        assert f'data-url="{PREFIX}/openapi.json"' in page.text
        assert "http" not in page.text
    assert (await rest.get(f"{PREFIX}/reference/../routes.py")).status_code in {401, 404}
