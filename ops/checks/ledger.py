"""Whether balances, lots, transactions and purchases agree, as doctor() found them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api._lib.desk.findings import Finding
from api._lib.money import money
from ops.findings import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_REWRITE = "select purse.rewrite_account('…'); -- in the SQL editor; safe to repeat"


def check_ledger(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare balances, lots, transactions, and purchases with their facts."""
    yield from _balances(data)
    yield from _lots(data)
    yield from _next_lots(data)
    yield from _holds(data)
    yield from _reversals(data)
    yield from _purchases(data)
    yield from _mismatches(data)


def _balances(data: Mapping[str, Any]) -> Iterator[Finding]:
    if not data["balances_off"]:
        users = count(data["users"], "user")
        yield Finding("ok", f"Every balance is the sum of its transactions: {users}.")
        return
    yield Finding(
        "WRONG",
        "A balance is not the sum of its transactions: somebody changed it by hand. The"
        " transactions are right.",
        _REWRITE,
        [
            f"user {case['user_id']}: balance {case['balance']:,}, transactions {case['ledger']:,}"
            for case in data["balances_off"]
        ],
    )


def _lots(data: Mapping[str, Any]) -> Iterator[Finding]:
    if data["lots_off"]:
        yield Finding(
            "WRONG",
            "A balance is not the sum of its lots, or what is held is not what holds have set"
            " aside: somebody changed it by hand. The transactions are right.",
            _REWRITE,
            [
                f"user {case['user_id']}: balance {case['balance']:,}, lots {case['lots']:,}; held"
                f" {case['held']:,}, in lots {case['held_in_lots']:,}, by holds"
                f" {case['held_by_holds']:,}"
                for case in data["lots_off"]
            ],
        )


def _next_lots(data: Mapping[str, Any]) -> Iterator[Finding]:
    if data["next_lots_off"]:
        yield Finding(
            "WRONG",
            "A spend would not take from the lot that expires soonest, or would take more than is"
            " free in it: what is noted for the next spend is wrong.",
            _REWRITE,
            [
                f"user {case['user_id']}: noted are {case['next_lot_free']:,} credits of lot"
                f" {case['next_lot_id'] or 'none'}, first is lot {case['first_lot_id'] or 'none'}"
                for case in data["next_lots_off"]
            ],
        )


def _holds(data: Mapping[str, Any]) -> Iterator[Finding]:
    if data["holds_off"]:
        yield Finding(
            "WRONG",
            "A hold would be overlooked: its user is not marked as having held, so a spend could"
            " use its key again, or its deadline comes before the user's next look at expiry.",
            _REWRITE,
            [
                f"user {case['user_id']}: has_held {str(case['has_held']).lower()}, next look"
                f" {case['lapses_at'] or 'never'}, deadline {case['first_deadline'] or 'none'}"
                for case in data["holds_off"]
            ],
        )


def _reversals(data: Mapping[str, Any]) -> Iterator[Finding]:
    if data["reversals_off"]:
        yield Finding(
            "WRONG",
            "A reversal undoes no spend of the ledger: somebody wrote it by hand.",
            "select grant_credits('…', -…, 'correction', 'who', 'why', 'key'); -- takes them back",
            [
                f"transaction {case['transaction_id']} of user {case['user_id']}:"
                f" {case['amount']:,} credits"
                for case in data["reversals_off"]
            ],
        )


def _purchases(data: Mapping[str, Any]) -> Iterator[Finding]:
    if data["postings_off"]:
        yield Finding(
            "WRONG",
            "The credits posted for a purchase are not the sum of its transactions: somebody"
            " changed it by hand.",
            "update purchases set credits_posted = … where id = '…'; -- the transactions are right",
            [
                f"order {case['order_id']}: says {case['posted']:,}, has {case['ledger']:,}"
                for case in data["postings_off"]
            ],
        )
    if data["purchases_off"]:
        yield Finding(
            "WRONG",
            "The ledger does not hold the credits that a purchase's facts call for.",
            "select purse.settle_purchase('…', 'debt'); -- in the SQL editor; safe to repeat",
            [
                f"order {case['order_id']}: {case['posted']:,} posted,"
                f" {case['target']:,} called for"
                for case in data["purchases_off"]
            ],
        )
    if not data["postings_off"] and not data["purchases_off"]:
        orders = data["orders"]["live"] + data["orders"]["test"]
        yield Finding("ok", f"Every order has the credits it calls for: {count(orders, 'order')}.")
    if data["forgiven"]["orders"]:
        yield Finding(
            "note",
            f"{count(data['forgiven']['credits'], 'credit')} of"
            f" {count(data['forgiven']['orders'], 'order')} are forgiven: refunded, but spent"
            " already or set aside (CLAWBACK_POLICY=clamp). If they come back, they are taken.",
        )
    if data["overdue"]:
        yield Finding(
            "WRONG",
            "An order's checkout must be over, but we do not know how it ended: the webhook and the"
            " daily reconciliation both missed it.",
            "make reconcile",
            [f"order {case['order_id']} of {case['created_at'][:10]}" for case in data["overdue"]],
        )


def _mismatches(data: Mapping[str, Any]) -> Iterator[Finding]:
    if not data["mismatches"]:
        return
    yield Finding(
        "WRONG",
        "A payment is not what was ordered. It is not settled until a person decides: true posts"
        " its credits, false does not (then refund it at Stripe).",
        "select purse.decide_mismatch('…', true, 'your name', 'why');",
        [
            f"order {case['order_id']}: ordered {money(case['unit_amount'], case['currency'])},"
            f" Stripe asked for {money(case['amount_subtotal'], case['currency_paid'])}"
            + ("" if case["sealed"] else "; no valid seal, so this database did not begin it")
            for case in data["mismatches"]
        ],
    )
