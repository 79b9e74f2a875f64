"""The page and its files through the whole application, as browsers and those who are none ask for them."""

import asyncio
import gzip
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from tests.support import PATIENCE, ROOT
from tests.support.api import GRAPHQL, Api, running
from tests.support.raw_http import serving
from thirdeye.app import UI
from thirdeye.local.tokens import Signer
from thirdeye.ui import page as page_module
from thirdeye.ui.page import Page

pytestmark = pytest.mark.anyio
PREFIX = "/api/v1/thirdeye"
FILES = {
    "page.js": "text/javascript; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "inter.woff2": "font/woff2",
    "LICENSES": "text/plain; charset=utf-8",
}


@pytest.fixture
async def api(make_settings: Callable[..., Any], signer: Signer) -> AsyncIterator[Api]:
    """Where nothing but persisted operations is answered, and the client has no token."""
    async with running(make_settings(rate_limit="off", graphql_persisted_only=True), signer) as api:
        del api.client.headers["authorization"]
        del api.client.headers["accept-encoding"]
        yield api


@pytest.fixture
def token(signer: Signer) -> dict[str, str]:
    return {"authorization": f"Bearer {signer.token()}"}


async def raw(api: Api, path: str, sent: bytes | None = None, method: str = "GET") -> tuple[int, bytes]:
    """Asks for a path that no client would leave as it is; `sent` is how it stood in the request."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode() if sent is None else sent, "query_string": b"", "root_path": "",
        "headers": [(b"host", b"thirdeye")], "client": ("127.0.0.1", 1), "server": ("thirdeye", 80),
    }  # fmt: skip
    messages: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    await api.app(scope, receive, send)
    return messages[0]["status"], b"".join(message.get("body", b"") for message in messages[1:])


def root_in(text: str) -> str:
    """Where the page looks for its files: in all places that say so."""
    roots = set(re.findall(r'data-root="([^"]*)"', text))
    for name in ("page.css", "page.js", "inter.woff2"):
        roots |= set(re.findall(rf'(?:href|src)="([^"]*){re.escape(name)}"', text))
    (root,) = roots
    return str(root)


# ---- the page


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("", None),
        ("waste", None),
        ("table", None),
        ("nothing/here", None),
        ("nothing/here/", None),
        ("a/b/c/d/e/f", None),
        ("page.js/x", None),
        ("PAGE.JS", None),
        ("a/b", "a%2fb"),
        ("a/b/c", "a%2Fb/c"),
        ("ü/😀", "%C3%BC/%F0%9F%98%80"),
        ("x" * 5000, None),
    ],
)
async def test_any_address_gives_the_page_that_finds_its_files(api: Api, address: str, sent: str | None) -> None:
    wanted = UI + (sent or address)
    status, body = await raw(api, UI + address, wanted.encode())
    text = body.decode()
    assert status == 200
    assert text.startswith("<!doctype html>")
    # As a browser finds them: by what stands in its address.
    assert httpx.URL(f"http://thirdeye{wanted}").join(f"{root_in(text)}page.js").path == f"{UI}page.js"


async def test_what_was_asked_is_never_in_the_page(api: Api) -> None:
    for odd in ('"><script>alert(1)</script>', "{root}", "{0}", "%s", "\0", "\rset-cookie: x=y", "'", "javascript:x"):
        status, body = await raw(api, UI + odd)
        assert (status, body) == await raw(api, f"{UI}{'x/' * odd.count('/')}x"), odd


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        (f"{UI}../graphql", f"{UI}../graphql"),
        (f"{UI}../graphql", f"{UI}%2e%2e/graphql"),
        (f"{UI}../graphql", f"{UI}..%2fgraphql"),
        (f"{UI}../../../../etc/passwd", f"{UI}%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd"),
        (f"{UI}../page.py", f"{UI}../page.py"),
        (f"{UI}static/../../page.py", f"{UI}static/../../page.py"),
        (f"{UI}page.js\0", f"{UI}page.js%00"),
        (f"{UI}page.js\0.css", f"{UI}page.js%00.css"),
        (f"{UI}..\\page.py", f"{UI}..%5cpage.py"),
        (f"{UI}/etc/passwd", f"{UI}/etc/passwd"),
    ],
)
async def test_no_trick_of_a_path_leaves_the_folder(api: Api, path: str, sent: str) -> None:
    status, body = await raw(api, path, sent.encode())
    assert status == 200
    assert body.startswith(b"<!doctype html>")
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert (await raw(api, path, sent.encode(), method))[0] == 401


@pytest.mark.parametrize(
    "path",
    [
        f"{PREFIX}/ui../graphql",
        f"{PREFIX}/uix",
        f"{PREFIX}/ui;x",
        f"{PREFIX}/UI/",
        f"{PREFIX}/ui%2f",
        GRAPHQL,
        f"/{UI}",
    ],
)
async def test_nothing_beside_it_is_public(api: Api, path: str) -> None:
    assert (await raw(api, path))[0] == 401


async def test_from_the_address_without_a_slash_it_leads_on_whatever_stands_before(api: Api) -> None:
    for query in ("", "?x=1&y=%0d%0aa"):
        answer = await api.client.get(f"{PREFIX}/ui{query}", headers={"host": "evil.example"})
        assert (answer.status_code, answer.headers["location"]) == (307, f"ui/{query}")
        assert answer.headers["cache-control"] == "no-cache"


async def test_what_a_browser_may_do_with_it(api: Api) -> None:
    for address in ("", "deep/er", "page.js", "page.css"):
        headers = (await api.client.get(UI + address)).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["font-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
        assert "unsafe" not in headers["content-security-policy"]
        assert "http" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in headers
    page = (await api.client.get(UI)).text
    # Nothing inline, nothing from elsewhere.
    assert re.findall(r"<script[^>]*>(?!</script>)", page) == []
    assert re.findall(r'<style|\sstyle=|\son\w+=|https?:|src="//', page) == []


async def test_where_only_persisted_operations_are_answered_the_page_asks_what_is(
    api: Api, token: dict[str, str]
) -> None:
    sources = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "ui" / "src").rglob("*.ts*")))
    asked = set(re.findall(r"""\b(?:useQuery|ask)<(?:[^<>()]|<[^<>()]*>)*>\(\s*"(\w+)\"""", sources))
    assert "get_overview" in asked
    assert sorted(asked - {path.stem for path in (ROOT / "operations").glob("*.graphql")}) == []
    answer = await api.client.post(GRAPHQL, json={"query": "{ ziScore { score } }"}, headers=token)
    assert "data" not in answer.json()
    answer = await api.client.post(GRAPHQL, json={"documentId": "get_zi_score"}, headers=token)
    assert "errors" not in answer.json()


# ---- its files


@pytest.mark.parametrize("name", FILES)
async def test_files_come_with_their_types(api: Api, name: str) -> None:
    answer = await api.client.get(UI + name)
    assert (answer.status_code, answer.headers["content-type"]) == (200, FILES[name])
    assert answer.content == (ROOT / "thirdeye" / "ui" / "static" / name).read_bytes()
    assert "content-encoding" not in answer.headers


async def test_there_are_no_other_files(api: Api) -> None:
    assert {path.name for path in (ROOT / "thirdeye" / "ui" / "static").iterdir()} == set(FILES)


@pytest.mark.parametrize("address", ["", "deep/er", *FILES])
async def test_who_has_it_is_told_so(api: Api, address: str) -> None:
    first = await api.client.get(UI + address)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache"
    for known in (tag, f'"other", {tag}', tag.removeprefix("W/")):
        again = await api.client.get(UI + address, headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert "content-security-policy" in again.headers
    changed = await api.client.get(UI + address, headers={"if-none-match": 'W/"of another version"'})
    assert changed.status_code == 200


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True), ("gzip, deflate, br, zstd", True), ("br;q=1.0, GZIP;q=0.8", True), ("identity", False), ("", False),
        ("gzip;q=0", False), ("gzip; q=0.0, br", False), ("xgzip", False),
    ],
)  # fmt: skip
async def test_what_shrinks_is_compressed_for_who_takes_it(api: Api, accepted: str, compressed: bool) -> None:
    for address in ("", "page.js", "page.css", "LICENSES"):
        async with api.client.stream("GET", UI + address, headers={"accept-encoding": accepted}) as answer:
            body = b"".join([part async for part in answer.aiter_raw()])
        assert (answer.headers.get("content-encoding") == "gzip") == compressed
        assert int(answer.headers["content-length"]) == len(body)
        assert "accept-encoding" in answer.headers["vary"]
        plain = (await api.client.get(UI + address)).content
        assert (gzip.decompress(body) if compressed else body) == plain
    font = await api.client.get(f"{UI}inter.woff2", headers={"accept-encoding": accepted})
    assert "content-encoding" not in font.headers


async def test_other_methods_are_refused_and_told_which_are_not(api: Api, token: dict[str, str]) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"):
        for address in ("", "page.js", "deep/er"):
            assert (await api.client.request(method, UI + address)).status_code == 401
            answer = await api.client.request(method, UI + address, headers=token)
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
            assert answer.json()["code"] == 405


async def test_head_says_what_get_would_without_a_body() -> None:
    async with serving(Page(UI)) as port:
        for address in ("", "page.js", "inter.woff2"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"HEAD {UI}{address} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
            head, _, body = (await asyncio.wait_for(reader.read(), PATIENCE)).partition(b"\r\n\r\n")
            writer.close()
            assert head.startswith(b"HTTP/1.1 200")
            assert int(re.findall(rb"content-length: (\d+)", head)[0]) > 500
            assert body == b""


# ---- what it leaves behind


async def test_metrics_have_one_name_for_all_of_it(api: Api) -> None:
    for address in ("", "waste", "x/y/z", "page.js", "../graphql"):
        await raw(api, UI + address)
    await raw(api, f"{PREFIX}/uix")
    metrics = (await api.client.get("/metrics")).text
    routes = set(re.findall(r'thirdeye_http_requests_total\{[^}]*route="([^"]*)"', metrics))
    assert routes == {f"{PREFIX}/ui", "other"}


def test_addresses_that_somebody_makes_up_are_not_kept() -> None:
    for depth in range(100):
        page_module._page(depth)
    assert page_module._page.cache_info().currsize <= 8
