"""Prometheus' own checker of rules, and tests of rules for it."""

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.support import ROOT

RULES = ROOT / "deploy" / "observability" / "thirdeye.rules.yml"


class PromtoolUnavailable(Exception):
    """There is none on this machine; the message says why."""


def find_promtool() -> str:
    """The path of promtool: of this machine, else what `scripts/promtool` unpacks. Raises PromtoolUnavailable."""
    done = subprocess.run([ROOT / "scripts" / "promtool"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PromtoolUnavailable((done.stderr.strip() or "scripts/promtool failed").splitlines()[-1])
    return done.stdout.strip()


def alerts() -> dict[str, dict[str, Any]]:
    """The alerts by name."""
    (group,) = YAML(typ="safe", pure=True).load(RULES.read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


@dataclass(frozen=True)
class Expected:
    """An alert that fires, with the labels that its series gives it."""

    alert: str
    labels: dict[str, str] = field(default_factory=dict)

    def written(self) -> dict[str, Any]:
        rule = alerts()[self.alert]
        labels = {**self.labels, **rule["labels"]}

        def filled(text: str) -> str:
            return re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda match: labels.get(match[1], ""), text)

        annotations = {name: filled(text) for name, text in rule["annotations"].items()}
        return {"exp_labels": labels, "exp_annotations": annotations}


@dataclass(frozen=True)
class Scenario:
    """Series in Prometheus' notation for tests, a value each `step`, and which alerts fire at a time."""

    name: str
    series: dict[str, str]
    at: str
    expected: tuple[Expected, ...] = ()
    step: str = "1m"

    def written(self) -> dict[str, Any]:
        fired: dict[str, list[Any]] = {}
        for each in self.expected:
            fired.setdefault(each.alert, []).append(each.written())
        return {
            "name": self.name,
            "interval": self.step,
            "input_series": [{"series": series, "values": values} for series, values in self.series.items()],
            "alert_rule_test": [
                {"eval_time": self.at, "alertname": name, "exp_alerts": fired.get(name, [])} for name in alerts()
            ],
        }


def write_tests(scenarios: list[Scenario], folder: Path) -> list[Path]:
    """Files for `promtool test rules`, one for each step."""
    paths = []
    for step in sorted({each.step for each in scenarios}):
        tests = [each.written() for each in scenarios if each.step == step]
        document = {"rule_files": [str(RULES)], "evaluation_interval": step, "tests": tests}
        paths.append(folder / f"thirdeye-{step}.test.yml")
        with paths[-1].open("w", encoding="utf-8") as file:
            YAML(typ="safe", pure=True).dump(document, file)
    return paths
