"""Requests through the SDK that the API accepts or refuses."""

from __future__ import annotations

import time
import typing
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
import stripe
from stripe.params import (
    _charge_list_params,
    _customer_create_params,
    _customer_list_params,
    _dispute_list_params,
    _event_list_params,
    _refund_create_params,
    _refund_list_params,
    _refund_update_params,
)
from stripe.params import _payment_intent_list_params as _intent_list_params
from stripe.params import _webhook_endpoint_list_params as _endpoint_list_params
from stripe.params import _webhook_endpoint_update_params as _endpoint_update_params
from stripe.params.checkout import _session_create_params, _session_list_params

from local.stripe.api import schemas
from local.stripe.api.nested_fields import Fields, ListOf
from tests.standins.stripe.harness import STARTER, StandIn
from tests.standins.stripe.sdk_shapes import names

# What every parameter class has beside the parameters.
OPTIONS = {*stripe.RequestOptions.__annotations__}
# Names that the options are annotated with.
NAMESPACE = {**names(), "Mapping": Mapping}
TOO_LONG = "parameter_invalid_string_too_long"


def refused(stand_in: StandIn, **changes: Any) -> stripe.InvalidRequestError:
    """Return the error that refuses a session with these changes."""
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        stand_in.session(**changes)
    return refusal.value


def item(**price: Any) -> dict[str, Any]:
    """A line item with another price."""
    return {**STARTER, "price_data": {**typing.cast("Any", STARTER)["price_data"], **price}}


@pytest.mark.parametrize(
    ("amount", "currency"), [(499_050, "isk"), (499_010, "ugx"), (12_345, "kwd"), (1_001, "bhd")]
)
def test_a_fraction_that_cannot_be_charged_is_refused(
    stand_in: StandIn, amount: int, currency: str
) -> None:
    error = refused(stand_in, line_items=[item(unit_amount=amount, currency=currency)])
    assert error.code == "invalid_charge_amount_no_decimal_compatible"
    assert currency.upper() in str(error)


@pytest.mark.parametrize(
    ("amount", "currency"), [(499_000, "isk"), (499_000, "ugx"), (12_340, "kwd")]
)
def test_an_amount_that_can_be_charged_is_taken(
    stand_in: StandIn, amount: int, currency: str
) -> None:
    session = stand_in.session(line_items=[item(unit_amount=amount, currency=currency)])
    assert session.amount_total == amount


@pytest.mark.parametrize("authorization", [None, "Bearer sk_test_wrong", "Basic !", "Bearer"])
def test_a_missing_or_wrong_key_is_refused(stand_in: StandIn, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    response = stand_in.http.get("/v1/events", headers=headers)
    assert response.status_code == 401
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert response.headers["Request-Id"].startswith("req_")


def test_a_key_may_come_as_basic_user(stand_in: StandIn) -> None:
    response = stand_in.http.get("/v1/events", auth=(stand_in.secret_key, ""))
    assert response.status_code == 200


def test_the_sdk_sees_a_wrong_key_as_its_authentication_error(stand_in: StandIn) -> None:
    client = stripe.StripeClient("sk_test_other", base_addresses={"api": stand_in.url})
    with pytest.raises(stripe.AuthenticationError):
        client.v1.events.list()


def test_another_api_version_is_refused(stand_in: StandIn) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="version"):
        stand_in.client.v1.events.list({}, {"stripe_version": "2024-06-20"})


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/nothing"), ("DELETE", "/v1/events")])
def test_an_unknown_url_is_refused_in_stripes_shape(
    stand_in: StandIn, method: str, path: str
) -> None:
    response = stand_in.http.request(method, path, auth=(stand_in.secret_key, ""))
    assert response.status_code == 404
    error = response.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"].startswith(f"Unrecognized request URL ({method}: {path})")


def test_an_unknown_parameter_is_refused_by_name(stand_in: StandIn) -> None:
    error = refused(stand_in, foo="bar")
    assert (error.http_status, error.code, error.param) == (400, "parameter_unknown", "foo")
    assert error.user_message == "Received unknown parameter: foo"


def test_an_unknown_parameter_deep_down_is_refused_by_its_path(stand_in: StandIn) -> None:
    error = refused(stand_in, line_items=[item(colour="red")])
    assert error.param == "line_items[0][price_data][colour]"


def test_the_removed_payment_method_types_is_unknown(stand_in: StandIn) -> None:
    error = refused(stand_in, payment_method_types=["card"])
    assert (error.code, error.param) == ("parameter_unknown", "payment_method_types")


def test_what_the_stand_in_does_not_model_is_refused_in_so_many_words(stand_in: StandIn) -> None:
    error = refused(stand_in, phone_number_collection={"enabled": True})
    assert "does not model" in str(error)


@pytest.mark.parametrize("name", ["mode", "line_items", "success_url"])
def test_a_missing_parameter_is_refused_by_name(stand_in: StandIn, name: str) -> None:
    error = refused(stand_in, **{name: None})
    assert (error.code, error.param) == ("parameter_missing", name)


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"mode": "subscription"}, "mode", None),
        ({"mode": "gift"}, "mode", None),
        ({"ui_mode": "hosted"}, "ui_mode", None),
        ({"ui_mode": "elements"}, "ui_mode", None),
        ({"success_url": "/done"}, "success_url", "url_invalid"),
        ({"cancel_url": "javascript:alert(1)"}, "cancel_url", "url_invalid"),
        ({"customer_email": "nobody"}, "customer_email", "email_invalid"),
        ({"client_reference_id": "x" * 201}, "client_reference_id", TOO_LONG),
        ({"client_reference_id": ""}, "client_reference_id", "parameter_invalid_empty"),
        ({"expires_at": "soon"}, "expires_at", "parameter_invalid_integer"),
        ({"allow_promotion_codes": "yes"}, "allow_promotion_codes", None),
        ({"line_items": "all"}, "line_items", None),
        ({"metadata": "all"}, "metadata", None),
        ({"line_items": [item(currency="USD")]}, "line_items[0][price_data][currency]", None),
        ({"line_items": [item(currency="xxx")]}, "line_items[0][price_data][currency]", None),
        (
            {"line_items": [item(unit_amount=-1)]},
            "line_items[0][price_data][unit_amount]",
            "parameter_invalid_integer",
        ),
        (
            {"line_items": [item(unit_amount="4.99")]},
            "line_items[0][price_data][unit_amount]",
            "parameter_invalid_integer",
        ),
        (
            {"line_items": [{**STARTER, "quantity": 0}]},
            "line_items[0][quantity]",
            "parameter_invalid_integer",
        ),
        ({"line_items": [STARTER, item(currency="eur")]}, "line_items", None),
        ({"customer": "cus_nobody", "customer_email": None}, "customer", "resource_missing"),
        ({"customer": "cus_nobody"}, "customer_email", None),
        (
            {"excluded_payment_method_types": ["card", "us_bank_account"]},
            "excluded_payment_method_types",
            None,
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_wrong_value_is_refused_by_name(
    stand_in: StandIn, changes: dict[str, Any], param: str, code: str | None
) -> None:
    error = refused(stand_in, **changes)
    assert (error.http_status, error.param, error.code) == (400, param, code)


@pytest.mark.parametrize(
    "metadata",
    [{f"key{index}": "x" for index in range(51)}, {"k" * 41: "x"}, {"key": "x" * 501}],
    ids=["51 keys", "41 characters in a key", "501 characters in a value"],
)
def test_metadata_beyond_its_limits_is_refused(stand_in: StandIn, metadata: dict[str, str]) -> None:
    assert "metadata" in str(refused(stand_in, metadata=metadata).param)


def test_metadata_at_its_limits_is_kept(stand_in: StandIn) -> None:
    metadata = {f"{index:0>40}": "x" * 500 for index in range(50)}
    session = stand_in.session(metadata=metadata)
    assert session.metadata is not None
    assert session.metadata.to_dict() == metadata


@pytest.mark.parametrize(
    ("currency", "amount", "accepted"),
    [
        ("usd", 49, False),
        ("usd", 50, True),
        ("usd", 0, True),
        ("jpy", 49, False),
        ("gbp", 30, True),
    ],
)
def test_less_than_the_least_charge_is_refused_unless_it_is_nothing(
    stand_in: StandIn, currency: str, amount: int, *, accepted: bool
) -> None:
    items = [item(currency=currency, unit_amount=amount)]
    if accepted:
        assert stand_in.session(line_items=items).amount_total == amount
    else:
        assert refused(stand_in, line_items=items).code == "amount_too_small"


@pytest.mark.parametrize(
    ("life_seconds", "accepted"),
    [(29 * 60, False), (31 * 60, True), (23 * 3600, True), (25 * 3600, False)],
)
def test_a_session_lives_from_30_minutes_to_24_hours(
    stand_in: StandIn, life_seconds: int, *, accepted: bool
) -> None:
    expires_at = int(time.time()) + life_seconds
    if accepted:
        assert stand_in.session(expires_at=expires_at).expires_at == expires_at
    else:
        assert refused(stand_in, expires_at=expires_at).param == "expires_at"


def test_an_open_session_says_where_to_pay_and_has_no_intent(stand_in: StandIn) -> None:
    session = stand_in.session(client_reference_id="order-1")
    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert session.url == f"{stand_in.url}/c/pay/{session.id}"
    assert session.payment_intent is None
    assert session.client_reference_id == "order-1"
    assert session.ui_mode == "hosted_page"


def test_expanding_an_unknown_property_is_refused(stand_in: StandIn) -> None:
    error = refused(stand_in, expand=["nothing"])
    assert error.param == "expand"


def test_json_bodies_are_refused(stand_in: StandIn) -> None:
    response = stand_in.http.post(
        "/v1/customers", json={"email": "ada@example.com"}, auth=(stand_in.secret_key, "")
    )
    assert response.status_code == 400


@pytest.mark.parametrize(
    "body", ["a[b", "a[b]=1&a=2", "a=1&a[b]=2", "a" + "[b]" * 20 + "=1", "&".join(["a=1"] * 2000)]
)
def test_malformed_parameters_are_refused(stand_in: StandIn, body: str) -> None:
    response = httpx.post(
        f"{stand_in.url}/v1/customers",
        content=body,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=(stand_in.secret_key, ""),
        trust_env=False,
    )
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_a_body_too_large_is_refused(stand_in: StandIn) -> None:
    # On a connection of its own: the server closes it, because it has not read the body.
    response = httpx.post(
        f"{stand_in.url}/v1/customers",
        data={"name": "x" * 1_100_000},
        auth=(stand_in.secret_key, ""),
        trust_env=False,
    )
    assert response.status_code == 413


def test_a_customer_is_kept_changed_and_deleted(stand_in: StandIn) -> None:
    customers = stand_in.client.v1.customers
    made = customers.create({"email": "ada@example.com", "metadata": {"a": "1", "b": "2"}})
    changed = customers.update(made.id, {"name": "Ada", "metadata": {"a": "", "c": "3"}})
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    assert customers.retrieve(made.id).name == "Ada"
    assert customers.delete(made.id).deleted is True
    assert customers.retrieve(made.id).deleted is True
    assert refused(stand_in, customer=made.id, customer_email=None).code == "resource_missing"
    with pytest.raises(stripe.InvalidRequestError) as gone:
        customers.update(made.id, {"name": "Eve"})
    assert (gone.value.http_status, gone.value.code) == (404, "resource_missing")


@pytest.mark.parametrize(
    "path", ["customers/x", "checkout/sessions/x", "payment_intents/x", "charges/x", "events/x"]
)
def test_an_unknown_id_is_not_found(stand_in: StandIn, path: str) -> None:
    response = stand_in.http.get(f"/v1/{path}", auth=(stand_in.secret_key, ""))
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "resource_missing"


@pytest.mark.parametrize(
    ("schema", "module", "name"),
    [
        (schemas.CUSTOMER, _customer_create_params, "CustomerCreateParams"),
        (schemas.CUSTOMER_LIST, _customer_list_params, "CustomerListParams"),
        (schemas.SESSION, _session_create_params, "SessionCreateParams"),
        (schemas.SESSION_LIST, _session_list_params, "SessionListParams"),
        (schemas.PAYMENT_INTENT_LIST, _intent_list_params, "PaymentIntentListParams"),
        (schemas.EVENT_LIST, _event_list_params, "EventListParams"),
        (schemas.CHARGE_LIST, _charge_list_params, "ChargeListParams"),
        (schemas.REFUND, _refund_create_params, "RefundCreateParams"),
        (schemas.REFUND_UPDATE, _refund_update_params, "RefundUpdateParams"),
        (schemas.REVERSAL_LIST, _refund_list_params, "RefundListParams"),
        (schemas.REVERSAL_LIST, _dispute_list_params, "DisputeListParams"),
        (schemas.UNDATED_LIST, _endpoint_list_params, "WebhookEndpointListParams"),
        (schemas.WEBHOOK_ENDPOINT, _endpoint_update_params, "WebhookEndpointUpdateParams"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_parameters_known_are_exactly_the_sdks(
    schema: Fields, module: object, name: str
) -> None:
    assert differences(schema, getattr(module, name), module, name) == []


def differences(schema: Fields, params: Any, module: object, path: str) -> list[str]:
    """Return the names that differ between a schema and the SDK's parameter class."""
    hints = typing.get_type_hints(params, localns=NAMESPACE | vars(module))
    wanted = set(hints) - OPTIONS
    said = {*schema.known, *schema.unmodelled}
    lines = [f"{path}.{key}" for key in wanted ^ said]
    lines += [f"{path}.{key} is required" for key in required(params) - {*schema.required}]
    for key, field in schema.known.items():
        below = field.item if isinstance(field, ListOf) else field
        if isinstance(below, Fields) and key in hints:
            lines += differences(below, parameter_class(hints[key]), module, f"{path}.{key}")
    return lines


def required(params: Any) -> set[str]:
    """Names a parameter class demands; modules without postponed annotations know them."""
    return set(params.__required_keys__) - OPTIONS


def parameter_class(hint: Any) -> Any:
    """The parameter class inside a list, a union or an optional."""
    if hasattr(hint, "__required_keys__"):
        return hint
    found = [parameter_class(part) for part in typing.get_args(hint)]
    return next((each for each in found if each is not None), None)
