"""GitHub's workflow and Dependabot: what their schemas allow, which versions are tested, and who may do what."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT
from tests.support.shipped import load

WORKFLOW = ROOT / ".github/workflows/ci.yml"
DEPENDABOT = ROOT / ".github/dependabot.yml"


def jobs() -> dict[str, Any]:
    return load(WORKFLOW)[0]["jobs"]


@pytest.mark.parametrize(
    ("path", "schema"),
    [(WORKFLOW, "vendor.github-workflows"), (WORKFLOW, "custom.github-workflows-require-timeout"),
     (DEPENDABOT, "vendor.dependabot")],
    ids=["workflow", "timeouts", "dependabot"],
)  # fmt: skip
def test_they_fit_their_schemas(path: Path, schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_supported_version_is_tested() -> None:
    matrix = jobs()["test"]["strategy"]["matrix"]["include"]
    assert {entry["python"] for entry in matrix} == {"3.11", "3.12", "3.13", "3.14"}
    assert {entry["mysql"] for entry in matrix} == {"8.0", "8.4", "9"}
    assert {entry["mariadb"] for entry in matrix} == {"10.11", "11.8"}
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = ">={min(entry["python"] for entry in matrix)}"' in pyproject


def test_actions_are_named_by_commit() -> None:
    used = re.findall(r"uses: (\S+)(.*)", WORKFLOW.read_text(encoding="utf-8"))
    assert len(used) > 10
    assert [(action, rest) for action, rest in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)] == []
    assert [action for action, rest in used if not re.fullmatch(r" # v?\d+\.\d+\.\d+", rest)] == []
    # One version of each.
    assert len({action for action, _ in used}) == len({action.split("@")[0] for action, _ in used})


def test_nothing_may_write_but_the_release_of_a_tag() -> None:
    assert load(WORKFLOW)[0]["permissions"] == {"contents": "read"}
    assert [name for name, job in jobs().items() if "permissions" in job] == ["release"]
    release = jobs()["release"]
    assert release["if"] == "startsWith(github.ref, 'refs/tags/v')"
    assert set(release["needs"]) == set(jobs()) - {"release"}
    text = WORKFLOW.read_text(encoding="utf-8")
    assert "pull_request_target" not in text
    # What others write into titles and branches never becomes a part of a command.
    scripts = [step["run"] for job in jobs().values() for step in job["steps"] if "run" in step]
    assert [
        each for script in scripts for each in re.findall(r"\$\{\{\s*(.+?)\s*\}\}", script) if "matrix." not in each
    ] == []


def test_it_runs_what_people_run() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    used = {step["run"] for job in jobs().values() for step in job["steps"] if step.get("run", "").startswith("make ")}
    assert used == {"make check", "make test"}
    assert {command.removeprefix("make ") for command in used} <= set(targets)


def test_a_release_has_its_own_notes_and_one_version(tmp_path: Path) -> None:
    """The very script of the workflow: for a tag that neither the package nor the changelog knows there is no release."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(
        "## [Unreleased]\n\n## [0.2.0] - 2026-11-28\n\n- New.\n\n## [0.1.0] - 2026-11-21\n\n- Old.\n"
    )
    script = next(step["run"] for step in jobs()["release"]["steps"] if "notes.md" in step.get("run", ""))
    for tag, notes in (("v0.2.0", "\n- New.\n\n"), ("v0.1.0", None), ("v0.3.0", None)):
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "GITHUB_REF_NAME": tag},
            check=False,
        )
        assert (done.returncode == 0) is (notes is not None), tag
        assert notes is None or (tmp_path / "notes.md").read_text() == notes


def test_dependabot_looks_after_every_place() -> None:
    places = {
        (entry["package-ecosystem"], each)
        for entry in load(DEPENDABOT)[0]["updates"]
        for each in entry.get("directories", [entry.get("directory")])
    }
    for ecosystem, directory in places:
        wanted = {"pip": "requirements.lock", "npm": "package.json", "maven": "pom.xml", "docker": "Dockerfile",
                  "docker-compose": "docker-compose.yml", "github-actions": ".github/workflows/ci.yml"}[ecosystem]  # fmt: skip
        assert (ROOT / directory.strip("/") / wanted).exists(), (ecosystem, directory)
    assert places == {
        ("pip", "/"), ("npm", "/ui"), ("npm", "/tests/audits"), ("maven", "/deploy/openmetadata-proxy"), ("docker", "/"),
        ("docker-compose", "/"), ("github-actions", "/"),
    }  # fmt: skip
