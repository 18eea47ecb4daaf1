"""The npm tools that tests run, installed on first use exactly as the lock file has them."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent
INSTALL_TIMEOUT_SECONDS = 600


class MissingToolError(Exception):
    """A tool that a test needs cannot be had here; the message says which and why."""


def tool(name: str) -> Path:
    """Return the path of a package's command, after installing all of them where need be.

    Raises:
        MissingToolError: Node or npm is missing, the installation failed, or the command does not
            exist for this platform.
    """
    return _existing(FOLDER / "node_modules" / ".bin" / name)


def package(name: str) -> Path:
    """Return the folder of a package.

    Raises:
        MissingToolError: As above.
    """
    return _existing(FOLDER / "node_modules" / name)


def postgres_binaries(version: int) -> Path:
    """Return the folder of the programs of a Postgres version that the lock file names.

    Raises:
        MissingToolError: As above.
    """
    folder = package(f"postgres-{version}")
    # The package leaves making its links to an install script, and we run none.
    for link in json.loads((folder / "native" / "pg-symlinks.json").read_text("utf-8")):
        target = folder / link["target"]
        if not target.exists():
            target.symlink_to((folder / link["source"]).name)
    for program in (folder / "native" / "bin").iterdir():
        program.chmod(0o755)
    return folder / "native" / "bin"


def _existing(path: Path) -> Path:
    _install()
    if not path.exists():
        raise MissingToolError(f"npm has no {path.name} for this platform")
    return path


def _install() -> None:
    """Run `npm ci` unless it was run for this very lock file.

    A file lock lets tests that run side by side share one installation.
    """
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        raise MissingToolError("node and npm are not both on PATH; install Node.js 20 or newer")
    lock_file = FOLDER / "package-lock.json"
    installed = FOLDER / "node_modules" / ".installed-lock.json"
    with lock_file.open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if installed.exists() and installed.read_bytes() == lock_file.read_bytes():
            return
        try:
            done = subprocess.run(
                [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=FOLDER,
                capture_output=True,
                text=True,
                timeout=INSTALL_TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise MissingToolError("npm ci did not end within ten minutes") from None
        if done.returncode:
            raise MissingToolError(f"npm ci failed: {done.stderr.strip()[-2000:]}")
        shutil.copy(lock_file, installed)
