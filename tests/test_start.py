"""What a process that answers has in memory from its start: libraries that nothing of it needs stay out."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from structlog.testing import capture_logs

from thirdeye.services import open_services
from thirdeye.settings import Settings

ROOT: Final = Path(__file__).parent.parent
# `thirdeye serve`, as far as a wrong setting lets it come.
_IMPORTS: Final = """
import json, os, sys
os.environ["THIRDEYE_PORT"] = "none"
sys.argv = ["thirdeye", "serve"]
import thirdeye.__main__
try:
    thirdeye.__main__.main()
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)))
"""
_UNUSED: Final = (
    # Of libraries that only color what nobody sees, note what nobody reads, or build queries that are never built.
    "rich", "pygments", "sqlalchemy", "jwt", "greenlet", "deprecated", "wrapt",
    # For work of the worker, of commands, or of processes of their own.
    "sqlglot", "statsforecast", "scipy", "pandas", "opentelemetry", "yoyo", "worker", "thirdeye.local",
    "thirdeye.migration_runner", "thirdeye.mirror.refresh", "thirdeye.mirror.openmetadata", "thirdeye.forecast.forecaster",
    "thirdeye.actions.detection.run", "thirdeye.pruning", "thirdeye.commands.doctor.probes",
    # For tests and benchmarks.
    "hypothesis", "pytest", "bench", "tests",
)  # fmt: skip


def test_the_apis_entrance_imports_nothing_that_it_does_not_need() -> None:
    command = [sys.executable, "-c", _IMPORTS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    imported = set(json.loads(done.stdout.splitlines()[-1]))
    assert "thirdeye.app" in imported
    assert [name for name in _UNUSED if name in imported] == []


@pytest.mark.parametrize("answers_requests", [True, False])
def test_the_start_says_that_a_prior_cannot_be_used(
    settings: Settings, tmp_path: Path, *, answers_requests: bool
) -> None:
    """What a process makes only when it is first asked for it would tell that an hour later, or never."""
    missing = settings.model_copy(update={"return_risk_prior": str(tmp_path / "none.json")})
    for each, said in ((settings, []), (missing, ["return_risk_prior_not_used"])):
        with capture_logs() as logs:
            open_services(each, answers_requests=answers_requests, watches=False)
        assert [log["event"] for log in logs] == said
