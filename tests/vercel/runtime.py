"""Boots a built function on the runtime it carries, and speaks to it as the platform does.

The runtime announces itself over a unix socket in JSON messages that end with a NUL, and from then
on serves plain HTTP.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.vercel.build import Function

BOOT_TIMEOUT_SECONDS = 60
REQUEST_TIMEOUT_SECONDS = 30
CONNECT_TIMEOUT_SECONDS = 10


class BootError(Exception):
    """The function did not start; the message carries its own last words."""


@dataclass(frozen=True)
class Answer:
    """What a function answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Parse the body."""
        return json.loads(self.body)


class BootedFunction:
    """A built function, running. Use it as a context manager, or call close()."""

    def __init__(self, function: Function, python: Path, environment: Mapping[str, str]) -> None:
        """Lay the function out in an empty folder and start it.

        Raises:
            BootError: It did not come up.
        """
        # Short on purpose: a unix socket's path has room for about a hundred characters.
        self._scratch = Path(tempfile.mkdtemp(prefix="purse-"))
        self.task = self._scratch / "task"
        self.home = self._scratch / "home"
        self.task.mkdir()
        self.home.mkdir()
        function.lay_out(self.task)
        self._python = python
        self._messages: queue.Queue[dict[str, Any]] = queue.Queue()
        self._ended: queue.Queue[int] = queue.Queue()
        self._logged: list[str] = []
        self._requests = 0
        self._environment = {
            "HOME": str(self.home),
            "PATH": os.environ.get("PATH", ""),
            "TZ": "UTC",
            "NO_PROXY": "127.0.0.1,localhost",
            "VERCEL": "1",
            "VERCEL_IPC_PATH": str(self._scratch / "ipc"),
            **function.config["environment"],
            **environment,
        }
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(self._scratch / "ipc"))
            listener.listen(1)
            listener.settimeout(BOOT_TIMEOUT_SECONDS)
            with (self._scratch / "output").open("wb") as output:
                self._process = subprocess.Popen(
                    [self._python, "-c", "import vc__handler__python"],
                    cwd=self.task,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                raise BootError(f"no word within the time: {self.output()}") from None
        self._reader = threading.Thread(target=self._read_messages, args=(connection,), daemon=True)
        self._reader.start()
        try:
            started = self._messages.get(timeout=BOOT_TIMEOUT_SECONDS)
        except queue.Empty:
            raise BootError(f"not ready within the time: {self.output()}") from None
        if started["type"] != "server-started":
            raise BootError(str(started["payload"].get("message")))
        self.port: int = started["payload"]["httpPort"]
        self.init_ms = float(started["payload"]["initDuration"])
        self.user_init_ms = float(started["payload"]["userInitDuration"])

    def _read_messages(self, connection: socket.socket) -> None:
        """Sort what the runtime says: how the boot went, and which requests have ended."""
        rest = b""
        with connection:
            while chunk := connection.recv(65536):
                *complete, rest = (rest + chunk).split(b"\0")
                for text in complete:
                    message = json.loads(text)
                    if message["type"] in {"server-started", "unrecoverable-error"}:
                        self._messages.put(message)
                    elif message["type"] == "end":
                        self._ended.put(message["payload"]["context"]["requestId"])
                    elif message["type"] == "log":
                        line = base64.b64decode(message["payload"]["message"])
                        self._logged.append(line.decode(errors="replace"))
        self._messages.put({"type": "gone", "payload": {"message": self.output()}})

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] | None = None,
    ) -> Answer:
        """Send one request and wait until the runtime has declared it ended.

        An iterable body goes out in chunks, without a Content-Length.
        """
        self._requests += 1
        number = self._requests
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=REQUEST_TIMEOUT_SECONDS
        )
        platform = {
            "x-vercel-internal-invocation-id": f"invocation-{number}",
            "x-vercel-internal-request-id": str(number),
        }
        chunked = body is not None and not isinstance(body, bytes)
        try:
            connection.request(
                method,
                path,
                body=body,
                headers={**platform, **(headers or {})},
                encode_chunked=chunked,
            )
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        ended = self._ended.get(timeout=REQUEST_TIMEOUT_SECONDS)
        assert ended == number, f"request {number} was answered, request {ended} ended"
        answer_headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, answer_headers, content)

    def raw(self, connection: socket.socket, request_line: str) -> bytes:
        """Send a bodiless request over an open connection; return all bytes of its answer."""
        connection.sendall(f"{request_line} HTTP/1.0\r\n\r\n".encode())
        received = b"".join(iter(lambda: connection.recv(65536), b""))
        # A request without the platform's headers has the number 0.
        ended = self._ended.get(timeout=REQUEST_TIMEOUT_SECONDS)
        assert ended == 0, f"request 0 was answered, request {ended} ended"
        return received

    def connect(self) -> socket.socket:
        """Open a connection to the function's server."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=CONNECT_TIMEOUT_SECONDS)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Stop the process, so that it accepts no connection; the kernel goes on queuing them."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def output(self) -> str:
        """Return the end of what the function logged and the process printed."""
        printed = self._scratch / "output"
        rest = printed.read_text(errors="replace") if printed.exists() else ""
        return ("".join(self._logged) + rest)[-4000:]

    def close(self) -> None:
        """End the process and remove its folder."""
        process = getattr(self, "_process", None)
        if process is not None:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        reader = getattr(self, "_reader", None)
        if reader is not None:
            # At the end it reads what was printed, which is in the folder.
            reader.join(timeout=10)
        shutil.rmtree(self._scratch, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
