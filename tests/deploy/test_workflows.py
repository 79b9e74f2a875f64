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


def scripts_of(job: str) -> str:
    return "\n".join(step["run"] for step in jobs()[job]["steps"] if "run" in step)


def given(job: str, action: str) -> list[dict[str, Any]]:
    """What a job gives to each of its steps of an action."""
    return [step.get("with", {}) for step in jobs()[job]["steps"] if step.get("uses", "").startswith(f"{action}@")]


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


def test_the_versions_of_the_matrix_are_those_that_the_tests_run_on() -> None:
    (python,), (checkout,) = given("test", "actions/setup-python"), given("test", "actions/checkout")
    assert python["python-version"] == "${{ matrix.python }}"
    # Upgrades begin at the first release.
    assert checkout["fetch-depth"] == 0
    (tests,) = [step for step in jobs()["test"]["steps"] if step.get("run") == "make test"]
    assert tests["env"] == {"PYTHON": "python${{ matrix.python }}"}
    script = scripts_of("test")
    assert "THIRDEYE_TEST_MYSQLD=$(THIRDEYE_MYSQL_IMAGE=mysql:${{ matrix.mysql }} scripts/mysql " in script
    assert '>> "$GITHUB_ENV"' in script
    assert "https://deb.mariadb.org/${{ matrix.mariadb }}/ubuntu" in script


def test_it_runs_for_every_change_and_fails_with_whatever_fails() -> None:
    # YAML 1.2, as GitHub reads it: `on` is no truth value.
    on = load(WORKFLOW)[0]["on"]
    assert set(on) == {"push", "pull_request", "schedule"}
    assert on["push"] == {"branches": ["main"], "tags": ["v*"]}
    assert not on["pull_request"], "of every branch, whatever was changed"
    for name, job in jobs().items():
        for part in (job, *job["steps"]):
            assert "continue-on-error" not in part, name
        assert "|| true" not in scripts_of(name)
        assert [step for step in job["steps"] if "if" in step] == []
    assert {name for name, job in jobs().items() if "if" in job} == {"release"}


def test_what_is_shipped_is_scanned() -> None:
    script = scripts_of("scan")
    # What the lock says, and not what happens to be the newest.
    assert "install --quiet -c requirements.lock ." in script
    assert re.search(r"^pip-audit --path ", script, re.MULTILINE)
    (licences,) = re.findall(r'--allow-only \\\n\s+"(.+)"', script)
    assert set(licences.split(";")) == {
        "MIT", "BSD", "Apache", "Python Software Foundation", "PSF", "ISC", "MPL-2.0", "Mozilla Public License 2.0",
        "The Unlicense", "Zlib", "0BSD", "CC0",
    }  # fmt: skip
    assert re.search(r"^cyclonedx-py environment .*--output-file sbom\.cdx\.json$", script, re.MULTILINE)
    assert given("scan", "actions/upload-artifact") == [{"name": "sbom", "path": "sbom.cdx.json"}]
    (trivy,) = given("image", "aquasecurity/trivy-action")
    (build,) = given("image", "docker/build-push-action")
    assert (trivy["image-ref"], trivy["exit-code"], trivy["severity"]) == (build["tags"], "1", "HIGH,CRITICAL")


def test_the_image_is_tried_as_it_will_run() -> None:
    script = scripts_of("image")
    assert re.search(
        r"docker run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges ", script
    )
    assert '--entrypoint id thirdeye:ci -u)" = 10001' in script


def test_a_release_is_wheel_image_and_kubernetes_files_each_attested() -> None:
    script = scripts_of("release")
    assert "python -m build --wheel" in script
    assert '--file "dist/thirdeye-kubernetes-${GITHUB_REF_NAME#v}.tar.gz" --directory deploy kubernetes' in script
    assert 'gh release create "$GITHUB_REF_NAME" dist/* --verify-tag' in script
    (image,) = given("release", "docker/build-push-action")
    assert (image["push"], image["sbom"], image["provenance"]) == (True, True, "mode=max")
    assert image["tags"] == "${{ steps.name.outputs.image }}:${{ github.ref_name }}"
    assert given("release", "actions/download-artifact") == [{"name": "sbom", "path": "dist"}]
    files, pushed = given("release", "actions/attest-build-provenance")
    assert files == {"subject-path": "dist/*"}
    assert (pushed["subject-name"], pushed["push-to-registry"]) == ("${{ steps.name.outputs.image }}", True)
    assert pushed["subject-digest"] == "${{ steps.push.outputs.digest }}"


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
    used = {match for job in jobs() for match in re.findall(r"^make ([a-z-]+)", scripts_of(job), re.MULTILINE)}
    assert used == {"check", "docs", "test", "test-proxy"}
    assert used <= set(targets)
    # Where it cannot test it is no failure, but there it can.
    assert 'grep -q "all tests passed"' in scripts_of("proxy")
    assert 'echo "test-proxy: all tests passed' in (ROOT / "scripts" / "test_proxy").read_text(encoding="utf-8")


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
