"""Measure how fast the outbox drains: `make bench-outbox`.

20,000 deliveries to the example receiver, through the site's own endpoint, with the site's memory
before and after. The floor: 200 a second, and memory that stays flat.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import httpx
import psutil

from local.stack import Running, running_services
from tests.support import RunningStack

DELIVERIES = 20_000
PEOPLE = 1_000
FLOOR = 200


def main() -> None:
    """Print deliveries a second, and the site's memory."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with running_services(Path(folder) / "stack", environ={}, tells=True) as running:
            _measure(running)


def _measure(running: Running) -> None:
    stack = RunningStack.of(running.stack)
    headers = {"Authorization": f"Bearer {stack.cron_secret}"}
    with httpx.Client(base_url=stack.site_url, headers=headers, timeout=120) as client:
        client.get("/api/deliver").raise_for_status()
        with stack.connect() as database:
            database.execute(
                """
                insert into outbox_events (type, fact, user_id, data)
                select 'dispute.closed', 'bench:' || n, u.id, jsonb_build_object('user_id', u.id)
                from (select i, gen_random_uuid() as id from generate_series(1, %s) i) u
                join generate_series(1, %s) n on n %% %s + 1 = u.i
                order by n
                """,
                [PEOPLE, DELIVERIES, PEOPLE],
            )
        before = _memory(running)
        begun, delivered, complete = time.monotonic(), 0, False
        while not complete:
            report = client.get("/api/deliver").raise_for_status().json()
            delivered += report["delivered"]
            complete = report["complete"]
            print(f"  {delivered:,} delivered, {_memory(running):.0f} MB", flush=True)
        seconds = time.monotonic() - begun
    rate = delivered / seconds
    print(f"{delivered:,} deliveries in {seconds:.0f} s: {rate:.0f} a second (to reach: {FLOOR})")
    print(f"memory of the site: {before:.0f} MB before, {_memory(running):.0f} MB after")


def _memory(running: Running) -> float:
    pid = running.services["site"].pid
    assert pid
    processes = [psutil.Process(pid), *psutil.Process(pid).children()]
    return sum(process.memory_info().rss for process in processes) / 1_000_000


if __name__ == "__main__":
    main()
