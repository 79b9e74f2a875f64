"""The rules for Prometheus, checked and fired by its own promtool: each alert fires when it must, and not before."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.promtool import RULES, Expected, PromtoolUnavailable, Scenario, alerts, find_promtool, write_tests

API, WORKER = '{job="thirdeye-api",instance="api"}', '{job="thirdeye-worker",instance="worker"}'
HTTP, REFRESHES = "thirdeye_http_requests_total", "thirdeye_refreshes_total"
GRAPHQL = 'route="/api/v1/thirdeye/graphql"'
INSTANCE = {"job": "thirdeye-api", "instance": "api"}
# Five hours in which everything is well.
WELL = {
    f"up{API}": "1x300",
    f"up{WORKER}": "1x300",
    f"thirdeye_worker_reports{API}": "1x300",
    f"thirdeye_queue_jobs{API}": "1x300",
    **{f'thirdeye_dependency_up{{dependency="{name}",job="thirdeye-api",instance="api"}}': "1x300"
       for name in ("openmetadata", "thirdeye", "redis")},
    f"thirdeye_zi_score_captured_timestamp_seconds{API}": "0+60x300",
    f"thirdeye_refresh_interval_seconds{API}": "3600x300",
    f'{REFRESHES}{{outcome="done",kind="incremental",instance="worker"}}': "0+0.0166x300",
    f'{REFRESHES}{{outcome="failed",kind="incremental",instance="worker"}}': "0x300",
    'thirdeye_jobs_total{exported_job="prune",outcome="failed",instance="worker"}': "0x300",
    'thirdeye_jobs_total{exported_job="compute_forecast",outcome="failed",instance="worker"}': "0x300",
    f'{HTTP}{{status="200",{GRAPHQL},instance="api"}}': "0+100x300",
    # A probe that gets 503 is no request that fails.
    f'{HTTP}{{status="503",route="/api/v1/thirdeye/health/ready",instance="api"}}': "0+60x300",
    'thirdeye_graphql_operations_total{operation="adhoc",outcome="ok",instance="api"}': "0+100x300",
    'thirdeye_graphql_errors_total{code="TIMEOUT",instance="api"}': "0x300",
    'thirdeye_graphql_errors_total{code="INTERNAL",instance="api"}': "0x300",
    'thirdeye_http_request_seconds_bucket{le="0.1",route="/api/v1/thirdeye/graphql"}': "0+100x300",
    'thirdeye_http_request_seconds_bucket{le="2.5",route="/api/v1/thirdeye/graphql"}': "0+100x300",
    'thirdeye_http_request_seconds_bucket{le="+Inf",route="/api/v1/thirdeye/graphql"}': "0+100x300",
    'thirdeye_database_connections_used{database="thirdeye",job="thirdeye-api",instance="api"}': "2x300",
    'thirdeye_database_connections_limit{database="thirdeye",job="thirdeye-api",instance="api"}': "10x300",
    f"thirdeye_key_set_age_seconds{API}": "300x300",
    'thirdeye_spans_total{outcome="sent",instance="api"}': "0+100x300",
    'thirdeye_spans_total{outcome="refused",instance="api"}': "0x300",
}  # fmt: skip


def dependency(name: str) -> str:
    return f'thirdeye_dependency_up{{dependency="{name}",job="thirdeye-api",instance="api"}}'


def jobs(name: str) -> str:
    return f'thirdeye_jobs_total{{exported_job="{name}",outcome="failed",instance="worker"}}'


FAILED_REQUESTS = f'{HTTP}{{status="503",{GRAPHQL},instance="api"}}'
REFUSED_REQUESTS = f'{HTTP}{{status="429",{GRAPHQL},instance="api"}}'
FAILED_REFRESHES = f'{REFRESHES}{{outcome="failed",kind="incremental",instance="worker"}}'
DONE_REFRESHES = f'{REFRESHES}{{outcome="done",kind="incremental",instance="worker"}}'
FAST = 'thirdeye_http_request_seconds_bucket{le="0.1",route="/api/v1/thirdeye/graphql"}'
USED = 'thirdeye_database_connections_used{database="thirdeye",job="thirdeye-api",instance="api"}'
TIMEOUTS = 'thirdeye_graphql_errors_total{code="TIMEOUT",instance="api"}'
DEFECTS = 'thirdeye_graphql_errors_total{code="INTERNAL",instance="api"}'
REFUSED_SPANS = 'thirdeye_spans_total{outcome="refused",instance="api"}'
GROWTH = "ThirdEyeSchemaGrowing"
SCHEMA = f"thirdeye_schema_bytes{WORKER}"
# By alert what makes it fire, and with which labels; and what is close, but nothing to wake anybody for.
# All is judged after four hours (240 minutes), growth after eight days.
CASES: dict[str, tuple[dict[str, str], dict[str, str], dict[str, str]]] = {
    "ThirdEyeApiDown": ({f"up{API}": "1x230 0x60"}, {}, {f"up{API}": "1x238 0x60"}),
    "ThirdEyeApiInstanceDown": (
        {'up{job="thirdeye-api",instance="second"}': "0x300"},
        {"job": "thirdeye-api", "instance": "second"},
        {'up{job="thirdeye-api",instance="second"}': "1x237 0x60"},
    ),
    "ThirdEyeWorkerDead": (
        {f"thirdeye_worker_reports{API}": "1x230 0x60"}, {}, {f"thirdeye_worker_reports{API}": "1x237 0x60"}
    ),
    "ThirdEyeQueueGrowing": ({f"thirdeye_queue_jobs{API}": "11x300"}, {}, {f"thirdeye_queue_jobs{API}": "10x300"}),
    "ThirdEyeOpenMetadataUnreachable": (
        {dependency("openmetadata"): "0x300"}, {**INSTANCE, "dependency": "openmetadata"},
        {dependency("openmetadata"): "1x237 0x60"},
    ),
    "ThirdEyeSchemaUnavailable": (
        {dependency("thirdeye"): "0x300"}, {**INSTANCE, "dependency": "thirdeye"}, {dependency("thirdeye"): "1x239 0x60"}
    ),
    "ThirdEyeRedisAway": (
        {dependency("redis"): "0x300"}, {**INSTANCE, "dependency": "redis"}, {dependency("redis"): "1x237 0x60"}
    ),
    "ThirdEyeRefreshOverdue": (
        {f"thirdeye_zi_score_captured_timestamp_seconds{API}": "1x300"}, {},
        {f"thirdeye_zi_score_captured_timestamp_seconds{API}": "3700x300"},
    ),
    "ThirdEyeRefreshFailing": (
        {FAILED_REFRESHES: "0x100 1x60 3x100", DONE_REFRESHES: "0x300"}, {},
        {FAILED_REFRESHES: "0x100 1x60 3x100", DONE_REFRESHES: "0x200 1x60"},
    ),
    "ThirdEyeJobFailed": ({jobs("prune"): "0x200 1x60"}, {"exported_job": "prune"}, {jobs("prune"): "0x100 1x200"}),
    "ThirdEyeForecastFailing": (
        {jobs("compute_forecast"): "0x100 1x30 2x30 4x100"}, {}, {jobs("compute_forecast"): "0x100 1x30 2x200"}
    ),
    "ThirdEyeErrorRate": ({FAILED_REQUESTS: "0+6x300"}, {}, {FAILED_REQUESTS: "0+5x300"}),
    "ThirdEyeOperationsFail": ({TIMEOUTS: "0+6x300"}, {}, {TIMEOUTS: "0+5x300"}),
    "ThirdEyeDefect": ({DEFECTS: "0x200 1x60"}, {}, {DEFECTS: "0x100 1x200"}),
    "ThirdEyeSlow": ({FAST: "0+90x300"}, {}, {FAST: "0+96x300"}),
    "ThirdEyePoolExhausted": ({USED: "9x300"}, {**INSTANCE, "database": "thirdeye"}, {USED: "8x230 10x2 8x60"}),
    "ThirdEyeRequestsRefused": ({REFUSED_REQUESTS: "0+12x300"}, {}, {REFUSED_REQUESTS: "0+11x300"}),
    "ThirdEyeKeySetStale": (
        {f"thirdeye_key_set_age_seconds{API}": "1e9x300"}, INSTANCE, {f"thirdeye_key_set_age_seconds{API}": "3600x300"}
    ),
    GROWTH: ({SCHEMA: "1e9+6e6x200"}, {}, {SCHEMA: "1e9+2e6x200"}),
    "ThirdEyeTracesDropped": ({REFUSED_SPANS: "0+1x300"}, {}, {REFUSED_SPANS: "0x150 5x200"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def promtool() -> str:
    try:
        return find_promtool()
    except PromtoolUnavailable as reason:
        pytest.skip(str(reason))


def run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def scenarios() -> list[Scenario]:
    """Few, for promtool works at each for half a second: what fires does so beside the others, as does what is close."""
    at_once = {alert: case for alert, case in CASES.items() if alert != GROWTH}
    bad = {series: values for case, _, _ in at_once.values() for series, values in case.items()}
    close = {series: values for _, _, case in at_once.values() for series, values in case.items()}
    # An API that is away is one instance that is away as well.
    fires = [Expected(alert, labels) for alert, (_, labels, _) in at_once.items()]
    fires.append(Expected("ThirdEyeApiInstanceDown", INSTANCE))
    # Growth is seen against a week ago, of which the rest of these series knows nothing.
    grows, _, grows_less = CASES[GROWTH]
    up = {f"up{API}": "1x200"}
    return [
        Scenario("all is well", WELL, "240m"),
        Scenario("everything fires", {**WELL, **bad}, "240m", tuple(fires)),
        Scenario("nothing fires yet", {**WELL, **close}, "240m"),
        Scenario("the schema grows", {**up, **grows}, "8d", (Expected(GROWTH),), "1h"),
        Scenario("the schema grows slowly", {**up, **grows_less}, "8d", (), "1h"),
    ]


def test_prometheus_takes_the_rules(promtool: str) -> None:
    run(promtool, "check", "rules", RULES)


def test_each_alert_fires_when_it_must_and_not_before(promtool: str, tmp_path: Path) -> None:
    assert list(CASES) == list(alerts())
    run(promtool, "test", "rules", *write_tests(scenarios(), tmp_path))


def test_each_alert_says_how_urgent_it_is_and_where_to_read_on() -> None:
    for name, alert in alerts().items():
        assert alert["labels"]["severity"] in {"critical", "warning", "info"}, name
        assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}, name
        assert alert["annotations"]["runbook_url"].endswith(f"/runbooks/#{name.lower()}"), name
        assert all(text.endswith(".") for key, text in alert["annotations"].items() if key != "runbook_url"), name


def test_each_alert_has_its_runbook_and_each_runbook_its_alert() -> None:
    text = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    runbooks = dict(zip(parts[::2], parts[1::2], strict=True))
    assert list(runbooks) == list(alerts())
    wanted = ("**You see**", "**It means**", "**Look at**", "**Do**")
    for name, runbook in runbooks.items():
        assert re.findall(r"^- (\*\*[\w ]+\*\*)", runbook, re.MULTILINE) == list(wanted), name
