"""`thirdeye report`: the same figures in the terminal, on a page that loads nothing, and as JSON."""

import asyncio
import json
import re
from collections.abc import Callable
from copy import deepcopy
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from tests.support.api import prepare_accounts, settings_for
from tests.support.database import copy_migrated
from tests.support.deployment import process_environment
from thirdeye.cli import cli
from thirdeye.commands.report.charts import parts_chart, score_chart
from thirdeye.commands.report.page import page
from thirdeye.commands.report.terminal import show
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.services import open_services
from thirdeye.settings import Settings, process_settings

Report = Callable[..., Any]
SCHEMA = "thirdeye_report"
VOID = {"meta"}


def reporting(settings: Settings) -> Report:
    """Runs the command."""

    def invoke(*arguments: str) -> Any:
        process_settings.cache_clear()
        return CliRunner().invoke(cli, ["report", *arguments], env=process_environment(settings))

    return invoke


@pytest.fixture
def report(settings: Settings) -> Report:
    """The command where there is no score yet."""
    return reporting(settings)


@pytest.fixture(scope="session")
def scored_settings(sql_server: MariaDB | MySQL, redis_server: Redis, sample_schema: str, signer: Signer) -> Settings:
    """Settings over a score of the sample estate, computed once a server; nobody may change it."""
    with sql_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {SCHEMA}")
    prepare_accounts(sql_server, sample_schema, SCHEMA)
    settings = settings_for(sql_server, redis_server, om_schema=sample_schema, schema=SCHEMA, signer=signer)
    copy_migrated(sql_server, SCHEMA, settings)

    async def compute() -> None:
        async with open_services(settings) as services:
            while not await services.score.compute():
                await asyncio.sleep(0.1)

    asyncio.run(compute())
    return settings


@pytest.fixture
def scored_report(scored_settings: Settings, sql_server: MariaDB | MySQL) -> Report:
    """The command over that score; other tests make the accounts anew, for other schemas."""
    prepare_accounts(sql_server, scored_settings.om_mysql_db, SCHEMA)
    return reporting(scored_settings)


class Page(HTMLParser):
    """What a page holds: its text, its tags, and whether each is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.tags, self.open = list[str](), list[str](), list[str]()
        self.attributes = list[tuple[str, str | None]]()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_three_forms_tell_the_same(scored_report: Report, tmp_path: Path) -> None:
    data = json.loads(scored_report("--json").stdout)
    plan = data["unlockPlan"]
    assert len(plan["groups"]) == 10
    file = tmp_path / "report.html"
    written = scored_report("--html", str(file))
    assert (written.exit_code, written.stdout) == (0, "")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
    parsed = Page(file.read_text("utf-8"))
    assert parsed.open == []
    in_page, in_terminal = " ".join("".join(parsed.text).split()), " ".join(scored_report().stdout.split())
    figures = [plan[name] for name in ("monthlyCost", "released", "stays", "blocked")]
    figures += [group["monthlyCost"] for group in plan["groups"]]
    figures += [table["verdict"]["saving"] for table in data["verdicts"]["bestSavings"]]
    figures += [service["monthlyCost"] for service in data["estate"]["byService"]]
    assert len(figures) > 25
    for amount in figures:
        for told in (in_page, in_terminal):
            assert f"{float(amount):,.2f}" in told, amount
    assert f"{data['ziScore']['score']} of 100" in in_page
    for table in data["verdicts"]["bestSavings"]:
        assert table["fqn"] in in_page


def test_the_page_loads_nothing_and_runs_nothing(scored_report: Report, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    scored_report("--html", str(file))
    text = file.read_text("utf-8")
    parsed = Page(text)
    assert not {"script", "link", "img", "iframe", "object", "form"} & {*parsed.tags}
    names = {name for name, _ in parsed.attributes}
    assert not {name for name in names if name.startswith("on") or name in {"src", "href", "style"}}
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text
    pictures = re.findall("<svg.*?</svg>", text, re.S)
    assert pictures
    for picture in pictures:
        ElementTree.fromstring(picture)


def test_names_are_text_whatever_they_hold(scored_report: Report) -> None:
    data = json.loads(scored_report("--json").stdout)
    odd = deepcopy(data)
    name = '[red]<script>alert("1")</script>[/red] \x1b[2J \u202e & :smile: </td>'
    for table in odd["verdicts"]["bestSavings"]:
        table.update(fqn=name, owners=[{"type": "team", "name": name}])
        table["verdict"]["reasons"][0] = name
    for group in odd["unlockPlan"]["groups"]:
        group.update(service=name, action=name)
    for service in odd["estate"]["byService"]:
        service.update(service=name, type=name)
    odd["estate"]["warnings"] = [name for _ in data["estate"]["warnings"]]
    parsed = Page(page(odd))
    assert parsed.tags == Page(page(data)).tags
    stream = StringIO()
    show(odd, stream)
    for told in ("".join(parsed.text), stream.getvalue()):
        assert "\x1b" not in told
        assert "\u202e" not in told
    assert '[red]<script>alert("1")</script>[/red]' in "".join(parsed.text)
    assert ":smile:" in stream.getvalue()


def test_without_a_score_it_says_what_to_do(report: Report, settings: Settings) -> None:
    async def migrated() -> None:
        async with open_services(settings):
            pass

    asyncio.run(migrated())
    for arguments in ((), ("--json",)):
        result = report(*arguments)
        assert result.exit_code == 1
        assert "there is no score yet" in result.output


def test_what_cannot_be_done_changes_nothing(report: Report, tmp_path: Path) -> None:
    both = report("--json", "--html", str(tmp_path / "x"))
    assert both.exit_code == 2
    assert "not both" in both.output
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_leaves_the_one_before(scored_report: Report, tmp_path: Path) -> None:
    for file in (tmp_path / "missing" / "report.html", tmp_path):
        result = scored_report("--html", str(file))
        assert result.exit_code == 1, result.output
        assert "cannot be reached or read" in result.output
    assert list(tmp_path.iterdir()) == []


def test_pictures_of_nothing_are_none() -> None:
    assert score_chart([]) == score_chart([("2026-11-01", 50)]) == ""
    assert parts_chart([]) == parts_chart([("blocked", 0.0)]) == ""
    line = ElementTree.fromstring(score_chart([("2026-11-01", 0), ("2026-11-02", 100)]))
    low, high = str(next(each for each in line if each.tag == "polyline").get("points")).split()
    assert float(low.split(",")[1]) > float(high.split(",")[1])
