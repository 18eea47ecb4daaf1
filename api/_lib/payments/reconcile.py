"""Reconciliation: what Stripe has and the ledger lacks goes through the same facts and settlement.

It needs no event: whatever the webhook missed, lost or refused is found here, and what is known
already changes nothing. It may end at any moment and goes on where it was; two runs at once, or a
webhook in between, do no harm.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.payments.stripe_fields import UnreadableError
from api._lib.payments.stripe_listing import (
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
        found: Sessions, refunds and disputes at Stripe that are about orders of ours.
        repaired: Those for which the ledger had to change.
        mismatched: Orders paid otherwise than ordered, which wait for a person's decision.
        refused: Objects whose facts the database refused, or which cannot be read.
        complete: Whether the run came to its end; if not, the next one goes on.
    """

    found: int = 0
    repaired: int = 0
    mismatched: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    complete: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as the endpoint answers it."""
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
    """Look at everything since the last whole run, going on with one that was interrupted.

    Args:
        deadline_seconds: After so many seconds no further page is begun.
        tell: Told of the progress after each page.

    Raises:
        StripeFailedError: Stripe failed; what was done is done, the next run goes on.
        DatabaseUnavailableError: Likewise.
    """
    livemode = settings().livemode
    run: dict[str, Any] = database.call("begin_reconciliation", p_livemode=livemode)

    def save(step: Step | None, after_id: str | None) -> None:
        database.call(
            "save_reconciliation",
            p_livemode=livemode,
            p_started_at=run["started_at"],
            p_step=step,
            p_after_id=after_id,
        )

    return _run(
        Window(run["since"], int(time.time()), livemode, settings().project),
        steps=STEPS[STEPS.index(run["step"]) if run["step"] else 0 :],
        after_id=run["after_id"],
        deadline=None if deadline_seconds is None else time.monotonic() + deadline_seconds,
        save=save,
        tell=tell,
    )


def reconcile_since(since: int | None, *, tell: Tell | None = None) -> Report:
    """Look at everything since a moment (seconds, UTC), or at everything; remembers no position.

    Raises:
        StripeFailedError: Stripe failed; what was done is done.
        DatabaseUnavailableError: Likewise.
    """
    window = Window(since, int(time.time()), settings().livemode, settings().project)
    return _run(window, steps=STEPS, after_id=None, deadline=None, save=None, tell=tell)


def _run(  # noqa: PLR0913 - what the two ways to begin differ in
    window: Window,
    *,
    steps: tuple[Step, ...],
    after_id: str | None,
    deadline: float | None,
    save: Save | None,
    tell: Tell | None,
) -> Report:
    report = Report()
    for step, following in zip(steps, (*steps[1:], None), strict=True):
        while True:
            if deadline is not None and time.monotonic() > deadline:
                return report
            page = read_page(step, window, after_id)
            _record_page(step, page, window, report)
            after_id = page.after_id
            # Only now: whatever ends us before has this page looked at again.
            if save:
                save(step if after_id else following, after_id)
            if tell:
                tell(step, report)
            if after_id is None:
                break
    report.complete = True
    return report


def _record_page(step: Step, page: Page, window: Window, report: Report) -> None:
    news: list[Facts] = []
    for found in page.objects:
        try:
            facts = facts_of(step, found, window)
        except UnreadableError as error:
            _log.error("%s: unreadable: %r", found["id"], error)
            report.refused.append(found["id"])
            continue
        if facts is not None:
            news.append(facts)
    # One transaction for each: a batch in one would hold locks on many users, and deadlock with
    # the webhooks that come meanwhile.
    for facts, outcome in zip(news, in_parallel(_record, news), strict=True):
        if outcome is None:
            report.refused.append(_name(facts))
        elif outcome:
            report.found += 1
            report.repaired += outcome["posted"] != outcome["posted_before"]
            if outcome["status"] == "mismatch" and outcome["decision"] is None:
                report.mismatched.add(outcome["purchase_id"])


def _record(facts: Facts) -> dict[str, Any] | None:
    """Record facts; return what that did, {} while the purchase is not known, None if refused."""
    try:
        outcome: dict[str, Any] | None = database.call(
            "reconcile_facts", p_facts=facts, p_policy=settings().clawback_policy
        )
    except database.DatabaseError as error:
        _log.error("%s: facts refused: %s", _name(facts), error)
        return None
    return outcome or {}


def _name(facts: Mapping[str, Any]) -> str:
    """Return Stripe's own id for what the facts are about."""
    return str(facts.get("reversal_id") or facts.get("checkout_session_id"))
