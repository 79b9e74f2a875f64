"""The page when things go wrong: tokens that end, servers that are away, proxies in between, and data that means harm."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.browser import UI, Tab
from tests.support.clocks import NOON, TODAY
from tests.support.fronts import Front
from tests.support.gateway import Gateway
from tests.support.hostile import ASKED, NAMES, WRITTEN, make_hostile, write_harm
from tests.support.page_estate import PageEstate
from tests.support.proxy_resource import ProxyResource
from tests.support.waiting import wait_for
from thirdeye.local.processes import Child
from thirdeye.local.servers import ServerProblem, find_program, free_port
from thirdeye.local.tokens import Signer

pytestmark = [pytest.mark.unmeasured, pytest.mark.starts_first]
VIEWS = ("", "waste", "unlock", "table?fqn={fqn}")
# What the browser itself says of an answer that is none.
NO_ANSWER = "Failed to load resource"
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location /data/catalog/ {{
      proxy_pass http://127.0.0.1:{api}/; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_connect_timeout 5s; proxy_read_timeout 5s;
    }}
    location /hasty/ {{
      proxy_pass http://127.0.0.1:{api}/; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_read_timeout 1s;
    }}
  }}
}}
"""


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[PageEstate]:
    made = PageEstate(tmp_path_factory.mktemp("trouble"), signer, make_hostile)
    yield made
    made.stop()


def sign_in(tab: Tab, token: str) -> None:
    tab.page.get_by_label("Token", exact=True).fill(token)
    tab.page.get_by_label("Token", exact=True).press("Enter")


def sentence(page: Page) -> str:
    return page.locator(".sign-in h2").inner_text()


# ---- signing in


def test_without_a_token_nothing_is_asked(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(token=None)
    for address in ("", "waste", "unlock", "table?fqn=x"):
        tab.page.goto(f"{tab.base}{UI}{address}")
        expect(tab.page.locator(".sign-in")).to_be_visible()
        assert tab.findings() == []
    assert [url for url in tab.requests if url.endswith("/graphql")] == []


def test_a_token_is_pasted_and_stays_in_its_tab(open_tab: Callable[..., Tab], signer: Signer) -> None:
    tab = open_tab(token=None)
    tab.page.goto(f"{tab.base}{UI}")
    for wrong in ("", "nothing", "a.b.c", "Bearer", "<script>", "." * 300):
        sign_in(tab, wrong)
        expect(tab.page.get_by_role("alert")).to_be_visible()
        expect(tab.page.get_by_label("Token", exact=True)).to_have_attribute("aria-invalid", "true")
    assert [url for url in tab.requests if url.endswith("/graphql")] == []
    token = signer.token(sub="ann", exp=int((NOON + timedelta(hours=1)).timestamp()))
    sign_in(tab, f"  Bearer {token}\n")
    expect(tab.page.locator(".sign-in")).to_have_count(0)
    tab.wait_for_heading("Overview")
    expect(tab.page.locator("header")).to_contain_text("ann")
    # Nowhere else but in this tab: another one of the same person asks again.
    assert tab.page.evaluate("Object.values(localStorage).join() + document.cookie + location.href").find(token) == -1
    other = tab.page.context.new_page()
    other.goto(f"{tab.base}{UI}")
    expect(other.locator(".sign-in")).to_be_visible()
    tab.page.reload()
    tab.settle()
    expect(tab.page.locator(".sign-in")).to_have_count(0)
    tab.page.get_by_role("button", name="Sign out").click()
    expect(tab.page.locator(".sign-in")).to_be_visible()
    assert tab.page.evaluate("sessionStorage.length") == 0


def test_a_link_with_a_token_leaves_no_trace_of_it(open_tab: Callable[..., Tab], signer: Signer) -> None:
    token = signer.token()
    tab = open_tab(token=token)
    tab.open("waste?verdict=DELETE")
    assert tab.address == "waste?verdict=DELETE"
    tab.page.go_back()
    tab.page.go_forward()
    assert token not in tab.page.url
    assert not any(token in url.partition("#")[0] for url in tab.requests)


def test_a_token_that_expires_is_asked_for_anew_and_nothing_is_lost(
    open_tab: Callable[..., Tab], estate: PageEstate, signer: Signer
) -> None:
    tab = open_tab(token=signer.token(exp=int((NOON + timedelta(minutes=1)).timestamp())), expected=(NO_ANSWER,))
    tab.open()
    shown = tab.page.locator("main").inner_text()
    later = NOON + timedelta(minutes=5)
    estate.deployment.move_clock(later)
    try:
        tab.page.clock.set_fixed_time(later)
        tab.page.get_by_role("navigation", name="Main").get_by_role("link", name="Overview").click()
        tab.page.reload()
        expect(tab.page.locator(".sign-in")).to_be_visible()
        assert sentence(tab.page) == "Your token has expired"
        assert tab.page.evaluate("sessionStorage.getItem('thirdeye-token')") is None
        sign_in(tab, signer.token())
        tab.settle()
        expect(tab.page.locator(".sign-in")).to_have_count(0)
        assert tab.heading == "Overview"
        assert shown.splitlines()[0] in tab.page.locator("main").inner_text()
    finally:
        estate.deployment.move_clock(NOON)


def test_a_token_that_is_refused_is_asked_for_anew(open_tab: Callable[..., Tab], signer: Signer) -> None:
    tab = open_tab(token=Signer.generate().token(), expected=(NO_ANSWER,))
    tab.page.goto(f"{tab.base}{UI}#token={tab.token}")
    expect(tab.page.locator(".sign-in")).to_be_visible()
    assert sentence(tab.page) == "The token was refused"
    sign_in(tab, signer.token())
    tab.settle()
    expect(tab.page.locator(".figures")).to_be_visible()


# ---- servers that are away


def words(tab: Tab) -> str:
    """What stands below the heading: figures, or a sentence that says why there are none."""
    return tab.page.locator("main").inner_text().removeprefix(tab.heading).strip()


def trouble(tab: Tab) -> Locator:
    """The sentences that say what is wrong, each with a way on."""
    return tab.page.locator("main .notice", has=tab.page.get_by_role("button"))


def test_while_mysql_is_stopped_each_view_says_so_and_afterwards_all_is_back(
    open_tab: Callable[..., Tab], estate: PageEstate
) -> None:
    tab = open_tab(expected=(NO_ANSWER,))
    fqn = quote(estate.names()[0])
    tab.open()
    before = tab.page.locator(".figures").inner_text()
    estate.deployment.mariadb.kill()
    try:
        for address in VIEWS[1:]:
            tab.open(address.format(fqn=fqn))
            assert tab.heading
        tab.open()
        expect(trouble(tab)).to_contain_text("cannot be reached")
        # What the service still knows by heart is shown with its age.
        expect(tab.page.locator(".remembered .figure strong")).to_have_text(before.splitlines()[1])
        expect(tab.page.locator(".remembered")).to_contain_text("The last score that ThirdEye remembers")
        assert tab.findings() == []
    finally:
        estate.deployment.mariadb.start()
    wait_for(lambda: is_back(estate), saying=estate.deployment.log_ends)
    # It asks again by itself.
    expect(tab.page.locator(".figures")).to_be_visible()
    assert tab.page.locator(".figures").inner_text() == before
    assert trouble(tab).count() + tab.page.locator(".remembered").count() == 0


def is_back(estate: PageEstate) -> bool:
    try:
        return bool(estate.names())
    except (AssertionError, OSError):
        return False


def test_while_redis_is_stopped_all_is_as_always(open_tab: Callable[..., Tab], estate: PageEstate) -> None:
    tab = open_tab()
    fqn = quote(estate.names()[0])
    estate.deployment.redis.kill()
    try:
        for address in VIEWS:
            tab.open(address.format(fqn=fqn))
            assert tab.page.get_by_role("alert").count() == 0, words(tab)
    finally:
        estate.deployment.redis.start()


def test_who_is_offline_is_told_and_goes_on(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(expected=(NO_ANSWER,))
    tab.open("unlock")
    tab.page.context.set_offline(True)
    tab.page.get_by_role("navigation", name="Main").get_by_role("link", name="Overview").click()
    tab.wait_for_heading("Overview")
    expect(trouble(tab)).to_contain_text("cannot be reached")
    tab.page.context.set_offline(False)
    expect(tab.page.locator(".figures")).to_be_visible()
    assert trouble(tab).count() == 0


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (200, "text/html", "<h1>Sign in to the Wi-Fi</h1>"),
        (200, "application/json", "[]"),
        (200, "application/json", '{"data": null}'),
        (502, "text/html", "<html><body>Bad Gateway</body></html>"),
        (403, "text/html", "a firewall"),
        (404, "application/json", '{"code": 404}'),
        (500, "application/json", '{"errors": [{"message": "x", "extensions": {"code": "INTERNAL"}}]}'),
        (200, "application/json", '{"errors": [{"message": "<img src=x onerror=hacked()>"}]}'),
    ],
)
def test_an_answer_that_is_none_gives_a_sentence_and_a_way_on(
    open_tab: Callable[..., Tab], status: int, kind: str, body: str
) -> None:
    tab = open_tab(expected=(NO_ANSWER,))
    tab.page.route("**/graphql", lambda route: route.fulfill(status=status, content_type=kind, body=body))
    tab.open()
    expect(trouble(tab)).to_be_visible()
    passes = tab.page.get_by_role("button", name="Ask now").count() == 1
    tab.page.unroute_all()
    # What passes is asked again by itself, all else by whoever wants it.
    if not passes:
        tab.page.get_by_role("button", name="Try again").click()
    expect(tab.page.locator(".figures")).to_be_visible()
    assert trouble(tab).count() == 0


def test_who_is_asked_to_wait_waits_by_himself(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(expected=(NO_ANSWER,))
    times = []

    def busy(route: object) -> None:
        times.append(1)
        if len(times) == 1:
            route.fulfill(status=429, headers={"retry-after": "0"}, body="{}")  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    tab.page.route("**/graphql", busy)
    tab.open()
    expect(tab.page.locator(".figures")).to_be_visible()
    assert tab.page.get_by_role("alert").count() == 0


# ---- proxies in between


def test_behind_a_proxy_with_a_path_of_its_own(
    open_tab: Callable[..., Tab], estate: PageEstate, tmp_path: Path
) -> None:
    try:
        program = find_program("nginx", "nginx-light")
    except ServerProblem as reason:
        pytest.skip(str(reason))
    port = free_port()
    (tmp_path / "nginx.conf").write_text(NGINX.format(folder=tmp_path, port=port, api=estate.api.port))
    nginx = Child(
        [program, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)], log=tmp_path / "out", guarded=True
    )
    try:
        wait_for((tmp_path / "nginx.pid").exists, saying=nginx.log_end)
        # Whatever is asked beside the prefix fails the test.
        tab = open_tab(base=f"http://127.0.0.1:{port}/data/catalog")
        for address in ("", "waste?verdict=DELETE", "nothing/here", f"table?fqn={quote(estate.names()[0])}"):
            tab.open(address)
            assert tab.address == address
            assert tab.page.get_by_role("alert").count() == 0
        tab.page.get_by_role("navigation", name="Main").get_by_role("link", name="Overview").click()
        tab.wait_for_heading("Overview")
        expect(tab.page.locator(".figures")).to_be_visible()
        # From the address without a slash at its end.
        tab.page.goto(f"{tab.base}{UI[:-1]}?x=1")
        assert tab.page.url == f"{tab.base}{UI}?x=1"
        tab.settle()
        tab.expected = (NO_ANSWER,)
        told_when_slow(tab, estate, estate.names()[0])
        # One that gives up long before ThirdEye does answers 504 itself, as a page of its own.
        hasty = open_tab(base=f"http://127.0.0.1:{port}/hasty", expected=(NO_ANSWER,))
        statuses = list[int]()
        hasty.page.on("response", lambda answer: statuses.append(answer.status))
        hasty.open("unlock")
        told_when_slow(hasty, estate, estate.names()[0])
        assert 504 in statuses
    finally:
        nginx.kill()


def told_when_slow(tab: Tab, estate: PageEstate, fqn: str) -> None:
    """A statement that waits longer than is waited for it: the page says so, with a way on, and goes on by itself."""
    with estate.deployment.mariadb.connect("thirdeye") as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLES table_inventory WRITE")
        tab.page.goto(f"{tab.base}{UI}table?fqn={quote(fqn)}")
        expect(trouble(tab)).to_contain_text("The answer took too long.")
        expect(trouble(tab).get_by_role("button", name="Ask now")).to_be_visible()
        assert tab.findings() == []
        cursor.execute("UNLOCK TABLES")
    expect(tab.page.get_by_role("heading", name="What holds it back")).to_be_visible()
    tab.settle()
    assert trouble(tab).count() == 0


def gateway(folder: Path, address: str) -> Front:
    # OpenMetadata is not asked for anything, and nobody is there.
    return Gateway(folder, openmetadata=f"127.0.0.1:{free_port()}", thirdeye=address)


@pytest.mark.parametrize("made", [gateway, pytest.param(ProxyResource, id="resource")])
def test_behind_openmetadatas_address(
    open_tab: Callable[..., Tab], estate: PageEstate, tmp_path: Path, made: Callable[[Path, str], Front]
) -> None:
    front = made(tmp_path / "front", f"127.0.0.1:{estate.api.port}")
    try:
        tab = open_tab(base=front.base)
        for address in ("", "waste?verdict=DELETE", f"table?fqn={quote(estate.names()[0])}"):
            tab.open(address)
            assert tab.address == address
            assert tab.page.get_by_role("alert").count() == 0
        tab.page.get_by_role("navigation", name="Main").get_by_role("link", name="Overview").click()
        tab.wait_for_heading("Overview")
        expect(tab.page.locator(".figures")).to_be_visible()
        # It has a session of its own there, and what it writes is written.
        item = estate.ask("create_action_item", title="written behind OpenMetadata's address")["createActionItem"]
        tab.open(f"work?item={item['id']}")
        expect(tab.page.get_by_text("written behind OpenMetadata's address").first).to_be_visible()
    finally:
        front.stop()


# ---- data that means harm

WATCH_FOR_HARM = "globalThis.hacked = () => { globalThis.wasHacked = true; throw new Error('hacked'); };"
# Elements and attributes that only data taken for markup can have made.
HARM = """() => globalThis.wasHacked === true || document.querySelectorAll(
  "body script, iframe, img[src='x'], body style, [onerror], [onload], [onclick], [onmouseover], [href^='javascript:']"
).length > 0"""


def test_data_that_means_harm_is_text(open_tab: Callable[..., Tab], estate: PageEstate) -> None:
    names = estate.names(50)
    item = write_harm(estate.ask, names, str(TODAY + timedelta(days=30)))
    tab = open_tab(expected=(NO_ANSWER,))
    tab.page.add_init_script(WATCH_FOR_HARM)
    tables = [f"table?fqn={quote(name)}" for name in names[: len(NAMES)]]
    asked = [
        f"{view}?{parameter}={quote(text)}"
        for text in ASKED[:4]
        for view, parameter in (("waste", "search"), ("waste", "service"), ("table", "fqn"), ("unlock", "state"))
    ]
    seen = ""
    work = ("work", "work?status=DONE", "work?shape=board", f"work?item={item}")
    others = ("week", "savings", "forecast", "trust", "admin", "report")
    for address in ("", "waste", "unlock", *tables, *work, *others, *asked):
        tab.open(address)
        assert not tab.page.evaluate(HARM), address
        seen += tab.page.locator("body").inner_text()
    # What the walk was for: these were on the screen, letter by letter.
    assert [name for name in (*NAMES[:3], *WRITTEN) if name not in seen] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_odd_names_break_neither_layout_nor_access(
    open_tab: Callable[..., Tab], estate: PageEstate, theme: str
) -> None:
    tab = open_tab(color_scheme=theme, viewport={"width": 320, "height": 800})
    findings = {}
    for address in VIEWS:
        tab.open(address.format(fqn=quote(max(estate.names(50), key=len))))
        findings[address] = tab.findings(theme)
        if not tab.fits(320):
            findings[address].append("wider than the screen")
    assert {address: found for address, found in findings.items() if found} == {}
