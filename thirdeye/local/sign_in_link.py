"""A link that signs in once, for development: its address says nothing, and who opens it first is led on with the token."""

import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from thirdeye.local.servers import HOST

_USED = b"This link was used, or is none. Paste the token that `make run` printed, or start it anew for another link.\n"


class SignInLink:
    """Answers at `url`, on a port of its own of this machine: once with a redirect to `target`, from then on with 410."""

    def __init__(self, target: str) -> None:
        secret = secrets.token_urlsafe(16)
        unused = [target]

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                # What a browser fetches before anybody opened it would use the link up.
                is_ahead = "sec-purpose" in self.headers or "purpose" in self.headers
                # One of two at once gets it: taking from a list is one step.
                leads_to = unused.pop() if self.path == f"/{secret}" and not is_ahead and unused else None
                self.send_response(303 if leads_to else 503 if is_ahead else 410)
                if leads_to:
                    self.send_header("location", leads_to)
                body = b"" if leads_to else _USED
                self.send_header("content-type", "text/plain; charset=utf-8")
                self.send_header("content-length", str(len(body)))
                self.send_header("cache-control", "no-store")
                self.send_header("referrer-policy", "no-referrer")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:
                """Says nothing: the terminal is for people."""

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://{HOST}:{self._server.server_port}/{secret}"
        threading.Thread(target=self._server.serve_forever, name="sign-in-link", daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
