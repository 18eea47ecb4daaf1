"""The parts of the stack as processes: started, awaited, stopped, and found again after a crash."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import suppress
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
    """A WSGI application of ours, `MODULE:create_app()`, under gunicorn on one port.

    Args:
        name: The module in `local/`; `site` is `server.app`.
        port: TCP port on 127.0.0.1.
        env: Its environment, all of it.
        log: The file its output is added to.
    """

    def __init__(self, name: str, port: int, env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self._port = port
        self._env = dict(env)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Gunicorn's process id while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it; wait_until_ready() tells when it answers."""
        command = [
            *(sys.executable, "-m", "gunicorn", f"{_module(self.name)}:create_app()"),
            *("--bind", f"127.0.0.1:{self._port}"),
            *("--workers", "1", "--worker-class", "gthread", "--threads", str(THREADS)),
            *("--graceful-timeout", "2", "--keep-alive", "5"),
            # A download URL with a long file name in it exceeds the default of 4094 bytes.
            *("--limit-request-line", "8190"),
            *("--no-control-socket",),
        ]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=self._env,
                start_new_session=True,  # Ctrl-C is for us, who stop the parts in their order
            )

    def wait_until_ready(self) -> None:
        """Return once it answers; raise StackError if it ends or takes too long."""
        url = f"http://127.0.0.1:{self._port}/health"
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        with httpx.Client(trust_env=False, timeout=2) as client:
            while time.monotonic() < deadline and self._process and self._process.poll() is None:
                try:
                    if client.get(url).is_success:
                        return
                except httpx.HTTPError:
                    pass
                time.sleep(0.05)
        raise StackError(f"The {self.name} did not start; {self._log} says why.")

    def stop(self) -> None:
        """End it, by force if it does not listen."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_TIMEOUT_SECONDS)
        self._process = None

    def kill(self) -> None:
        """Kill all of it, as a crash of its machine would."""
        if self._process is not None:
            kill_tree(self._process.pid)
            self._process.wait(STOP_TIMEOUT_SECONDS)
            self._process = None

    def kill_worker(self) -> None:
        """Kill the process that answers, in the middle of its requests; gunicorn starts another."""
        if self._process is not None:
            for worker in psutil.Process(self._process.pid).children():
                with suppress(psutil.NoSuchProcess):
                    worker.kill()


def _module(name: str) -> str:
    return "server.app" if name == "site" else f"local.{name}"


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
        """Start a part, to be stopped when the stack is."""
        part = Part(name, port, env, self._state / f"{name}.log")
        part.start()
        self._running.callback(part.stop)
        self.remember(part.pid)
        return part


def kill_tree(pid: int) -> None:
    """Kill a process and all it started, and wait until they are gone or only to be reaped."""
    root = psutil.Process(pid)
    root.suspend()  # so that it starts nothing while we look
    processes = [root, *root.children(recursive=True)]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
    while any(_is_alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.005)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


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
