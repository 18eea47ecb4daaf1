"""The Checkout Session for an order, as Stripe is asked for it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api._lib.payments.return_address import with_session_id

if TYPE_CHECKING:
    from stripe.params.checkout import (
        SessionCreateParams,
        SessionCreateParamsBrandingSettings,
        SessionCreateParamsCustomerUpdate,
        SessionCreateParamsLineItemPriceData,
    )

    from api._lib.invoice_settings import InvoiceSettings
    from api._lib.payments.begin_order import BegunOrder
    from api._lib.settings import Settings
    from api._lib.shop import Shop

# Stripe allows 30 minutes to 24 hours (https://docs.stripe.com/api/checkout/sessions/create).
SESSION_LIFETIME_SECONDS = 60 * 60


# Stripe's page speaks these (https://docs.stripe.com/api/checkout/sessions/create).
_LOCALES = """
    bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hi-IN hr hu id it ja ko lt lv ms mt nb nl
    pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW
    """
LOCALES = frozenset(_LOCALES.split())


def session_params(
    recorded: BegunOrder, customer_id: str, config: Settings, locale: str = "auto"
) -> SessionCreateParams:
    """Return the parameters of the Checkout Session for an order.

    They depend on the arguments alone, so a retry under the same idempotency key sends the same
    request. A locale that Stripe's page does not speak is left to the browser.
    """
    order = recorded.order
    description = f"{order.credits:,} credits"
    if order.valid_days is not None:
        description += f", valid for {order.valid_days:,} days"
    price: SessionCreateParamsLineItemPriceData = {
        "currency": order.currency,
        "unit_amount": order.unit_amount,
        "product_data": {"name": order.package_name, "description": description},
    }
    if config.invoicing.tax_behavior:
        price["tax_behavior"] = config.invoicing.tax_behavior
    params: SessionCreateParams = {
        "mode": "payment",
        "customer": customer_id,
        "client_reference_id": order.order_id,
        "line_items": [{"quantity": 1, "price_data": price}],
        "metadata": order.metadata(),
        # Stripe does not copy a session's metadata to its PaymentIntent.
        "payment_intent_data": {
            "metadata": order.metadata(),
            "description": f"{order.package_name}: {description}",
        },
        "success_url": with_session_id(recorded.return_url or f"{config.site_url}/payment/success"),
        "cancel_url": recorded.cancel_url or f"{config.site_url}/payment/cancelled",
        "locale": locale if locale in LOCALES else "auto",
        "expires_at": recorded.ordered_at + SESSION_LIFETIME_SECONDS,
    }
    if config.promotion_codes:
        params["allow_promotion_codes"] = True
    _add_invoice(params, config.invoicing)
    _add_identity(params, config.shop)
    return params


def _add_invoice(params: SessionCreateParams, invoicing: InvoiceSettings) -> None:
    """Let Stripe compute tax, and make an invoice after the payment.

    What Stripe may change of the customer is what it demands for them
    (docs/decisions/0019-invoices-and-tax.md).
    """
    update: SessionCreateParamsCustomerUpdate = {}
    if invoicing.tax_behavior:
        params["automatic_tax"] = {"enabled": True}
        update["address"] = "auto"
    if invoicing.invoices:
        params["invoice_creation"] = {"enabled": True}
        params["tax_id_collection"] = {"enabled": True}
        update |= {"name": "auto", "address": "auto"}
    if update:
        params["customer_update"] = update


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
