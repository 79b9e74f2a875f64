"""The documentation as one book: whole, built without a warning, and nothing in it comes from elsewhere."""

import os
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scripts.book import ADDRESS, brought_in, in_book, path_of_page, place_in_book, text_of
from tests.support import ROOT

BUILDER = ROOT / ".venv-docs" / "bin" / "python"


def pages() -> list[str]:
    """Paths of all pages of the book in the repository."""
    inside = [path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")]
    return sorted({*inside, *(path for path in brought_in(text_of) if path.endswith(".md"))})


def test_every_page_is_in_the_table_of_contents() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r"^ +- [^:]+: (\S+\.md)$", text[text.index("\nnav:") :], re.MULTILINE)
    assert [place for place in listed if not (ROOT / path_of_page(place)).exists()] == []
    of_docs = {place_in_book(path) for path in pages() if path.startswith("docs/")}
    assert {place for place in of_docs - set(listed) if not re.match(r"adr/\d", place)} == set()


@pytest.mark.parametrize(
    ("page", "text", "expected"),
    [
        ("docs/operations.md", "[a](security.md#tokens)", "[a](security.md#tokens)"),
        ("docs/operations.md", "[a](../schema.graphql)", "[a](repository/schema.graphql)"),
        ("docs/operations.md", "[a](../CONTRIBUTING.md#the-map)", "[a](repository/CONTRIBUTING.md#the-map)"),
        ("docs/operations.md", "[a](../deploy/kubernetes)", "[a](repository/deploy/kubernetes/README.md)"),
        ("docs/operations.md", "[a](../README.md)", "[a](index.md)"),
        ("CONTRIBUTING.md", "[a](.github/workflows/ci.yml)", "[a](github/workflows/ci.yml)"),
        ("docs/adr/README.md", "[a](../tables.md)", "[a](../tables.md)"),
        ("README.md", "![a](docs/screenshots/overview.png)", "![a](screenshots/overview.png)"),
        ("deploy/kubernetes/README.md", "[a](../../docs/gateway.md)", "[a](../../../gateway.md)"),
        (
            "docs/operations.md",
            "[a](#health) [b](https://example.org/x.md)",
            "[a](#health) [b](https://example.org/x.md)",
        ),
        ("docs/operations.md", "`[a](../x.md)`\n```\n[a](../x.md)\n```\n", "`[a](../x.md)`\n```\n[a](../x.md)\n```\n"),
    ],
)
def test_links_lead_to_the_same_in_the_book(page: str, text: str, expected: str) -> None:
    assert in_book(page, text) == expected


@pytest.mark.parametrize("page", pages())
def test_addresses_elsewhere_are_well_formed(page: str) -> None:
    addresses = [match[1] or match[2] for match in ADDRESS.finditer(text_of(page))]
    parts = [(address, urlsplit(address)) for address in addresses]
    assert [address for address, part in parts if not re.fullmatch(r"[\w.-]+\.\w+", part.hostname or "")] == []
    assert [address for address in addresses if not re.fullmatch(r"[!-~]+", address)] == []


class Loaded(HTMLParser):
    """What a page loads by itself: scripts, styles, images, frames."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attribute = {"link": "href", "script": "src", "img": "src", "iframe": "src"}.get(tag)
        self.addresses += [value for name, value in attrs if name == attribute and value]


@pytest.mark.skipif(not BUILDER.exists(), reason="the book's tools are not installed; `make docs` installs them")
def test_the_book_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    command = [BUILDER, "-W", "error", "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "book"]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert built.returncode == 0, built.stderr
    for page in (tmp_path / "book").rglob("*.html"):
        loaded = Loaded()
        loaded.feed(page.read_text(encoding="utf-8"))
        assert [address for address in loaded.addresses if urlsplit(address).scheme or address.startswith("//")] == []
