"""Reconciliation: list what Stripe has and record its facts, which repairs what the ledger lacks.

It needs no event, so it also finds what the webhook missed, lost or refused. Facts that are already
recorded change nothing. A run may stop at any moment, and the next one continues where it stopped.
Two runs at once, or a webhook during a run, do no harm.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.payments.stripe_fields import InvalidStripeObjectError
from api._lib.payments.stripe_listing import (
    REVERSALS,
    STEPS,
    Page,
    Step,
    Window,
    facts_of,
    in_parallel,
    read_page,
)
from api._lib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from api._lib.payments.facts import Facts

_log = logging.getLogger("purse")


@dataclass
class Report:
    """What a run has found so far.

    Attributes:
        found: How many sessions, refunds and disputes at Stripe concern our orders.
        repaired: For how many of them the ledger had to change.
        mismatched: Ids of orders that were not paid as ordered and wait for a person's decision.
        refused: Ids of objects that are invalid, or whose facts the database refused.
        complete: Whether the run has reached the end; if not, the next one continues.
    """

    found: int = 0
    repaired: int = 0
    mismatched: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    complete: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the answer of GET /api/reconcile: numbers, no ids."""
        return {
            "found": self.found,
            "repaired": self.repaired,
            "mismatched": len(self.mismatched),
            "refused": len(self.refused),
            "complete": self.complete,
        }


if TYPE_CHECKING:
    Tell = Callable[[Step, Report], None]
    Save = Callable[[Step | None, str | None], None]


def reconcile(*, deadline_seconds: float | None = None, tell: Tell | None = None) -> Report:
    """Reconcile everything since the last complete run, or continue an interrupted run.

    Args:
        deadline_seconds: After this many seconds no further page is begun.
        tell: Called with the progress after each page.

    Raises:
        StripeFailedError: Stripe failed. What was recorded stays; the next run continues.
        DatabaseUnavailableError: The same for the database.
    """
    livemode = settings().livemode
    deadline = None if deadline_seconds is None else time.monotonic() + deadline_seconds
    run: dict[str, Any] = database.call("begin_reconciliation", p_livemode=livemode)
    window = Window(run["since"], int(time.time()), livemode)
    report = Report()
    if run["step"] and run["step"] not in REVERSALS:
        # A run may take days if somebody has begun very many checkouts. What went back since it
        # listed the refunds and disputes must not wait for it to end.
        _run(
            window, report, steps=REVERSALS, after_id=None, deadline=deadline, save=None, tell=tell
        )

    def save(step: Step | None, after_id: str | None) -> None:
        database.call(
            "save_reconciliation",
            p_livemode=livemode,
            p_started_at=run["started_at"],
            p_step=step,
            p_after_id=after_id,
        )

    report.complete = _run(
        window,
        report,
        steps=STEPS[STEPS.index(run["step"]) if run["step"] else 0 :],
        after_id=run["after_id"],
        deadline=deadline,
        save=save,
        tell=tell,
    )
    return report


def reconcile_since(
    since: int | None, *, tell: Tell | None = None, confirmed_ledger: str | None = None
) -> Report:
    """Reconcile everything since a time, without storing a position.

    Args:
        since: In seconds since 1970 (UTC); None for everything that Stripe has.
        tell: Called with the progress after each page.
        confirmed_ledger: The id of a ledger whose orders a person has confirmed.

    Raises:
        StripeFailedError: Stripe failed. What was recorded stays.
        DatabaseUnavailableError: The same for the database.
    """
    window = Window(since, int(time.time()), settings().livemode, confirmed_ledger)
    report = Report()
    report.complete = _run(
        window, report, steps=STEPS, after_id=None, deadline=None, save=None, tell=tell
    )
    return report


def _run(  # noqa: PLR0913 - all in which the callers differ
    window: Window,
    report: Report,
    *,
    steps: tuple[Step, ...],
    after_id: str | None,
    deadline: float | None,
    save: Save | None,
    tell: Tell | None,
) -> bool:
    """Take these steps; return whether the last one reached its end before the deadline."""
    for step, following in zip(steps, (*steps[1:], None), strict=True):
        while True:
            if deadline is not None and time.monotonic() > deadline:
                return False
            page = read_page(step, window, after_id)
            _record_page(step, page, window, report)
            after_id = page.after_id
            # Saved after recording: if we stop before this line, the next run repeats the page.
            if save:
                save(step if after_id else following, after_id)
            if tell:
                tell(step, report)
            if after_id is None:
                break
    return True


def _record_page(step: Step, page: Page, window: Window, report: Report) -> None:
    facts_of_page: list[Facts] = []
    for found in page.objects:
        try:
            facts = facts_of(step, found, window)
        except InvalidStripeObjectError as error:
            _log.error("%s: invalid: %r", found["id"], error)
            report.refused.append(found["id"])
            continue
        if facts is not None:
            facts_of_page.append(facts)
    # One transaction each: a batch in one transaction would lock many users and deadlock with the
    # webhooks that arrive meanwhile.
    for facts, outcome in zip(facts_of_page, in_parallel(_record, facts_of_page), strict=True):
        if outcome is None:
            report.refused.append(_name(facts))
        elif outcome:
            report.found += 1
            report.repaired += outcome["posted"] != outcome["posted_before"]
            if outcome["status"] == "mismatch" and outcome["decision"] is None:
                report.mismatched.add(outcome["purchase_id"])


def _record(facts: Facts) -> dict[str, Any] | None:
    """Record facts; return the outcome, {} if the purchase is not known, None if refused."""
    try:
        outcome: dict[str, Any] | None = database.call(
            "reconcile_facts", p_facts=facts, p_policy=settings().clawback_policy
        )
    except database.DatabaseError as error:
        _log.error("%s: facts refused: %s", _name(facts), error)
        return None
    return outcome or {}


def _name(facts: Mapping[str, Any]) -> str:
    """Return Stripe's id of the object that the facts were made of."""
    return str(facts.get("reversal_id") or facts.get("checkout_session_id"))
