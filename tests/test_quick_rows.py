"""Rows that have arrived are read as aiomysql reads them, however they arrive."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiomysql
import pytest
from aiomysql.connection import MySQLResult
from hypothesis import given, settings
from hypothesis import strategies as st
from pymysql.err import InternalError, OperationalError, ProgrammingError

from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.quick_rows import _Result, texts
from thirdeye.session import _Cursor
from thirdeye.sql_text import decode_datetime

_END = b"\xfe\x00\x00\x02\x00"
_ERROR = b"\xff\x25\x05#70100ended"
_COLUMNS = [("ascii", int), ("utf8", None), (None, None), ("ascii", decode_datetime)]
_ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**63), 2**64 - 1).map(lambda number: str(number).encode()),
        st.none() | st.text(max_size=300).map(str.encode),
        st.none() | st.binary(max_size=5) | st.integers(245, 70_000).map(bytes),
        st.none() | st.datetimes().map(lambda moment: moment.isoformat(sep=" ").encode()),
    ),
    max_size=8,
)


def _value(value: bytes | None) -> bytes:
    if value is None:
        return b"\xfb"
    length = len(value)
    if length < 251:
        return bytes([length]) + value
    if length < 2**16:
        return b"\xfc" + length.to_bytes(2, "little") + value
    return b"\xfd" + length.to_bytes(3, "little") + value


def _packets(payloads: list[bytes], first: int) -> bytes:
    return b"".join(
        len(payload).to_bytes(3, "little") + bytes([(first + number) % 256]) + payload
        for number, payload in enumerate(payloads)
    )


async def _read(kind: type, data: bytes, first: int, sizes: list[int]) -> Any:
    """What a result of this kind makes of the data, which arrive in parts of these sizes."""
    connection = aiomysql.Connection()
    # The connection forgets its own when it is lost.
    reader = connection._reader = asyncio.StreamReader()
    connection._next_seq_id = first
    result = kind(connection)
    result.converters = _COLUMNS
    reading = asyncio.ensure_future(result._read_rowdata_packet())
    at = 0
    for size in [*sizes, len(data)]:
        reader.feed_data(data[at : at + size])
        at += size
        await asyncio.sleep(0)
    reader.feed_eof()
    try:
        await reading
    except (InternalError, OperationalError) as error:
        return type(error), error.args
    return (
        result.rows,
        result.affected_rows,
        result.has_next,
        connection._next_seq_id,
        bytes(reader._buffer),
    )


@pytest.fixture
def waited_for(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The packets that aiomysql was asked for."""
    packets, read_packet = list[Any](), aiomysql.Connection._read_packet

    async def noted(connection: Any, *args: Any) -> Any:
        packets.append(await read_packet(connection, *args))
        return packets[-1]

    monkeypatch.setattr(aiomysql.Connection, "_read_packet", noted)
    return packets


@settings(max_examples=30, deadline=None)
@given(
    rows=_ROWS,
    first=st.integers(0, 255),
    sizes=st.lists(st.integers(1, 400), max_size=6),
    end=st.sampled_from([_END, _ERROR]),
)
def test_what_aiomysql_reads_is_read(
    rows: list[tuple[bytes | None, ...]], first: int, sizes: list[int], end: bytes
) -> None:
    payloads = [*(b"".join(map(_value, row)) for row in rows), end]
    data = _packets(payloads, first)
    assert asyncio.run(_read(_Result, data, first, sizes)) == asyncio.run(_read(MySQLResult, data, first, sizes))


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_a_connection_that_ends_within_a_row_is_lost(cut: int) -> None:
    data = _packets([_value(b"1") + _value(b"text") + _value(None) + _value(None)] * 3 + [_END], 3)[:-cut]
    found = asyncio.run(_read(_Result, data, 3, []))
    assert found == asyncio.run(_read(MySQLResult, data, 3, []))
    assert found[0] is OperationalError


def test_rows_out_of_order_are_refused() -> None:
    row = _value(b"1") + _value(b"text") + _value(None) + _value(None)
    data = _packets([row], 3) + _packets([row, _END], 5)
    found = asyncio.run(_read(_Result, data, 3, []))
    assert found == asyncio.run(_read(MySQLResult, data, 3, []))
    assert found[0] is InternalError


def test_rows_that_have_arrived_are_not_read_one_by_one(waited_for: list[Any]) -> None:
    data = _packets([_value(b"1") + _value(b"text") + _value(None) + _value(None)] * 50 + [_END], 0)
    found = asyncio.run(_read(_Result, data, 0, [len(data)]))
    assert len(found[0]) == 50
    # Its end alone.
    assert len(waited_for) == 1


# ---- texts


async def _texts(data: bytes, sizes: list[int]) -> Any:
    """What is read as texts of an answer that arrives in parts of these sizes."""
    connection = aiomysql.Connection()
    reader = connection._reader = asyncio.StreamReader()

    async def sent(*_: object) -> None:
        connection._next_seq_id = 1

    connection._execute_command = sent
    reading = asyncio.ensure_future(texts(connection, "SELECT"))
    at = 0
    for size in [*sizes, len(data)]:
        await asyncio.sleep(0)
        reader.feed_data(data[at : at + size])
        at += size
    await asyncio.sleep(0)
    reader.feed_eof()
    try:
        return await reading, connection.server_status, connection._next_seq_id, bytes(reader._buffer)
    except (InternalError, OperationalError) as error:
        return type(error), error.args


def _answer(rows: list[tuple[bytes | None, ...]], end: bytes) -> bytes:
    columns = [b"\x03def" + bytes(40)] * 4
    return _packets([b"\x04", *columns, _END, *(b"".join(map(_value, row)) for row in rows), end], 1)


@settings(max_examples=50, deadline=None)
@given(rows=_ROWS, sizes=st.lists(st.integers(1, 400), max_size=6), status=st.integers(0, 2**16 - 1))
def test_texts_are_those_that_arrive(rows: list[tuple[bytes | None, ...]], sizes: list[int], status: int) -> None:
    data = _answer(rows, _END[:3] + status.to_bytes(2, "little"))
    expected = (rows, status, (len(rows) + 7 + 1) % 256, b"")
    # What follows the answer is not touched.
    assert asyncio.run(_texts(data, sizes)) == expected
    assert asyncio.run(_texts(data + b"more", [len(data) + 4])) == (*expected[:3], b"more")


@settings(max_examples=20, deadline=None)
@given(rows=_ROWS, sizes=st.lists(st.integers(1, 400), max_size=6))
def test_an_error_among_texts_is_told(rows: list[tuple[bytes | None, ...]], sizes: list[int]) -> None:
    assert asyncio.run(_texts(_answer(rows, _ERROR), sizes)) == (OperationalError, (1317, "ended"))
    assert asyncio.run(_texts(_packets([_ERROR], 1), sizes)) == (OperationalError, (1317, "ended"))


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_a_connection_that_ends_among_texts_is_lost(cut: int) -> None:
    data = _answer([(b"1", b"text", None, None)] * 3, _END)
    assert asyncio.run(_texts(data[:-cut], []))[0] is OperationalError


def test_texts_of_more_than_a_packet_are_read_when_all_is_there() -> None:
    # A row that fills one is followed by an empty one.
    size = 0xFFFFFF - len(_value(bytes(2**16))) + 2**16
    rows: list[tuple[bytes | None, ...]] = [(bytes(size),), (bytes(size + 1),), (b"a",)]
    column = b"\x03def" + bytes(40)
    data = [_value(value) for (value,) in rows]
    full, more = data[0], data[1]
    payloads = [b"\x01", column, _END, full, b"", more[:0xFFFFFF], more[0xFFFFFF:], data[2], _END]
    assert asyncio.run(_texts(_packets(payloads, 1), []))[0] == rows


def test_texts_out_of_order_are_refused() -> None:
    row = _value(b"1") + _value(b"text") + _value(None) + _value(None)
    data = _answer([], _END)[: -len(_END) - 4]
    assert asyncio.run(_texts(data + _packets([row], 8) + _packets([_END], 9), []))[0] is InternalError


def test_texts_that_have_arrived_are_not_read_one_by_one(waited_for: list[Any]) -> None:
    rows = [(b"1", b"text", None, None)] * 50
    assert asyncio.run(_texts(_answer(rows, _END), []))[0] == rows
    # How many columns there are: that is what is waited for.
    assert len(waited_for) == 1


# ---- from real servers

_NUMBERS = "WITH RECURSIVE numbers AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM numbers WHERE i < 700) SELECT"
_OF_ALL_TYPES = """
SELECT 1 AS one, -5 AS negative, 18446744073709551615 AS largest, 1.50 AS price, 1e300 AS large, NULL AS nothing,
 'text with ü, 😀 and a \\\\' AS words, '' AS blank, x'00ff80' AS bits, TRUE AS yes, DATE '2026-02-28' AS day,
 TIMESTAMP '2026-02-28 23:59:59.123456' AS moment, TIME '-12:30:01' AS while_, JSON_OBJECT('a', 'é') AS document,
 _latin1 x'636166e9' AS latin, REPEAT('ü', 40000) AS long_one, 1 AS one
UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
"""
# A value of each length that is written in another way, and of more than one packet.
_LENGTHS = (0, 1, 250, 251, 252, 65_535, 65_536, 300_000, 16_777_213, 16_777_220)


@asynccontextmanager
async def _connected(server: MariaDB | MySQL) -> AsyncIterator[Any]:
    connection = await aiomysql.connect(
        unix_socket=server.unix_socket, user="root", password=server.root_password, db="mysql", charset="utf8mb4"
    )
    try:
        yield connection
    finally:
        connection.close()


async def _rows(connection: Any, kind: type[aiomysql.DictCursor], sql: str) -> list[dict[str, Any]]:
    async with connection.cursor(kind) as cursor:
        await cursor.execute(sql)
        return list(await cursor.fetchall())


@pytest.mark.anyio
async def test_answers_of_servers_are_those_that_aiomysql_reads(sql_server: MariaDB | MySQL) -> None:
    lengths = " UNION ALL ".join(f"SELECT {length} AS length, REPEAT('x', {length}) AS text_" for length in _LENGTHS)
    many = f"{_NUMBERS} i, REPEAT('ab', i) AS b, i / 7 AS c FROM numbers"
    async with _connected(sql_server) as connection:
        for sql in (_OF_ALL_TYPES, "SELECT 1 AS one FROM DUAL WHERE FALSE", lengths, many, "SET @a = 1"):
            expected, found = [await _rows(connection, kind, sql) for kind in (aiomysql.DictCursor, _Cursor)]
            assert found == expected
            types = [[type(value) for value in row.values()] for row in found]
            assert types == [[type(value) for value in row.values()] for row in expected]
        async with connection.cursor(_Cursor) as cursor:
            assert (await cursor.execute(lengths), cursor.rowcount) == (len(_LENGTHS), len(_LENGTHS))
            await cursor.execute("CREATE TEMPORARY TABLE made (id INT AUTO_INCREMENT PRIMARY KEY, a INT)")
            assert (await cursor.execute("INSERT INTO made (a) VALUES (1), (2)"), cursor.lastrowid) == (2, 1)


def _as_sent(value: object) -> object:
    return value if value is None or isinstance(value, bytes) else str(value).encode()


@pytest.mark.anyio
async def test_texts_of_servers_are_what_their_values_are_read_from(sql_server: MariaDB | MySQL) -> None:
    lengths = " UNION ALL ".join(f"SELECT REPEAT('x', {length}), {length}" for length in _LENGTHS)
    values = (
        "SELECT 1, -5, NULL, 'text with ü, 😀', '', x'00ff80', JSON_OBJECT('a', 'é'), REPEAT('ü', 40000)"
        " UNION ALL SELECT NULL, NULL, 2, 'b', NULL, x'00', NULL, ''"
    )
    many = f"{_NUMBERS} i, REPEAT('ab', i) FROM numbers"
    async with _connected(sql_server) as connection, connection.cursor() as cursor:
        for sql in (values, "SELECT 1 FROM DUAL WHERE FALSE", lengths, many):
            await cursor.execute(sql)
            expected = [tuple(map(_as_sent, row)) for row in await cursor.fetchall()]
            assert await texts(connection, sql) == expected
            assert not connection.get_transaction_status()
        await connection.begin()
        connection._last_usage = long_ago = connection.last_usage - 100
        assert await texts(connection, "SELECT 1") == [(b"1",)]
        assert connection.last_usage > long_ago + 99
        assert connection.get_transaction_status()
        with pytest.raises(OperationalError, match="more than 1 row"):
            await texts(connection, f"{_NUMBERS} IF(i < 700, i, (SELECT 1 UNION SELECT i)) AS a FROM numbers")
        with pytest.raises(ProgrammingError):
            await texts(connection, "SELECT nothing FROM nowhere")
        assert await texts(connection, "SELECT 2") == [(b"2",)]


@pytest.mark.anyio
async def test_an_error_after_the_first_rows_is_told_and_the_connection_goes_on(sql_server: MariaDB | MySQL) -> None:
    # The last row asks for one value and finds two.
    sql = f"{_NUMBERS} IF(i < 700, i, (SELECT 1 UNION SELECT i)) AS a FROM numbers"
    async with _connected(sql_server) as connection:
        with pytest.raises(OperationalError, match="more than 1 row"):
            await _rows(connection, _Cursor, sql)
        assert await _rows(connection, _Cursor, "SELECT 2 AS b") == [{"b": 2}]


@pytest.mark.anyio
async def test_who_gives_up_while_rows_come_leaves_no_connection_to_the_next(sql_server: MariaDB | MySQL) -> None:
    async with _connected(sql_server) as connection:
        task = asyncio.create_task(_rows(connection, _Cursor, f"{_NUMBERS} SLEEP(0.05) AS b FROM numbers"))
        while not connection._reader._waiter:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert connection.closed
