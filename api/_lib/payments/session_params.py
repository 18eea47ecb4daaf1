"""The Checkout Session for an order, as Stripe is asked for it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api._lib.payments.return_address import with_session_id

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams, SessionCreateParamsBrandingSettings

    from api._lib.payments.ordering import RecordedOrder
    from api._lib.settings import Settings
    from api._lib.shop import Shop

# Stripe allows 30 minutes to 24 hours (https://docs.stripe.com/api/checkout/sessions/create).
SESSION_LIFETIME_SECONDS = 60 * 60


def session_params(
    recorded: RecordedOrder, customer_id: str, config: Settings
) -> SessionCreateParams:
    """Return the parameters of the Checkout Session for an order.

    They depend on the order and the settings alone, so a retry under the same idempotency key
    sends the same request.
    """
    order = recorded.order
    description = f"{order.credits:,} credits"
    if order.valid_days is not None:
        description += f", valid for {order.valid_days:,} days"
    params: SessionCreateParams = {
        "mode": "payment",
        "customer": customer_id,
        "client_reference_id": order.order_id,
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": order.currency,
                    "unit_amount": order.unit_amount,
                    "product_data": {"name": order.package_name, "description": description},
                },
            }
        ],
        "metadata": order.metadata(),
        # Stripe does not copy a session's metadata to its PaymentIntent.
        "payment_intent_data": {
            "metadata": order.metadata(),
            "description": f"{order.package_name}: {description}",
        },
        "success_url": with_session_id(recorded.return_url or f"{config.site_url}/payment/success"),
        "cancel_url": recorded.cancel_url or f"{config.site_url}/payment/cancelled",
        "expires_at": recorded.ordered_at + SESSION_LIFETIME_SECONDS,
    }
    if config.promotion_codes:
        params["allow_promotion_codes"] = True
    _add_identity(params, config.shop)
    return params


def _add_identity(params: SessionCreateParams, shop: Shop) -> None:
    """Let the payment page look and speak as the shop does; what is not set stays Stripe's."""
    branding: SessionCreateParamsBrandingSettings = {}
    if shop.is_named:
        branding["display_name"] = shop.name
    if shop.color:
        branding["button_color"] = shop.color
    if branding:
        params["branding_settings"] = branding
    if shop.support_email:
        params["custom_text"] = {"after_submit": {"message": f"{shop.name}: {shop.support_email}"}}
    if shop.terms_consent:
        params["consent_collection"] = {"terms_of_service": "required"}
