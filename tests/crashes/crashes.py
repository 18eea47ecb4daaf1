"""What goes wrong, and when: a schedule drawn from a seed, counted in deliveries, not seconds."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from local.services import Service
    from local.stack import Running
    from tests.crashes.writers import Writers


@dataclass(frozen=True)
class Crash:
    """A crash that comes once so many deliveries are acknowledged."""

    after: int
    kind: str


def schedule(rng: random.Random, deliveries: int, each: int) -> list[Crash]:
    """Draw a schedule in which every kind of crash comes several times, while writers write."""
    kinds = [kind for kind in KINDS for _ in range(each)]
    rng.shuffle(kinds)
    moments = sorted(rng.sample(range(deliveries // 50, deliveries * 95 // 100), len(kinds)))
    return [Crash(after, kind) for after, kind in zip(moments, kinds, strict=True)]


def strike(kind: str, running: Running, writers: Writers) -> None:
    """Let it happen, and bring back what it took once a writer has felt it."""
    KINDS[kind](running, writers)


def _database_killed(running: Running, writers: Writers) -> None:
    assert running.database is not None
    refused = writers.refused.total()
    running.database.kill()
    writers.wait_for_a_refusal(refused)
    running.database.start()


def _backend_killed(running: Running, _writers: Writers) -> None:
    """One backend dies: Postgres then ends all the others and recovers by itself."""
    assert running.database is not None
    for process in psutil.Process(running.database.pid).children():
        with suppress(psutil.NoSuchProcess):  # ended meanwhile
            if "authenticator" in " ".join(process.cmdline()):
                process.kill()
                return


def _service_killed(name: str) -> Callable[[Running, Writers], None]:
    def crash(running: Running, writers: Writers) -> None:
        service: Service = running.services[name]
        refused = writers.refused.total()
        service.kill()
        writers.wait_for_a_refusal(refused)
        service.start()
        service.wait_until_ready()

    return crash


def _worker_killed(name: str) -> Callable[[Running, Writers], None]:
    def crash(running: Running, _writers: Writers) -> None:
        running.services[name].kill_worker()

    return crash


KINDS: dict[str, Callable[[Running, Writers], None]] = {
    "Postgres is killed and restarted": _database_killed,
    "a Postgres backend is killed": _backend_killed,
    "the gateway is killed and restarted": _service_killed("supabase"),
    "the gateway drops its connections": _worker_killed("supabase"),
    "the site is killed and restarted": _service_killed("site"),
    "the site's worker is killed amid requests": _worker_killed("site"),
}
