"""Measures the shape of the code at revisions of this repository: `python scripts/structure.py 8fcb75a HEAD`.

Prints a Markdown table with one column a revision; `.` means the working tree. Counted are Python files outside tests.
"""

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The module whose loop is the refresh, by the names it has had.
REFRESH_LOOPS = ("thirdeye/mirror/refresh.py", "thirdeye/estate/refresh/run.py")
ANY = re.compile(r"\bAny\b")


def git(*arguments: str) -> str:
    """What git prints in this repository."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def read(revision: str) -> dict[str, str]:
    """The text of every tracked Python file, the SDL and the README at a revision, by path."""
    if revision == ".":
        paths = git("ls-files", "--cached", "--others", "--exclude-standard").splitlines()
        return {path: (ROOT / path).read_text() for path in paths if _counts(path) and (ROOT / path).exists()}
    paths = git("ls-tree", "-r", "--name-only", revision).splitlines()
    return {path: git("show", f"{revision}:{path}") for path in paths if _counts(path)}


def _counts(path: str) -> bool:
    return path == "README.md" or (path.endswith(".py") and not path.startswith("tests/"))


def functions(files: dict[str, str]) -> Iterator[tuple[int, str]]:
    """The lines, decorators and docstring included, and the name of every function and method."""
    for path, text in files.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                yield (node.end_lineno or first) - first + 1, f"{path}:{node.name}"


def imported_modules(text: str) -> int:
    """How many modules of this project a module imports."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    return len({node.module for node in nodes if (node.module or "").split(".")[0] == "thirdeye"})


def measure(revision: str) -> dict[str, str]:
    """What the table says of a revision, by the name of the row."""
    files = read(revision)
    readme = files.pop("README.md", "")
    product = {path: text for path, text in files.items() if path.startswith(("thirdeye/", "worker/"))}
    lengths = {path: len(text.splitlines()) for path, text in product.items()}
    measured = sorted(functions(product), key=itemgetter(0))
    longest_file = max(lengths, key=lambda path: lengths[path])
    loop = next(files[path] for path in REFRESH_LOOPS if path in files)
    return {
        "files of the product": str(len(product)),
        "lines of the product": f"{sum(lengths.values()):,}",
        "lines with benchmarks and scripts": f"{sum(len(text.splitlines()) for text in files.values()):,}",
        "median file": f"{statistics.median(lengths.values()):g}",
        "longest file": f"{lengths[longest_file]} ({longest_file})",
        "functions": f"{len(measured):,}",
        "median function": f"{statistics.median(lines for lines, _ in measured):g}",
        "longest function": "{} ({})".format(*measured[-1]),
        "functions over 40 lines": str(sum(lines > 40 for lines, _ in measured)),
        "modules that the refresh's loop imports": str(imported_modules(loop)),
        "lines with `Any`": str(sum(bool(ANY.search(line)) for text in product.values() for line in text.splitlines())),
        "words of the README": str(len(readme.split())),
    }


def main(revisions: list[str]) -> None:
    """Prints the table."""
    columns = [measure(revision) for revision in revisions]
    print("| | " + " | ".join(f"`{revision}`" for revision in revisions) + " |")
    print("|---" * (len(revisions) + 1) + "|")
    for row in columns[0]:
        print(f"| {row} | " + " | ".join(column[row] for column in columns) + " |")


if __name__ == "__main__":
    main(sys.argv[1:] or ["."])
