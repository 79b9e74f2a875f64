"""Rows of the database in fewer steps than aiomysql takes: what has arrived is read in one loop.

aiomysql waits twice for each row, makes an object of it and calls twice for each of its values. Here only what has not arrived
as a whole, is long, or is no row, is left to it. Who needs no more than the texts of values takes them as they come.
"""

from struct import Struct
from typing import Any, Final

from aiomysql.connection import Connection, MySQLResult
from pymysql.constants import COMMAND

_HEADER: Final = 4
# Its first three bytes are the packet's length, the last is its number.
_head: Final = Struct("<I").unpack_from
# A packet that goes on in the next one.
_FULL: Final = 0xFFFFFF
# What a packet begins with that may be no row: its end, an error, or a first value of more than 16 MB.
_END, _ERROR = 0xFE, 0xFF
_NO_ROW: Final = frozenset({_END, _ERROR})
# A packet that is the end has fewer bytes: its status begins at the fourth.
_END_SIZE: Final = 9
# By the first byte of a value, beyond 250, how many bytes hold its length; 251 is NULL.
_WIDTHS: Final = {252: 2, 253: 3, 254: 8}
# Both read bytes as they read text.
_NUMBERS: Final = (int, float)


async def query(connection: Connection, sql: str) -> None:
    """As `Connection.query` of aiomysql."""
    await connection._execute_command(COMMAND.COM_QUERY, sql.encode(connection.encoding, "surrogateescape"))
    connection._result = None
    result = _Result(connection)
    await result.read()
    connection._result = result
    connection._affected_rows = result.affected_rows
    if result.server_status is not None:
        connection.server_status = result.server_status


class _Result(MySQLResult):  # type: ignore[misc]
    async def _read_rowdata_packet(self) -> None:
        connection: Any = self.connection
        columns = [(None if convert in _NUMBERS else encoding, convert) for encoding, convert in self.converters]
        rows: list[tuple[Any, ...]] = []
        while True:
            _read_arrived(connection, columns, rows)
            packet = await connection._read_packet()
            if self._check_packet_is_eof(packet):
                self.connection: Any = None
                break
            rows.append(self._read_row_from_packet(packet))
        self.affected_rows = len(rows)
        self.rows = tuple(rows)


def _read_arrived(connection: Connection, columns: list[tuple[str | None, Any]], rows: list[tuple[Any, ...]]) -> None:
    """Takes all whole rows from the connection's buffer, in the order of their numbers."""
    data, number = bytes(connection._reader._buffer), connection._next_seq_id
    begin, size = 0, len(data)
    while begin + _HEADER < size:
        length = int.from_bytes(data[begin : begin + 3], "little")
        end = begin + _HEADER + length
        if end > size or not 0 < length < _FULL or data[begin + 3] != number or data[begin + _HEADER] in _NO_ROW:
            break
        rows.append(_row(data, begin + _HEADER, columns))
        begin, number = end, (number + 1) % 256
    _drop(connection, begin, number)


def _row(data: bytes, at: int, columns: list[tuple[str | None, Any]]) -> tuple[Any, ...]:
    values: list[Any] = []
    for encoding, convert in columns:
        length = data[at]
        at += 1
        # Beyond it is told how many bytes hold the length.
        if length > 250:
            if length == 251:
                values.append(None)
                continue
            width = _WIDTHS[length]
            length = int.from_bytes(data[at : at + width], "little")
            at += width
        value: Any = data[at : at + length]
        at += length
        if encoding is not None:
            value = value.decode(encoding)
        values.append(value if convert is None else convert(value))
    return tuple(values)


async def texts(connection: Connection, sql: str) -> list[tuple[bytes | None, ...]]:
    """The rows of a statement that gives rows: of each value the bytes of its text, None for NULL."""
    # A pool closes what was not used for long; elsewhere this is known by the cursors that are made.
    connection._last_usage = connection.loop.time()
    await connection._execute_command(COMMAND.COM_QUERY, sql.encode(connection.encoding, "surrogateescape"))
    answer = _Texts(columns=(await connection._read_packet()).read_length_encoded_integer())
    while answer.status is None:
        answer.take_arrived(connection)
        if answer.status is None:
            packet = (await connection._read_packet()).get_all_data()
            answer.take(packet, 0, len(packet))
    connection.server_status = answer.status
    return answer.rows


class _Texts:
    """What has been read of an answer. `status`: the server's, at its end."""

    def __init__(self, columns: int) -> None:
        self.rows: list[tuple[bytes | None, ...]] = []
        self.status: int | None = None
        # A packet for each column, and one for their end.
        self._heads = columns + 1

    def take_arrived(self, connection: Connection) -> None:
        """Takes all whole packets from the connection's buffer, in the order of their numbers, up to the end of the rows."""
        data, number, begin = bytes(connection._reader._buffer), connection._next_seq_id, 0
        size, take = len(data), self.take
        while begin + _HEADER < size and self.status is None:
            (head,) = _head(data, begin)
            at = begin + _HEADER
            end = at + (head & _FULL)
            if end > size or not at < end < at + _FULL or head >> 24 != number or data[at] == _ERROR:
                break
            take(data, at, end)
            begin, number = end, (number + 1) % 256
        _drop(connection, begin, number)

    def take(self, data: bytes, at: int, end: int) -> None:
        """Takes the packet that is there."""
        if self._heads:
            self._heads -= 1
        elif data[at] == _END and end - at < _END_SIZE:
            self.status = int.from_bytes(data[at + 3 : end], "little")
        else:
            self.rows.append(_texts(data, at, end))


def _texts(data: bytes, at: int, end: int) -> tuple[bytes | None, ...]:
    values: list[bytes | None] = []
    while at < end:
        length = data[at]
        at += 1
        # As in `_row`.
        if length > 250:
            if length == 251:
                values.append(None)
                continue
            width = _WIDTHS[length]
            length = int.from_bytes(data[at : at + width], "little")
            at += width
        values.append(data[at : at + length])
        at += length
    return tuple(values)


def _drop(connection: Connection, size: int, number: int) -> None:
    """Takes so many bytes away from the connection's buffer; the next packet is to have this number."""
    if size:
        del connection._reader._buffer[:size]
        connection._reader._maybe_resume_transport()
        connection._next_seq_id = number
