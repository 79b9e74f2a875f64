"""The gateway's configuration: what is rendered from which settings, what is refused, and its variants."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.support import ROOT
from tests.support.gateway import nginx_program, render, write_configuration
from thirdeye.graphql.operations import manifest

FOLDER = ROOT / "deploy" / "gateway"
TEMPLATE = (FOLDER / "nginx.conf.template").read_text(encoding="utf-8")


def setting_names() -> set[str]:
    return set(re.findall(r"^(GATEWAY_[A-Z_]+)=", (FOLDER / "gateway.env").read_text(encoding="utf-8"), re.MULTILINE))


def check(folder: Path, gateway: str) -> str:
    """What nginx says of a configuration."""
    command = [nginx_program(), "-t", "-c", str(write_configuration(folder, gateway)), "-p", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def test_the_file_of_settings_holds_the_defaults() -> None:
    assert render(str(FOLDER / "gateway.env")).stdout == render().stdout != ""
    documented = (ROOT / "docs" / "gateway.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(GATEWAY_[A-Z_]+)` \|", documented, re.MULTILINE)) == setting_names()


def test_nginx_accepts_what_is_rendered(tmp_path: Path) -> None:
    several = render(access_log=str(tmp_path / "log"), thirdeye="127.0.0.1:1 [::1]:2 localhost:3", listen="[::1]:8585")
    for done in (render(access_log=str(tmp_path / "log")), several):
        assert (done.returncode, done.stderr, "${" in done.stdout) == (0, "", False)
        assert "test is successful" in check(tmp_path, done.stdout)
    assert several.stdout.count("max_fails=5 fail_timeout=5s;") == 6


def test_with_a_certificate_it_speaks_tls(tmp_path: Path) -> None:
    done = render(tls_certificate="/etc/ssl/a.pem", tls_key="/etc/ssl/a.key", access_log=str(tmp_path / "log"))
    assert (
        "    listen 8585 ssl;\n    ssl_certificate /etc/ssl/a.pem;\n    ssl_certificate_key /etc/ssl/a.key;\n"
        in done.stdout
    )
    # It is a certificate that nginx looks for, and nothing else that it misses.
    assert "cannot load certificate" in check(tmp_path, done.stdout)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"thirdeye": " "}, "GATEWAY_THIRDEYE: names no instance; give host:port, several with spaces between"),
        ({"thirdeye": "one"}, "GATEWAY_THIRDEYE: must be host:port, and is 'one'"),
        ({"thirdeye": "a:1 b:2 a:1"}, "GATEWAY_THIRDEYE: a:1 stands there twice"),
        ({"thirdeye": "a:1;evil"}, "GATEWAY_THIRDEYE: must be host:port, and is 'a:1;evil'"),
        ({"thirdeye": "a:1", "openmetadata": "a:1"}, "GATEWAY_THIRDEYE: a:1 is GATEWAY_OPENMETADATA too"),
        ({"openmetadata": "x:1\ny:2"}, "GATEWAY_OPENMETADATA: must be host:port, and is 'x:1\ny:2'"),
        ({"openmetadata": "localhost:8585"}, "GATEWAY_LISTEN: localhost:8585 is where the gateway itself listens; "),
        ({"listen": "http"}, "GATEWAY_LISTEN: must be port or host:port, and is 'http'"),
        ({"read_timeout": "0s"}, "GATEWAY_READ_TIMEOUT: must be a time such as 5s or 500ms, above 0, and is '0s'"),
        ({"pause": "5"}, "GATEWAY_PAUSE: must be a time such as 5s or 500ms, above 0, and is '5'"),
        ({"failures": "0"}, "GATEWAY_FAILURES: must be a whole number from 1, and is '0'"),
        ({"access_log": "log"}, "GATEWAY_ACCESS_LOG: must be an absolute path without spaces, and is 'log'"),
        ({"tls_key": "/a"}, "GATEWAY_TLS_CERTIFICATE: is missing beside GATEWAY_TLS_KEY"),
        ({"tls_certificate": "/a"}, "GATEWAY_TLS_KEY: is missing beside GATEWAY_TLS_CERTIFICATE"),
    ],
)
def test_what_cannot_work_is_refused(settings: dict[str, str], sentence: str) -> None:
    done = render(**settings)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"render: {sentence}")


def test_a_file_of_settings_is_checked_too(tmp_path: Path) -> None:
    file = tmp_path / "gateway.env"
    file.write_text('# mine\n\nGATEWAY_THIRDEYE="a:1 b:2"\nGATEWAY_FAILURES=7')
    assert "server b:2 max_fails=7" in render(str(file), failures="9").stdout
    for text, said in (
        ("GATEWAY_RETRIES=2", "there is no setting GATEWAY_RETRIES"),
        ("listen 8585", "not NAME=value: listen 8585"),
    ):
        file.write_text(text)
        assert said in render(str(file)).stderr
    assert "cannot read" in render(str(tmp_path / "none")).stderr


# ---- which operations are repeated


def is_read(operation: str) -> bool:
    """Whether the template's map takes an operation for a query."""
    block = TEMPLATE[TEMPLATE.index("$thirdeye_reads {") :].partition("}")[0]
    entries = re.findall(r'^    (?:"~(.+)"|(\w+)) yes;$', block, re.MULTILINE)
    return any(re.search(pattern, operation) if pattern else name == operation for pattern, name in entries)


def test_of_persisted_operations_queries_are_repeated_and_no_mutation() -> None:
    operations = manifest()["operations"]
    assert isinstance(operations, list)
    assert len(operations) > 50
    assert [each["id"] for each in operations if is_read(each["id"]) != (each["type"] == "query")] == []


# ---- variants


def test_caddy_accepts_its_variant() -> None:
    program = shutil.which("caddy")
    if program is None:
        pytest.skip("caddy is missing: apt-get install caddy")
    command = [program, "validate", "--adapter", "caddyfile", "--config", str(FOLDER / "Caddyfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "Valid configuration" in done.stdout + done.stderr) == (0, True), done.stderr


def test_the_variant_for_traefik_fits_its_schema_and_refers_to_what_is_there() -> None:
    schema = Path(__file__).with_name("traefik.schema.json")
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(schema), str(FOLDER / "traefik.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    http = YAML(typ="safe", pure=True).load(FOLDER / "traefik.yaml")["http"]
    for router in http["routers"].values():
        assert router["service"] in http["services"]
        assert set(router.get("middlewares", ())) <= set(http["middlewares"])
    for service in http["services"].values():
        assert service["loadBalancer"].get("serversTransport", "thirdeye") in http["serversTransports"]
