"""The browser in which the memory of the page is measured: it keeps no answers for whoever drives it."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Error

from bench.page.unwatched import script, without_kept_answers
from tests.support.browser import BrowserUnavailable, chromium, find_chromium

pytestmark = pytest.mark.unmeasured


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"an answer")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("is_watched", [True, False])
def test_no_answer_is_kept_for_a_driver(address: str, tmp_path: Path, *, is_watched: bool) -> None:
    try:
        path = find_chromium() if is_watched else script(tmp_path, find_chromium())
    except BrowserUnavailable as reason:
        pytest.skip(str(reason))
    with chromium(path) as browser:
        page = browser.new_page()
        answer = page.goto(address)
        assert answer is not None
        assert page.inner_text("body") == "an answer"
        if is_watched:
            assert answer.text() == "an answer"
        else:
            with pytest.raises(Error):
                answer.text()


def test_all_else_that_a_driver_says_stays_as_it_is() -> None:
    for asked in (b"", b'{"id":1,"method":"Page.enable"}', b'{"id":2,"method":"x","params":{"y":"Network.enable"}}'):
        assert without_kept_answers(asked).replace(b" ", b"") == asked
    changed = json.loads(without_kept_answers(b'{"id":3,"method":"Network.enable","sessionId":"s"}'))
    assert (changed["id"], changed["sessionId"]) == (3, "s")
    assert changed["params"] == {"maxTotalBufferSize": 0, "maxResourceBufferSize": 0}
