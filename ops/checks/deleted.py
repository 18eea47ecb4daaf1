"""What doctor_deleted() found of deleted accounts, as findings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api._lib.desk.findings import Finding
from ops.findings import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def check_deleted(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Report what is left of deleted accounts, and money that came after a deletion."""
    if data["left_behind"]:
        yield Finding(
            "WRONG",
            "A deleted account is not gone: its deletion was interrupted, or a backup brought"
            " something back.",
            'make forget USER=… APPLY=1 WHO="your name" WHY="once more"',
            [f"user {case['user_id']}: {', '.join(case['what'])}" for case in data["left_behind"]],
        )
    if data["with_credits"]:
        yield Finding(
            "WRONG",
            "A deleted account has credits: a payment arrived after the deletion, or came back."
            " Nobody can spend them.",
            "Stripe > Payments: refund the orders, and the credits go. If that cannot be done:"
            " select grant_credits('…user…', -500, 'correction', 'your name', 'why', 'a key');",
            [
                f"user {case['user_id']}: {count(case['balance'], 'credit')}"
                + (f", order {', '.join(case['orders'])}" if case["orders"] else "")
                for case in data["with_credits"]
            ],
        )
    if data["accounts"] and not data["left_behind"] and not data["with_credits"]:
        accounts = count(data["accounts"], "deleted account")
        yield Finding("ok", f"Nothing personal is left of {accounts}.")
    if data["gone"]:
        yield Finding(
            "note",
            "A user was deleted in Supabase, and not here: their Stripe customer and their files"
            " are still there.",
            'make forget USER=… APPLY=1 WHO="your name" WHY="deleted in Supabase"',
            [f"user {user_id}" for user_id in data["gone"]],
        )
