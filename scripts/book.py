"""Brings into the book what its pages link to outside docs/, so that one link works on GitHub and in the book.

README.md is the first page. A file outside docs/ lies at the same path below `repository/`: Markdown as a page, all else
as it is. A folder is its README.md, or a page that lists its files. `external-links.txt` lists what leads elsewhere.
"""

import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FIRST_PAGE = "README.md"
# Code, which is left alone, or a link with its path and its heading.
CODE_OR_LINK = re.compile(
    r"^```.*?^```|`[^`\n]+`|\]\((?P<path>[^)\s#]*)(?P<heading>#[^)\s]*)?\)", re.MULTILINE | re.DOTALL
)
ADDRESS = re.compile(r"\]\((https?://[^)\s]+)\)|<(https?://[^>\s]+)>")
ELSEWHERE = re.compile(r"\w+:")


def place_in_book(path: str) -> str:
    """Where the book has what lies at this path of the repository."""
    if path == FIRST_PAGE:
        return "index.md"
    if (ROOT / path).is_dir():
        path = f"{path}/README.md" if (ROOT / path / "README.md").exists() else f"{path}/index.md"
    # mkdocs leaves out what begins with a dot.
    path = "/".join(part.removeprefix(".") for part in path.split("/"))
    return path.removeprefix("docs/") if path.startswith("docs/") else f"repository/{path}"


def path_of_page(place: str) -> str:
    """The path in the repository of a page of the book."""
    if place == "index.md":
        return FIRST_PAGE
    return place.removeprefix("repository/") if place.startswith("repository/") else f"docs/{place}"


def targets(path: str, text: str) -> list[str]:
    """Paths in the repository that a text at this path links to."""
    found = (match["path"] for match in CODE_OR_LINK.finditer(text))
    return [resolved(path, link) for link in found if link and not ELSEWHERE.match(link)]


def resolved(path: str, link: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), link))


def in_book(path: str, text: str) -> str:
    """The text with its links as the book has them."""
    here = posixpath.dirname(place_in_book(path)) or "."

    def replaced(match: re.Match[str]) -> str:
        link = match["path"]
        if not link or ELSEWHERE.match(link):
            return match[0]
        return f"]({posixpath.relpath(place_in_book(resolved(path, link)), here)}{match['heading'] or ''})"

    return CODE_OR_LINK.sub(replaced, text)


def brought_in(read: Callable[[str], str]) -> list[str]:
    """Paths outside docs/ that the book needs, found by following links from its pages."""
    waiting = [FIRST_PAGE, *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md")))]
    seen = set(waiting)
    while waiting:
        path = waiting.pop()
        for target in targets(path, read(path)):
            if target not in seen and (ROOT / target).exists():
                seen.add(target)
                waiting.extend([target] if target.endswith(".md") or (ROOT / target).is_dir() else [])
    return sorted(path for path in seen if not path.startswith("docs/"))


def text_of(path: str) -> str:
    """A page's text; of a folder without a README.md a list of its files."""
    file = ROOT / path
    if not file.is_dir():
        return file.read_text(encoding="utf-8")
    if (file / "README.md").exists():
        return f"[README.md]({file.name}/README.md)"
    names = sorted(child.name for child in file.iterdir() if child.is_file())
    return f"# {path}\n\n" + "".join(f"- [{name}]({file.name}/{name})\n" for name in names)


def on_files(files: Any, config: Any) -> Any:
    from mkdocs.structure.files import File

    for path in brought_in(text_of):
        place = place_in_book(path)
        if files.get_file_from_path(place) is None:
            is_list = (ROOT / path).is_dir()
            source = {"content": text_of(path)} if is_list else {"abs_src_path": str(ROOT / path)}
            files.append(File.generated(config, place, **source))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    place = page.file.src_uri
    if place.endswith("/index.md"):  # a list of files: its links are those of the folder's parent
        return in_book(path_of_page(place).removesuffix("/index.md"), markdown)
    return in_book(path_of_page(place), markdown)


def on_post_build(config: Any) -> None:
    pages: dict[str, set[str]] = {}
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")]:
        for match in ADDRESS.finditer(page.read_text(encoding="utf-8")):
            pages.setdefault(match[1] or match[2], set()).add(page.relative_to(ROOT).as_posix())
    lines = (f"{address}\t{' '.join(sorted(where))}\n" for address, where in sorted(pages.items()))
    (Path(config.site_dir) / "external-links.txt").write_text("".join(lines), encoding="utf-8")
