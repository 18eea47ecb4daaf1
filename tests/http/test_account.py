"""/api/account: what a deletion would end, and deleting."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import stripe

from tests import plain_http, shop
from tests.openapi import as_described
from tests.stripe_events import Order, event
from tests.support import until

if TYPE_CHECKING:
    import httpx
    from psycopg import Connection

    from tests.support import RunningStack, User

PATH = "/api/account"
# Everything that a signed-in person can ask for.
ENDPOINTS = (
    ("GET", "/api/credits", None),
    ("POST", "/api/credits", {"feature": "docx_processing"}),
    ("POST", "/api/create-checkout-session", {"package_type": "starter"}),
    ("GET", "/api/offers", None),
    ("GET", "/api/receipt?order_id=00000000-0000-4000-8000-000000000000", None),
    ("GET", "/api/invoice?order_id=00000000-0000-4000-8000-000000000000", None),
    ("GET", "/api/account", None),
    ("GET", "/api/account/export", None),
    ("GET", "/api/account/export?cursor=lots:", None),
)


def read(stack: RunningStack, user: User) -> dict[str, Any]:
    answer = as_described(stack.get(PATH, headers=user.auth))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def delete(stack: RunningStack, user: User, balance: Any, **more: Any) -> httpx.Response:
    return as_described(
        plain_http.request(
            "DELETE",
            f"{stack.site_url}{PATH}",
            json={"balance": balance},
            headers=user.auth,
            timeout=30,
            **more,
        )
    )


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


@pytest.fixture
def user(stack: RunningStack) -> User:
    """Somebody with 500 credits."""
    return stack.sign_up_buyer()


def auth_user(stack: RunningStack, user: User) -> httpx.Response:
    """Ask Supabase Auth for the user, as its dashboard does."""
    return plain_http.get(
        f"{stack.supabase_url}/auth/v1/admin/users/{user.id}",
        headers={"apikey": stack.secret_key},
    )


# What there is -----------------------------------------------------------------------------------


def test_somebody_new_has_nothing_to_lose(stack: RunningStack) -> None:
    assert read(stack, stack.sign_up()) == {
        "balance": 0,
        "held": 0,
        "available": 0,
        "holds": 0,
        "open_checkouts": 0,
        "pending_payments": [],
        "files": 0,
    }


def test_it_names_credits_holds_and_payments_under_way(
    stack: RunningStack, user: User, database: Connection[dict[str, Any]]
) -> None:
    database.execute("select hold_credits(%s, 'docx_processing', 1, 'k', 60)", [user.id])
    shop.begin(stack, user)
    shop.pay_by_bank(stack, shop.begin(stack, user, "creator"))
    until(lambda: read(stack, user)["pending_payments"], "the webhook has come")
    found = read(stack, user)
    (pending,) = found.pop("pending_payments")
    assert found == {
        "balance": 500,
        "held": 5,
        "available": 495,
        "holds": 1,
        "open_checkouts": 1,
        "files": 0,
    }
    assert (pending["package_name"], pending["credits"]) == ("Creator", 1500)
    assert (pending["amount"], pending["currency"], pending["decimals"]) == (1499, "usd", 2)


# Deleting ----------------------------------------------------------------------------------------


def test_a_deleted_account_is_gone_everywhere_and_its_token_is_refused(
    stack: RunningStack, database: Connection[dict[str, Any]]
) -> None:
    user = stack.sign_up()
    session_id = shop.buy(stack, user)
    until(lambda: stack.balance_of(user) == 500, "the webhook has come")
    api = shop.stripe_client(stack)
    customer_id = str(api.v1.checkout.sessions.retrieve(session_id).customer)
    left_open = shop.begin(stack, user)

    answer = delete(stack, user, 500)
    assert (answer.status_code, answer.json()) == (
        200,
        {"deleted": True, "credits_given_up": 500, "holds_released": 0, "finished": True},
    )
    assert auth_user(stack, user).status_code == 404
    customer = api.v1.customers.retrieve(customer_id)
    assert customer.to_dict() == {"id": customer_id, "object": "customer", "deleted": True}
    assert api.v1.checkout.sessions.retrieve(left_open).status == "expired"
    # The payment stays, for refunds and the books.
    assert shop.payment_of(stack, session_id)
    for method, path, body in ENDPOINTS:
        refused = plain_http.request(
            method,
            f"{stack.site_url}{path}",
            json=body,
            headers={**user.auth, "Idempotency-Key": "k"},
        )
        assert code(as_described(refused)) == (403, "account_deleted"), path
    rows = database.execute(
        "select kind, amount, actor from credit_transactions where user_id = %s order by id",
        [user.id],
    ).fetchall()
    assert [tuple(row.values()) for row in rows] == [
        ("purchase", 500, None),
        ("forfeit", -500, "the person"),
    ]


def test_supabases_own_api_says_that_the_account_is_closed(stack: RunningStack, user: User) -> None:
    """The token is still valid there. Row level security asks the same function."""

    def is_open() -> Any:
        return plain_http.post(
            f"{stack.supabase_url}/rest/v1/rpc/account_is_open",
            json={},
            headers={"apikey": stack.publishable_key, **user.auth},
        ).json()

    assert is_open() is True
    delete(stack, user, 500)
    assert is_open() is False


def test_a_balance_that_changed_since_is_refused_with_the_new_one(
    stack: RunningStack, user: User
) -> None:
    stack.deliver(event("checkout.session.completed", Order(user_id=user.id).session()))
    answer = delete(stack, user, 500)
    assert code(answer) == (409, "balance_changed")
    assert answer.json()["error"]["balance"] == 1000
    assert stack.balance_of(user) == 1000
    assert delete(stack, user, 1000).status_code == 200


@pytest.mark.parametrize("balance", [None, "500", 500.0, True, 2**60, [500]])
def test_a_deletion_that_confirms_nothing_is_refused(
    stack: RunningStack, user: User, balance: Any
) -> None:
    assert code(delete(stack, user, balance)) == (400, "invalid_request")
    assert stack.balance_of(user) == 500


def test_a_deletion_is_json_with_the_persons_own_token(stack: RunningStack, user: User) -> None:
    url = f"{stack.site_url}{PATH}"
    bare = plain_http.request("DELETE", url, headers=user.auth)
    assert code(as_described(bare)) == (415, "unsupported_media_type")
    for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"apikey": stack.secret_key}):
        nobody = plain_http.request("DELETE", url, json={"balance": 500}, headers=headers)
        assert code(as_described(nobody)) == (401, "unauthorized")
    assert stack.balance_of(user) == 500


def test_the_second_click_gets_the_same_answer(stack: RunningStack, user: User) -> None:
    first = delete(stack, user, 500)
    assert delete(stack, user, 500).json() == first.json()
    assert delete(stack, user, 0).json() == first.json()


def test_clicks_at_once_delete_once(
    stack: RunningStack, user: User, database: Connection[dict[str, Any]]
) -> None:
    with ThreadPoolExecutor(5) as clients:
        answers = list(clients.map(lambda _: delete(stack, user, 500), range(5)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert {answer.json()["credits_given_up"] for answer in answers if answer.is_success} == {500}
    assert delete(stack, user, 500).json()["finished"] is True
    rows = database.execute(
        "select from credit_transactions where user_id = %s and kind = 'forfeit'", [user.id]
    ).fetchall()
    assert len(rows) == 1


def test_a_new_account_with_the_same_address_is_a_new_person(
    stack: RunningStack, user: User
) -> None:
    delete(stack, user, 500)
    again = stack.sign_up(user.email)
    assert again.id != user.id
    assert stack.balance_of(again) == 0


def test_while_stripe_is_away_the_account_is_deleted_and_the_rest_follows(
    stack: RunningStack,
) -> None:
    user = stack.sign_up()
    session_id = shop.begin(stack, user)
    api = shop.stripe_client(stack)
    customer_id = str(api.v1.checkout.sessions.retrieve(session_id).customer)
    with shop.trouble(stack, fail_next=1_000):
        assert delete(stack, user, 0).json()["finished"] is False
    assert code(stack.get("/api/credits", headers=user.auth)) == (403, "account_deleted")
    assert auth_user(stack, user).status_code == 200
    assert as_described(stack.scheduled("/api/cleanup")).status_code == 200
    assert auth_user(stack, user).status_code == 404
    assert api.v1.customers.retrieve(customer_id).to_dict()["deleted"] is True


def test_a_checkout_that_was_under_way_leaves_no_customer_behind(
    stack: RunningStack, database: Connection[dict[str, Any]]
) -> None:
    """Stripe made the customer after the deletion had looked for it."""
    user = stack.sign_up()
    with shop.trouble(stack, delay_seconds=2), ThreadPoolExecutor(1) as clients:
        checkout = clients.submit(
            stack.post,
            "/api/create-checkout-session",
            json={"package_type": "starter"},
            headers=user.auth,
        )
        begun = "select 1 as one from stripe_customers where user_id = %s"
        until(lambda: database.execute(begun, [user.id]).fetchone(), "the order has begun")
        database.execute("select forget_user(%s, 'ann', 'they asked')", [user.id])
        assert code(checkout.result()) == (403, "account_deleted")
    listed = shop.stripe_client(stack).v1.customers.list({"email": user.email})
    assert listed.data == []


def test_a_customer_whose_id_was_never_stored_is_found_by_the_address(
    stack: RunningStack,
) -> None:
    user = stack.sign_up()
    api = shop.stripe_client(stack)
    theirs = api.v1.customers.create({"email": user.email, "metadata": {"purse_user_id": user.id}})
    others = api.v1.customers.create({"email": user.email})
    assert delete(stack, user, 0).json()["finished"] is True
    assert api.v1.customers.retrieve(theirs.id).to_dict().get("deleted") is True
    assert api.v1.customers.retrieve(others.id).to_dict().get("deleted") is None


def test_a_deleted_customer_takes_part_in_no_checkout(stack: RunningStack) -> None:
    api = shop.stripe_client(stack)
    customer = api.v1.customers.create({"email": "ada@example.com"})
    api.v1.customers.delete(customer.id)
    for use in (
        lambda: api.v1.customers.delete(customer.id),
        lambda: api.v1.customers.update(customer.id, {"email": "ada@example.com"}),
        lambda: api.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "customer": customer.id,
                "success_url": "https://shop.example.com/",
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": "usd",
                            "unit_amount": 499,
                            "product_data": {"name": "Starter"},
                        },
                    }
                ],
            }
        ),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            use()
        assert refused.value.code == "resource_missing"


# Money afterwards --------------------------------------------------------------------------------


def test_a_bank_payment_that_arrives_later_is_kept_for_a_refund(
    stack: RunningStack, user: User, database: Connection[dict[str, Any]]
) -> None:
    order = Order(user_id=user.id)
    stack.deliver(event("checkout.session.completed", order.session("complete", "unpaid")))
    (pending,) = read(stack, user)["pending_payments"]
    assert pending["order_id"] == order.order_id
    assert delete(stack, user, 500).status_code == 200
    late = event("checkout.session.async_payment_succeeded", order.session())
    assert stack.deliver(late).json()["outcome"] == "applied"
    row = database.execute(
        "select balance from user_credits where user_id = %s", [user.id]
    ).fetchone()
    assert row == {"balance": 500}
    database.execute(
        "select grant_credits(%s, -500, 'correction', 'ann', 'refunded by hand', 'k')", [user.id]
    )
