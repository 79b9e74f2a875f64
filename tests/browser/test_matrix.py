"""Who may what in the page: for each role and each mutation what may not be done is not offered, and refused when forced.

The table is that of the API's own test. Forced means: the page is told that its caller may do everything, and asks; it is
ThirdEye that refuses, and the page that says so.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Error as PageGone
from playwright.sync_api import Locator, Page, Route, expect

from tests.actions.test_permissions import MATRIX, WHO
from tests.support.browser import Tab
from tests.support.page_estate import PageEstate
from thirdeye.local.tokens import Signer

pytestmark = [pytest.mark.unmeasured, pytest.mark.starts_first]
ROLES = sorted(set(WHO) - {"anonymous"})
CAMPAIGN = "of nobody here"


@pytest.fixture(scope="module")
def estate(written_estate: PageEstate) -> PageEstate:
    return written_estate


@dataclass
class Places:
    """What the page is asked to change: a table and an item about it, one that is kept and approved, and a campaign."""

    fqn: str
    decided: str
    owner: str
    item: int


@pytest.fixture(scope="module")
def places(estate: PageEstate) -> Places:
    return places_of(estate)


def places_of(estate: PageEstate) -> Places:
    """Makes them."""
    owned = estate.ask("list_tables", first=100, sortBy="cost")["tables"]["edges"]
    by_owner: dict[str, list[str]] = {}
    for edge in owned:
        for owner in edge["node"]["owners"]:
            if owner["type"] == "user":
                by_owner.setdefault(owner["name"], []).append(edge["node"]["fqn"])
    owner, tables = max(by_owner.items(), key=lambda each: len(each[1]))
    fqn, decided = tables[:2]
    estate.ask("keep_table", fqn=decided, reason="it is needed", until="2026-12-31")
    estate.ask("approve_removal", fqn=decided, reason="nobody needs it")
    made = estate.ask("create_action_item", title="whose is it", table=fqn, category="PURGE", assignee="dan")
    campaign = estate.ask("create_campaign", input={"name": CAMPAIGN, "owner": "somebody"})
    assert campaign
    return Places(fqn, decided, owner, made["createActionItem"]["id"])


def button(name: str) -> Callable[[Page], Locator]:
    return lambda page: page.locator("main").get_by_role("button", name=name, exact=True)


def press(page: Page, *names: str) -> None:
    for name in names:
        button(name)(page).first.click()


def presses(*names: str) -> Callable[[Page], None]:
    return lambda page: press(page, *names)


def fill(page: Page, *labels: str) -> None:
    for label in labels:
        page.locator("main").get_by_label(label).first.fill("because")


@dataclass(frozen=True)
class Deed:
    """How the page offers a mutation, and how somebody would do it; `open` are the steps until it is offered."""

    view: str
    offered: Callable[[Page], Locator]
    do: Callable[[Page], None]
    open: Callable[[Page], None] = lambda _: None


def picked(page: Page) -> Locator:
    return page.locator(".panel").get_by_role("checkbox", name=CAMPAIGN)


def open_campaigns(page: Page) -> None:
    page.locator(".panel summary", has_text="Put it into a campaign").click()
    # Nobody's campaign is offered, or one is: either is an answer.
    page.locator(".panel .plain-list input").or_(page.get_by_text("There is no open campaign")).first.wait_for()


def open_rule(page: Page) -> None:
    page.locator(".rules button").first.click()


def change_many(page: Page) -> None:
    page.get_by_label("All of this page that you may change").check()
    page.get_by_label("Change of all that are chosen:").select_option("priority")
    page.locator(".bulk-change").get_by_label("Priority", exact=True).select_option("HIGH")
    press(page, "Look what it would change")


def change_item(page: Page) -> None:
    page.locator(".panel .edit").get_by_label("Title").fill("mine now")
    press(page, "Save")


def comment(page: Page) -> None:
    fill(page, "Comment on it")
    press(page, "Send the comment")


def create_campaign(page: Page) -> None:
    press(page, "New campaign")
    fill(page, "Name")
    press(page, "Start it")


def change_campaign(page: Page) -> None:
    press(page, f"Change “{CAMPAIGN}”")
    page.locator("form.form").get_by_label("Name").fill("mine now")
    press(page, "Save")


def set_rule(page: Page) -> None:
    open_rule(page)
    page.locator(".rules form").get_by_label("Open items at most").fill("7")
    press(page, "Look what it would do", "Set it")


def set_price(page: Page) -> None:
    page.get_by_label("Type of service").fill("Mysql")
    page.get_by_label("USD per GB and month").fill("0.1")
    press(page, "Set the price")


def confirm(what: re.Pattern[str]) -> Callable[[Page], None]:
    def do(page: Page) -> None:
        page.locator("main").get_by_role("button", name=what).first.click()
        form = page.locator("form.confirm")
        form.get_by_label("Why").fill("all of it")
        form.get_by_role("button", name="Confirm that it is complete").click()

    return do


def open_feeds(page: Page) -> None:
    card = page.locator("section.card", has=page.get_by_role("heading", name="Usage feeds and coverage"))
    card.locator("summary").first.click()
    # A service's are asked for when it is opened.
    page.locator(".feeds").first.wait_for()


def confirmation(what: re.Pattern[str]) -> Callable[[Page], Locator]:
    return lambda page: page.locator("main").get_by_role("button", name=what).first


def approve(page: Page) -> None:
    card = page.locator("section.card", has=page.get_by_role("heading", name="Approve its removal"))
    card.get_by_label("Why").fill("because")
    press(page, "Approve its removal")


def keep(page: Page) -> None:
    card = page.locator("section.card", has=page.get_by_role("heading", name="Keep this table"))
    card.get_by_label("Why").fill("because")
    press(page, "Keep this table")


def create_item(page: Page) -> None:
    page.locator("main").get_by_role("link", name="New action item").click()
    page.locator("form.form").get_by_label("Title").fill("mine now")
    press(page, "Create it")


def set_policy(page: Page) -> None:
    press(page, "Set this policy", "Yes, set it for everybody")


def set_budget(page: Page) -> None:
    page.locator("main").get_by_label("USD a month").fill("1")
    press(page, "Set it", "Yes, set it")


def of_link(page: Page) -> Locator:
    return page.locator("main").get_by_role("link", name="New action item")


ITEM, TABLE, DECIDED = "work?search=whose+is+it&item={item}", "table?fqn={fqn}", "table?fqn={decided}"
FEED, LINEAGE = re.compile("^Confirm that (?!the lineage)"), re.compile("^Confirm that the lineage")
DEEDS: dict[str, Deed] = {
    "createActionItem": Deed(TABLE, of_link, create_item),
    "updateActionItem": Deed(ITEM, button("Save"), change_item),
    "deleteActionItem": Deed(ITEM, button("Delete the item"), presses("Delete the item", "Delete it for good")),
    "updateActionItems": Deed(ITEM, lambda page: page.get_by_label("All of this page that you may change"), change_many),
    "stageActionItem": Deed(
        ITEM, button("Announce its end"), presses("Announce its end", "Yes, begin this stage")
    ),
    "commentActionItem": Deed(ITEM, button("Send the comment"), comment),
    "pickCampaignItems": Deed(ITEM, picked, lambda page: picked(page).click(), open_campaigns),
    "createCampaign": Deed("savings", button("New campaign"), create_campaign),
    "updateCampaign": Deed("savings", button(f"Change “{CAMPAIGN}”"), change_campaign),
    "deleteCampaign": Deed("savings", button("Delete the campaign"), presses("Delete the campaign", "Delete it for good")),
    "setActionRule": Deed("admin", button("New rule"), set_rule),
    "deleteActionRule": Deed("admin", button("Delete the rule"), presses("Delete the rule", "Delete it for good"), open_rule),
    "refreshEstate": Deed("admin", button("Refresh now"), presses("Refresh now")),
    "setStoragePrice": Deed("admin", button("Set the price"), set_price, lambda page: page.get_by_text("Set a price").click()),
    "confirmFeed": Deed("admin", confirmation(FEED), confirm(FEED), open_feeds),
    "confirmLineage": Deed("admin", confirmation(LINEAGE), confirm(LINEAGE), open_feeds),
    "setUncountedUse": Deed("admin", button("Set what does not count"), presses("Set what does not count")),
    "keepTable": Deed(TABLE, button("Keep this table"), keep),
    "releaseTable": Deed(DECIDED, button("Release it"), presses("Release it")),
    "approveRemoval": Deed(TABLE, button("Approve its removal"), approve),
    "withdrawApproval": Deed(DECIDED, button("Withdraw the approval"), presses("Withdraw the approval")),
    "setBudget": Deed("forecast", button("Set it"), set_budget),
    "setPolicy": Deed("trust?minimumIdleDays=700", button("Set this policy"), set_policy),
}  # fmt: skip


def test_every_mutation_is_offered_somewhere() -> None:
    assert {f"Mutation.{name}" for name in DEEDS} == {field for field in MATRIX if field.startswith("Mutation.")}


def may(who: str, name: str) -> bool:
    return who in MATRIX[f"Mutation.{name}"][1]


def token_of(signer: Signer, who: str, places: Places) -> str:
    """As in the API's test; the owner is whoever owns the table here."""
    claims = WHO[who] or {}
    return signer.token(**{**claims, **({"sub": places.owner} if who == "owner" else {})})


def address(deed: Deed, places: Places) -> str:
    return deed.view.format(item=places.item, fqn=quote(places.fqn), decided=quote(places.decided))


@pytest.mark.parametrize("who", ROLES)
def test_what_is_offered_is_what_the_matrix_says(
    open_tab: Callable[..., Tab], signer: Signer, places: Places, who: str
) -> None:
    tab = open_tab(token=token_of(signer, who, places))
    wrong, shown = [], ""
    # One view after the other, each drawn once.
    for name, deed in sorted(DEEDS.items(), key=lambda each: each[1].view):
        if deed.view != shown:
            tab.open(address(deed, places))
            shown, opened = deed.view, set[Callable[[Page], None]]()
        # Of a view that is closed to a caller nothing can be opened.
        if deed.open not in opened and (deed.view != "admin" or may(who, name)):
            opened.add(deed.open)
            deed.open(tab.page)
        is_offered = deed.offered(tab.page).count() > 0
        if is_offered != may(who, name):
            wrong.append((name, is_offered))
    assert wrong == []


@contextmanager
def told_that_all_is_allowed(page: Page) -> Iterator[None]:
    """What ThirdEye says of rights is changed on its way to the page, and that a refresh waits; nothing else is."""

    def lie(route: Route) -> None:
        asked = json.loads(route.request.post_data or "{}").get("documentId", "")
        if not asked.startswith(("get_", "list_")):
            route.continue_()
            return
        # The page may have gone on by now, and wait for it no longer.
        with suppress(PageGone):
            answer = route.fetch()
            text = answer.text()
            for right in ("mayWrite", "mayAdminister", "mayChange"):
                text = text.replace(f'"{right}":false', f'"{right}":true')
            route.fulfill(response=answer, body=text.replace('"phase":"QUEUED"', '"phase":"DONE"'))

    page.route("**/graphql", lie)
    yield
    page.unroute("**/graphql")


@pytest.mark.parametrize(
    "who", ["viewer", *(pytest.param(who, marks=pytest.mark.soak) for who in ROLES if who not in ("viewer", "admin"))]
)
def test_what_may_not_be_done_is_refused_with_a_sentence(
    open_tab: Callable[..., Tab], estate: PageEstate, signer: Signer, places: Places, who: str
) -> None:
    tab = open_tab(token=token_of(signer, who, places), expected=("Failed to load resource",))
    before = state(estate, places)
    with told_that_all_is_allowed(tab.page):
        for name, deed in sorted(DEEDS.items(), key=lambda each: each[1].view):
            if may(who, name):
                continue
            tab.open(address(deed, places))
            deed.open(tab.page)
            deed.do(tab.page)
            refused = tab.page.locator("main").get_by_role("alert").filter(has_text="You are not allowed to do this.")
            expect(refused, name).to_contain_text("Admin")
    assert state(estate, places) == before


def state(estate: PageEstate, places: Places) -> list[Any]:
    """All that a forced change would have changed."""
    kept = [estate.ask("get_table_verdict", fqn=fqn)["table"]["verdict"] for fqn in (places.fqn, places.decided)]
    asked = ("list_action_rules", "list_campaigns", "list_storage_prices", "get_policy", "list_confirmations")
    return [
        estate.ask("get_action_item", id=places.item),
        estate.ask("list_action_items", first=1)["actionItems"]["totalCount"],
        [(each["keep"], each["approval"]) for each in kept],
        *(estate.ask(each) for each in (*asked, "get_uncounted_use", "get_budget_history")),
        estate.ask("list_refresh_runs")["refreshRuns"]["edges"][:1],
    ]
