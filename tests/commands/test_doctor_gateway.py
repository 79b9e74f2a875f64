"""`thirdeye doctor --url` behind the real gateway: what it finds there, and where somebody has changed the gateway."""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import PATIENCE
from tests.support.gateway import Gateway
from tests.support.installation import Installation, installed, serving
from tests.support.proxy_resource import ProxyResource
from tests.support.upstreams import Behaviour, Exchange, Upstream, openmetadata
from thirdeye.commands.doctor.rules import address as address_rules
from thirdeye.commands.doctor.rules import stand_in as stand_in_rules
from thirdeye.local.servers import MariaDB, Redis, free_port
from thirdeye.local.tokens import Signer

pytestmark = pytest.mark.unmeasured
# By what it is: a line of the gateway's configuration, and what stands in its place.
Edit = tuple[str, str]
STRIPS = ("proxy_set_header Authorization $http_authorization;", 'proxy_set_header Authorization "";')
NO_OPERATION_ID = ("proxy_set_header X-OM-Operation-Id $http_x_om_operation_id;", "")
NO_IF_MATCH = ("proxy_set_header If-Match $http_if_match;", "")
NO_TIMEOUT = ("proxy_read_timeout 5s;", "")
AFTER_A_HANG = (
    "error invalid_header http_503 non_idempotent;",
    "error timeout invalid_header http_503 non_idempotent;",
)
WRITES_TOO = ("proxy_next_upstream error;", "proxy_next_upstream error non_idempotent;")
NGINX_502 = ("error_page 500 502 504 = @thirdeye_unavailable;", "")
METRICS = ("location / {", "location /metrics { proxy_pass http://thirdeye; }\n    location / {")
AT_ONCE = {"read_timeout": "1s"}


@pytest.fixture(scope="module")
def installation(mariadb: MariaDB, redis_server: Redis, signer: Signer) -> Iterator[Installation]:
    with installed(mariadb, redis_server, signer) as made:
        made.environment["JWT_REVOCATION"] = "off"
        yield made


@pytest.fixture(scope="module")
def port(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """That of `thirdeye serve`."""
    with serving(installation, tmp_path_factory.mktemp("api")) as made:
        yield made


@pytest.fixture
def token_file(installation: Installation, tmp_path: Path) -> str:
    installation.report()
    file = tmp_path / "token"
    file.write_text(installation.signer.token())
    return str(file)


@pytest.fixture(autouse=True)
def _slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes long only because of this machine is no finding; what comes too early is one anywhere."""
    monkeypatch.setattr(address_rules, "_SLOW_SECONDS", PATIENCE)
    monkeypatch.setattr(stand_in_rules, "_LATE_SECONDS", PATIENCE)


@pytest.fixture
def gateway(tmp_path: Path) -> Callable[..., AbstractContextManager[str]]:
    """Makes gateways before a port; their address."""

    @contextmanager
    def start(port: int, *edits: Edit, **settings: str) -> Iterator[str]:
        def edit(text: str) -> str:
            for old, new in edits:
                assert old in text, old
                text = text.replace(old, new)
            return text

        behind = Upstream(openmetadata)
        made = Gateway(
            tmp_path / "gateway", edit=edit, openmetadata=behind.address, thirdeye=f"127.0.0.1:{port}", **settings
        )
        try:
            yield made.base
        finally:
            made.stop()
            behind.stop()

    return start


Start = Callable[..., AbstractContextManager[str]]


def codes(findings: list[dict[str, str]]) -> list[str]:
    return [each["code"] for each in findings]


def test_a_sound_installation_behind_the_gateway_has_nothing(
    installation: Installation, port: int, token_file: str, gateway: Start
) -> None:
    with gateway(port) as url:
        findings, answer, code = installation.examine("--url", url, "--token-file", token_file)
    assert (findings, code) == ([], 0), answer


def test_a_sound_installation_behind_openmetadatas_own_resource_has_nothing(
    installation: Installation, port: int, token_file: str, tmp_path: Path
) -> None:
    front = ProxyResource(tmp_path / "resource", f"127.0.0.1:{port}")
    try:
        findings, answer, code = installation.examine("--url", front.base, "--token-file", token_file)
    finally:
        front.stop()
    assert (findings, code) == ([], 0), answer


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (STRIPS, "ADDRESS_DROPS_AUTHORIZATION"),
        (NO_OPERATION_ID, "ADDRESS_DROPS_OPERATION_ID"),
        (METRICS, "ADDRESS_EXPOSES_METRICS"),
    ],
)
def test_what_somebody_changed_is_named(
    installation: Installation, port: int, token_file: str, gateway: Start, edit: Edit, expected: str
) -> None:
    with gateway(port, edit) as url:
        findings, answer, _ = installation.examine("--url", url, "--token-file", token_file)
    assert codes(findings) == [expected], answer


# ---- standing in for ThirdEye: limits and repetitions as they really are


def examine_in_place(
    installation: Installation, gateway: Start, *edits: Edit, seconds: float = PATIENCE, **settings: str
) -> Any:
    installation.report()
    port = free_port()
    with gateway(port, *edits, **settings) as url:
        return installation.examine("--url", url, "--stand-in", "--seconds", str(seconds), THIRDEYE_PORT=str(port))


def test_the_limits_of_the_gateway_as_it_is_shipped_are_sound(installation: Installation, gateway: Start) -> None:
    findings, answer, code = examine_in_place(installation, gateway)
    assert (findings, code) == ([], 0), answer
    (seen,) = [each["seen"] for each in answer["checks"] if each["name"] == "proxy"]
    # As the stand-in saw them, not as the configuration has them.
    assert seen.endswith("s and 1 tries")


@pytest.mark.parametrize(
    ("edits", "settings", "expected"),
    [
        ([], AT_ONCE, ["ADDRESS_GIVES_UP_EARLY"]),
        ([AFTER_A_HANG], {}, ["ADDRESS_REPEATS_AFTER_HANG"]),
        ([WRITES_TOO], {}, ["ADDRESS_REPEATS_WRITES"]),
        ([STRIPS], {}, ["ADDRESS_DROPS_AUTHORIZATION"]),
        ([NO_IF_MATCH], {}, ["ADDRESS_CHANGES_HEADERS"]),
        ([NGINX_502], {}, ["ADDRESS_HIDES_FAILURES"]),
    ],
)
def test_what_the_gateway_does_when_thirdeye_fails_is_named(
    installation: Installation,
    gateway: Start,
    monkeypatch: pytest.MonkeyPatch,
    edits: list[Edit],
    settings: dict[str, str],
    expected: list[str],
) -> None:
    if expected != ["ADDRESS_GIVES_UP_EARLY"]:
        # It is not what this is about, and each run would wait for five seconds.
        monkeypatch.setattr(stand_in_rules, "_EARLY_SECONDS", 0.0)
        settings = AT_ONCE
    findings, answer, _ = examine_in_place(installation, gateway, *edits, **settings)
    assert codes(findings) == expected, answer


def test_a_proxy_without_time_limits_is_named(installation: Installation, gateway: Start) -> None:
    findings, answer, _ = examine_in_place(installation, gateway, NO_TIMEOUT, seconds=10)
    assert codes(findings) == ["ADDRESS_WAITS_LONG"], answer


# ---- a proxy that folds headers


def folding(port: int) -> Behaviour:
    """Continues each value on a new line where it has a space, as was allowed until 2014."""

    def behave(exchange: Exchange) -> None:
        request = exchange.request
        if not request.target.startswith("/api/"):
            exchange.answer(404)
            return
        lines = [f"{request.method} {request.target} HTTP/1.1"]
        for name, values in request.headers.items():
            folded = values[0].replace(" ", "\r\n ") if name == "authorization" else values[0]
            lines.append(f"{name}: {'close' if name == 'connection' else folded}")
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + request.body)
            while part := connection.recv(65536):
                exchange.send(part)

    return behave


def test_a_proxy_that_folds_headers_is_named(
    installation: Installation, port: int, token_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand_in_rules, "_EARLY_SECONDS", 0.0)
    proxy = Upstream(folding(port))
    try:
        findings, answer, _ = installation.examine("--url", f"http://{proxy.address}", "--token-file", token_file)
        assert codes(findings) == ["ADDRESS_DROPS_AUTHORIZATION"], answer
        proxy.behave = folding(stand_in := free_port())
        findings, answer, _ = installation.examine(
            "--url", f"http://{proxy.address}", "--stand-in", "--seconds", "10", THIRDEYE_PORT=str(stand_in)
        )
        assert "ADDRESS_DROPS_AUTHORIZATION" in codes(findings), answer
    finally:
        proxy.stop()
