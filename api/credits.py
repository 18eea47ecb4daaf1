"""The signed-in user's credits.

GET /api/credits: balance, history and, with ?session_id=, one of the user's purchases.
POST /api/credits {"feature": "docx_processing", "quantity": 1}: spend what the feature costs.
GET /api/credits/export: the history as CSV, page by page.

vercel.json rewrites the last one to /api/credits?action=export.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.credits.history import chosen_entries, shown_beside
from api._lib.credits.spending import FEATURE_ID, MAX_QUANTITY, spend
from api._lib.errors import InvalidRequestError
from api._lib.settings import settings
from api._lib.web.actions import choose_by
from api._lib.web.auth import signed_in_user
from api._lib.web.cors import TOKEN, TOKEN_JSON_AND_KEY
from api._lib.web.http import Request, Response, endpoint
from api._lib.web.limits import EXPORT_PAGES
from api._lib.web.paging import page, place

if TYPE_CHECKING:
    from api._lib.payments.session_lookup import SessionLookup
    from api._lib.web.auth import User

_CHECKOUT_SESSION_ID = re.compile(r"cs_[A-Za-z0-9_]{1,250}", re.ASCII)


def get(request: Request) -> Response:
    """Answer ?limit=, ?cursor= (of next_cursor), ?session_id= (the success URL's), ?usage=true.

    ?kind=, ?feature= and ?q= choose entries; ?payments=true and ?balances=90 ask for more.
    """
    user = signed_in_user(request)
    limit, cursor = page(request)
    session_id = _session_id(request)
    usage = _usage(request)
    chosen = chosen_entries(request)
    beside = shown_beside(request)

    def read() -> dict[str, Any]:
        answer: dict[str, Any] = database.call(
            "refresh_credits",
            p_user_id=user.id,
            p_limit=limit,
            p_cursor=cursor,
            p_checkout_session_id=session_id,
            p_low_threshold=settings().low_balance_credits,
            # More work than all the rest, so it is done only for those who show it.
            p_usage=usage,
            p_withdrawal_days=settings().refunds.withdrawal_days,
            **chosen,
            **beside,
        )
        return answer

    answer = read()
    if _is_new(answer) and cursor is None and not chosen and _welcome(user):
        answer = read()
    if session_id is None:
        return Response(answer | {"purchase_lookup": None})
    looked_up = _look_up(user, session_id) if _may_change(answer["purchase"]) else None
    if looked_up and looked_up.outcome == "recorded":
        answer = read()
    return Response(_with_lookup(answer, looked_up))


def post(request: Request) -> Response:
    """Spend what a feature costs, once for each Idempotency-Key; a replay says so in a header."""
    user = signed_in_user(request)
    body = request.json_object()
    feature, quantity = body.get("feature"), body.get("quantity", 1)
    if not isinstance(feature, str) or not FEATURE_ID.fullmatch(feature):
        raise InvalidRequestError('Name the feature, as in {"feature": "docx_processing"}.')
    if type(quantity) is not int or not 1 <= quantity <= MAX_QUANTITY:
        raise InvalidRequestError(f"quantity must be a whole number from 1 to {MAX_QUANTITY:,}.")
    key = request.required_idempotency_key(
        "Send an Idempotency-Key header, new for each use: a repeated request is then charged once."
    )
    spent = spend(user.id, feature, quantity, key)
    return Response(
        {
            "transaction_id": spent.transaction_id,
            "spent": spent.credits,
            "balance": spent.balance,
        },
        headers={"Idempotent-Replayed": "true"} if spent.replayed else {},
    )


def export(request: Request) -> Response:
    """Answer a page of the history as CSV; ?cursor= (of the header Next-Cursor) continues it."""
    user = signed_in_user(request)
    cursor = place(request)
    # Imported here: nothing else needs a writer of CSV, and each cold start would pay for it.
    from api._lib.credits.export import export_history  # noqa: PLC0415

    EXPORT_PAGES.count(user.id)
    exported = export_history(user.id, cursor)
    headers = {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="credits-{datetime.now(UTC).date()}.csv"',
    }
    if exported.next_cursor is not None:
        headers["Next-Cursor"] = exported.next_cursor
    return Response(exported.content, headers=headers)


def _is_new(answer: dict[str, Any]) -> bool:
    return answer["balance"] == 0 and not answer["transactions"]


def _welcome(user: User) -> bool:
    """Grant a new user the sign-up bonus, if it is set; once per account and per address.

    A guest (an anonymous account) gets none: guests cost nothing to make. They get it once they
    have given an address.
    """
    bonus = settings().signup_bonus_credits
    if not bonus or user.is_anonymous or not user.address:
        return False
    # Refused if the user has had a bonus of another amount.
    with suppress(database.DatabaseError):
        granted: bool = database.call(
            "grant_signup_bonus", p_user_id=user.id, p_address=user.address, p_credits=bonus
        )
        return granted
    return True


def _may_change(purchase: dict[str, Any] | None) -> bool:
    return purchase is None or purchase["status"] in {"open", "processing"}


def _look_up(user: User, session_id: str) -> SessionLookup:
    # Imported here: it brings Stripe's SDK, which would more than double the cold start, and nearly
    # every answer comes from the database alone.
    from api._lib.payments.session_lookup import look_up  # noqa: PLC0415

    return look_up(user, session_id)


def _with_lookup(answer: dict[str, Any], looked_up: SessionLookup | None) -> dict[str, Any]:
    """Say how far the purchase can be relied on, where it can be paid, and why it was declined.

    An order that was recorded and is still not this user's belongs to another ledger, or to the
    account that a guest's purse moved to. An order of this user's that Stripe does not know was
    begun with the key of another Stripe account or mode.
    """
    purchase = answer["purchase"]
    outcome: str = "found" if purchase else "not_found"
    if looked_up and looked_up.outcome != "recorded":
        outcome = looked_up.outcome
    if purchase:
        if outcome == "not_found":
            outcome = "unknown_to_stripe"
        url = declined = None
        if looked_up and purchase["status"] in {"open", "failed"}:
            url, declined = looked_up.checkout_url, looked_up.decline_code
        declined = purchase["decline_code"] or declined
        purchase = purchase | {"checkout_url": url, "decline_code": declined}
    return answer | {"purchase_lookup": outcome, "purchase": purchase}


def _usage(request: Request) -> bool:
    value = request.query.get("usage")
    if value not in {None, "true"}:
        raise InvalidRequestError("usage must be true, or left out.")
    return value == "true"


def _session_id(request: Request) -> str | None:
    session_id = request.query.get("session_id")
    if session_id is not None and not _CHECKOUT_SESSION_ID.fullmatch(session_id):
        raise InvalidRequestError("session_id is not one that we gave out.")
    return session_id


app = choose_by(
    "action",
    {
        None: endpoint(get=get, post=post, cross_origin=TOKEN_JSON_AND_KEY),
        "export": endpoint(get=export, cross_origin=TOKEN),
    },
)
