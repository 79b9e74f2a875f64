"""The commands of a page of the documentation, as somebody pastes them into a shell."""

import re
from collections.abc import Mapping

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_VALUE = re.compile(r"^export (\w+)=(\S+)(?: +#.*)?$")
_FUNCTION = re.compile(r"^(\w+)\(\) \{ (.+); \}(?: +#.*)?$")


def blocks(page: str, heading: str) -> list[str]:
    """The shell blocks below a heading, up to the next one."""
    _, found, rest = page.partition(f"\n{heading}\n")
    assert found, heading
    return _BLOCK.findall(re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0])


def values(block: str) -> dict[str, str]:
    """What a block leaves to who pastes it, by name: values, and bodies of functions. It may hold nothing else."""
    found = {}
    for line in block.splitlines():
        match = _VALUE.match(line) or _FUNCTION.match(line)
        assert match, line
        found[match[1]] = match[2]
    return found


def with_values(block: str, own: Mapping[str, str]) -> str:
    """The same block with other values for all of its names."""
    assert set(values(block)) == set(own)
    lines = []
    for line in block.splitlines():
        match = _VALUE.match(line) or _FUNCTION.match(line)
        assert match
        start, end = match.span(2)
        lines.append(line[:start] + own[match[1]] + line[end:])
    return "\n".join([*lines, ""])
