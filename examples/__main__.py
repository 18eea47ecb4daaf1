"""`make examples`: serve the examples beside the running `make run` of this checkout."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from local.environment import NEXTJS_EXAMPLE, PLAIN_EXAMPLE
from ops.local_stack import STACK_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

FOLDER = Path(__file__).parent
NEXTJS = FOLDER / "nextjs"
STOP_SECONDS = 10


def main() -> None:
    """Run until Ctrl-C or SIGTERM; exit with one sentence if the examples cannot run."""
    for stop_signal in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop_signal, _interrupt)
    try:
        stack = json.loads(STACK_FILE.read_text("utf-8"))
    except (OSError, ValueError):
        sys.exit("examples: Start `make run` first, in another terminal.")
    first = urlsplit(stack["site_url"]).port or 0
    with ExitStack() as running:
        try:
            _serve_plain(running, stack, first + PLAIN_EXAMPLE)
            _serve_nextjs(running, stack, first + NEXTJS_EXAMPLE)
            print(f"\n  Sign in   {stack['demo_email']}   password {stack['demo_password']}\n")
            signal.pause()
        except KeyboardInterrupt:
            print("examples: stopped")


def _serve_plain(running: ExitStack, stack: Mapping[str, Any], port: int) -> None:
    settings = {"PURSE_URL": stack["site_url"], "PORT": str(port)}
    _start(running, [sys.executable, str(FOLDER / "plain/serve.py")], FOLDER, settings)
    print(f"  Plain page   http://127.0.0.1:{port}", flush=True)


def _serve_nextjs(running: ExitStack, stack: Mapping[str, Any], port: int) -> None:
    npm = shutil.which("npm")
    if npm is None:
        print("  Next.js      not started: npm is not on PATH")
        return
    if not (NEXTJS / "node_modules").is_dir():
        print("  Next.js      installing its packages", flush=True)
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=NEXTJS, check=True)
    settings = {
        "SUPABASE_URL": stack["supabase_url"],
        "SUPABASE_SECRET_KEY": stack["secret_key"],
        "SUPABASE_PUBLISHABLE_KEY": stack["publishable_key"],
        "PURSE_URL": stack["site_url"],
        "NEXT_TELEMETRY_DISABLED": "1",
    }
    command = [npm, "run", "dev", "--", "--hostname", "127.0.0.1", "--port", str(port)]
    _start(running, command, NEXTJS, settings)
    print(f"  Next.js      http://127.0.0.1:{port}", flush=True)


def _start(
    running: ExitStack, command: list[str], folder: Path, settings: Mapping[str, str]
) -> None:
    """Start a program, which ends with the stack of contexts: it and every process it started."""
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **settings}, start_new_session=True
    )
    running.callback(_stop, process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
