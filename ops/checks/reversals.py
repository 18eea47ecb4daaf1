"""What doctor() found about second payments, refunds and disputes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api._lib.desk.findings import Finding
from api._lib.money import money

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def check_reversals(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Report second payments, disputes to answer, and reversals in another currency."""
    if data["second_payments"]:
        yield Finding(
            "WRONG",
            "An order was paid twice. Its credits were posted once.",
            "Stripe > Payments: refund one of the two. The credits stay.",
            [
                f"order {case['order_id']}: {' and '.join(case['payments'])}"
                for case in data["second_payments"]
            ],
        )
    if data["disputes_to_answer"]:
        yield Finding(
            "note",
            "A dispute waits for your answer. Without one it is lost at the due date.",
            "Stripe > Payments > Disputes: submit evidence, or accept the dispute.",
            [
                f"{case['id']}: {money(case['amount'], case['currency'])},"
                f" order {case['order_id']}, answer by"
                f" {(case['due_at'] or 'an unknown date')[:16].replace('T', ' ')}"
                for case in data["disputes_to_answer"]
            ],
        )
    known = [case for case in data["foreign_reversals"] if case["share_is_known"]]
    unknown = [case for case in data["foreign_reversals"] if not case["share_is_known"]]
    if known:
        yield Finding(
            "note",
            "A refund or dispute is in another currency than its payment. It took the share that"
            " moved on the Stripe account's balance.",
            cases=[
                f"{_foreign(case)} {money(case['settled_amount'], case['settled_currency'])} moved."
                for case in known
            ],
        )
    if unknown:
        yield Finding(
            "WRONG",
            "A refund or dispute is in another currency than its payment, and its share of the"
            " payment is not known. It took all credits of the order.",
            "Compare the amounts at Stripe; give back what was taken too much:"
            " select grant_credits('…user…', 100, 'correction', 'your name', 'why', 'a key');",
            [_foreign(case) for case in unknown],
        )


def _foreign(case: Mapping[str, Any]) -> str:
    return (
        f"{case['kind']} {case['id']}: {money(case['amount'], case['currency'])} of order"
        f" {case['order_id']}, paid in {case['currency_paid'].upper()}."
    )
