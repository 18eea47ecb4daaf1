"""What a buyer can do about one of their purchases, and what is offered to them alone.

GET /api/offers: the offers that they can buy now.
GET /api/receipt?order_id=…: the address of Stripe's receipt.
GET /api/invoice?order_id=…: the addresses of Stripe's invoice.
GET /api/refund?purchase=…: what of it can be refunded.
POST /api/refund {"purchase": "…", "amount": 399}: refund it, if the shop allows (SELF_REFUND_DAYS).
GET /api/withdrawal?purchase=…: whether it can be withdrawn from, and what would go back.
POST /api/withdrawal {"purchase": "…", "amount": 399}: withdraw from it (WITHDRAWAL_DAYS).

vercel.json rewrites them to /api/purchases?action=offers, =receipt, =invoice, =refund and
=withdrawal.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from uuid import UUID

from api._lib import database
from api._lib.errors import ConflictError, InvalidRequestError, NotFoundError, PurseError
from api._lib.payments.invoices import invoice_of
from api._lib.payments.receipts import receipt_url
from api._lib.payments.refund_refusals import REASONS
from api._lib.payments.refunds import RefundWish, quote_refund
from api._lib.payments.refunds import refund as make_refund
from api._lib.payments.withdrawals import quote_withdrawal, withdraw
from api._lib.settings import settings
from api._lib.web.actions import choose_by
from api._lib.web.auth import signed_in_user
from api._lib.web.cors import TOKEN, TOKEN_AND_JSON, TOKEN_JSON_AND_KEY
from api._lib.web.http import Request, Response, endpoint
from api._lib.web.limits import Limit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api._lib.web.auth import User

REFUNDS = Limit("refund", most=20, seconds=60)
MAX_AMOUNT = 2**53
# What is not sent by then is sent by the next caller of /api/deliver.
DELIVER_SECONDS = 3
ACCEPTED = 202

_log = logging.getLogger("purse")

_MONEY = ("amount", "credits", "currency", "decimals")
# What is quoted has its part of the tax as well.
_QUOTED = (*_MONEY, "tax")


def offers(request: Request) -> Response:
    """Answer the offers that the user can buy now; no shared cache may keep them."""
    user = signed_in_user(request)
    found: dict[str, Any] = database.call("read_offers", p_user_id=user.id)
    return Response(found, headers={"Cache-Control": "private, no-store"})


def receipt(request: Request) -> Response:
    """Answer where Stripe shows the receipt."""
    user = signed_in_user(request)
    order_id = _purchase_id(request.query.get("order_id"), "?order_id=… of your history")
    url = receipt_url(user, order_id)
    if url is None:
        raise NotFoundError("There is no receipt for this order.", code="no_receipt")
    return Response({"receipt_url": url})


def invoice(request: Request) -> Response:
    """Answer where Stripe shows the invoice."""
    user = signed_in_user(request)
    order_id = _purchase_id(request.query.get("order_id"), "?order_id=… of your history")
    found = invoice_of(user, order_id)
    if found is None:
        raise NotFoundError(
            "There is no invoice for this order, or Stripe has not finished it yet.",
            code="no_invoice",
        )
    return Response({"number": found.number, "invoice_url": found.url, "invoice_pdf": found.pdf})


def quote(request: Request) -> Response:
    """Answer what of a purchase can be refunded, and why not."""
    user = signed_in_user(request)
    purchase_id = _purchase_id(request.query.get("purchase"), "?purchase=… of your history")
    REFUNDS.count(user.id)
    days = settings().refunds.self_refund_days
    found = quote_refund(purchase_id, user_id=user.id, days=days)
    if not days:
        found |= {
            "refundable": False,
            "reason": "not_offered",
            "amount": 0,
            "tax": 0,
            "credits": 0,
        }
    return Response(
        {
            "purchase": purchase_id,
            "package_name": found["package_name"],
            "refundable": found["refundable"],
            **_reason(found["reason"]),
            **{name: found[name] for name in _QUOTED},
        }
    )


def refund(request: Request) -> Response:
    """Refund what is unused of a purchase, once for each Idempotency-Key."""
    user = signed_in_user(request)
    purchase_id, amount = _wanted(request)
    key = request.required_idempotency_key(
        "Send an Idempotency-Key header: a repeated request then makes one refund."
    )
    REFUNDS.count(user.id)
    days = settings().refunds.self_refund_days
    if not days:
        # First, so that another user's purchase answers 404 here too.
        quote_refund(purchase_id, user_id=user.id)
        raise ConflictError(REASONS["not_offered"], code="not_offered")
    made = make_refund(
        RefundWish(
            purchase_id,
            actor=user.id,
            reason="the buyer asked for it",
            idempotency_key=key,
            amount=amount,
            user_id=user.id,
            days=days,
        )
    )
    if made.status in {"refused", "failed"}:
        raise ConflictError(
            "The payment service did not make this refund. Your credits are still there. Write to"
            " the shop.",
            code="refund_refused",
        )
    return Response(
        {
            "purchase": purchase_id,
            "refund_id": made.refund_id,
            "status": made.status,
            **{name: getattr(made, name) for name in _MONEY},
            "created_at": made.created_at,
        },
        # While the payment service does not answer, the daily job goes on with it.
        status=ACCEPTED if made.status == "begun" else 200,
        headers={"Idempotent-Replayed": "true"} if made.replayed else {},
    )


def withdrawal(request: Request) -> Response:
    """Answer whether a purchase can be withdrawn from, and what would go back."""
    user = signed_in_user(request)
    purchase_id = _purchase_id(request.query.get("purchase"), "?purchase=… of your history")
    REFUNDS.count(user.id)
    days = settings().refunds.withdrawal_days
    found = quote_withdrawal(purchase_id, user_id=user.id, days=days)
    return Response(
        {
            "purchase": purchase_id,
            "package_name": found["package_name"],
            "paid_at": found["paid_at"],
            "offered": found["offered"],
            **_reason(found["reason"]),
            "until": found["until"],
            "bought": found["quote"]["bought"],
            **{name: found["quote"][name] for name in _QUOTED},
            "withdrawal": found["withdrawal"] and _confirmation(user, found["withdrawal"]),
        }
    )


def confirm_withdrawal(request: Request) -> Response:
    """Withdraw from a purchase. The same again gets the same confirmation."""
    user = signed_in_user(request)
    purchase_id, amount = _wanted(request)
    REFUNDS.count(user.id)
    days = settings().refunds.withdrawal_days
    done = withdraw(purchase_id, user_id=user.id, days=days, amount=amount)
    if settings().has_receivers:
        # The confirmation by mail. Imported here: no other action tells anybody.
        from api._lib.outbox.runner import deliver_soon  # noqa: PLC0415

        deliver_soon(seconds=DELIVER_SECONDS, attempt_seconds=DELIVER_SECONDS)
    return Response(
        _confirmation(user, done),
        headers={"Idempotent-Replayed": "true"} if done["replayed"] else {},
    )


def _confirmation(user: User, done: Mapping[str, Any]) -> dict[str, Any]:
    refunded = done["refund"] or {"amount": 0, "credits": 0, "status": None}
    return {
        "purchase": done["purchase_id"],
        "package_name": done["package_name"],
        "paid_at": done["paid_at"],
        "withdrawn_at": done["withdrawn_at"],
        "amount": refunded["amount"],
        "credits": refunded["credits"],
        "currency": done["currency"],
        "decimals": done["decimals"],
        "refund_status": refunded["status"],
        "mailed": _is_mailed(user),
        **_reason(done["reason"]),
    }


def _is_mailed(user: User) -> bool:
    """Return whether the confirmation also comes by mail, as far as can be told."""
    mail = settings().mail
    if mail is None or not mail.to_customers:
        return False
    try:
        return database.call("mail_recipient", p_user_id=user.id) is not None
    except (PurseError, database.DatabaseError) as error:
        # The withdrawal is recorded, so its answer must not become an error.
        _log.warning("mail_recipient: %r", error)
        return False


def _reason(reason: str | None) -> dict[str, str | None]:
    return {"reason": reason, "message": REASONS[reason] if reason else None}


def _purchase_id(value: Any, example: str) -> str:
    try:
        return str(UUID(value if isinstance(value, str) else ""))
    except ValueError:
        raise InvalidRequestError(f"Name the purchase, as in {example}.") from None


def _wanted(request: Request) -> tuple[str, int | None]:
    """Return the purchase, and the amount that the buyer was shown."""
    body = request.json_object()
    purchase_id = _purchase_id(body.get("purchase"), '{"purchase": "…"} of your history')
    amount = body.get("amount")
    if amount is not None and (type(amount) is not int or not 0 <= amount <= MAX_AMOUNT):
        raise InvalidRequestError("amount must be what GET has shown, in minor units, or left out.")
    return purchase_id, amount


app = choose_by(
    "action",
    {
        "offers": endpoint(get=offers, cross_origin=TOKEN),
        "receipt": endpoint(get=receipt, cross_origin=TOKEN),
        "invoice": endpoint(get=invoice, cross_origin=TOKEN),
        "refund": endpoint(get=quote, post=refund, cross_origin=TOKEN_JSON_AND_KEY),
        "withdrawal": endpoint(
            get=withdrawal, post=confirm_withdrawal, cross_origin=TOKEN_AND_JSON
        ),
    },
)
