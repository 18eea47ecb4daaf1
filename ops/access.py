"""Who may do what: the whole of what sql/ grants. make doctor and the tests compare with it.

A table or function of ours that is not here is reachable by nobody.
"""

from __future__ import annotations

ROLES = ("anon", "authenticated", "service_role")

# Table -> who may select from it. Nobody may do anything else.
TABLES: dict[str, frozenset[str]] = {
    "credit_features": frozenset(ROLES),
    "credit_packages": frozenset(ROLES),
    "credit_transactions": frozenset({"authenticated", "service_role"}),
    "purchase_reversals": frozenset({"service_role"}),
    "purchases": frozenset({"authenticated", "service_role"}),
    "reconciliations": frozenset({"service_role"}),
    "stripe_customers": frozenset({"service_role"}),
    "stripe_events": frozenset({"service_role"}),
    "stripe_lookups": frozenset({"service_role"}),
    "user_credits": frozenset({"authenticated", "service_role"}),
}

_NOBODY: frozenset[str] = frozenset()
_SERVER = frozenset({"service_role"})

# Function -> who may execute it.
FUNCTIONS: dict[str, frozenset[str]] = {
    "begin_purchase": _SERVER,
    "begin_reconciliation": _SERVER,
    "claim_stripe_lookup": _SERVER,
    "decide_mismatch": _NOBODY,
    "doctor": _SERVER,
    "doctor_user": _SERVER,
    "known_events": _SERVER,
    "link_stripe_customer": _SERVER,
    "lock_payment": _NOBODY,
    "paid_orders": _SERVER,
    "post_transaction": _NOBODY,
    "purchase_target": _NOBODY,
    "purchase_withdrawn": _SERVER,
    "read_catalogue": frozenset(ROLES),
    "read_credits": _SERVER,
    "reconcile_facts": _SERVER,
    "record_event": _SERVER,
    "record_facts": _SERVER,
    "record_order": _NOBODY,
    "record_reversal": _NOBODY,
    "refuse_ledger_change": _NOBODY,
    "rehearse_facts": _SERVER,
    "renew_stripe_customer": _SERVER,
    "save_reconciliation": _SERVER,
    "settle_purchase": _NOBODY,
    "unsettled_orders": _SERVER,
}
