#!/usr/bin/env bash
# werkzeug 3.1.9 (Flask 3.1.3, send_file), remotezip 0.12.6, starlette 1.10.0: the last bytes of a file that is
# shorter than that. remotezip asks for the last 64 KiB of an archive, where its directory is.
# Expected: 206 with the whole file, since RFC 9110 says that a suffix longer than the file means all of it. Two
#           ranges are answered with both parts, or the header is ignored (200).
# Seen: Werkzeug answers 416 to bytes=-1000 of a file of 10 bytes, and to bytes=0-1,4-5. So remotezip reads an
#       archive of 200 KB from Flask and fails with one of 120 bytes. Starlette answers 206 to both headers.
# So: test with a file that is smaller than the range. RemoteZip(..., support_suffix_range=False) asks for the
#     size first and works.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
    werkzeug==3.1.9 flask==3.1.3 remotezip==0.12.6 starlette==1.10.0 httpx==0.28.1
cd "$work"
NO_PROXY=127.0.0.1 "$work/venv/bin/python" -W ignore - <<'PY'
import logging
import threading
import zipfile
from pathlib import Path

from flask import Flask, send_file
from remotezip import RemoteIOError, RemoteZip
from starlette.applications import Starlette
from starlette.responses import FileResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from werkzeug.serving import make_server

logging.getLogger("werkzeug").disabled = True
folder = Path.cwd()
(folder / "ten").write_bytes(b"0123456789")
for name, size in (("small.zip", 10), ("large.zip", 200_000)):
    with zipfile.ZipFile(name, "w") as archive:
        archive.writestr("a.txt", "x" * size)
flask = Flask("files")
flask.get("/<name>")(lambda name: send_file(folder / name))
starlette = Starlette(routes=[Route("/ten", lambda _: FileResponse(folder / "ten"))])


def statuses(header: str) -> tuple[int, int]:
    """Return the statuses of Werkzeug and Starlette for the file of 10 bytes."""
    headers = {"Range": header}
    return (
        flask.test_client().get("/ten", headers=headers).status_code,
        TestClient(starlette).get("/ten", headers=headers).status_code,
    )


def names(archive: str, **options: bool) -> list[str] | str:
    try:
        with RemoteZip(f"http://127.0.0.1:{server.server_port}/{archive}", **options) as remote:
            return remote.namelist()
    except RemoteIOError as error:
        return str(error)[:3]


seen = {header: statuses(header) for header in ("bytes=-3", "bytes=-1000", "bytes=0-1", "bytes=0-1,4-5")}
server = make_server("127.0.0.1", 0, flask, threaded=True)
thread = threading.Thread(target=server.serve_forever)
thread.start()
try:
    read = (names("large.zip"), names("small.zip"), names("small.zip", support_suffix_range=False))
finally:
    server.shutdown()
    thread.join()
for header, (werkzeug, other) in seen.items():
    print(f"{header}: Werkzeug {werkzeug}, Starlette {other}")
print(f"remotezip: large {read[0]}, small {read[1]}, small without suffix {read[2]}")
assert seen == {
    "bytes=-3": (206, 206),
    "bytes=-1000": (416, 206),
    "bytes=0-1": (206, 206),
    "bytes=0-1,4-5": (416, 206),
}
assert read == (["a.txt"], "416", ["a.txt"])
PY
