"""The desk: what staff see and do. Every call is checked against the role in auth.users.

GET /api/admin: the caller's role.
GET /api/admin/today: money, and what needs a person.
GET /api/admin/checks: whether every balance adds up; reads the whole ledger.
GET /api/admin/money?days=30: revenue by day, pack and currency.
GET /api/admin/conversion?days=30: how many opened the store, began a checkout, and paid.
GET /api/admin/use: what features were used, by day and person; free credits, and the age of
credits left. POST: count the latter two anew; reads every lot.
GET /api/admin/prices: packs and features. POST: add or change one.
GET /api/admin/people?q=…&after=…: find people.
GET /api/admin/person?id=…&cursor=…: everything about one of them.
GET /api/admin/verdict?id=…: what happened to their orders, in words.
GET /api/admin/refunds?order_id=…: what of an order can be refunded, and its refunds so far.
POST /api/admin/act: do something, or preview it.
GET /api/admin/grants?batch_id=…: batches of grants, or one with its lines.
POST /api/admin/grants: preview or carry out a file of grants, or go on with a batch.
GET /api/admin/codes: the campaigns of codes. POST: make codes; the answer alone shows them.
GET /api/admin/export?action_id=…&cursor=…: a page of a person's data, after the action "export".

vercel.json rewrites the others to /api/admin?action=…. No other origin may call (no CORS), and the
caller is known by a bearer token alone, which a browser never sends by itself.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from api._lib.accounts.export import export_page
from api._lib.database import SCAN_TIMEOUT_SECONDS
from api._lib.desk.actions import act, action_of
from api._lib.desk.asking import about_the_person, ask
from api._lib.desk.codes import make_codes
from api._lib.desk.fields import flag_of, row_id_of, uuid_of
from api._lib.desk.grants import (
    MAX_BODY_BYTES,
    batch_of,
    carry_out_grants,
    go_on_with,
    grants_of,
    preview_grants,
)
from api._lib.desk.people import find_people, verdict
from api._lib.desk.prices import set_price
from api._lib.desk.refunds import refunds_of
from api._lib.errors import InvalidRequestError
from api._lib.web.actions import choose_by
from api._lib.web.auth import signed_in_user
from api._lib.web.http import Request, Response, endpoint
from api._lib.web.paging import page

MAX_QUERY = 255
MAX_DAYS = 366

# Where a search by name goes on: a page of the table, and a row in it.
_PLACE = re.compile(r"\([0-9]{1,9},[0-9]{1,4}\)", re.ASCII)
_DAYS = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)


def role(request: Request) -> Response:
    """Say what role the caller has."""
    return _private(ask("desk_role", signed_in_user(request).id))


def today(request: Request) -> Response:
    """Return money, and what needs a person."""
    return _private(ask("desk_today", signed_in_user(request).id))


def checks(request: Request) -> Response:
    """Check every balance."""
    user = signed_in_user(request)
    return _private(ask("desk_checks", user.id, timeout_seconds=SCAN_TIMEOUT_SECONDS))


def money(request: Request) -> Response:
    """Return the revenue of the last ?days= days, today included."""
    user = signed_in_user(request)
    return _private(ask("desk_money", user.id, p_days=_days(request)))


def conversion(request: Request) -> Response:
    """Return who opened the store, began a checkout and paid in the last ?days= days."""
    user = signed_in_user(request)
    return _private(ask("desk_conversion", user.id, p_days=_days(request)))


def use(request: Request) -> Response:
    """Return what features were used in the last 30 days, and the figures that are kept."""
    return _private(ask("desk_use", signed_in_user(request).id))


def count_use(request: Request) -> Response:
    """Count the figures about use that are kept."""
    user = signed_in_user(request)
    return _private(ask("desk_count_use", user.id, timeout_seconds=SCAN_TIMEOUT_SECONDS))


def prices(request: Request) -> Response:
    """Return all packs and features."""
    return _private(ask("desk_prices", signed_in_user(request).id))


def post_price(request: Request) -> Response:
    """Add or change a pack or a feature, once for each Idempotency-Key."""
    user = signed_in_user(request)
    body = request.json_object()
    return _private(set_price(user.id, body, _required_key(request)))


def people(request: Request) -> Response:
    """Find people by ?q=; ?after= (of next) goes on with a search by name."""
    user = signed_in_user(request)
    query = request.query.get("q", "").strip()
    if not 1 <= len(query) <= MAX_QUERY or not query.isprintable():
        raise InvalidRequestError(f"q must be a text of 1 to {MAX_QUERY} characters.")
    after = request.query.get("after")
    if after is not None and not _PLACE.fullmatch(after):
        raise InvalidRequestError("after is not one that we gave out.")
    return _private(find_people(user.id, query, after))


def person(request: Request) -> Response:
    """Return everything about ?id=; with ?cursor=, the next page of the history alone."""
    user = signed_in_user(request)
    _, cursor = page(request)
    user_id = uuid_of(request.query, "id")
    return _private(ask("desk_person", user.id, p_user_id=user_id, p_cursor=cursor))


def person_verdict(request: Request) -> Response:
    """Say in words what happened to the orders of ?id=."""
    user = signed_in_user(request)
    return _private(verdict(user.id, uuid_of(request.query, "id")))


def refunds(request: Request) -> Response:
    """Say what of ?order_id= can be refunded, and what became of the refunds so far."""
    user = signed_in_user(request)
    return _private(refunds_of(user.id, uuid_of(request.query, "order_id")))


def post_action(request: Request) -> Response:
    """Do what the body says, once for each Idempotency-Key, or preview it."""
    user = signed_in_user(request)
    action = action_of(request.json_object())
    key = request.idempotency_key() if action.preview else _required_key(request)
    return _private(act(user.id, action, key))


def grants(request: Request) -> Response:
    """Return the newest batches of grants, or ?batch_id= with its lines."""
    user = signed_in_user(request)
    batch_id = uuid_of(request.query, "batch_id") if "batch_id" in request.query else None
    return _private(grants_of(user.id, batch_id))


def post_grants(request: Request) -> Response:
    """Preview a file of grants, carry it out once for each Idempotency-Key, or go on with it."""
    user = signed_in_user(request)
    body = request.json_object()
    batch_id = batch_of(body)
    if batch_id is not None:
        return _private(go_on_with(user.id, batch_id))
    if flag_of(body, "preview"):
        return _private(preview_grants(user.id, body))
    return _private(carry_out_grants(user.id, body, _required_key(request)))


def codes(request: Request) -> Response:
    """Return the newest campaigns of codes."""
    return _private(ask("desk_codes", signed_in_user(request).id))


def post_codes(request: Request) -> Response:
    """Make codes, once for each Idempotency-Key, and show them."""
    user = signed_in_user(request)
    return _private(make_codes(user.id, request.json_object(), _required_key(request)))


def export(request: Request) -> Response:
    """Return a page of the data of the person whom the action "export" was about."""
    user = signed_in_user(request)
    action_id = row_id_of(
        request.query, "action_id", "Name the action that began the export by its action_id."
    )
    user_id = str(UUID(ask("desk_export", user.id, p_action_id=int(action_id))))
    with about_the_person():
        return _private(export_page(user_id, request.query.get("cursor")))


def _days(request: Request) -> int:
    """Return ?days=, today included; 30 if there is none."""
    text = request.query.get("days", "30")
    if not _DAYS.fullmatch(text) or int(text) > MAX_DAYS:
        raise InvalidRequestError(f"days must be a whole number from 1 to {MAX_DAYS}.")
    return int(text)


def _required_key(request: Request) -> str:
    return request.required_idempotency_key(
        "Send an Idempotency-Key header, new for each action: a repeated request is then done once."
    )


def _private(body: Any) -> Response:
    return Response(body, headers={"Cache-Control": "private, no-store"})


app = choose_by(
    "action",
    {
        None: endpoint(get=role),
        "today": endpoint(get=today),
        "checks": endpoint(get=checks),
        "money": endpoint(get=money),
        "conversion": endpoint(get=conversion),
        "use": endpoint(get=use, post=count_use),
        "prices": endpoint(get=prices, post=post_price),
        "people": endpoint(get=people),
        "person": endpoint(get=person),
        "verdict": endpoint(get=person_verdict),
        "refunds": endpoint(get=refunds),
        "act": endpoint(post=post_action),
        "grants": endpoint(get=grants, post=post_grants, max_body_bytes=MAX_BODY_BYTES),
        "codes": endpoint(get=codes, post=post_codes),
        "export": endpoint(get=export),
    },
)
