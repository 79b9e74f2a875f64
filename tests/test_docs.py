"""What the documentation says is what the code does."""

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    parse,
    validate,
)
from pydantic import SecretStr
from ruamel.yaml import YAML

from tests.support import ROOT
from tests.support.pasted import blocks, values
from thirdeye.app import create_app
from thirdeye.commands.doctor.catalogue import CATALOGUE
from thirdeye.observability.metrics import Metrics
from thirdeye.settings import Settings, load_settings

HTTP_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def schema() -> GraphQLSchema:
    """Built once: it takes a second under coverage."""
    return build_schema(text_of("schema.graphql"))


def documents() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def table_after(text: str, first_column: str) -> list[list[str]]:
    """The cells of the first table whose first column has this heading, without the heading."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith(f"| {first_column} |"):
            break
    else:
        raise AssertionError(f"there is no table with the first column {first_column}")
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def documented_default(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value == "":
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def test_settings_are_documented_with_their_defaults() -> None:
    documented = [(name.strip("`"), default.strip("`")) for name, default, _ in settings_table()]
    known = [(name.upper(), documented_default(field.default)) for name, field in Settings.model_fields.items()]
    assert documented == known


def test_every_setting_has_a_meaning() -> None:
    assert [name for name, _, meaning in settings_table() if not meaning.endswith(".")] == []


def settings_table() -> list[list[str]]:
    return table_after(text_of("docs/settings.md"), "variable")


def test_findings_of_the_doctor_are_documented_as_they_are() -> None:
    known = [[f"`{code}`", str(entry.severity), entry.meaning, entry.advice] for code, entry in CATALOGUE.items()]
    assert table_after(text_of("docs/doctor.md"), "code") == known


def test_metrics_are_documented_with_types_and_labels() -> None:
    documented = {}
    for name, kind, labels, meaning in table_after(text_of("docs/metrics.md"), "metric"):
        assert meaning.endswith(".")
        documented[name.strip("`")] = (kind, tuple(re.findall(r"`(\w+)`", labels)))
    assert documented == metrics_of_the_code()


def metrics_of_the_code() -> dict[str, tuple[str, tuple[str, ...]]]:
    metrics = Metrics()
    labels = {
        metric._name: tuple(metric._labelnames) for metric in vars(metrics).values() if hasattr(metric, "_labelnames")
    }
    return {
        family.name + ("_total" if family.type == "counter" else ""): (family.type, labels[family.name])
        for family in metrics.registry.collect()
    }


def test_every_route_is_documented() -> None:
    documented = set()
    for route, token, answer in table_after(text_of("docs/api.md"), "route"):
        assert token in {"yes", "no"}
        assert answer
        *methods, path = route.strip("`").split()
        documented |= {(method, path) for method in methods}
    assert documented == routes_of_the_code()


def routes_of_the_code() -> set[tuple[str, str]]:
    app = create_app(load_settings(_env_file=None, environment="development", jwt_enabled=False))
    # GraphQL's endpoint looks at the method itself.
    return {(method, route.path) for route in app.routes for method in (_methods(route) & HTTP_METHODS)}


def _methods(route: Any) -> set[str]:
    # A folder of files is read.
    methods = getattr(route, "methods", {"GET"})
    return methods or {"GET", "POST"}


def test_every_persisted_operation_is_documented() -> None:
    documented = [name.strip("`") for name, _ in table_after(text_of("docs/api.md"), "id")]
    assert sorted(documented) == sorted(path.stem for path in (ROOT / "operations").glob("*.graphql"))


def test_everything_in_the_schema_has_a_description() -> None:
    missing = [] if schema().description else ["schema"]
    for name, kind in schema().type_map.items():
        if name.startswith("__") or name in {"Int", "Float", "String", "Boolean", "ID"}:
            continue
        missing += [where for where, described in described_parts(name, kind) if not described]
    assert missing == []


def described_parts(name: str, kind: Any) -> list[tuple[str, str | None]]:
    parts = [(name, kind.description)]
    if isinstance(kind, GraphQLEnumType):
        parts += [(f"{name}.{value}", enum.description) for value, enum in kind.values.items()]
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        for field_name, field in kind.fields.items():
            parts.append((f"{name}.{field_name}", field.description))
            arguments = getattr(field, "args", {})
            parts += [(f"{name}.{field_name}({arg})", argument.description) for arg, argument in arguments.items()]
    return parts


def test_the_api_page_has_examples() -> None:
    assert len(graphql_examples(text_of("docs/api.md"))) >= 12


def test_the_readme_asks_something() -> None:
    assert len(graphql_examples(text_of("README.md"))) >= 2


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_graphql_examples_fit_the_schema(document: Path) -> None:
    for example in graphql_examples(document.read_text(encoding="utf-8")):
        assert validate(schema(), parse(example)) == []


def graphql_examples(text: str) -> list[str]:
    """GraphQL in blocks of its own, and as the body of a curl command."""
    bodies = re.findall(r"-d '(\{\"query\".*?\})'$", text, re.MULTILINE)
    return [*re.findall(r"```graphql\n(.*?)```", text, re.DOTALL), *(json.loads(body)["query"] for body in bodies)]


def test_the_readme_is_short() -> None:
    assert len(text_of("README.md").split()) <= 600


def test_the_example_of_an_env_file_names_only_settings() -> None:
    named = re.findall(r"^(?:# )?([A-Z][A-Z0-9_]*)=", text_of(".env.example"), re.MULTILINE)
    assert len(named) > 10
    assert set(named) <= {name.upper() for name in Settings.model_fields}


def test_the_example_of_an_env_file_is_sound() -> None:
    settings = load_settings(_env_file=ROOT / ".env.example")
    assert settings.environment == "production"


def test_the_changelog_has_unreleased_changes() -> None:
    assert re.search(r"^## \[Unreleased\]$", text_of("CHANGELOG.md"), re.MULTILINE)


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not leads_somewhere(document, *link)] == []


def leads_somewhere(document: Path, path: str, heading: str) -> bool:
    target = document.parent / path if path else document
    return target.exists() and (not heading or heading in anchors_of(target.read_text(encoding="utf-8")))


def anchors_of(text: str) -> set[str]:
    """What headings are called in links, as GitHub makes it from their text."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


# Records of decisions keep the names of their time, and changes tell of them.
NAMES_OF_TODAY = [path for path in documents() if "adr" not in path.parts and path.name != "CHANGELOG.md"]
TOP_FOLDERS = ("bench", "deploy", "docs", "migrations", "operations", "scripts", "tests", "thirdeye", "worker")


@pytest.mark.parametrize("document", NAMES_OF_TODAY, ids=name_of)
def test_paths_named_in_documents_exist(document: Path) -> None:
    named = re.findall(rf"`((?:{'|'.join(TOP_FOLDERS)})/[\w./-]*)`", document.read_text(encoding="utf-8"))
    assert sorted({path for path in named if not (ROOT / path).exists()}) == []


def test_the_map_answers_twenty_questions_with_files_that_exist() -> None:
    answers = dict(table_after(text_of("CONTRIBUTING.md"), "question"))
    assert len(answers) == 20
    paths = {question: re.findall(r"`([^`]+)`", answer) for question, answer in answers.items()}
    assert [question for question in answers if not question.endswith("?") or not paths[question]] == []
    assert [path for files in paths.values() for path in files if not (ROOT / path).exists()] == []


def test_pre_commit_runs_make_check() -> None:
    (repository,) = YAML(typ="safe", pure=True).load(text_of(".pre-commit-config.yaml"))["repos"]
    assert repository["repo"] == "local"
    (hook,) = repository["hooks"]
    assert (hook["entry"], hook["language"], hook["always_run"]) == ("make check", "system", True)


def test_decisions_are_numbered_and_have_their_parts() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [record.name[:4] for record in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    index = text_of("docs/adr/README.md")
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert record.name in index
        assert [part for part in ("Status:", "## Context", "## Decision", "## Consequences") if part not in text] == []


def test_every_table_says_what_ends_it() -> None:
    documented = [
        name.strip("`")
        for names, *_, end in table_after(text_of("docs/operations.md"), "table")
        for name in names.split(", ")
        if end
    ]
    statements = (path.read_text(encoding="utf-8") for path in (ROOT / "migrations").glob("*.sql"))
    created = re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", "\n".join(statements))
    assert sorted(documented) == sorted(set(created))


def test_what_is_pasted_to_install_is_sound() -> None:
    """`tests/soak/test_getting_started.py` pastes it; here only what takes no time."""
    first, *others = blocks(text_of("docs/getting-started.md"), "## Beside your own OpenMetadata")
    named = set(values(first))
    used = set(re.findall(r"\$(\w+)|^(\w+_\w+)\b", "\n".join(others), re.MULTILINE))
    assert named <= {name for pair in used for name in pair}
    shell = subprocess.run(
        ["bash", "-n"], input="\n".join([first, *others]), capture_output=True, text=True, check=True
    )
    assert shell.stderr == ""
