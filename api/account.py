"""The signed-in user's account as a whole.

GET /api/account: what deleting it would end: credits, holds, payments under way, files.
DELETE /api/account {"balance": 495}: delete it; balance is what GET has shown.
GET /api/account/export: a copy of all data.
POST /api/redeem {"code": "7K3M-9QXA-T2WB-04HF"}: the credits of a code.
POST /api/unsubscribe?token=…: no more mails but receipts. The token is from a mail.

vercel.json rewrites the last three to /api/account?action=export, =redeem and =unsubscribe.
"""

from __future__ import annotations

import time
from uuid import UUID

from api._lib import database
from api._lib.accounts.export import export_page
from api._lib.accounts.forgetting import finish_all, forget, read_account
from api._lib.credits import codes
from api._lib.errors import AddressRequiredError, InvalidRequestError, NotFoundError
from api._lib.web.actions import choose_by
from api._lib.web.auth import signed_in_user
from api._lib.web.client_address import client_network
from api._lib.web.cors import TOKEN_AND_JSON
from api._lib.web.http import Request, Response, endpoint
from api._lib.web.limits import EXPORT_PAGES

# Storage, Stripe and Supabase Auth are given this long within maxDuration in vercel.json. What is
# left then is the daily clean-up's.
FINISH_SECONDS = 25
MAX_CREDITS = 2**53

_UNKNOWN_LINK = "This link is not known. Use the one in the newest mail."


def get(request: Request) -> Response:
    """Say what deleting the account would end."""
    return Response(read_account(signed_in_user(request).id))


def delete(request: Request) -> Response:
    """Delete the account, if the balance is still the one that the person was shown."""
    user = signed_in_user(request)
    balance = request.json_object().get("balance")
    if type(balance) is not int or abs(balance) > MAX_CREDITS:
        raise InvalidRequestError(
            'Confirm with the balance that GET /api/account answers, as in {"balance": 495}.'
        )
    forgotten = forget(user.id, actor="the person", reason="deleted their account", balance=balance)
    finished = finish_all(forgotten.user_ids, deadline=time.monotonic() + FINISH_SECONDS)
    return Response(
        {
            "deleted": True,
            "credits_given_up": forgotten.credits_given_up,
            "holds_released": forgotten.holds_released,
            "finished": finished,
        }
    )


def export(request: Request) -> Response:
    """Return a page of the account's data; ?cursor= (of next_cursor) continues."""
    user = signed_in_user(request)
    EXPORT_PAGES.count(user.id)
    return Response(
        export_page(user.id, request.query.get("cursor")),
        headers={"Content-Disposition": 'attachment; filename="account.json"'},
    )


def redeem(request: Request) -> Response:
    """Give the credits of a code, once; the same code again answers the same and gives nothing."""
    user = signed_in_user(request)
    code = request.json_object().get("code")
    if not isinstance(code, str):
        raise InvalidRequestError('Send the code, as in {"code": "7K3M-9QXA-T2WB-04HF"}.')
    if user.is_anonymous or not user.address:
        raise AddressRequiredError
    redeemed = codes.redeem(user.id, code, address=user.address, network=client_network(request))
    return Response(
        {
            "credits": redeemed.credits,
            "campaign": redeemed.campaign,
            "replayed": redeemed.replayed,
        },
        headers={"Idempotent-Replayed": "true"} if redeemed.replayed else {},
    )


def unsubscribe(request: Request) -> Response:
    """Stop mails to the person of a token, as a mail program asks for it (RFC 8058)."""
    try:
        token = str(UUID(request.query.get("token", "")))
    except ValueError:
        raise NotFoundError(_UNKNOWN_LINK) from None
    if not database.call("unsubscribe", p_token=token):
        raise NotFoundError(_UNKNOWN_LINK)
    return Response({"unsubscribed": True})


app = choose_by(
    "action",
    {
        None: endpoint(get=get, delete=delete),
        "export": endpoint(get=export),
        "redeem": endpoint(post=redeem, cross_origin=TOKEN_AND_JSON),
        "unsubscribe": endpoint(post=unsubscribe),
    },
)
