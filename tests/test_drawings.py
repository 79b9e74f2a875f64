"""Drawings in documents: that each can be drawn, and that what it joins is there.

They are written in a part of Mermaid's language, which this file reads: a flowchart of boxes, groups and arrows. What it
does not know it refuses, so whoever draws in another way says here what that means.
"""

import re
from pathlib import Path

import pytest

from tests.test_docs import documents, name_of

_KIND = re.compile(r"flowchart (?:LR|RL|TB|TD|BT)")
_NODE = r"(\w+)(?:\[\"([^\"\[\]]+)\"\]|\(\[\"([^\"\[\]]+)\"\]\)|\[\(\"([^\"\[\]]+)\"\)\])?"
_ARROW = re.compile(r"\s+(?:-->|---|-- \"[^\"]+\" -->)\s+")
_GROUP = re.compile(r'subgraph (\w+) \["[^"\[\]]+"\]')


def drawings(path: Path) -> list[str]:
    return re.findall(r"^```mermaid\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def problems(drawing: str) -> list[str]:
    """What is wrong with a drawing: lines that cannot be read, groups that do not end, what is joined and nowhere told."""
    kind, *lines = drawing.splitlines()
    found = [] if _KIND.fullmatch(kind) else [f"not a kind that is read here: {kind}"]
    told, named, depth = set[str](), set[str](), 0
    for line in filter(None, map(str.strip, lines)):
        if group := _GROUP.fullmatch(line):
            told.add(group[1])
            depth += 1
        elif line == "end":
            depth -= 1
        else:
            for part in _ARROW.split(line):
                node = re.fullmatch(_NODE, part)
                if node is None:
                    found.append(f"cannot be read: {line}")
                    continue
                named.add(node[1])
                if any(node.groups()[1:]):
                    if node[1] in told:
                        found.append(f"told twice: {node[1]}")
                    told.add(node[1])
        if depth < 0:
            found.append("an end without a group")
    return [*found, *(["a group without an end"] if depth > 0 else []), *(f"nowhere told: {x}" for x in named - told)]


@pytest.mark.parametrize("document", [path for path in documents() if drawings(path)], ids=name_of)
def test_drawings_can_be_drawn(document: Path) -> None:
    assert [problems(drawing) for drawing in drawings(document) if problems(drawing)] == []


def test_there_is_a_drawing() -> None:
    assert any(drawings(path) for path in documents())


SOUND = 'flowchart LR\n  a["A<br>B"] --> b(["B"])\n  subgraph g ["G"]\n    b -- "of" --> c[("C")]\n  end\n  g --- a\n'


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("", "", None),
        ("flowchart LR", "flowchat LR", "not a kind that is read here: flowchat LR"),
        ("flowchart LR", "flowchart", "not a kind that is read here: flowchart"),
        ("  end\n", "", "a group without an end"),
        ("  end\n", "  end\n  end\n", "an end without a group"),
        ("g --- a", "g --- d", "nowhere told: d"),
        ("g --- a", "g --- a[\"again\"]", "told twice: a"),
        ("g --- a", "g -> a", "cannot be read: g -> a"),
        ('[("C")]', '[("C"]', 'cannot be read: b -- "of" --> c[("C"]'),
        ('["A<br>B"]', "[A (B)]", "cannot be read: a[A (B)] --> b([\"B\"])"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_named(old: str, new: str, problem: str | None) -> None:
    assert problem is None or problem in problems(SOUND.replace(old, new))
    assert problem is not None or problems(SOUND) == []
