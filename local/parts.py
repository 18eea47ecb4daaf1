"""The parts of the stack as processes: started, awaited, stopped, and found again after a crash."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil

from local.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack

ROOT = Path(__file__).parent.parent
START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 10
THREADS = 32


class Part:
    """A WSGI application of ours under gunicorn, on one port."""

    def __init__(self, name: str, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self._url = f"http://127.0.0.1:{port}/health"
        self._process = process
        self._log = log

    def wait_until_ready(self) -> None:
        """Return once it answers; raise StackError if it ends or takes too long."""
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        with httpx.Client(trust_env=False, timeout=2) as client:
            while time.monotonic() < deadline and self._process.poll() is None:
                try:
                    if client.get(self._url).is_success:
                        return
                except httpx.HTTPError:
                    pass
                time.sleep(0.05)
        raise StackError(f"The {self.name} did not start; {self._log} says why.")

    def stop(self) -> None:
        """End it, by force if it does not listen."""
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_TIMEOUT_SECONDS)


class Launcher:
    """Starts parts, and keeps their process ids where the next run finds what a crash left."""

    def __init__(self, state: Path, running: ExitStack) -> None:
        self._state = state
        self._running = running
        self._started: dict[int, float] = {}

    def remember(self, pid: int | None) -> None:
        """Note a process that must not outlive us."""
        if pid is not None:
            self._started[pid] = psutil.Process(pid).create_time()
            _pids_file(self._state).write_text(json.dumps(self._started), "utf-8")

    def start(self, name: str, port: int, env: Mapping[str, str]) -> Part:
        """Start `local.NAME:create_app()` on a port, with exactly this environment."""
        log_path = self._state / f"{name}.log"
        command = [
            *(sys.executable, "-m", "gunicorn", f"local.{name}:create_app()"),
            *("--bind", f"127.0.0.1:{port}"),
            *("--workers", "1", "--worker-class", "gthread", "--threads", str(THREADS)),
            *("--graceful-timeout", "2", "--keep-alive", "5"),
            *("--no-control-socket",),
        ]
        with log_path.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own command line
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=dict(env),
                start_new_session=True,  # Ctrl-C is for us, who stop the parts in their order
            )
        part = Part(name, port, process, log_path)
        self._running.callback(part.stop)
        self.remember(process.pid)
        return part


def _pids_file(state: Path) -> Path:
    return state / "pids.json"


def stop_leftovers(state: Path) -> None:
    """End what an earlier run left behind; a process id that was given out again is not ours."""
    try:
        started = json.loads(_pids_file(state).read_text("utf-8"))
    except (OSError, ValueError):
        return
    for pid, created_at in started.items():
        try:
            process = psutil.Process(int(pid))
            if process.create_time() == created_at:
                process.terminate()
                process.wait(STOP_TIMEOUT_SECONDS)
        except psutil.NoSuchProcess:
            continue
        except psutil.TimeoutExpired:
            process.kill()
    _pids_file(state).unlink(missing_ok=True)
