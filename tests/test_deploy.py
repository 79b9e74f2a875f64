"""What is shipped: the wheel, the image's recipe, compose and Kubernetes files."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support import ROOT
from thirdeye.mirror.openmetadata.source_tables import READABLE
from thirdeye.settings import Settings

COMPOSE = ("docker-compose.yml", "docker-compose.dev.yml")
KUBERNETES = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
NOT_FETCHED = re.compile(r"No matching distribution|Could not find a version|ConnectionError|Could not fetch|timed out")
Document = dict[str, Any]


def load(path: Path) -> list[Document]:
    return [document for document in YAML(typ="safe", pure=True).load_all(path.read_text(encoding="utf-8")) if document]


def compose() -> Document:
    return load(ROOT / "docker-compose.yml")[0]


# ---- compose


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_files_fit_the_compose_specification(name: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(ROOT / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_publishes_no_port_but_in_development() -> None:
    assert [name for name, service in compose()["services"].items() if "ports" in service] == []
    development = load(ROOT / "docker-compose.dev.yml")[0]["services"]
    assert {name: service["ports"] for name, service in development.items() if "ports" in service} == {
        "api": ["127.0.0.1:8586:8586"]
    }
    assert set(development) <= set(compose()["services"])


def test_compose_starts_in_order() -> None:
    services = compose()["services"]
    waits = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }
    running = {
        "migrate": "service_completed_successfully",
        "mysql": "service_healthy",
        "redis": "service_healthy",
    }
    assert waits == {
        "mysql": {},
        "redis": {},
        "migrate": {"mysql": "service_healthy"},
        "api": running,
        "worker": running,
    }
    assert services["api"]["healthcheck"]["test"][:2] == ["CMD", "python"]
    assert services["worker"]["healthcheck"]["test"] == ["CMD", "thirdeye", "worker", "--check"]
    assert services["migrate"]["restart"] == "no"


def test_compose_confines_its_services() -> None:
    services = compose()["services"]
    for name, service in services.items():
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "stop_grace_period" in service, name
    for name in ("migrate", "api", "worker"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["env_file"] == ".env"


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_sets_only_settings(name: str) -> None:
    known = {field.upper() for field in Settings.model_fields}
    for service_name, service in load(ROOT / name)[0]["services"].items():
        if service_name in {"migrate", "api", "worker"}:
            assert set(service.get("environment", {})) <= known


def test_the_development_account_is_made_as_compose_uses_it() -> None:
    environment = load(ROOT / "docker-compose.dev.yml")[0]["services"]["api"]["environment"]
    sql = (ROOT / "deploy/mysql/development.sql").read_text(encoding="utf-8")
    account = f"'{environment['OM_MYSQL_USER_RO']}'@'%' IDENTIFIED BY '{environment['OM_MYSQL_PW_RO']}'"
    assert account in sql
    assert f"GRANT SELECT ON {environment['OM_MYSQL_DB']}.* TO" in sql


# ---- image


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1].strip()) for line in lines]


def test_the_image_is_built_in_stages_and_runs_without_root() -> None:
    found = instructions()
    stages = [value.split(" AS ")[1] for name, value in found if name == "FROM"]
    assert stages == ["wheel", "environment", "runtime"]
    last = found[max(index for index, (name, _) in enumerate(found) if name == "FROM") :]
    assert dict(last)["USER"] == "10001:10001"
    assert {"HEALTHCHECK", "ENTRYPOINT", "CMD"} <= {name for name, _ in last}
    assert "-c /wheel/requirements.lock" in " ".join(value for name, value in found if name == "RUN")


def test_commands_of_the_image_need_no_shell_form() -> None:
    for name, value in instructions():
        if name in {"RUN", "CMD", "ENTRYPOINT"}:
            assert value.startswith("["), value
        if name == "HEALTHCHECK":
            assert " CMD [" in value


def test_the_image_copies_only_what_is_let_through() -> None:
    let_through = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    copied = [
        source
        for name, value in instructions()
        if name == "COPY" and "--from" not in value
        for source in value.split()[:-1]
    ]
    assert sorted(copied) == sorted(let_through)
    assert [source for source in copied if not (ROOT / source).exists()] == []


def test_no_image_is_taken_by_the_tag_latest() -> None:
    images = [service["image"] for service in compose()["services"].values() if "image" in service]
    images += [value for name, value in instructions() if name == "ARG" and "IMAGE" in value]
    images += [container["image"] for path in KUBERNETES for _, container in containers(path)]
    assert len(images) >= 8
    assert [image for image in images if ":" not in image or image.endswith(":latest")] == []


def test_the_lock_holds_plain_versions() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []
    names = [re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in lines]
    assert len(names) == len(set(names))
    assert "thirdeye" not in names
    assert {"ariadne", "aiomysql", "pymysql", "redis", "arq", "pytest", "mypy"} <= set(names)


# ---- Kubernetes


def containers(path: Path) -> list[tuple[Document, Document]]:
    """Pods and their containers."""
    pods = [
        document["spec"]["template"]["spec"] for document in load(path) if document["kind"] in {"Deployment", "Job"}
    ]
    return [(pod, container) for pod in pods for container in pod["containers"]]


def test_kubernetes_has_what_is_needed() -> None:
    kinds = sorted(document["kind"] for path in KUBERNETES for document in load(path))
    assert kinds == ["ConfigMap", "Deployment", "Deployment", "Job", "Service"]


@pytest.mark.parametrize("path", KUBERNETES, ids=lambda path: path.name)
def test_kubernetes_confines_its_pods(path: Path) -> None:
    for pod, container in containers(path):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        # A Service named thirdeye would set THIRDEYE_PORT.
        assert pod["enableServiceLinks"] is False
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_kubernetes_sets_only_settings() -> None:
    data = load(ROOT / "deploy/kubernetes/configuration.yaml")[0]["data"]
    assert set(data) <= {field.upper() for field in Settings.model_fields}
    assert all(isinstance(value, str) for value in data.values())


def test_kubernetes_probes_and_selectors_fit() -> None:
    deployment, service = load(ROOT / "deploy/kubernetes/api.yaml")
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert container["livenessProbe"]["httpGet"]["path"] == "/api/v1/thirdeye/health/live"
    assert container["readinessProbe"]["httpGet"]["path"] == "/api/v1/thirdeye/health/ready"
    assert service["spec"]["type"] == "ClusterIP"
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == labels == deployment["spec"]["selector"]["matchLabels"]
    (worker,) = load(ROOT / "deploy/kubernetes/worker.yaml")
    probe = worker["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]
    assert probe["exec"]["command"] == ["thirdeye", "worker", "--check"]


# ---- database users


def test_the_columns_that_are_read_are_documented() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", (ROOT / "deploy/database-users.md").read_text(), re.MULTILINE)
    assert {table: tuple(re.findall(r"`(\w+)`", columns)) for table, columns in rows} == dict(READABLE)


def test_the_plain_example_of_database_users_grants_the_same() -> None:
    text = (ROOT / "docs/mysql_users.sql").read_text(encoding="utf-8")
    grants = re.findall(r"^GRANT SELECT \(([^)]+)\) ON openmetadata_db\.`(\w+)` TO 'om_ro'@'%';$", text, re.MULTILINE)
    assert {table: tuple(re.findall(r"`(\w+)`", columns)) for columns, table in grants} == dict(READABLE)
    others = [line for line in text.splitlines() if line.startswith("GRANT") and " SELECT " not in line]
    assert others == ["GRANT ALL PRIVILEGES ON thirdeye.* TO 'thirdeye_rw'@'%';"]


# ---- wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and NOT_FETCHED.search(done.stdout + done.stderr):
        pytest.skip("the build backend cannot be fetched")
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_holds_all_that_runs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    for folder, pattern in (("operations", "*.graphql"), ("migrations", "*.sql")):
        expected = {f"thirdeye/bundled/{folder}/{path.name}" for path in (ROOT / folder).glob(pattern)}
        assert expected
        assert expected <= held
    sources = {
        path.relative_to(ROOT).as_posix()
        for package in ("thirdeye", "worker")
        for path in (ROOT / package).rglob("*.py")
    }
    static = {path.relative_to(ROOT).as_posix() for path in (ROOT / "thirdeye/graphql/static").iterdir()}
    named = {"thirdeye/bundled/schema.graphql", "thirdeye/app.py", "worker/settings.py", "thirdeye/py.typed"}
    assert named | sources | static <= held
    assert [name for name in held if name.endswith(".dist-info/licenses/LICENSE")] != []
    assert [name for name in held if not name.startswith(("thirdeye/", "worker/", "thirdeye-"))] == []
    assert [name for name in held if name.endswith(".pyc")] == []
