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
    install(FOLDER)
    command = FOLDER / "node_modules" / ".bin" / name
    if not command.exists():
        raise MissingToolError(f"npm has no {name} for this platform")
    return command


def node() -> str:
    """Return the path of Node.js.

    Raises:
        MissingToolError: It is missing.
    """
    found = shutil.which("node")
    if not found:
        raise MissingToolError("node is not on PATH; install Node.js 20 or newer")
    return found


def postgres_binaries(version: int) -> Path:
    """Return the folder of the programs of a Postgres version that the lock file names.

    Raises:
        MissingToolError: As above.
    """
    package = tool("supabase").parent.parent / f"postgres-{version}"
    links = package / "native" / "pg-symlinks.json"
    if not links.exists():
        raise MissingToolError(f"npm has no Postgres {version} for this platform")
    # The package leaves making its links to an install script, and we run none.
    for link in json.loads(links.read_text("utf-8")):
        target = package / link["target"]
        if not target.exists():
            target.symlink_to((package / link["source"]).name)
    for program in (package / "native" / "bin").iterdir():
        program.chmod(0o755)
    return package / "native" / "bin"


def install(folder: Path) -> None:
    """Run `npm ci` in a folder unless it was run for this very lock file.

    A file lock lets tests that run side by side share one installation.

    Raises:
        MissingToolError: As above.
    """
    npm = shutil.which("npm")
    if not npm:
        raise MissingToolError("npm is not on PATH; install Node.js 20 or newer")
    node()
    lock_file = folder / "package-lock.json"
    installed = folder / "node_modules" / ".installed-lock.json"
    with lock_file.open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if installed.exists() and installed.read_bytes() == lock_file.read_bytes():
            return
        try:
            done = subprocess.run(
                [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=folder,
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
