"""`make reconcile [SINCE=2026-11-01]`: add to the ledger what it lacks and Stripe has.

Then go on with the refunds that were begun and whose next attempt is due.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from api._lib.payments.reconcile import Report, reconcile, reconcile_since
from api._lib.payments.refunds_due import finish_due
from ops.command import command, day, moment, subject

if TYPE_CHECKING:
    from api._lib.payments.stripe_listing import Step


# A refund that has begun may wait for Stripe beyond it.
REFUND_SECONDS = 60


class Progress:
    """Prints progress: one line that is updated on a terminal, otherwise a line per step."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._step: Step | None = None

    def __call__(self, step: Step, report: Report) -> None:
        """Report that a page of Stripe's list is done."""
        if self._terminal:
            line = f"{step:<9} {report.found:>8,} found {report.repaired:>8,} repaired"
            print(f"\r  {line}", end="", file=sys.stderr, flush=True)
        elif step != self._step:
            print(f"  {step} …", file=sys.stderr, flush=True)
        self._step = step

    def done(self) -> None:
        """End the updated line."""
        if self._terminal:
            print(file=sys.stderr)


def summarize(report: Report) -> int:
    """Print the results of a run; return the exit status, 1 if something was refused."""
    for name, count in report.as_json().items():
        if name != "complete":
            print(f"  {name:<11} {count:>8,}")
    for order_id in sorted(report.mismatched):
        print(f"  the payment differs from the order; decide it as make doctor says: {order_id}")
    for stripe_id in report.refused:
        print(f"  refused, because it is unreadable or contradicts the database: {stripe_id}")
    return 1 if report.refused else 0


def main() -> int:
    """Reconcile from a date on, or since the last complete run."""
    parser = argparse.ArgumentParser(prog="make reconcile", description=__doc__)
    parser.add_argument("--since", type=moment, help="from this day on, such as 2026-11-01")
    since = parser.parse_args().since
    when = f"since {day(since)}" if since is not None else "since the last complete run"
    print(f"Reconciling {subject()}, {when}")
    progress = Progress()
    try:
        if since is None:
            report = reconcile(tell=progress)
        else:
            report = reconcile_since(since, tell=progress)
    finally:
        progress.done()
    if finish_due(seconds=REFUND_SECONDS).unfinished:
        print("  a refund that was begun is not finished; make doctor lists it after an hour")
    return summarize(report)


if __name__ == "__main__":
    command(main)
