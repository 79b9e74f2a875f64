"""Work in a process of its own, which can be stopped at any moment, and what it takes ends with it.

`ChildProcess` asks from the one side, one question at a time, and `serve` answers on the other. Each request and each answer
is its length in four bytes and then itself.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, Final

LENGTH_BYTES: Final = 4
# What a process raises that was stopped, or that does not answer.
STOPPED: Final = (TimeoutError, asyncio.IncompleteReadError, ConnectionError)
_LIMIT: Final = 2**26
# It needs none of the settings, and should not see the secrets among them.
_ENVIRONMENT: Final = ("PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "LD_LIBRARY_PATH")


class ChildProcess:
    """A process that runs a module, whose `main` calls `serve`. It starts with the first request after it was stopped."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The id of the process; None while there is none."""
        return None if self._process is None else self._process.pid

    async def ask(self, request: bytes, seconds: float) -> bytes:
        """The answer. Raises one of STOPPED without one in time, OSError if no process can be started.

        Whatever ends it early stops the process: the next answer would be that to this request.
        """
        try:
            self._process = process = self._process or await self._start()
            assert process.stdin is not None
            assert process.stdout is not None
            async with asyncio.timeout(seconds):
                process.stdin.write(len(request).to_bytes(LENGTH_BYTES, "big") + request)
                await process.stdin.drain()
                length = int.from_bytes(await process.stdout.readexactly(LENGTH_BYTES), "big")
                return await process.stdout.readexactly(length)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Kills the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _start(self) -> asyncio.subprocess.Process:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=_LIMIT,
            env={**environment, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )


def serve(answer: Callable[[bytes], bytes]) -> None:
    """Answers over standard input and output until there are no more requests."""
    # Whoever asks decides when this ends, be it that both get the same signal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answer_all(answer, sys.stdin.buffer, sys.stdout.buffer)


def answer_all(answer: Callable[[bytes], bytes], requests: BinaryIO, answers: BinaryIO) -> None:
    """The same over any two streams."""
    while len(header := requests.read(LENGTH_BYTES)) == LENGTH_BYTES:
        data = answer(requests.read(int.from_bytes(header, "big")))
        answers.write(len(data).to_bytes(LENGTH_BYTES, "big") + data)
        answers.flush()
