"""The compose files: what the specification allows, who starts after whom, and who reaches and reads what."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pymysql
import pytest

from tests.support import ROOT
from tests.support.shipped import Document, compose
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.settings import FROM_FILES, Settings

COMPOSE = ("docker-compose.yml", "docker-compose.dev.yml")
OURS = {"migrate", "api", "worker"}
# Once and then gone.
ONCE = {"migrate", "openmetadata-migrate", "openmetadata-grants"}
ACCOUNTS = ROOT / "deploy/mysql/accounts.sh"
RENDER = ROOT / "deploy/gateway/render"
READY = "/api/v1/thirdeye/health/ready"


def profile(name: str) -> set[str]:
    return {service for service, value in compose()["services"].items() if name in value.get("profiles", ())}


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_files_fit_the_compose_specification(name: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(ROOT / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_publishes_the_gateway_alone() -> None:
    published = {name: service["ports"] for name, service in compose()["services"].items() if "ports" in service}
    assert published == {"gateway": ["${GATEWAY_PORT:-8585}:8585"]}
    development = compose("docker-compose.dev.yml")["services"]
    assert {name: service["ports"] for name, service in development.items() if "ports" in service} == {
        "api": ["127.0.0.1:8586:8586"]
    }
    assert set(development) <= set(compose()["services"])


def waits(name: str) -> dict[str, str]:
    return {other: how["condition"] for other, how in compose()["services"][name].get("depends_on", {}).items()}


def test_compose_starts_in_order() -> None:
    services = compose()["services"]
    healthy, completed = "service_healthy", "service_completed_successfully"
    running = {"migrate": completed, "mysql": healthy, "redis": healthy}
    assert {name: waits(name) for name in services} == {
        "gateway": {"api": healthy, "openmetadata": healthy},
        "mysql": {},
        "redis": {},
        "migrate": {"mysql": healthy},
        "api": running,
        "worker": running,
        "elasticsearch": {},
        "openmetadata-migrate": {"mysql": healthy, "elasticsearch": healthy},
        "openmetadata-grants": {"openmetadata-migrate": completed},
        "openmetadata": {"openmetadata-migrate": completed, "elasticsearch": healthy},
    }
    assert {name for name in services if services[name]["restart"] == "no"} == ONCE
    # nginx knows the addresses of names since its start; OpenMetadata is often another one, outside.
    waited = services["gateway"]["depends_on"]
    assert all(how["restart"] for how in waited.values())
    assert waited["openmetadata"]["required"] is False


def test_compose_has_openmetadata_under_a_profile_alone() -> None:
    of_it = profile("openmetadata")
    assert of_it == {"elasticsearch", "openmetadata-migrate", "openmetadata-grants", "openmetadata"}
    for name in set(compose()["services"]) - of_it:
        waited = compose()["services"][name].get("depends_on", {})
        assert {other for other, how in waited.items() if how.get("required", True)}.isdisjoint(of_it), name


def test_what_waits_for_health_waits_for_a_check() -> None:
    services = compose()["services"]
    for name in services:
        for other, condition in waits(name).items():
            assert condition != "service_healthy" or services[other]["healthcheck"]["test"], (name, other)
    assert [name for name in services if name not in ONCE and "healthcheck" not in services[name]] == []
    assert services["api"]["healthcheck"]["test"][:2] == ["CMD", "python"]
    assert services["worker"]["healthcheck"]["test"] == ["CMD", "thirdeye", "worker", "--check"]


def test_compose_confines_its_services() -> None:
    services = compose()["services"]
    for name, service in services.items():
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "stop_grace_period" in service, name
        limits = service["deploy"]["resources"]["limits"]
        assert set(limits) == {"cpus", "memory", "pids"}, name
    # What is ours, and what can: Elasticsearch and OpenMetadata write beside their programs.
    unable = {"elasticsearch", "openmetadata", "openmetadata-migrate"}
    assert {name for name, service in services.items() if not service.get("read_only")} == unable
    # MySQL's image begins as root and gives its data folder to another user.
    dropped = {name for name, service in services.items() if service.get("cap_drop") == ["ALL"]}
    assert dropped == set(services) - unable - {"mysql"}
    # nginx's image begins as root, too, unless it is told who it is.
    assert services["gateway"]["user"] == "101:101"
    for name in OURS:
        assert services[name]["env_file"] == ".env"
        # So that what a process leaves behind is collected.
        assert services[name]["init"] is True


def test_nothing_breaks_out_of_its_confinement() -> None:
    services = {(name, each): value for name in COMPOSE for each, value in compose(name)["services"].items()}
    for which, service in services.items():
        breaking = {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc", "userns_mode", "volumes_from"}
        assert breaking.isdisjoint(service), which
    # Who an image is made for, or somebody without rights; what is ours runs as its image's user, 10001.
    assert {each: service["user"] for (_, each), service in services.items() if "user" in service} == {
        "gateway": "101:101", "redis": "999:999", "openmetadata-grants": "999:999",
    }  # fmt: skip
    assert {volume for service in services.values() for volume in service.get("volumes", ())} == {
        "./deploy/gateway:/gateway:ro",
        "./deploy/mysql/accounts.sh:/docker-entrypoint-initdb.d/05-accounts.sh:ro",
        "./deploy/mysql/development.sql:/docker-entrypoint-initdb.d/10-openmetadata.sql:ro",
        "./docs/mysql_users.sql:/mysql_users.sql:ro",
        "mysql:/var/lib/mysql",
        "elasticsearch:/usr/share/elasticsearch/data",
    }
    # What cannot write to its tree still has where temporary files go.
    for (file, each), service in services.items():
        if service.get("read_only") and each != "openmetadata-grants":
            assert "/tmp" in service["tmpfs"], (file, each)


def test_each_runs_what_it_is_called_and_where_the_others_look_for_it() -> None:
    services = compose()["services"]
    assert {name: services[name]["command"] for name in OURS} == {
        "migrate": ["migrate"], "api": ["serve"], "worker": ["worker"],
    }  # fmt: skip
    own, gateway = services["api"]["environment"], services["gateway"]["environment"]
    port = own["THIRDEYE_PORT"]
    assert (own["THIRDEYE_HOST"], gateway["GATEWAY_THIRDEYE"]) == ("0.0.0.0", f"api:{port}")
    (published,) = services["gateway"]["ports"]
    assert published.rpartition(":")[2] == gateway["GATEWAY_LISTEN"]
    assert f"urlopen('http://127.0.0.1:{port}{READY}'" in services["api"]["healthcheck"]["test"][-1]
    (status,) = re.findall(r"^GATEWAY_STATUS=\$\{GATEWAY_STATUS:-(.+)\}$", RENDER.read_text("utf-8"), re.MULTILINE)
    assert services["gateway"]["healthcheck"]["test"][-1] == f"http://{status}/status"


def test_databases_keep_what_must_be_kept_and_no_more() -> None:
    services = compose()["services"]
    assert services["mysql"]["image"] == services["openmetadata-grants"]["image"] == "mysql:8.4"
    assert "mysql:/var/lib/mysql" in services["mysql"]["volumes"]
    assert {"mysql", "elasticsearch"} == set(compose()["volumes"])
    # It never throws anything away to make room: the queue is in it, too.
    assert services["redis"]["command"] == [
        "redis-server", "--save", "", "--appendonly", "no", "--maxmemory", "192mb",
    ]  # fmt: skip


def test_who_stops_has_time_for_what_it_is_doing() -> None:
    grace = {
        name: int(service["stop_grace_period"].removesuffix("s")) for name, service in compose()["services"].items()
    }
    # Requests get 10 seconds, computations 60, as a migration.
    assert grace["api"] > 10
    assert grace["worker"] > 60
    assert grace["migrate"] >= 60
    assert min(grace.values()) >= 10


def test_nothing_of_the_checkout_can_be_written_to() -> None:
    mounted = {
        volume
        for service in compose()["services"].values()
        for volume in service.get("volumes", ())
        if volume[0] in "./"
    }
    assert mounted
    assert [volume for volume in mounted if not volume.endswith(":ro")] == []


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_sets_only_settings(name: str) -> None:
    known = {field.upper() for field in Settings.model_fields} | {f"{field.upper()}_FILE" for field in FROM_FILES}
    for service_name in OURS & set(compose(name)["services"]):
        assert set(compose(name)["services"][service_name].get("environment", {})) <= known


def secrets_of(service: Document) -> set[str]:
    """Those whose files its environment and its command name."""
    return set(re.findall(r"/run/secrets/(\w+)", f"{service.get('environment', '')} {service.get('command', '')}"))


def test_secrets_come_out_of_files() -> None:
    """Each service is given what it reads and no more, and nothing that looks like a password stands in the files."""
    services = compose()["services"]
    sourced = set(re.findall(r"accounts_password (\w+)\)", ACCOUNTS.read_text(encoding="utf-8")))
    for name, service in services.items():
        assert set(service.get("secrets", ())) == secrets_of(service) | (sourced if name == "mysql" else set()), name
    given = {secret for service in services.values() for secret in service.get("secrets", ())}
    assert given == set(compose()["secrets"])
    for name in COMPOSE:
        for service in compose(name)["services"].values():
            environment = service.get("environment", {})
            # Nor a password within an address.
            assert [each for each in environment.values() if re.search(r"://[^/]*@", str(each))] == []
            assert [
                each for each in environment if re.search(r"PW|PASSWORD|SECRET", each) and "_FILE" not in each
            ] == []


def test_nobody_reaches_what_he_does_not_need() -> None:
    services = compose()["services"]

    def on(network: str) -> set[str]:
        return {name for name, service in services.items() if network in service["networks"]}

    assert on("queue") == {"redis", "api", "worker"}
    assert on("front") == {"gateway", "api", "openmetadata"}
    assert "redis" not in on("databases")
    assert on("search") == {"elasticsearch", "openmetadata", "openmetadata-migrate"}
    assert {name for name, network in compose()["networks"].items() if (network or {}).get("internal")} == {
        "queue", "search",
    }  # fmt: skip


def test_the_development_account_is_the_one_that_compose_makes() -> None:
    environment = compose("docker-compose.dev.yml")["services"]["api"]["environment"]
    sql = (ROOT / "deploy/mysql/development.sql").read_text(encoding="utf-8")
    assert f"GRANT SELECT ON {environment['OM_MYSQL_DB']}.* TO '{environment['OM_MYSQL_USER_RO']}'@'%';" in sql
    script = ACCOUNTS.read_text(encoding="utf-8")
    assert f":={environment['OM_MYSQL_DB']}}}" in script
    assert f":={environment['OM_MYSQL_USER_RO']}}}" in script


def sourced(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The script as the image sources it, with what it would tell the server on standard output."""
    text = f"set -eo pipefail; docker_process_sql() {{ cat; }}; . {script}"
    return subprocess.run(
        ["bash", "-c", text],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_accounts_of_composes_mysql_work(
    sql_server: MariaDB | MySQL, schema_name: Callable[[str], str], tmp_path: Path
) -> None:
    """On a real server, with passwords that SQL would misread; a second run changes nothing; no secret, no account."""
    script = tmp_path / "accounts.sh"
    script.write_text(ACCOUNTS.read_text(encoding="utf-8").replace("/run/secrets", str(tmp_path)), encoding="utf-8")
    reader, schema, password = schema_name("reads"), schema_name("om"), r"a'b\c$d`e"
    environment = {"OM_MYSQL_DB": schema, "OM_MYSQL_USER_RO": reader}
    (tmp_path / "om_mysql_pw_ro").write_text(f"{password}\r\n")
    failed = sourced(str(script), environment)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "the secret openmetadata_mysql_pw is missing or empty" in failed.stderr
    (tmp_path / "openmetadata_mysql_pw").write_text("owner's\n")
    statements = sourced(str(script), environment)
    assert statements.returncode == 0, statements.stderr
    with sql_server.connect() as connection, connection.cursor() as cursor:
        try:
            for _ in range(2):
                for statement in statements.stdout.split(";\n"):
                    if statement.strip():
                        cursor.execute(statement)
            cursor.execute("SHOW GRANTS FOR %s@'%%'", (reader,))
            assert [row[0].startswith("GRANT USAGE ON *.*") for row in cursor.fetchall()] == [True]
            cursor.execute("SHOW GRANTS FOR 'openmetadata_user'@'%'")
            assert any(f"`{schema}`" in row[0].replace("\\_", "_") for row in cursor.fetchall())
            pymysql.connect(unix_socket=str(sql_server.unix_socket), user=reader, password=password).close()
        finally:
            for user in (reader, "openmetadata_user"):
                cursor.execute("DROP USER IF EXISTS %s@'%%'", (user,))
            cursor.execute(f"DROP DATABASE IF EXISTS `{schema}`")
