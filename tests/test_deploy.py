"""What is shipped: the wheel, the image's recipe, the examples of database users."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.shipped import compose, instructions
from thirdeye.mirror.openmetadata.source_tables import READABLE

NOT_FETCHED = re.compile(r"No matching distribution|Could not find a version|ConnectionError|Could not fetch|timed out")

# ---- image


def test_the_image_is_built_in_stages_and_runs_without_root() -> None:
    found = instructions()
    stages = [value.split(" AS ")[1] for name, value in found if name == "FROM"]
    assert stages == ["wheel", "environment", "runtime"]
    last = found[max(index for index, (name, _) in enumerate(found) if name == "FROM") :]
    assert dict(last)["USER"] == "10001:10001"
    assert {"HEALTHCHECK", "ENTRYPOINT", "CMD"} <= {name for name, _ in last}
    assert "-c /wheel/requirements.lock" in " ".join(value for name, value in found if name == "RUN")


@pytest.mark.parametrize(("extras", "installed"), [("", ""), ("forecast", "[forecast]")])
def test_the_image_installs_what_extras_it_is_built_with(tmp_path: Path, extras: str, installed: str) -> None:
    (run,) = [value for name, value in instructions() if name == "RUN" and "/wheel/thirdeye-*.whl" in value]
    (tmp_path / "thirdeye-1.2.3-py3-none-any.whl").touch()
    shell, option, script = json.loads(run)
    command = script.replace("/opt/thirdeye/bin/python", "echo").replace("/wheel/", f"{tmp_path}/")
    done = subprocess.run([shell, option, command], env={"EXTRAS": extras}, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == f"{tmp_path}/thirdeye-1.2.3-py3-none-any.whl{installed}"
    assert extras in ("", *tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])


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
    images = [service["image"] for service in compose()["services"].values()]
    images += [value for name, value in instructions() if name == "ARG" and "IMAGE" in value]
    assert len(images) >= 11
    assert [image for image in images if ":" not in image or image.endswith(":latest")] == []


def test_the_lock_holds_plain_versions() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []
    names = [re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in lines]
    assert len(names) == len(set(names))
    assert "thirdeye" not in names
    assert {"ariadne", "aiomysql", "pymysql", "redis", "arq", "pytest", "mypy"} <= set(names)


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
