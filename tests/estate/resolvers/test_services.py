"""Services against a second inventory."""

import pytest

from tests.support.api import Api
from tests.support.second_inventory import Judged

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]


async def test_services_tell_the_state_of_their_feed(estate: Api, judged: Judged) -> None:
    services = (
        await estate.data("{ services { name tables feed { evidence state silentSince observedDays } warnings } }")
    )["services"]
    assert {service["name"] for service in services} == {
        name for name, entry in judged.services.items() if entry["tables"]
    }
    for service in services:
        expected, feed = judged.services[service["name"]], service["feed"]
        since = expected["silent_since"]
        assert (feed["evidence"], feed["state"], feed["observedDays"], feed["silentSince"]) == (
            expected["evidence"], expected["state"], expected["observed"], since and since.isoformat(),
        ), service["name"]  # fmt: skip
        assert bool(service["warnings"]) is (expected["state"] == "SILENT")


async def test_services_are_asked_for_by_name(estate: Api) -> None:
    fields = "{ name tables databases { name tables coverage problems } }"
    services = (await estate.data(f"{{ services {fields} }}"))["services"]
    ask = f"query ($name: [String!]) {{ services(name: $name) {fields} }}"
    for service in services:
        assert (await estate.data(ask, name=[service["name"], "no such service"]))["services"] == [service]
    assert (await estate.data(ask, name=[]))["services"] == []
    assert (await estate.data(ask, name=None))["services"] == services
