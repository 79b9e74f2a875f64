"""Exports that nobody reads: few of one caller and in all, and they hold neither a connection nor a place for long.

Relatives: all three exports; HEAD; those that end because the client leaves, or does not read.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.estate.conftest import SCHEMA
from tests.support.api import LONG_DEADLINES, Api, prepare_accounts, running
from tests.support.published import NOON
from tests.support.raw_http import Reluctant, serving, until
from thirdeye.deadlines import Deadlines
from thirdeye.edge import exports
from thirdeye.edge.exports import ExportSlots
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.local.tokens import Signer
from thirdeye.rest import action_items_export, tables_export
from thirdeye.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]
PREFIX = "/api/v1/thirdeye"


class Exporting:
    """An API with one connection to its database, and clients of its exports."""

    def __init__(self, api: Api, port: int, slots: ExportSlots, signer: Signer) -> None:
        self.api = api
        self.slots = slots
        self._port = port
        self._signer = signer
        self.clients: list[Reluctant] = []

    def ask(self, path: str, *, caller: str = "ada", method: str = "GET") -> Reluctant:
        """A client that does not read until it is told to."""
        head = f"{method} {PREFIX}/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
        request = f"{head}authorization: Bearer {self._signer.token(sub=caller)}\r\n\r\n"
        self.clients.append(Reluctant(self._port, request.encode()))
        return self.clients[-1]

    async def status(self, path: str, **more: str) -> tuple[int, bytes]:
        answer = await self.ask(path, **more).read()
        return int(answer.split(b" ", 2)[1]), answer

    async def under_way(self, count: int) -> None:
        await until(lambda: self.slots.in_progress == count)


Start = Callable[..., AbstractAsyncContextManager[Exporting]]


@pytest.fixture
def start(refreshed: Settings, sql_server: MariaDB | MySQL, signer: Signer, monkeypatch: pytest.MonkeyPatch) -> Start:
    prepare_accounts(sql_server, refreshed.om_mysql_db, SCHEMA)
    made: list[ExportSlots] = []

    class Noted(ExportSlots):
        def __init__(self, **limits: int) -> None:
            super().__init__(**limits)
            made.append(self)

    monkeypatch.setattr("thirdeye.app.ExportSlots", Noted)
    page = tables_export._render_rows

    def large_page(*arguments: Any) -> bytes:
        return 20 * page(*arguments)

    # Megabytes, in several pages.
    monkeypatch.setattr(tables_export, "_PAGE", 50)
    monkeypatch.setattr(tables_export, "_render_rows", large_page)

    @asynccontextmanager
    async def started(deadlines: Deadlines = LONG_DEADLINES, **more: Any) -> AsyncIterator[Exporting]:
        settings = refreshed.model_copy(update={"thirdeye_mysql_pool_size": 1, **more})
        async with (
            running(settings, signer, clock=lambda: NOON, deadlines=deadlines) as api,
            serving(api.app) as port,
        ):
            exporting = Exporting(api, port, made[-1], signer)
            try:
                yield exporting
            finally:
                for client in exporting.clients:
                    client.close()

    return started


async def test_those_of_one_caller_and_of_all_have_their_bound(start: Start) -> None:
    async with start(max_exports=3, max_exports_by_caller=2) as exporting:
        for path in ("tables.csv", "tables.jsonl"):
            exporting.ask(path)
        await exporting.under_way(2)
        for path in ("tables.csv", "tables.jsonl", "action-items.csv"):
            status, answer = await exporting.status(path)
            assert status == 429
            assert f"\r\nretry-after: {exports._RETRY_SECONDS}\r\n".encode() in answer
            assert b'"code":429' in answer
        assert (await exporting.status("tables.csv", method="HEAD"))[0] == 429
        third = exporting.ask("tables.csv", caller="bob")
        await exporting.under_way(3)
        status, answer = await exporting.status("action-items.csv", caller="eve")
        assert (status, b"\r\nretry-after: " in answer) == (503, True)
        # Another request has places of its own, and the only connection is not held by anybody who does not read.
        first = await exporting.api.data("{ tables(first: 1) { edges { node { fqn } } } }")
        assert len(first["tables"]["edges"]) == 1
        # One that leaves makes room, and so does one that is read to its end.
        exporting.clients[0].close()
        await exporting.under_way(2)
        assert (await exporting.status("action-items.csv", caller="eve"))[0] == 200
        assert (await third.read()).endswith(b"0\r\n\r\n")
        await exporting.under_way(1)
        assert (await exporting.status("tables.csv", caller="bob"))[0] == 200


async def test_one_that_is_not_read_ends(start: Start) -> None:
    async with start(replace(LONG_DEADLINES, piece=0.2), max_exports=1) as exporting:
        unread = exporting.ask("tables.jsonl")
        await exporting.under_way(1)
        await exporting.under_way(0)
        metrics = (await exporting.api.client.get("/metrics")).text
        assert "thirdeye_answers_not_taken_total 1.0" in metrics
        # It does not look like a whole one.
        assert not (await unread.read()).endswith(b"0\r\n\r\n")


async def test_half_of_the_requests_in_progress_are_left_for_others(start: Start) -> None:
    async with start(max_requests=4, max_exports=100, max_exports_by_caller=100) as exporting:
        for _ in range(2):
            exporting.ask("tables.jsonl")
        await exporting.under_way(2)
        assert (await exporting.status("tables.jsonl"))[0] == 503
        assert "errors" not in await exporting.api.ask("{ tables(first: 1) { totalCount } }")


async def test_an_export_that_fails_leaves_its_place(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    async with start(max_exports=1) as exporting:
        for _ in range(3):
            assert (await exporting.status("tables.csv?colour=red"))[0] == 400
        monkeypatch.setattr(action_items_export, "csv_header", None)
        await exporting.status("action-items.csv")
        assert exporting.slots.in_progress == 0
