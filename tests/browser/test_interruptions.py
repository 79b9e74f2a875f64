"""Each change that the page offers is stopped on its way, by a network that is gone and by a server that was asked too much,
and then made all the same: by the same press of the same button."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Request, Route, expect

from tests.browser.test_matrix import CAMPAIGN, DEEDS, ITEM, Deed, Places, address, places_of, told_that_all_is_allowed
from tests.support.api import GRAPHQL
from tests.support.browser import Tab
from tests.support.page_estate import PageEstate
from thirdeye.local.tokens import Signer

pytestmark = [pytest.mark.unmeasured, pytest.mark.starts_first]
SAID = {"gone": "cannot be reached", "busy": "You have asked a lot in a short time."}
# What goes is no place for what comes after it.
LAST = ("updateActionItem", "deleteActionItem", "updateCampaign", "deleteCampaign", "deleteActionRule")
_NOTE_PRESSES = """addEventListener("click", (event) => {
  window.pressed = event.target.closest("button, input") ?? window.pressed;
}, true);"""


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[PageEstate]:
    made = PageEstate(tmp_path_factory.mktemp("interruptions"), signer)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def busy_address(estate: PageEstate, signer: Signer) -> str:
    """Of another process of the same ThirdEye, which the caller has asked too much."""
    busy = estate.start_api(RATE_LIMIT="1/hour")
    busy.wait_until_ready()
    headers = {"content-type": "application/json", "authorization": f"Bearer {signer.token()}"}
    address = f"http://127.0.0.1:{busy.port}"
    asked = urllib.request.Request(address + GRAPHQL, b'{"documentId": "get_me"}', headers)
    with pytest.raises(urllib.error.HTTPError, match="429"):
        for _ in range(3):
            urllib.request.urlopen(asked).close()
    return address


def place_of(named: tuple[str, Deed]) -> tuple[int, bool]:
    """In which order they can be made one after the other."""
    name, deed = named
    return LAST.index(name) + 1 if name in LAST else 0, deed.view != ITEM


def is_change(request: Request) -> bool:
    """Questions and previews are none."""
    asked = json.loads(request.post_data or "{}")
    operation, variables = asked.get("documentId", "get_"), asked.get("variables", {})
    return not operation.startswith(("get_", "list_", "preview_", "simulate_", "suggest_")) and not variables.get(
        "dryRun"
    )


@pytest.fixture
def places(estate: PageEstate) -> Iterator[Places]:
    """Made for each test: what is done to them is, among others, that they go."""
    places = places_of(estate)
    yield places
    estate.ask("delete_action_item", id=places.item)
    for campaign in estate.ask("list_campaigns")["campaigns"]:
        if campaign["name"] == CAMPAIGN:
            estate.ask("delete_campaign", id=campaign["id"])


class Way:
    """The way of the page's changes to ThirdEye, and the answers of those that were made; all else always comes through."""

    def __init__(self, tab: Tab, busy_address: str) -> None:
        self.state, self._tab, self._busy = "open", tab, busy_address
        self.made: list[object] = []
        tab.page.route("**/graphql", self._pass)

    def _pass(self, route: Route) -> None:
        if not is_change(route.request):
            route.fallback()
        elif self.state == "gone":
            route.abort("internetdisconnected")
        else:
            address = route.request.url.replace(self._tab.base, self._busy if self.state == "busy" else self._tab.base)
            answer = route.fetch(url=address)
            self.made += [answer.json()] if answer.ok and "errors" not in answer.json() else []
            route.fulfill(response=answer)


def change_the_item(estate: PageEstate, places: Places) -> None:
    version = estate.ask("get_action_item", id=places.item)["actionItem"]["version"]
    estate.ask("update_action_item", id=places.item, priority=("LOW", "HIGH")[version % 2])


def change_the_campaign(estate: PageEstate, _places: Places) -> None:
    (campaign,) = (each for each in estate.ask("list_campaigns")["campaigns"] if each["name"] == CAMPAIGN)
    estate.ask("update_campaign", id=campaign["id"], input={"goalUsd": str(campaign["version"])})


# Those that say which version they rest on; `test_work` and `test_many` have the fields of items, one and many.
RESTING: dict[str, Callable[[PageEstate, Places], None]] = {
    "stageActionItem": change_the_item,
    "deleteActionItem": change_the_item,
    "updateCampaign": change_the_campaign,
}


@pytest.mark.parametrize("name", RESTING)
def test_what_somebody_else_has_changed_meanwhile_is_told_and_not_overwritten(
    open_tab: Callable[..., Tab], estate: PageEstate, places: Places, name: str
) -> None:
    def standing() -> list[object]:
        return [estate.ask("get_action_item", id=places.item), estate.ask("list_campaigns")]

    tab, deed = open_tab(expected=("Failed to load resource",)), DEEDS[name]
    tab.open(address(deed, places))
    deed.open(tab.page)
    RESTING[name](estate, places)
    theirs = standing()
    deed.do(tab.page)
    told = tab.page.locator("main").get_by_role("alert")
    expect(told.filter(has_text=re.compile("somebody", re.IGNORECASE))).to_be_visible()
    assert standing() == theirs


def test_each_change_that_was_stopped_is_made_by_the_same_press(
    open_tab: Callable[..., Tab], busy_address: str, places: Places
) -> None:
    tab = open_tab(expected=("Failed to load resource",))
    tab.page.add_init_script(_NOTE_PRESSES)
    with told_that_all_is_allowed(tab.page):
        way = Way(tab, busy_address)
        for name, deed in sorted(DEEDS.items(), key=place_of):
            tab.open(address(deed, places))
            deed.open(tab.page)
            way.made.clear()
            for state, said in SAID.items():
                way.state = state
                if state == "gone":
                    deed.do(tab.page)
                else:
                    tab.page.evaluate("pressed.click()")
                expect(tab.page.locator("main").get_by_role("alert").filter(has_text=said), name).to_be_visible()
            assert way.made == [], name
            way.state = "open"
            with tab.page.expect_response(lambda response: is_change(response.request)):
                tab.page.evaluate("pressed.click()")
            expect(tab.page.locator("main").get_by_role("alert"), name).to_have_count(0)
            assert len(way.made) == 1, name
