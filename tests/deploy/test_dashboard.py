"""The dashboard for Grafana: sound, every query one that Prometheus understands, every metric one that exists."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support import ROOT
from tests.support.promtool import PromtoolUnavailable, alerts, find_promtool
from thirdeye.observability.metrics import Metrics

DASHBOARD = ROOT / "deploy" / "observability" / "dashboard.json"
# Grafana's own names of units.
UNITS = {"none", "short", "s", "bytes", "percentunit", "reqps", "ops", "cps"}


def dashboard() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return document


def panels() -> list[dict[str, Any]]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def queries() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def samples() -> set[str]:
    """The names under which Prometheus has the metrics of a process."""
    names = set()
    for family in Metrics().registry.collect():
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
        names |= {family.name + suffix for suffix in suffixes}
    return names


def test_every_query_and_rule_asks_for_metrics_that_exist() -> None:
    for query in [*queries(), *(alert["expr"] for alert in alerts().values())]:
        named = set(re.findall(r"\bthirdeye_\w+", query))
        assert named or "up{" in query, query
        assert named <= samples(), query


def test_the_dashboard_shows_every_metric() -> None:
    shown = set(re.findall(r"\bthirdeye_\w+", " ".join(queries())))
    families = {family.name for family in Metrics().registry.collect()}
    assert {name for name in families if not any(each.startswith(name) for each in shown)} == set()


def test_every_panel_says_what_it_shows_in_a_unit_and_asks_the_datasource_of_the_variable() -> None:
    (variable,) = dashboard()["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == ("datasource", "datasource", "prometheus")
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels():
        assert panel["title"] and panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        assert panel["datasource"] == chosen
        assert [target["datasource"] for target in panel["targets"]] == [chosen] * len(panel["targets"])
        assert all(target["legendFormat"] for target in panel["targets"])


def test_panels_have_ids_of_their_own_and_do_not_cover_each_other() -> None:
    every = dashboard()["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    cells = [cell for panel in every for cell in cells_of(panel["gridPos"])]
    assert len(cells) == len(set(cells))
    assert {x for x, _ in cells} == set(range(24))


def cells_of(place: dict[str, int]) -> list[tuple[int, int]]:
    return [(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])]


def test_prometheus_understands_every_query(tmp_path: Path) -> None:
    try:
        promtool = find_promtool()
    except PromtoolUnavailable as reason:
        pytest.skip(str(reason))
    rules = [
        {"record": f"query:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(queries())
    ]
    path = tmp_path / "queries.yml"
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump({"groups": [{"name": "queries", "rules": rules}]}, file)
    done = subprocess.run([promtool, "check", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
