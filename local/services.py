"""Services of the local stack as processes: start, wait, stop, and clean up after a crash."""

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
GRACEFUL_TIMEOUT_SECONDS = 2
# Longer than clients keep idle connections: a request on one that is being closed would fail.
KEEP_ALIVE_SECONDS = 75
THREADS = 32


class Service:
    """One of our WSGI applications, `MODULE:create_app()`, under gunicorn on one port.

    Args:
        name: `site` for server.app, `receiver` for the example, otherwise a package of `local/`.
        port: TCP port on 127.0.0.1.
        env: The whole environment of the process.
        log: The file to which its output is appended.
    """

    def __init__(self, name: str, port: int, env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self._port = port
        self._env = dict(env)
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Gunicorn's process id while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process; wait_until_ready() returns once it answers."""
        command = [
            *(sys.executable, "-m", "gunicorn", *_application(self.name)),
            *("--bind", f"127.0.0.1:{self._port}"),
            *("--graceful-timeout", str(GRACEFUL_TIMEOUT_SECONDS)),
        ]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=self._env,
                start_new_session=True,  # Ctrl-C reaches only us; the launcher stops the services
            )

    def wait_until_ready(self) -> None:
        """Return once it answers.

        Raises:
            StackError: The process ended, or did not answer within START_TIMEOUT_SECONDS.
        """
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
        raise StackError(f"The service {self.name} did not start. See {self.log}.")

    def terminate(self) -> None:
        """Ask the process to stop; stop() waits for it."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """Stop the process; kill it if it does not stop within STOP_TIMEOUT_SECONDS."""
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
        """Kill the process and its workers at once, as a crash of the machine would."""
        if self._process is not None:
            kill_tree(self._process.pid)
            self._process.wait(STOP_TIMEOUT_SECONDS)
            self._process = None

    def kill_worker(self) -> None:
        """Kill the worker in the middle of its requests; gunicorn starts another one."""
        if self._process is not None:
            for worker in psutil.Process(self._process.pid).children():
                with suppress(psutil.NoSuchProcess):
                    worker.kill()


def _application(name: str) -> list[str]:
    """Return gunicorn's arguments for a service."""
    if name == "site":
        return ["-c", str(ROOT / "server" / "gunicorn.conf.py"), "server.app:create_app()"]
    module = "examples.receiver.receiver" if name == "receiver" else f"local.{name}"
    return [
        f"{module}:create_app()",
        *("--workers", "1", "--worker-class", "gthread", "--threads", str(THREADS)),
        *("--keep-alive", str(KEEP_ALIVE_SECONDS), "--no-control-socket"),
        # A signed URL of a file with a long name exceeds gunicorn's default of 4094.
        *("--limit-request-line", "8190"),
    ]


class Launcher:
    """Starts services and stops them, and records their process ids for the next run.

    That one can then stop what this one left behind.
    """

    def __init__(self, state: Path, running: ExitStack) -> None:
        self._state = state
        self._running = running
        self._services: list[Service] = []
        self._started: dict[int, float] = {}

    def remember(self, pid: int | None) -> None:
        """Record a process that must not outlive the stack."""
        if pid is not None:
            self._started[pid] = psutil.Process(pid).create_time()
            _pids_file(self._state).write_text(json.dumps(self._started), "utf-8")

    def start(self, name: str, port: int, env: Mapping[str, str]) -> Service:
        """Start a service that stops together with the stack. The last one may use the others."""
        if not self._services:
            self._running.callback(self._stop)
        service = Service(name, port, env, self._state / f"{name}.log")
        self._services.append(service)
        service.start()
        self.remember(service.pid)
        return service

    def _stop(self) -> None:
        """Stop the last service, and then the others side by side: each takes a second."""
        *others, last = self._services
        last.stop()
        for service in others:
            service.terminate()
        for service in others:
            service.stop()


def kill_tree(pid: int) -> None:
    """Kill a process and its descendants; wait until they are gone or zombies."""
    root = psutil.Process(pid)
    root.suspend()  # a suspended process starts no further children
    processes = [root, *root.children(recursive=True)]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
    while any(is_alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.005)


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs. A zombie has ended, and waits only until its parent asks."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _pids_file(state: Path) -> Path:
    return state / "pids.json"


def stop_leftovers(state: Path) -> None:
    """Stop processes that an earlier run left behind.

    The start time is compared as well, because the system reuses process ids.
    """
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
