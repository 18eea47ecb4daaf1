"""Builds the project with the real Vercel CLI, without an account, and reads what came out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.tools.npm import MissingToolError, tool

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[2]
BUILD_TIMEOUT_SECONDS = 600

# What a checkout can hold beside the tracked files; none of it may reach a function.
DECOYS = (
    ".env",
    ".env.production",
    ".local/stack.json",
    "notes/secret.txt",
    "tests/secret.py",
    "secret.py",
    "bundle/node_modules/esbuild/secret.py",
)

# What a linked project has; the names are free, nothing is looked up with them.
_LINK = {"projectId": "prj_test", "orgId": "team_test", "settings": {"framework": None}}


@dataclass(frozen=True)
class Toolchain:
    """The programs a build needs."""

    vercel: Path
    uv: Path
    python: Path

    @classmethod
    def find(cls) -> Toolchain:
        """Find all three.

        Raises:
            MissingToolError: One of them cannot be had here.
        """
        uv = _find_uv()
        return cls(vercel=tool("vercel"), uv=uv, python=_find_python(uv))

    def environment(self, home: Path) -> dict[str, str]:
        """Return an environment in which the CLI finds these programs and no account."""
        folders = [self.uv.parent, self.python.parent, Path(shutil.which("node") or "").parent]
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("VERCEL", "NOW_", "PYTHON", "VIRTUAL_ENV"))
        }
        path = os.pathsep.join([*map(str, folders), kept.get("PATH", "")])
        return {**kept, "PATH": path, "HOME": str(home), "VERCEL_TELEMETRY_DISABLED": "1"}


@dataclass(frozen=True)
class Function:
    """One function as built: its configuration and the files of its bundle."""

    name: str
    tree: Path
    folder: Path

    @cached_property
    def config(self) -> dict[str, Any]:
        """Return its .vc-config.json."""
        config: dict[str, Any] = json.loads((self.folder / ".vc-config.json").read_text())
        return config

    @cached_property
    def files(self) -> dict[str, Path]:
        """Return every file that stands in /var/task, by its path there."""
        mapped = {name: self.tree / at for name, at in self.config["filePathMap"].items()}
        own = {
            str(path.relative_to(self.folder)): path
            for path in self.folder.rglob("*")
            if path.is_file() and path.name != ".vc-config.json"
        }
        return mapped | own

    @property
    def size_bytes(self) -> int:
        """Return what all its files weigh, unpacked."""
        return sum(path.stat().st_size for path in self.files.values())

    def lay_out(self, target: Path) -> Path:
        """Put its files into an empty folder, as the platform does before the first request."""
        for name, source in self.files.items():
            file = target / name
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, file)
            except OSError:  # another file system
                shutil.copy2(source, file)
        return target


@dataclass(frozen=True)
class Output:
    """What a build left in .vercel/output."""

    tree: Path
    python: Path
    log: str

    @property
    def folder(self) -> Path:
        """Return the output's folder."""
        return self.tree / ".vercel" / "output"

    @cached_property
    def config(self) -> dict[str, Any]:
        """Return routes, overrides and crons."""
        config: dict[str, Any] = json.loads((self.folder / "config.json").read_text())
        return config

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Return the functions by the path they answer at, such as `api/webhook`."""
        base = self.folder / "functions"
        found = sorted(base.rglob("*.func"))
        names = [str(folder.relative_to(base)).removesuffix(".func") for folder in found]
        return {
            name: Function(name, self.tree, folder)
            for name, folder in zip(names, found, strict=True)
        }

    @cached_property
    def static(self) -> set[str]:
        """Return the static files' paths."""
        base = self.folder / "static"
        return {str(path.relative_to(base)) for path in base.rglob("*") if path.is_file()}


def project_files() -> list[str]:
    """Return the files of the working tree that are tracked or could be."""
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    return [name for name in sorted(set(listed.split("\0"))) if (ROOT / name).is_file()]


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return what it prints."""
    command = [shutil.which("git") or "git", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def copy(files: Iterable[str], tree: Path) -> None:
    """Copy files of the project. A build writes into its tree, so it gets one of its own."""
    for name in files:
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)


def build(tree: Path, tools: Toolchain, *, as_deployed: bool = True) -> Output:
    """Run `vercel build` in a tree.

    As deployed means with vercel.json's `build.env`: `vercel build` leaves that to the platform.

    Raises:
        RuntimeError: The build failed; the message ends with its log.
    """
    (tree / ".vercel").mkdir()
    (tree / ".vercel" / "project.json").write_text(json.dumps(_LINK))
    home = tree / ".vercel" / "home"
    home.mkdir()
    environment = tools.environment(home)
    if as_deployed:
        settings = json.loads((tree / "vercel.json").read_text())
        environment |= settings.get("build", {}).get("env", {})
    done = subprocess.run(
        [tools.vercel, "build"],
        cwd=tree,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BUILD_TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"vercel build failed:\n{done.stdout[-4000:]}")
    return Output(tree=tree, python=tools.python, log=done.stdout)


def _find_uv() -> Path:
    """Prefer the uv that the test requirements installed beside this Python."""
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise MissingToolError("uv is missing; pip install uv")
    return Path(found)


def _find_python(uv: Path) -> Path:
    """Find the Python that .python-version names, the one that the functions run on."""
    wanted = (ROOT / ".python-version").read_text().strip()
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [shutil.which(f"python{wanted}")]
    candidates += sorted(map(str, pyenv.glob(f"versions/{wanted}*/bin/python{wanted}")))
    candidates.append(_run([uv, "python", "find", "--no-project", wanted]))
    for candidate in candidates:
        if candidate and _is_version(Path(candidate), wanted):
            return Path(candidate)
    raise MissingToolError(f"Python {wanted} is missing; uv python install {wanted}")


def _is_version(python: Path, wanted: str) -> bool:
    """Whether it starts and is what its name says: pyenv's shims often are not."""
    version = _run([python, "-c", "import platform; print(platform.python_version())"])
    return bool(re.match(rf"{re.escape(wanted)}(\.|$)", version)) and "shims" not in python.parts


def _run(command: list[Path | str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
