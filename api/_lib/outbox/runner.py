"""Drain the outbox: lease deliveries, send them as POST or as mail, report each outcome.

Any number of runners may work at the same time. One that dies in between has done no harm: its
lease ends, and the deliveries are sent again. Receivers recognise them by their webhook-id.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.outbox.mail.sending import mail_endpoints, send_mail
from api._lib.outbox.sending import ATTEMPT_SECONDS, Attempt, new_client, send
from api._lib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from api._lib.settings import Settings

BATCH = 200
# How many people are served at the same time, at each endpoint.
AT_ONCE = 20
# A batch begins no attempt after this many seconds, and so ends within its lease.
BATCH_SECONDS = 30
LEASE_SECONDS = BATCH_SECONDS + 2 * ATTEMPT_SECONDS
# An endpoint that fails so often in a row gets no more attempts in this run.
FAILURES_IN_A_ROW = 5

_NOT_TRIED = Attempt("not_tried", "")

_log = logging.getLogger("purse")


@dataclass
class Delivered:
    """What a run did, and whether nothing is left that is due."""

    delivered: int = 0
    failed: int = 0
    complete: bool = True


@dataclass
class _Health:
    """Failures in a row of each endpoint."""

    failures: Counter[str] = field(default_factory=Counter)

    def note(self, endpoint: str, attempt: Attempt) -> None:
        if attempt.result == "failed":
            self.failures[endpoint] += 1
        else:
            self.failures[endpoint] = 0

    def is_down(self, endpoint: str) -> bool:
        return self.failures[endpoint] >= FAILURES_IN_A_ROW


def deliver(*, deadline: float, attempt_seconds: float = ATTEMPT_SECONDS) -> Delivered:
    """Send what is due until nothing is, or until the deadline.

    Args:
        deadline: By time.monotonic(). No attempt is begun after it.
        attempt_seconds: What an attempt may take at most.

    Raises:
        DatabaseUnavailableError: The database cannot be reached; the next run continues.
    """
    config = settings()
    endpoints: dict[str, list[str] | None] = {
        **{endpoint.name: None for endpoint in config.events},
        **mail_endpoints(config),
    }
    done = Delivered()
    if not endpoints:
        return done
    database.call(
        "sync_outbox", p_endpoints=endpoints, p_low_balance_credits=config.low_balance_credits
    )
    health = _Health()
    while time.monotonic() < deadline:
        healthy = [name for name in endpoints if not health.is_down(name)]
        if not healthy:
            break
        leased = database.call(
            "lease_deliveries", p_endpoints=healthy, p_limit=BATCH, p_seconds=LEASE_SECONDS
        )
        if not leased:
            return done
        until = min(deadline, time.monotonic() + BATCH_SECONDS)
        sending = _send_all(leased, config, health, until, attempt_seconds)
        # In a thread of its own: the caller's may have an event loop that runs already.
        with ThreadPoolExecutor(1) as thread:
            results = thread.submit(asyncio.run, sending).result()
        database.call("settle_deliveries", p_results=results)
        for result in results:
            done.delivered += result["result"] == "delivered"
            done.failed += result["result"] in {"failed", "given_up"}
    done.complete = False
    return done


def deliver_soon(*, seconds: float, attempt_seconds: float = ATTEMPT_SECONDS) -> None:
    """Deliver within a request that has done its work. Never fails: others deliver what is left."""
    if not settings().has_receivers:
        return
    try:
        deliver(deadline=time.monotonic() + seconds, attempt_seconds=attempt_seconds)
    except Exception as error:  # noqa: BLE001 - the request is done, whatever happens here
        _log.warning("outbox: not delivered now: %s", type(error).__name__)


async def _send_all(
    leased: Sequence[Mapping[str, Any]],
    config: Settings,
    health: _Health,
    until: float,
    attempt_seconds: float,
) -> list[dict[str, Any]]:
    """Send a batch; return the results for settle_deliveries."""
    endpoints = {endpoint.name: endpoint for endpoint in config.events}
    slots: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))

    async with new_client() as client:

        async def attempt(delivery: Mapping[str, Any]) -> Attempt:
            endpoint = endpoints.get(delivery["endpoint"])
            if endpoint is None:
                return await send_mail(config, delivery, attempt_seconds)
            return await send(client, endpoint, delivery, attempt_seconds)

        async def one_person(
            name: str, deliveries: Sequence[Mapping[str, Any]]
        ) -> list[dict[str, Any]]:
            async with slots[name]:
                return await _send_in_order(attempt, deliveries, health, until)

        groups = itertools.groupby(leased, key=lambda d: (d["endpoint"], d["user_id"]))
        tasks = [one_person(name, list(deliveries)) for (name, _), deliveries in groups]
        return list(itertools.chain.from_iterable(await asyncio.gather(*tasks)))


async def _send_in_order(
    attempt: Callable[[Mapping[str, Any]], Awaitable[Attempt]],
    deliveries: Iterable[Mapping[str, Any]],
    health: _Health,
    until: float,
) -> list[dict[str, Any]]:
    """Send one person's deliveries one after the other; the first failure stops the rest."""
    results = []
    stopped = False
    for delivery in deliveries:
        name = delivery["endpoint"]
        ended = _NOT_TRIED
        if not stopped and not health.is_down(name) and time.monotonic() < until:
            ended = await _attempt(attempt, delivery)
            health.note(name, ended)
        stopped = stopped or ended.result in {"failed", "not_tried"}
        results.append(
            {
                "endpoint": name,
                "event_id": delivery["event_id"],
                "lease": delivery["lease"],
                "result": ended.result,
                "outcome": ended.outcome,
                "retry_seconds": ended.retry_seconds,
            }
        )
    return results


async def _attempt(
    attempt: Callable[[Mapping[str, Any]], Awaitable[Attempt]], delivery: Mapping[str, Any]
) -> Attempt:
    """Attempt a delivery. One that cannot even be tried fails alone, and is parked in the end."""
    try:
        return await attempt(delivery)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other deliveries go on
        # Its text may hold an address.
        kind = type(error).__name__
        _log.error("outbox: %s to %s: %s", delivery["type"], delivery["endpoint"], kind)
        return Attempt("failed", kind)
