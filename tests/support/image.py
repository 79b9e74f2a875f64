"""The image without a container engine: the Dockerfile's instructions replayed in an empty folder, and what it runs confined.

Every absolute path of the image becomes one below the folder, in arguments as in scripts; the stages share one tree, as
none of ours takes from another what it would not find there.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import ROOT
from tests.support.shipped import instructions

# What the Dockerfile makes; all else that it names is of the image that it starts from.
_MADE = re.compile(r"(?<![\w.-])/(?=(?:source|wheel|opt|run)\b)")
_NOT_FETCHED = re.compile(r"No matching distribution|ConnectionError|Could not fetch|timed out|Temporary failure")


class ImageUnavailable(Exception):
    """It cannot be made or run on this machine; the message says why."""


@dataclass
class Image:
    """What is left in the end: the tree, and how it is started."""

    tree: Path
    python: str
    environment: dict[str, str] = field(default_factory=dict)
    user: str = ""
    folder: str = "/"
    command: dict[str, list[str]] = field(default_factory=dict)

    def below(self, text: str) -> str:
        """The text with the image's paths below the tree."""
        return _MADE.sub(f"{self.tree}/", text)

    def confined(self, *arguments: str) -> list[str]:
        """A command as the engine would start it: as the image's user, without a capability or a way to one, on a root file
        system that nobody can write to, but for `/tmp`, which is in memory."""
        uid, gid = self.user.split(":")
        inside = 'mount -o remount,ro,bind / && mount -t tmpfs tmpfs "$1" && cd "$2" && shift 2 && exec "$@"'
        as_user = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs"]
        no_rights = ["--inh-caps=-all", "--bounding-set=-all"]
        folders = [str(self.tree / "tmp"), self.below(self.folder)]
        return ["unshare", "--mount", "sh", "-c", inside, "sh", *folders, *as_user, *no_rights, *arguments]


def replay(tree: Path) -> Image:
    """Follows the Dockerfile. Raises ImageUnavailable where packages cannot be fetched."""
    image = Image(tree=tree, python=_reachable_python())
    (tree / "tmp").mkdir(parents=True)
    for name, value in instructions():
        if name == "FROM":
            image.environment, image.folder = {}, "/"
        elif name == "WORKDIR":
            image.folder = value
            Path(image.below(value)).mkdir(parents=True, exist_ok=True)
        elif name == "COPY" and not value.startswith("--from"):
            _copy(value.split(), image)
        elif name == "COPY":
            # From a stage to another, where it already is; to the same place.
            _, source, target = value.split()
            assert source == target or source.startswith("/wheel"), value
        elif name == "RUN":
            _run(json.loads(value), image)
        elif name == "ENV":
            image.environment |= dict(pair.split("=", 1) for pair in value.split())
        elif name == "USER":
            image.user = value
        elif name in {"ENTRYPOINT", "CMD"}:
            image.command[name] = json.loads(value)
        elif name == "HEALTHCHECK":
            image.command[name] = json.loads(value.partition("CMD ")[2])
        else:
            assert name in {"ARG", "EXPOSE", "STOPSIGNAL"}, f"the replay does not know {name}"
    return image


def _reachable_python() -> str:
    """One that another user can run; under /root nobody else can. It is what the image starts from."""
    if os.geteuid() != 0 or not shutil.which("setpriv") or not shutil.which("unshare"):
        raise ImageUnavailable("only root can start it as another user on a tree that is read-only")
    for candidate in ("/usr/local/bin/python3", "/usr/bin/python3"):
        check = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"
        command = ["setpriv", "--reuid=10001", "--regid=10001", "--clear-groups", candidate, "-c", check]
        if Path(candidate).exists() and not subprocess.run(command, capture_output=True, check=False).returncode:
            return candidate
    raise ImageUnavailable(
        "no Python from 3.11 on with ensurepip that other users can run: apt-get install python3-venv"
    )


def _copy(words: list[str], image: Image) -> None:
    *sources, target = words
    folder = Path(image.below(target if target.startswith("/") else f"{image.folder}/{target}"))
    for source in sources:
        if (ROOT / source).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(ROOT / source, folder, ignore=ignored, dirs_exist_ok=True)
        else:
            into = folder / Path(source).name if target.endswith("/") else folder
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, into)


def _run(command: list[str], image: Image) -> None:
    arguments = [image.python if word == "python" else image.below(word) for word in command]
    done = subprocess.run(arguments, cwd=image.below(image.folder), capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stdout + done.stderr
        if _NOT_FETCHED.search(said):
            raise ImageUnavailable("the packages cannot be fetched")
        raise AssertionError(f"{arguments}\n{said}")
