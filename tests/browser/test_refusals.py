"""What stops a change half way, by the real server: too many requests, a token that has expired, texts far too long."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.browser import Tab
from tests.support.clocks import NOON
from tests.support.page_estate import PageEstate
from tests.support.waiting import wait_for
from thirdeye.local.tokens import Signer

pytestmark = [pytest.mark.unmeasured, pytest.mark.starts_first]
NO_ANSWER = "Failed to load resource"
MILLION = 1_000_000


@pytest.fixture(scope="module")
def estate(written_estate: PageEstate) -> PageEstate:
    return written_estate


def press(inside: Locator, name: str) -> None:
    inside.get_by_role("button", name=name, exact=True).click()


def keys_of(page: Page, operation: str) -> list[str]:
    """The keys under which an operation is sent from now on."""
    keys: list[str] = []

    def note(request: Any) -> None:
        if json.loads(request.post_data or "{}").get("documentId") == operation:
            keys.append(request.headers["idempotency-key"])

    page.on("request", note)
    return keys


def comments(estate: PageEstate, id_: int) -> list[str]:
    return [each["text"] for each in estate.ask("get_action_item", id=id_)["actionItem"]["comments"]]


def test_who_asked_too_much_is_told_and_goes_on_once_it_is_over(
    open_tab: Callable[..., Tab], estate: PageEstate, signer: Signer
) -> None:
    id_ = estate.ask("create_action_item", title="too much")["createActionItem"]["id"]
    limited = estate.start_api(RATE_LIMIT="30/hour")
    limited.wait_until_ready()
    tab = open_tab(
        base=f"http://127.0.0.1:{limited.port}",
        token=signer.token(sub="stew", roles=["DataSteward"]),
        expected=(NO_ANSWER,),
    )
    tab.open(f"work?item={id_}")
    panel = tab.page.locator(".panel")
    field = panel.get_by_label("Comment on it")
    field.fill("a long thought")
    # Something else of the same person asks until it is refused.
    ask = """async () => {
      const token = sessionStorage.getItem("thirdeye-token");
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const body = JSON.stringify({ documentId: "get_me" });
      return (await fetch("../graphql", { method: "POST", headers, body })).status;
    }"""
    wait_for(lambda: tab.page.evaluate(ask) == 429)
    press(panel, "Send the comment")
    expect(panel.get_by_role("alert").filter(has_text="You have asked a lot in a short time.")).to_be_visible()
    expect(field).to_have_value("a long thought")
    assert comments(estate, id_) == []
    # The hour is over: the same server admits them again, and the same press of the button is enough.
    limited.child.kill()
    again = estate.start_api(limited.port)
    again.wait_until_ready()
    press(panel, "Send the comment")
    expect(tab.page.locator(".done-bar [role=status]")).to_have_text("The comment is there.")
    assert comments(estate, id_) == ["a long thought"]
    again.child.kill()


def test_a_token_that_expires_in_the_middle_of_a_change_costs_nothing_that_was_typed(
    open_tab: Callable[..., Tab], estate: PageEstate, signer: Signer
) -> None:
    id_ = estate.ask("create_action_item", title="too late")["createActionItem"]["id"]
    token = signer.token(exp=int((NOON + timedelta(minutes=1)).timestamp()))
    tab = open_tab(token=token, expected=(NO_ANSWER,))
    tab.open(f"work?item={id_}")
    panel = tab.page.locator(".panel")
    field = panel.get_by_label("Comment on it")
    field.fill("a long thought")
    keys = keys_of(tab.page, "comment_action_item")
    later = NOON + timedelta(minutes=5)
    estate.deployment.move_clock(later)
    try:
        tab.page.clock.set_fixed_time(later)
        press(panel, "Send the comment")
        expect(tab.page.locator(".sign-in")).to_contain_text("Your token has expired")
        expect(panel.get_by_role("alert").filter(has_text="What you wrote is still here.")).to_be_visible()
        expect(field).to_have_value("a long thought")
        assert comments(estate, id_) == []
        tab.page.get_by_label("Token", exact=True).fill(signer.token())
        tab.page.get_by_label("Token", exact=True).press("Enter")
        expect(tab.page.locator(".sign-in")).to_have_count(0)
        expect(field).to_have_value("a long thought")
        press(panel, "Send the comment")
        expect(tab.page.locator(".done-bar [role=status]")).to_have_text("The comment is there.")
    finally:
        estate.deployment.move_clock(NOON)
    # The very same request, under the same key: the second one was done, once.
    assert len(keys) == 2
    assert keys[0] == keys[1]
    assert comments(estate, id_) == ["a long thought"]


# ---- a text of a million characters

VIEWS = {
    "work?item={item}&do=dismiss": 7,
    "work?do=new": 4,
    "table?fqn={fqn}": 2,
    "savings?new": 4,
    "admin": 8,
    "forecast": 1,
    "waste": 1,
}
_FIELDS = "main textarea, main input:not([type=checkbox]):not([type=date]):not([type=number]):not([type=range]), .finder input"


def paste(page: Page, field: Locator) -> None:
    """Of the clipboard's own, as a person does it."""
    field.focus()
    page.keyboard.press("ControlOrMeta+v")


@pytest.mark.parametrize("view", VIEWS)
def test_a_million_characters_are_refused_with_a_sentence_at_the_field(
    open_tab: Callable[..., Tab], estate: PageEstate, view: str
) -> None:
    id_ = estate.ask("create_action_item", title="pasted into")["createActionItem"]["id"]
    tab = open_tab(permissions=["clipboard-read", "clipboard-write"], expected=(NO_ANSWER,))
    tab.open(view.format(item=id_, fqn=estate.names(1)[0]))
    if view.startswith("savings"):
        press(tab.page.locator("main"), "New campaign")
    if view == "admin":
        press(tab.page.locator("main"), "New rule")
        tab.page.get_by_text("Set a price").click()
    tab.page.evaluate("count => navigator.clipboard.writeText('x'.repeat(count))", MILLION)
    fields = tab.page.locator(_FIELDS).locator("visible=true")
    assert fields.count() >= VIEWS[view]
    notice = tab.page.get_by_role("alert").filter(has_text="Nothing was put in")
    for place in range(fields.count()):
        field = fields.nth(place)
        before = field.input_value()
        field.press("End")
        paste(tab.page, field)
        expect(notice).to_contain_text(f"{MILLION + len(before):,} characters")
        box, said = field.bounding_box(), notice.bounding_box()
        assert box is not None
        assert said is not None
        assert abs(said["y"] - (box["y"] + box["height"])) < 20
        expect(field).to_have_value(before)
        # Whoever goes on typing is not told any more.
        field.press("End")
        field.press_sequentially("1")
        expect(notice).to_have_count(0)
        expect(field).to_have_value(f"{before}1")
        field.press("Backspace")
