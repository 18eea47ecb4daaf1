"""Who may do what: the whole of what sql/ grants. make doctor and the tests compare with it.

A table or function of ours that is not here is reachable by nobody.
"""

from __future__ import annotations

ROLES = ("anon", "authenticated", "service_role")

# Table -> who may select from it. Nobody may do anything else.
TABLES: dict[str, frozenset[str]] = {
    "credit_features": frozenset(ROLES),
    "credit_holds": frozenset({"authenticated", "service_role"}),
    "credit_lots": frozenset({"authenticated", "service_role"}),
    "credit_packages": frozenset(ROLES),
    "credit_transactions": frozenset({"authenticated", "service_role"}),
    "files": frozenset({"authenticated", "service_role"}),
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
    "begin_file": _SERVER,
    "begin_purchase": _SERVER,
    "begin_reconciliation": _SERVER,
    "capture_hold": _SERVER,
    "claim_file": _SERVER,
    "claim_stripe_lookup": _SERVER,
    "decide_mismatch": _NOBODY,
    "doctor": _SERVER,
    "doctor_user": _SERVER,
    "end_hold": _NOBODY,
    "explain_balance": _SERVER,
    "fail_file": _SERVER,
    "file_json": _NOBODY,
    "file_status": _NOBODY,
    "files_to_sweep": _SERVER,
    "finish_file": _SERVER,
    "grant_credits": _SERVER,
    "hold_credits": _SERVER,
    "known_events": _SERVER,
    "lapse_account": _NOBODY,
    "lapse_credits": _SERVER,
    "link_stripe_customer": _SERVER,
    "lock_account": _NOBODY,
    "lock_claim": _NOBODY,
    "lock_hold": _NOBODY,
    "lock_order": _NOBODY,
    "lock_payment": _NOBODY,
    "lots_of_capture": _NOBODY,
    "lots_to_drain": _NOBODY,
    "lots_to_fill": _NOBODY,
    "lots_to_take": _NOBODY,
    "mark_swept": _SERVER,
    "open_account": _NOBODY,
    "paid_orders": _SERVER,
    "payment_of_order": _SERVER,
    "post_transaction": _NOBODY,
    "price_of": _NOBODY,
    "purchase_lot": _NOBODY,
    "purchase_target": _NOBODY,
    "purchase_withdrawn": _NOBODY,
    "put_back_file": _SERVER,
    "read_catalogue": frozenset(ROLES),
    "read_credits": _SERVER,
    "read_files": _SERVER,
    "read_history": _NOBODY,
    "read_usage": _NOBODY,
    "reconcile_facts": _SERVER,
    "record_event": _SERVER,
    "record_facts": _SERVER,
    "record_order": _NOBODY,
    "record_reversal": _NOBODY,
    "refuse_half_an_entry": _NOBODY,
    "refuse_ledger_change": _NOBODY,
    "refuse_odd_key": _NOBODY,
    "refuse_overdraft": _NOBODY,
    "refuse_reused_key": _NOBODY,
    "refuse_sources": _NOBODY,
    "rehearse_facts": _SERVER,
    "release_hold": _SERVER,
    "renew_stripe_customer": _SERVER,
    "replay_spend": _NOBODY,
    "reverse_spend": _SERVER,
    "save_reconciliation": _SERVER,
    "set_low_threshold": _SERVER,
    "settle_purchase": _NOBODY,
    "spend_credits": _SERVER,
    "unsettled_orders": _SERVER,
}
