"""A public fuzzer against openapi.json and against the GraphQL schema, over a real server: no 5xx, nothing undocumented."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT
from tests.support.deployment import Deployment
from tests.support.waiting import wait_for
from thirdeye.graphql.schema import build_schema
from thirdeye.local.tokens import Signer
from thirdeye.rest.routes import ROUTES

pytestmark = pytest.mark.soak
FUZZER = ROOT / ".venv-soak" / "bin" / "schemathesis"
CASES = 1_000
PREFIX = "/api/v1/thirdeye"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[tuple[str, str]]:
    """The address of a server over a refreshed sample estate with items in it, and a token."""
    assert FUZZER.exists(), "there is no fuzzer: run `scripts/setup soak`"
    deployment = Deployment(tmp_path_factory.mktemp("fuzzed"), signer, measured=False)
    try:
        deployment.start_worker()
        api = deployment.serve(GRAPHQL_PLAYGROUND="true", ENVIRONMENT="development")
        api.wait_until_ready()
        wait_for(lambda: bool(api.ask("{ estate { refreshedAt } }")["data"]))
        for number in range(30):
            api.ask(f'mutation {{ createActionItem(title: "item {number}", assignee: "ann") {{ id }} }}')
        yield f"http://127.0.0.1:{api.port}", signer.token()
    finally:
        deployment.stop()


def fuzz(location: str, token: str, folder: Path, *more: str) -> tuple[str, list[str]]:
    """Runs it; gives what it says at the end, and all bodies that it was answered."""
    report, hooks = folder / "cases.ndjson", folder / "hooks.py"
    hooks.write_text(_HOOKS)
    command = [
        str(FUZZER), "run", location, "--header", f"Authorization: Bearer {token}", "--phases", "fuzzing", "--seed", "1",
        "--no-shrink", "--continue-on-failure", "--report", "ndjson", "--report-ndjson-path", str(report),
        "--request-timeout", "10", "--suppress-health-check", "all", "--warnings", "off", *more,
    ]  # fmt: skip
    environment = {**os.environ, "NO_COLOR": "1", "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)
    (folder / "report.txt").write_text(done.stdout + done.stderr)
    return done.stdout + done.stderr, [*responses(report)]


def responses(report: Path) -> Iterator[str]:
    """Status and body of every response in a report."""

    def found(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if "status_code" in value and "content" in value:
                content = value["content"] or ""
                body = base64.b64decode(content["$base64"]) if isinstance(content, dict) else str(content).encode()
                yield f"{value['status_code']} {body.decode(errors='replace')}"
            for each in value.values():
                yield from found(each)
        elif isinstance(value, list):
            for each in value:
                yield from found(each)

    for line in report.read_text().splitlines():
        yield from found(json.loads(line))


# What our scalars are; a text that is none as well.
_HOOKS = """
import schemathesis
from hypothesis import strategies as st
from hypothesis_graphql import nodes

def text(strategy):
    return strategy.map(nodes.String)

anything = st.text(max_size=20)
schemathesis.graphql.scalar("Decimal", text(st.decimals(allow_nan=False).map(str) | anything))
schemathesis.graphql.scalar("Bytes", st.integers(-(2**70), 2**70).map(nodes.Int))
"""


def test_openapi(served: tuple[str, str], tmp_path: Path) -> None:
    base, token = served
    # Twice the share, for what takes no arguments has few cases.
    each = -(-2 * CASES // len(ROUTES))
    checks = ",".join(
        f"{what}_conformance" for what in ("status_code", "content_type", "response_headers", "response_schema")
    )
    checks += ",not_a_server_error"
    said, answers = fuzz(
        f"{base}{PREFIX}/openapi.json", token, tmp_path, "--max-examples", str(each), "--checks", checks
    )
    assert "No issues found" in said, said[-6000:]
    assert len(answers) >= CASES
    assert [answer for answer in answers if answer.startswith("5")] == []


def test_graphql(served: tuple[str, str], tmp_path: Path) -> None:
    base, token = served
    schema = build_schema()
    assert schema.query_type is not None
    assert schema.mutation_type is not None
    each = -(-2 * CASES // (len(schema.query_type.fields) + len(schema.mutation_type.fields)))
    # Its own check takes every error for one of the server's; ours say by their codes what they are.
    said, answers = fuzz(
        f"{base}{PREFIX}/graphql", token, tmp_path, "--max-examples", str(each), "--checks", "not_a_server_error"
    )
    assert len(answers) >= CASES
    assert "Errors:" not in said, said[-3000:]
    wrong = [answer for answer in answers if not answer.startswith(("200", "400")) or '"INTERNAL"' in answer]
    assert wrong == [], (len(wrong), sorted({answer[-400:] for answer in wrong})[:5])
