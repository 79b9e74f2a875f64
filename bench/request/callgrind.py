"""Counts the machine's instructions of this process, when it runs under `valgrind --tool=callgrind`.

Valgrind is told by a sequence of instructions that does nothing anywhere else (valgrind.h); there is no other way from
inside. On x86-64 only.
"""

import ctypes
import mmap
import platform
import re
import shutil
from pathlib import Path
from typing import Final

# mov rax, rdi; xor edx, edx; the four rotations and the exchange that Valgrind looks for; mov rax, rdx; ret
_CODE: Final = bytes.fromhex("4889f8 31d2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3")
_BASE: Final = (ord("C") << 24) + (ord("T") << 16)
_DUMP, _ZERO, _START, _STOP = _BASE, _BASE + 1, _BASE + 4, _BASE + 5
OPTIONS: Final = ("--tool=callgrind", "--instr-atstart=no", "--compress-strings=no", "--quiet")
_TOTAL: Final = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


def available() -> bool:
    """Whether instructions can be counted on this machine."""
    return platform.machine() == "x86_64" and shutil.which("valgrind") is not None


class Callgrind:
    """Counts between `start` and `stop`, in a process under Valgrind, which writes files named `output` and a number."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._dumps = 0
        self._page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self._page.write(_CODE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._page))
        self._call = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.POINTER(ctypes.c_ulong))(address)

    def _request(self, number: int) -> None:
        self._call((ctypes.c_ulong * 6)(number))

    def start(self) -> None:
        """From here on instructions are counted; the first ones run slower, because Valgrind looks at each piece anew."""
        self._request(_START)

    def stop(self) -> None:
        self._request(_STOP)

    def zero(self) -> None:
        """Counts from 0 again."""
        self._request(_ZERO)

    def count(self) -> int:
        """The instructions since the last `zero`."""
        self._request(_DUMP)
        self._dumps += 1
        path = self._output.with_name(f"{self._output.name}.{self._dumps}")
        found = _TOTAL.search(path.read_text())
        assert found is not None, path
        path.unlink()
        return int(found[1])
