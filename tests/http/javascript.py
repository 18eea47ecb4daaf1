"""Runs modules that import public/purse.js, in Node.js or Deno."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.stack import ROOT
from tests.support import cannot_run
from tests.tools.npm import MissingToolError, tool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TIMEOUT_SECONDS = 60
MODULE = (ROOT / "public" / "purse.js").as_uri()
# A script returns what it found. outcome() turns an error into fields.
FRAME = """
import * as purse from "%s";
const { Purse, ServerPurse } = purse;
const env = JSON.parse(process.env.GIVEN);
const kinds = (error) => ({
  kind: error.constructor.name,
  isPurseError: error instanceof purse.PurseError,
  message: error.message,
});
const outcome = (promise) => promise.catch((error) => ({ ...error, ...kinds(error) }));
const found = await (async () => { %s })();
console.log(JSON.stringify(found));
"""


@dataclass(frozen=True)
class JavaScript:
    """A JavaScript runtime.

    Attributes:
        command: The program and its arguments, before the script's path.
        folder: Where scripts are written.
    """

    command: tuple[str, ...]
    folder: Path

    def run(self, script: str, given: Mapping[str, Any] | None = None) -> Any:
        """Run the body of an async function, with `env` as given; return what it returns."""
        path = self.folder / "script.mjs"
        path.write_text(FRAME % (MODULE, script), "utf-8")
        done = subprocess.run(
            [*self.command, path],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "NO_PROXY": "127.0.0.1,localhost",
                "GIVEN": json.dumps(given or {}),
            },
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def node(folder: Path) -> JavaScript:
    """Return Node.js."""
    path = shutil.which("node")
    if path is None:
        cannot_run("no Node.js here: purse.js was not run in it")
    return JavaScript((path,), folder)


def deno(folder: Path) -> JavaScript:
    """Return Deno, as the lock file of tests/tools has it."""
    try:
        binary = tool("tsc").parents[1] / "@deno" / "linux-x64-glibc" / "deno"
    except MissingToolError as error:
        cannot_run(f"no Deno here: {error}")
    if not binary.exists():
        cannot_run("npm has no Deno for this platform")
    binary.chmod(0o755)
    allowed = ("--no-prompt", "--no-remote", "--allow-net=127.0.0.1", "--allow-env", "--allow-read")
    return JavaScript((str(binary), "run", *allowed), folder)
