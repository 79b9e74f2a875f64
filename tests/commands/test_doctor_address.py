"""`thirdeye doctor --url`: a real API process behind a proxy, and behind one that does one thing wrong."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support import PATIENCE
from tests.support.installation import Installation, installed, serving
from tests.support.stand_in import Reply, Request, Respond, answering
from thirdeye.commands.doctor.catalogue import CATALOGUE
from thirdeye.commands.doctor.rules import address as rules
from thirdeye.commands.doctor.rules import stand_in as stand_in_rules
from thirdeye.local.servers import MariaDB, Redis, free_port
from thirdeye.local.tokens import Signer

PREFIX = "/api/v1/thirdeye/"
UNAVAILABLE = Reply(503, b'{"code": 503, "message": "ThirdEye unavailable"}')
NOT_FOUND = Reply(404, b'{"code": 404, "message": "not found"}')
OF_ONE_CONNECTION = {"connection", "content-length", "transfer-encoding", "date", "host"}


@pytest.fixture(scope="module")
def installation(mariadb: MariaDB, redis_server: Redis, signer: Signer) -> Iterator[Installation]:
    with installed(mariadb, redis_server, signer) as made:
        made.environment["JWT_REVOCATION"] = "off"
        yield made


@pytest.fixture(scope="module")
def api(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `thirdeye serve`."""
    with serving(installation, tmp_path_factory.mktemp("api")) as port:
        yield f"http://127.0.0.1:{port}"


def forwarded(base: str, request: Request, *, seconds: float = 30, failure: Reply | None = UNAVAILABLE) -> Reply:
    """The answer of the API to what came in; `failure` None: what went wrong is raised."""
    headers = {name: value for name, value in request.headers if name.lower() not in OF_ONE_CONNECTION}
    body = request.body if request.method == "POST" else None
    asked = urllib.request.Request(base + request.path, data=body, headers=headers, method=request.method)
    try:
        with urllib.request.urlopen(asked, timeout=seconds) as answer:
            return Reply(answer.status, answer.read(), without(dict(answer.headers), OF_ONE_CONNECTION))
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, error.read(), without(dict(error.headers), OF_ONE_CONNECTION))
    except OSError as error:
        if failure is None:
            # urllib wraps what happens before the answer.
            raise getattr(error, "reason", error) from error
        return failure


def without(headers: dict[str, str], names: set[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in names}


def proxy(base: str) -> Respond:
    """One that does what it should."""
    return lambda request: forwarded(base, request) if request.path.startswith(PREFIX) else NOT_FOUND


def dropping(*names: str, seconds: float = 0) -> Callable[[str], Respond]:
    """One that drops headers of requests."""

    def made(base: str) -> Respond:
        def respond(request: Request) -> Reply:
            kept = [header for header in request.headers if header[0].lower() not in names]
            if seconds:
                return forwarded(base, replace(request, headers=kept), seconds=seconds, failure=None)
            return proxy(base)(replace(request, headers=kept))

        return respond

    return made


def refusing(base: str) -> Respond:
    """One before another ThirdEye, which refuses all tokens."""
    refusal = Reply(401, b'{"code": 401, "message": "the token is signed with an unknown key"}')
    return lambda request: refusal if request.method == "POST" else proxy(base)(request)


def open_to_all(token: str) -> Callable[[str], Respond]:
    """One that adds a token of its own."""

    def made(base: str) -> Respond:
        def respond(request: Request) -> Reply:
            headers = [header for header in request.headers if header[0].lower() != "authorization"]
            return proxy(base)(replace(request, headers=[*headers, ("Authorization", f"Bearer {token}")]))

        return respond

    return made


PROXIES: dict[str, Callable[[str], Respond]] = {
    "ADDRESS_THIRDEYE_AWAY": lambda _: proxy("http://127.0.0.1:1"),
    "ADDRESS_NOT_PROXIED": lambda _: lambda _: Reply(200, b"<html>OpenMetadata</html>"),
    "ADDRESS_EXPOSES_METRICS": lambda base: lambda request: forwarded(base, request),
    "ADDRESS_DROPS_AUTHORIZATION": dropping("authorization"),
    "ADDRESS_DROPS_OPERATION_ID": dropping("x-om-operation-id"),
    "ADDRESS_DROPS_REQUEST_ID": dropping("x-request-id"),
    "ADDRESS_REFUSES_TOKEN": refusing,
}


@pytest.fixture
def token_file(installation: Installation, tmp_path: Path) -> str:
    installation.report()
    file = tmp_path / "token"
    file.write_text(f"Bearer {installation.signer.token()}\n")
    return str(file)


def test_a_sound_proxy_has_nothing(installation: Installation, api: str, token_file: str) -> None:
    with answering(proxy(api)) as url:
        findings, answer, code = installation.examine("--url", f"{url}/", "--token-file", token_file)
    assert (findings, code) == ([], 0)
    (check,) = [each for each in answer["checks"] if each["name"] == "public address"]
    assert check["state"] == "SOUND"
    assert installation.signer.token() not in json.dumps(answer)


@pytest.mark.parametrize("expected", PROXIES)
def test_what_a_proxy_does_wrong_is_named(installation: Installation, api: str, token_file: str, expected: str) -> None:
    with answering(PROXIES[expected](api)) as url:
        findings, answer, _ = installation.examine("--url", url, "--token-file", token_file)
    assert [each["code"] for each in findings] == [expected], answer


def test_a_proxy_that_lets_everybody_in(installation: Installation, api: str, token_file: str) -> None:
    with answering(open_to_all(installation.signer.token())(api)) as url:
        findings, _, code = installation.examine("--url", url, "--token-file", token_file)
    assert ([each["code"] for each in findings], code) == (["ADDRESS_OPEN"], 2)


def test_nothing_at_the_address(installation: Installation, token_file: str) -> None:
    findings, _, _ = installation.examine("--url", "http://127.0.0.1:1", "--token-file", token_file)
    assert [each["code"] for each in findings] == ["ADDRESS_UNREACHABLE"]
    assert installation.run("--url", "om.example.org").exit_code == 2


def test_a_slow_proxy(installation: Installation, api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    installation.report()
    monkeypatch.setattr(rules, "_SLOW_SECONDS", 0.0)
    with answering(proxy(api)) as url:
        findings, _, code = installation.examine("--url", url)
    assert ([each["code"] for each in findings], code) == (["ADDRESS_SLOW"], 1)


# ---- standing in for ThirdEye


def relay(
    *, again: str = "", failure: Reply = UNAVAILABLE, change: Callable[[str], Respond] | None = None
) -> Callable[[str], Respond]:
    """A proxy that gives up after half a second, and asks again what only asks; `again`: also what else."""

    def made(base: str) -> Respond:
        def respond(request: Request) -> Reply:
            for _ in range(2):
                try:
                    return change(base)(request) if change else forwarded(base, request, seconds=0.5, failure=None)
                except TimeoutError:
                    if again != "hang":
                        break
                except OSError:
                    if request.method != "GET" and again != "write":
                        break
            return failure

        return respond

    return made


RELAYS: dict[str, tuple[Callable[[str], Respond], dict[str, float]]] = {
    "ADDRESS_REPEATS_WRITES": (relay(again="write"), {}),
    "ADDRESS_REPEATS_AFTER_HANG": (relay(again="hang"), {}),
    "ADDRESS_GIVES_UP_EARLY": (relay(), {"_EARLY_SECONDS": PATIENCE}),
    "ADDRESS_WAITS_LONG": (relay(), {"_LATE_SECONDS": 0.0}),
    "ADDRESS_HIDES_FAILURES": (relay(failure=Reply(502, b"<html>")), {}),
    "ADDRESS_CHANGES_HEADERS": (relay(change=dropping("if-match", seconds=0.5)), {}),
    "ADDRESS_DROPS_AUTHORIZATION": (relay(change=dropping("authorization", seconds=0.5)), {}),
    "ADDRESS_THIRDEYE_AWAY": (lambda _: lambda _: UNAVAILABLE, {}),
}


@pytest.fixture
def stand_in(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Examines with a stand-in behind a proxy, whose limits are those of this machine."""
    installation.report()
    monkeypatch.setattr(stand_in_rules, "_EARLY_SECONDS", 0.0)
    monkeypatch.setattr(stand_in_rules, "_LATE_SECONDS", PATIENCE)

    def examine(made: Callable[[str], Respond]) -> Any:
        port = free_port()
        with answering(made(f"http://127.0.0.1:{port}")) as url:
            return installation.examine("--url", url, "--stand-in", THIRDEYE_PORT=str(port))

    return examine


def test_a_sound_proxy_gives_up_and_repeats_no_write(stand_in: Callable[..., Any]) -> None:
    findings, answer, code = stand_in(relay())
    assert (findings, code) == ([], 0), answer
    (seen,) = [each["seen"] for each in answer["checks"] if each["name"] == "proxy"]
    assert seen.endswith("1 tries")


@pytest.mark.parametrize("expected", RELAYS)
def test_what_a_proxy_does_when_thirdeye_fails_is_named(
    stand_in: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, expected: str
) -> None:
    made, limits = RELAYS[expected]
    for name, value in limits.items():
        monkeypatch.setattr(stand_in_rules, name, value)
    findings, answer, _ = stand_in(made)
    assert [each["code"] for each in findings] == [expected], answer


def test_nobody_stands_in_for_an_api_that_runs(installation: Installation, api: str) -> None:
    installation.report()
    port = api.rpartition(":")[2]
    findings, answer, code = installation.examine("--url", api, "--stand-in", THIRDEYE_PORT=port)
    assert (findings, code) == ([], 3)
    (reason,) = [each["notChecked"] for each in answer["checks"] if each["state"] == "NOT_CHECKED"]
    assert "stop `thirdeye serve` first" in reason
    assert installation.run("--stand-in").exit_code == 2


def test_every_finding_of_an_address_is_shown() -> None:
    shown = {*PROXIES, *RELAYS, "ADDRESS_OPEN", "ADDRESS_UNREACHABLE", "ADDRESS_SLOW"}
    assert shown == {code for code in CATALOGUE if code.startswith("ADDRESS_")}
