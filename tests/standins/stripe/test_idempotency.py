"""A repeated request with the same idempotency key has one effect."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import stripe

if TYPE_CHECKING:
    import httpx

    from tests.standins.stripe.harness import StandIn


def post(stand_in: StandIn, key: str, **data: str) -> httpx.Response:
    """Create a customer under a key."""
    return stand_in.http.post(
        "/v1/customers",
        data=data,
        headers={"Idempotency-Key": key},
        auth=(stand_in.secret_key, ""),
    )


def fresh() -> str:
    """Return an unused key."""
    return secrets.token_hex(16)


def count(stand_in: StandIn, email: str) -> int:
    """Return the number of customers with this address."""
    return len(stand_in.client.v1.customers.list({"email": email}).data)


def test_a_repetition_replays_status_and_body(stand_in: StandIn) -> None:
    key, email = fresh(), f"{fresh()}@example.com"
    first, again = (post(stand_in, key, email=email) for _ in range(2))
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert count(stand_in, email) == 1


def test_other_parameters_under_the_same_key_are_refused(stand_in: StandIn) -> None:
    key = fresh()
    customers = stand_in.client.v1.customers
    customers.create({"email": "ada@example.com"}, {"idempotency_key": key})
    with pytest.raises(stripe.IdempotencyError) as refusal:
        customers.create({"email": "eve@example.com"}, {"idempotency_key": key})
    assert refusal.value.http_status == 400


def test_another_endpoint_under_the_same_key_is_refused(stand_in: StandIn) -> None:
    key = fresh()
    customer = stand_in.client.v1.customers.create({}, {"idempotency_key": key})
    with pytest.raises(stripe.IdempotencyError):
        stand_in.client.v1.customers.update(customer.id, {}, {"idempotency_key": key})


def test_a_request_that_failed_validation_is_not_kept(stand_in: StandIn) -> None:
    key = fresh()
    assert post(stand_in, key, email="nobody").status_code == 400
    assert post(stand_in, key, email="ada@example.com").status_code == 200


def test_a_failure_of_work_that_began_is_kept(stand_in: StandIn) -> None:
    key = fresh()
    stand_in.sim("api", fail_next=1, status=500)
    first = post(stand_in, key)
    again = post(stand_in, key)
    assert (first.status_code, again.status_code) == (500, 500)
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("status", [409, 429])
def test_a_refusal_at_the_door_is_not_kept(stand_in: StandIn, status: int) -> None:
    key = fresh()
    stand_in.sim("api", fail_next=1, status=status)
    assert post(stand_in, key).status_code == status
    assert post(stand_in, key).status_code == 200


def test_a_key_of_256_characters_is_refused(stand_in: StandIn) -> None:
    assert post(stand_in, "k" * 255).status_code == 200
    assert post(stand_in, "k" * 256).status_code == 400


def test_a_second_request_while_the_first_runs_gets_409(stand_in: StandIn) -> None:
    key, email = fresh(), f"{fresh()}@example.com"
    # Slow enough that all eight are there before the first one is done.
    stand_in.sim("api", delay_seconds=1)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(stand_in, key, email=email), range(8)))
    stand_in.be_quiet()
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [409] * 7
    refusal = next(answer for answer in answers if answer.status_code == 409).json()["error"]
    assert refusal["code"] == "idempotency_key_in_use"
    assert count(stand_in, email) == 1


def test_the_sdks_retries_make_one_object_of_many_requests(stand_in: StandIn) -> None:
    key, email = fresh(), f"{fresh()}@example.com"
    client = stripe.StripeClient(
        stand_in.secret_key, base_addresses={"api": stand_in.url}, max_network_retries=10
    )

    def create(_: int) -> str:
        return client.v1.customers.create({"email": email}, {"idempotency_key": key}).id

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(create, range(16)))
    assert len(ids) == 1
    assert count(stand_in, email) == 1


@pytest.mark.parametrize("order", [{}, {"status": 500}], ids=["connection cut", "500"])
def test_an_answer_lost_after_the_work_is_replayed(
    stand_in: StandIn, order: dict[str, Any]
) -> None:
    key, email = fresh(), f"{fresh()}@example.com"
    stand_in.sim("api", fail_next=1, after_commit=True, **order)
    client = stripe.StripeClient(
        stand_in.secret_key, base_addresses={"api": stand_in.url}, max_network_retries=2
    )
    customer = client.v1.customers.create({"email": email}, {"idempotency_key": key})
    assert customer.email == email
    assert count(stand_in, email) == 1


def test_failures_can_be_limited_to_a_path(stand_in: StandIn) -> None:
    stand_in.sim("api", fail_next=1, status=500, path="/v1/checkout/sessions")
    stand_in.client.v1.customers.create({})
    with pytest.raises(stripe.APIError):
        stand_in.session()
    stand_in.session()
