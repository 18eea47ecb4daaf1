"""Each process is killed while Stripe delivers. Every acknowledged event is kept exactly once.

The test profile says how long the run is. PURSE_CRASH_SEED repeats a run under the same profile.
"""

from __future__ import annotations

import os
import random
import secrets
import time
from collections import Counter
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import dict_row

from local.stack import running_services
from tests.crashes.audit import audit
from tests.crashes.crashes import KINDS, schedule, strike
from tests.crashes.histories import histories, shuffled_deliveries
from tests.crashes.writers import NO_ANSWER, Writers
from tests.profiles import max_examples
from tests.support import use_known_seal

if TYPE_CHECKING:
    from pathlib import Path

# From 1,500 while one works to 20,000 in a soak.
DELIVERIES = 10 * max_examples()
CRASHES_OF_A_KIND = max(2, DELIVERIES // 5000)
SEED = os.environ.get("PURSE_CRASH_SEED") or secrets.token_hex(4)
WRITERS = 16
SHOWN = 20


def test_every_acknowledged_event_survives_every_crash_exactly_once(tmp_path: Path) -> None:
    rng = random.Random(SEED)  # noqa: S311 - repeatable, not secret
    told = histories(rng, DELIVERIES)
    deliveries = shuffled_deliveries(rng, told, DELIVERIES)
    crashes = schedule(rng, DELIVERIES, CRASHES_OF_A_KIND)
    _say(f"PURSE_CRASH_SEED={SEED}: {DELIVERIES} deliveries about {len(told)} orders")

    with running_services(tmp_path, environ={}, report=lambda _line: None) as running:
        stack = running.stack
        with psycopg.connect(stack.database_url, autocommit=True) as database:
            use_known_seal(database)
        writers = Writers(stack.site_url, stack.stripe_webhook_secret, deliveries)
        started_at = time.monotonic()
        with writers.delivering(WRITERS):
            for crash in crashes:
                writers.wait_for_acknowledged(crash.after)
                _say(f"after {crash.after}: {crash.kind}")
                strike(crash.kind, running, writers)
            writers.wait_for_acknowledged(DELIVERIES)
        _say(f"{time.monotonic() - started_at:.0f} s, refused {dict(writers.refused)}")
        with psycopg.connect(stack.database_url, row_factory=dict_row) as database:
            wrong = audit(database, told, writers)

    assert wrong == [], f"{len(wrong)} faults, of which {SHOWN}: {wrong[:SHOWN]}"
    assert writers.acknowledged.total() == DELIVERIES
    # Refused for the documented reason or not answered at all, both of them often.
    assert set(writers.refused) == {503, NO_ANSWER}
    assert Counter(crash.kind for crash in crashes) == dict.fromkeys(KINDS, CRASHES_OF_A_KIND)


def _say(line: str) -> None:
    print(line)  # noqa: T201 - which pytest shows when the test fails
