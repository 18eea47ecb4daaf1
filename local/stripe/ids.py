"""Ids like Stripe's: a prefix for the kind of object, then random letters and digits."""

from __future__ import annotations

import secrets
import string

ALPHABET = string.ascii_letters + string.digits

PREFIXES = {
    "customer": ("cus_", 14),
    "checkout.session": ("cs_test_a1", 58),
    "item": ("li_1", 23),
    "price": ("price_1", 23),
    "product": ("prod_", 14),
    "payment_intent": ("pi_3", 23),
    "payment_method": ("pm_1", 23),
    "charge": ("ch_3", 23),
    "invoice": ("in_1", 23),
    "invoice_item": ("ii_1", 23),
    "invoice_line": ("il_1", 23),
    "invoice_payment": ("inpay_1", 23),
    "discount": ("di_1", 23),
    "tax_rate": ("txr_1", 23),
    "bank_payment": ("py_3", 23),
    "refund": ("re_3", 23),
    "bank_refund": ("pyr_1", 23),
    "dispute": ("du_1", 23),
    "balance_transaction": ("txn_3", 23),
    "payout": ("po_1", 23),
    "event": ("evt_1", 23),
    "request": ("req_", 14),
}


def random_text(length: int) -> str:
    """Return random letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new_id(kind: str) -> str:
    """Return a new id for an object of this kind; PREFIXES has the kinds."""
    prefix, length = PREFIXES[kind]
    return prefix + random_text(length)
