"""Which role may do what: everything that sql/ grants. make doctor and the tests compare with it.

Names carry their schema. A schema, table, view or function of ours that is not listed here is
granted to nobody.
"""

from __future__ import annotations

ROLES = ("anon", "authenticated", "service_role")

_NOBODY: frozenset[str] = frozenset()
_SERVER = frozenset({"service_role"})
_USERS_AND_SERVER = frozenset({"authenticated", "service_role"})
_EVERYBODY = frozenset(ROLES)

# Schema -> roles that have USAGE on it. Nobody but the owner may use the internals.
SCHEMAS: dict[str, frozenset[str]] = {
    "public": _EVERYBODY,
    "purse": _NOBODY,
}

# Table -> roles that may select from it. No other privilege is granted to anybody.
TABLES: dict[str, frozenset[str]] = {
    "public.card_declines": _SERVER,
    "public.credit_features": _EVERYBODY,
    "public.credit_holds": _USERS_AND_SERVER,
    "public.credit_lots": _USERS_AND_SERVER,
    "public.credit_packages": _EVERYBODY,
    "public.credit_transactions": _USERS_AND_SERVER,
    "public.files": _USERS_AND_SERVER,
    "public.purchase_payments": _SERVER,
    "public.purchase_reversals": _SERVER,
    "public.purchases": _USERS_AND_SERVER,
    "public.purse_moves": _SERVER,
    "public.receipt_lookups": _SERVER,
    "public.reconciliations": _SERVER,
    "public.signup_bonuses": _SERVER,
    "public.stripe_customers": _SERVER,
    "public.stripe_events": _SERVER,
    "public.stripe_lookups": _SERVER,
    "public.user_credits": _USERS_AND_SERVER,
    "purse.address_keys": _NOBODY,
    "purse.ledger": _NOBODY,
    "purse.seal_keys": _NOBODY,
}

# View -> roles that may select from it. Each view reads with its caller's rights.
VIEWS: dict[str, frozenset[str]] = {
    "public.credit_entries": _USERS_AND_SERVER,
    "purse.hold_lots": _NOBODY,
    "purse.spendable_lots": _NOBODY,
}

# Trigger -> its mode as in pg_trigger.tgenabled. A: it fires always, also in a session that plays
# the replica. `pg_dump --disable-triggers` leaves every trigger in the ordinary mode, O.
TRIGGERS: dict[str, str] = {
    "public.credit_holds.credit_holds_are_consistent": "A",
    "public.credit_packages.credit_packages_can_be_sold": "A",
    "public.credit_transactions.credit_transactions_are_complete": "A",
    "public.credit_transactions.credit_transactions_only_grow": "A",
}

# Function -> roles that may execute it.
FUNCTIONS: dict[str, frozenset[str]] = {
    "public.adopt_ledger": _SERVER,
    "public.begin_file": _SERVER,
    "public.begin_purchase": _SERVER,
    "public.begin_reconciliation": _SERVER,
    "public.capture_hold": _SERVER,
    "public.checkouts_to_close": _SERVER,
    "public.claim_receipt_lookup": _SERVER,
    "public.claim_stripe_lookup": _SERVER,
    "public.delete_file": _SERVER,
    "public.doctor": _SERVER,
    "public.doctor_user": _SERVER,
    "public.expire_credits": _SERVER,
    "public.explain_balance": _SERVER,
    "public.fail_file": _SERVER,
    "public.files_to_sweep": _SERVER,
    "public.finish_file": _SERVER,
    "public.go_live": _SERVER,
    "public.grant_credits": _SERVER,
    "public.grant_signup_bonus": _SERVER,
    "public.hold_credits": _SERVER,
    "public.is_writable": _SERVER,
    "public.known_events": _SERVER,
    "public.lease_file": _SERVER,
    "public.link_stripe_customer": _SERVER,
    "public.mark_swept": _SERVER,
    "public.move_purse": _SERVER,
    "public.paid_orders": _SERVER,
    "public.payment_of_order": _SERVER,
    "public.read_catalogue": _EVERYBODY,
    "public.read_files": _SERVER,
    "public.read_ledger": _SERVER,
    "public.read_schema": _SERVER,
    "public.reconcile_facts": _SERVER,
    "public.record_event": _SERVER,
    "public.record_facts": _SERVER,
    "public.refresh_credits": _SERVER,
    "public.rehearse_facts": _SERVER,
    "public.release_file_lease": _SERVER,
    "public.release_hold": _SERVER,
    "public.renew_stripe_customer": _SERVER,
    "public.reverse_spend": _SERVER,
    "public.save_reconciliation": _SERVER,
    "public.spend_batch": _SERVER,
    "public.spend_credits": _SERVER,
    "public.stripe_currencies": _EVERYBODY,
    "public.unsettled_orders": _SERVER,
    "purse.add_seal_key": _NOBODY,
    "purse.address_hash": _NOBODY,
    "purse.amount_reversed": _NOBODY,
    "purse.capture_by_steps": _NOBODY,
    "purse.checkout_opens_at": _NOBODY,
    "purse.claw_back": _NOBODY,
    "purse.collect_forgiven": _NOBODY,
    "purse.decide_mismatch": _NOBODY,
    "purse.end_hold": _NOBODY,
    "purse.ensure_purchase_lot": _NOBODY,
    "purse.expire_account": _NOBODY,
    "purse.file_json": _NOBODY,
    "purse.file_status": _NOBODY,
    "purse.forbid_ledger_change": _NOBODY,
    "purse.granted_access": _NOBODY,
    "purse.hold_by_steps": _NOBODY,
    "purse.lock_account": _NOBODY,
    "purse.lock_accounts": _NOBODY,
    "purse.is_of_this_mode": _NOBODY,
    "purse.is_order_sealed": _NOBODY,
    "purse.lock_hold": _NOBODY,
    "purse.lock_leased_file": _NOBODY,
    "purse.lock_mode": _NOBODY,
    "purse.lock_order": _NOBODY,
    "purse.lock_owner": _NOBODY,
    "purse.lock_payment": _NOBODY,
    "purse.lots_to_capture": _NOBODY,
    "purse.lots_to_drain": _NOBODY,
    "purse.lots_to_fill": _NOBODY,
    "purse.lots_to_take": _NOBODY,
    "purse.note_next_lot": _NOBODY,
    "purse.open_account": _NOBODY,
    "purse.order_fields": _NOBODY,
    "purse.owner_of": _NOBODY,
    "purse.post_transaction": _NOBODY,
    "purse.price_of": _NOBODY,
    "purse.purchase_of_payment": _NOBODY,
    "purse.purchase_target": _NOBODY,
    "purse.raise_key_reused": _NOBODY,
    "purse.raise_lots_mismatch": _NOBODY,
    "purse.raise_not_movable": _NOBODY,
    "purse.read_history": _NOBODY,
    "purse.read_usage": _NOBODY,
    "purse.record_order": _NOBODY,
    "purse.record_reversal": _NOBODY,
    "purse.replay_spend": _NOBODY,
    "purse.require_available": _NOBODY,
    "purse.require_complete_entry": _NOBODY,
    "purse.require_consistent_hold": _NOBODY,
    "purse.require_done_sources": _NOBODY,
    "purse.require_not_reversed": _NOBODY,
    "purse.require_same_request": _NOBODY,
    "purse.require_sellable_price": _NOBODY,
    "purse.require_server": _NOBODY,
    "purse.require_valid_key": _NOBODY,
    "purse.seal_order": _NOBODY,
    "purse.seal_with": _NOBODY,
    "purse.set_mode": _NOBODY,
    "purse.settle_purchase": _NOBODY,
    "purse.spend_by_steps": _NOBODY,
}
