"""The parameters that each endpoint accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.api.fields import (
    Choice,
    Color,
    Currency,
    Email,
    Field,
    Flag,
    Text,
    Url,
    Whole,
    names,
)
from local.stripe.api.nested_fields import Fields, ListOf, Metadata
from local.stripe.payments.currencies import MAXIMUM_CHARGE

if TYPE_CHECKING:
    from local.stripe.api.form_decoding import Tree

MAX_PAGE = 100
EXPAND = ListOf(Text(200), maximum=20)
NAME = Text(256)

NOTHING = Fields({"expand": EXPAND})


class CreatedRange:
    """`created=…` or `created[gte]=…`: a Unix time or a range of them."""

    bounds = Fields({bound: Whole() for bound in ("gt", "gte", "lt", "lte")})

    def read(self, value: Tree, name: str) -> dict[str, int]:
        """Return both forms as bounds: gt, gte, lt, lte."""
        if isinstance(value, str):
            moment = Whole().read(value, name)
            return {"gte": moment, "lte": moment}
        return self.bounds.read(value, name)


PAGE: dict[str, Field] = {
    "created": CreatedRange(),
    "ending_before": Text(255),
    "expand": EXPAND,
    "limit": Whole(1, MAX_PAGE),
    "starting_after": Text(255),
}

CUSTOMER = Fields(
    {
        "description": Text(),
        "email": Email(),
        "expand": EXPAND,
        "metadata": Metadata(),
        "name": NAME,
        "phone": Text(20),
        "preferred_locales": ListOf(Text(20)),
    },
    unmodelled=names("""
        address balance business_name cash_balance individual_name invoice_prefix
        invoice_settings next_invoice_sequence payment_method shipping source tax tax_exempt
        tax_id_data test_clock validate
        """),
)
CUSTOMER_LIST = Fields({**PAGE, "email": Email()}, unmodelled=frozenset({"test_clock"}))

PRICE_DATA = Fields(
    {
        "currency": Currency(),
        "product_data": Fields(
            {
                "description": Text(),
                "images": ListOf(Url(), maximum=8),
                "metadata": Metadata(),
                "name": Text(),
            },
            required=("name",),
            unmodelled=frozenset({"tax_code", "tax_details", "unit_label"}),
        ),
        "tax_behavior": Choice(("exclusive", "inclusive", "unspecified")),
        "unit_amount": Whole(0, MAXIMUM_CHARGE),
    },
    required=("currency", "product_data", "unit_amount"),
    unmodelled=frozenset({"product", "recurring", "unit_amount_decimal"}),
)
LINE_ITEM = Fields(
    {"metadata": Metadata(), "price_data": PRICE_DATA, "quantity": Whole(1, 999_999)},
    required=("price_data", "quantity"),
    unmodelled=frozenset({"adjustable_quantity", "price", "tax_rates"}),
)
PAYMENT_INTENT_DATA = Fields(
    {
        "description": Text(1000),
        "metadata": Metadata(),
        "receipt_email": Email(),
        "statement_descriptor": Text(22),
        "statement_descriptor_suffix": Text(22),
    },
    unmodelled=names("""
        application_fee_amount capture_method on_behalf_of setup_future_usage shipping
        transfer_data transfer_group
        """),
)
LOCALES = tuple(
    sorted(
        names("""
    auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hi-IN hr hu id it ja ko lt lv ms mt nb
    nl pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW
    """)
    )
)
BRANDING = Fields(
    {"button_color": Color(), "display_name": Text(200)},
    unmodelled=names("background_color border_style font_family icon logo"),
)
CONSENT_COLLECTION = Fields(
    {"terms_of_service": Choice(("none", "required"))},
    unmodelled=frozenset({"payment_method_reuse_agreement", "promotions"}),
)
CUSTOM_TEXT = Fields(
    {
        name: Fields({"message": Text(1200)}, required=("message",))
        for name in ("after_submit", "submit", "terms_of_service_acceptance")
    },
    unmodelled=frozenset({"shipping_address"}),
)
AUTOMATIC_TAX = Fields(
    {"enabled": Flag()}, required=("enabled",), unmodelled=frozenset({"liability"})
)
INVOICE_CREATION = Fields(
    {"enabled": Flag()}, required=("enabled",), unmodelled=frozenset({"invoice_data"})
)
TAX_ID_COLLECTION = Fields(
    {"enabled": Flag(), "required": Choice(("if_supported", "never"))}, required=("enabled",)
)
CUSTOMER_UPDATE = Fields(
    {name: Choice(("auto", "never")) for name in ("address", "name", "shipping")}
)
SESSION = Fields(
    {
        "adaptive_pricing": Fields({"enabled": Flag()}),
        "allow_promotion_codes": Flag(),
        "automatic_tax": AUTOMATIC_TAX,
        "branding_settings": BRANDING,
        "cancel_url": Url(),
        "client_reference_id": Text(200),
        "consent_collection": CONSENT_COLLECTION,
        "currency": Currency(),
        "custom_text": CUSTOM_TEXT,
        "customer": Text(255),
        "customer_email": Email(),
        "customer_update": CUSTOMER_UPDATE,
        "excluded_payment_method_types": ListOf(Choice(("card", "us_bank_account"))),
        "expand": EXPAND,
        "expires_at": Whole(),
        "invoice_creation": INVOICE_CREATION,
        "line_items": ListOf(LINE_ITEM),
        "locale": Choice(LOCALES),
        "metadata": Metadata(),
        "mode": Choice(("payment", "setup", "subscription")),
        "payment_intent_data": PAYMENT_INTENT_DATA,
        "submit_type": Choice(("auto", "pay")),
        "success_url": Url(),
        "tax_id_collection": TAX_ID_COLLECTION,
        "ui_mode": Choice(("hosted_page", "embedded_page", "elements", "form")),
    },
    required=("line_items", "mode", "success_url"),
    unmodelled=names("""
        after_expiration allowed_payment_method_types billing_address_collection
        custom_fields customer_account
        customer_creation discounts integration_identifier
        managed_payments name_collection optional_items origin_context
        payment_method_collection payment_method_configuration payment_method_data
        payment_method_options permissions phone_number_collection redirect_on_completion
        return_url saved_payment_method_options setup_intent_data shipping_address_collection
        shipping_options subscription_data wallet_options
        """),
)
SESSION_LIST = Fields(
    {
        **PAGE,
        "customer": Text(255),
        "payment_intent": Text(255),
        "status": Choice(("open", "complete", "expired")),
    },
    unmodelled=frozenset({"customer_account", "customer_details", "payment_link", "subscription"}),
)
UNDATED_LIST = Fields({name: PAGE[name] for name in PAGE if name != "created"})
PAYMENT_INTENT_LIST = Fields(
    {**PAGE, "customer": Text(255)}, unmodelled=frozenset({"customer_account"})
)
CHARGE_LIST = Fields(
    {**PAGE, "customer": Text(255), "payment_intent": Text(255)},
    unmodelled=frozenset({"transfer_group"}),
)
INVOICE_LIST = Fields(
    {
        **PAGE,
        "customer": Text(255),
        "status": Choice(("draft", "open", "paid", "uncollectible", "void")),
    },
    unmodelled=frozenset({"collection_method", "customer_account", "due_date", "subscription"}),
)
REFUND = Fields(
    {
        "amount": Whole(1, MAXIMUM_CHARGE),
        "charge": Text(255),
        "expand": EXPAND,
        "metadata": Metadata(),
        "payment_intent": Text(255),
        "reason": Choice(("duplicate", "fraudulent", "requested_by_customer")),
    },
    unmodelled=names("""
        currency customer instructions_email origin refund_application_fee reverse_transfer
        """),
)
REFUND_UPDATE = Fields({"expand": EXPAND, "metadata": Metadata()})
# The same filters for refunds and disputes.
REVERSAL_LIST = Fields({**PAGE, "charge": Text(255), "payment_intent": Text(255)})
BALANCE_TRANSACTION_LIST = Fields(
    {
        **PAGE,
        "currency": Currency(),
        "payout": Text(255),
        "source": Text(255),
        "type": Text(100),
    }
)
PAYOUT = Fields(
    {
        "amount": Whole(1, MAXIMUM_CHARGE),
        "currency": Currency(),
        "description": Text(),
        "expand": EXPAND,
        "metadata": Metadata(),
        "statement_descriptor": Text(22),
    },
    required=("amount", "currency"),
    unmodelled=frozenset({"destination", "method", "payout_method", "source_type"}),
)
PAYOUT_LIST = Fields(
    {**PAGE, "status": Choice(("pending", "paid", "failed", "canceled"))},
    unmodelled=frozenset({"arrival_date", "destination"}),
)
WEBHOOK_ENDPOINT = Fields(
    {
        "description": Text(),
        "disabled": Flag(),
        "enabled_events": ListOf(Text(100)),
        "expand": EXPAND,
        "metadata": Metadata(),
    },
    unmodelled=frozenset({"url"}),
)
EVENT_LIST = Fields(
    {
        **PAGE,
        "delivery_success": Flag(),
        "type": Text(100),
        "types": ListOf(Text(100), maximum=20),
    }
)
