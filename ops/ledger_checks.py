"""What doctor() found in the database, as findings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api._lib.money import money
from ops.access import FUNCTIONS, SCHEMAS, TABLES, TRIGGERS, VIEWS
from ops.findings import Finding, count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SLOW_SECONDS = 60


def check_ledger(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare balances, lots, transactions, and purchases with their facts."""
    yield from _balances(data)
    yield from _lots(data)
    yield from _purchases(data)
    yield from _mismatches(data)
    yield from _reversals(data)


def _balances(data: Mapping[str, Any]) -> Iterator[Finding]:
    if not data["balances_off"]:
        users = count(data["users"], "user")
        yield Finding("ok", f"Every balance is the sum of its transactions: {users}.")
        return
    yield Finding(
        "WRONG",
        "A balance is not the sum of its transactions: somebody changed it by hand. The"
        " transactions are right.",
        "update user_credits u set balance = (select coalesce(sum(amount), 0) from"
        " credit_transactions t where t.user_id = u.user_id) where u.user_id = '…';",
        [
            f"user {case['user_id']}: balance {case['balance']:,}, transactions {case['ledger']:,}"
            for case in data["balances_off"]
        ],
    )


def _lots(data: Mapping[str, Any]) -> Iterator[Finding]:
    if data["lots_off"]:
        yield Finding(
            "WRONG",
            "A balance is not the sum of its lots, or what is held is not what holds have set"
            " aside: somebody changed it by hand. The transactions are right.",
            "update credit_lots l set remaining = (select coalesce(sum(e.credits), 0) from"
            " credit_entries e where e.user_id = l.user_id and e.lot_id = l.id)"
            " where l.user_id = '…';",
            [
                f"user {case['user_id']}: balance {case['balance']:,}, lots {case['lots']:,}; held"
                f" {case['held']:,}, in lots {case['held_in_lots']:,}, by holds"
                f" {case['held_by_holds']:,}"
                for case in data["lots_off"]
            ],
        )


def _purchases(data: Mapping[str, Any]) -> Iterator[Finding]:
    if data["postings_off"]:
        yield Finding(
            "WRONG",
            "The credits posted for a purchase are not the sum of its transactions: somebody"
            " changed it by hand.",
            "update purchases set credits_posted = … where id = '…'; -- the transactions are right",
            [
                f"order {case['order_id']}: says {case['posted']:,}, has {case['ledger']:,}"
                for case in data["postings_off"]
            ],
        )
    if data["purchases_off"]:
        yield Finding(
            "WRONG",
            "The ledger does not hold the credits that a purchase's facts call for.",
            "select purse.settle_purchase('…', 'debt'); -- in the SQL editor; safe to repeat",
            [
                f"order {case['order_id']}: {case['posted']:,} posted,"
                f" {case['target']:,} called for"
                for case in data["purchases_off"]
            ],
        )
    if not data["postings_off"] and not data["purchases_off"]:
        orders = data["orders"]["live"] + data["orders"]["test"]
        yield Finding("ok", f"Every order has the credits it calls for: {count(orders, 'order')}.")
    if data["forgiven"]["orders"]:
        yield Finding(
            "note",
            f"{count(data['forgiven']['credits'], 'credit')} of"
            f" {count(data['forgiven']['orders'], 'order')} are forgiven: refunded, but spent"
            " already or set aside (CLAWBACK_POLICY=clamp). If they come back, they are taken.",
        )
    if data["overdue"]:
        yield Finding(
            "WRONG",
            "An order's checkout must be over, but we do not know how it ended: the webhook and the"
            " daily reconciliation both missed it.",
            "make reconcile",
            [f"order {case['order_id']} of {case['created_at'][:10]}" for case in data["overdue"]],
        )


def _mismatches(data: Mapping[str, Any]) -> Iterator[Finding]:
    if not data["mismatches"]:
        return
    yield Finding(
        "WRONG",
        "A payment is not what was ordered. It is not settled until a person decides: true posts"
        " its credits, false does not (then refund it at Stripe).",
        "select purse.decide_mismatch('…', true, 'your name', 'why');",
        [
            f"order {case['order_id']}: ordered {money(case['unit_amount'], case['currency'])},"
            f" Stripe asked for {money(case['amount_subtotal'], case['currency_paid'])}"
            + ("" if case["sealed"] else "; no valid seal, so this database did not begin it")
            for case in data["mismatches"]
        ],
    )


def _reversals(data: Mapping[str, Any]) -> Iterator[Finding]:
    if data["second_payments"]:
        yield Finding(
            "WRONG",
            "An order was paid twice. Its credits were posted once.",
            "Stripe > Payments: refund one of the two. The credits stay.",
            [
                f"order {case['order_id']}: {' and '.join(case['payments'])}"
                for case in data["second_payments"]
            ],
        )
    if data["disputes_to_answer"]:
        yield Finding(
            "note",
            "A dispute waits for your answer. Without one it is lost at the due date.",
            "Stripe > Payments > Disputes: submit evidence, or accept the dispute.",
            [
                f"{case['id']}: {money(case['amount'], case['currency'])},"
                f" order {case['order_id']}, answer by"
                f" {(case['due_at'] or 'an unknown date')[:16].replace('T', ' ')}"
                for case in data["disputes_to_answer"]
            ],
        )
    known = [case for case in data["foreign_reversals"] if case["share_is_known"]]
    unknown = [case for case in data["foreign_reversals"] if not case["share_is_known"]]
    if known:
        yield Finding(
            "note",
            "A refund or dispute is in another currency than its payment. It took the share that"
            " moved on the Stripe account's balance.",
            cases=[
                f"{_foreign(case)} {money(case['settled_amount'], case['settled_currency'])} moved."
                for case in known
            ],
        )
    if unknown:
        yield Finding(
            "WRONG",
            "A refund or dispute is in another currency than its payment, and its share of the"
            " payment is not known. It took all credits of the order.",
            "Compare the amounts at Stripe; give back what was taken too much:"
            " select grant_credits('…user…', 100, 'correction', 'your name', 'why', 'a key');",
            [_foreign(case) for case in unknown],
        )


def _foreign(case: Mapping[str, Any]) -> str:
    return (
        f"{case['kind']} {case['id']}: {money(case['amount'], case['currency'])} of order"
        f" {case['order_id']}, paid in {case['currency_paid'].upper()}."
    )


def check_events(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Report what the webhook received, and how late."""
    webhook = data["webhook"]
    if webhook["events"]:
        p50, p95 = webhook["p50_seconds"], webhook["p95_seconds"]
        yield Finding(
            "note" if p95 > SLOW_SECONDS else "ok",
            f"{count(webhook['events'], 'event')} in seven days, received {p50} s after they"
            f" happened (p50), {p95} s (p95).",
            "Late ones failed at first: Stripe > Webhooks shows why." * (p95 > SLOW_SECONDS),
        )
    else:
        yield Finding("note", "No event was received in seven days.")
    if data["repeated_events"]:
        yield Finding(
            "WRONG",
            "Stripe delivers an event again and again, although it is recorded: our answers do not"
            " reach Stripe.",
            "Stripe > Webhooks > your endpoint shows the answers it gets instead of our 200.",
            [
                f"{case['id']} {case['type']}: {case['deliveries']} times"
                for case in data["repeated_events"]
            ],
        )
    if data["connected_events"]["events"]:
        yield Finding(
            "WRONG",
            f"The webhook received {count(data['connected_events']['events'], 'event')} of"
            " connected accounts in seven days. Their money is not this shop's, so they were"
            " ignored.",
            "Stripe > Webhooks > your endpoint: listen to events on your account only.",
            data["connected_events"]["accounts"],
        )
    if data["waiting_reversals"]:
        yield Finding(
            "note",
            f"{count(data['waiting_reversals'], 'refund or dispute', 'refunds or disputes')} of"
            " unknown payments are kept, in case their orders arrive later.",
        )


def check_access(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare grants with ops/access.py; tables and functions that are not ours are ignored."""
    cases = [
        *_schema_cases(data["schemas"]),
        *_table_cases(data["tables"]),
        *_function_cases(data["functions"]),
    ]
    cases += [
        f"{_short(table)}: row level security is off"
        for table in data["unprotected_tables"]
        if table in TABLES
    ]
    cases += _trigger_cases(data["triggers"])
    if not cases:
        yield Finding(
            "ok", "Schemas, tables and functions are granted as sql/ says, and no further."
        )
        return
    yield Finding(
        "WRONG",
        "A grant or a trigger is not what sql/ says. Somebody may read or do what they must not, or"
        " the functions cannot work.",
        "make migrate puts grants, row level security and triggers back as sql/ says.",
        cases,
    )


def _schema_cases(granted: Mapping[str, list[str]]) -> Iterator[str]:
    for schema, users in SCHEMAS.items():
        if schema not in granted:
            yield f"{schema}: is missing; make migrate"
            continue
        actual = set(granted[schema])
        for role in sorted(actual - users):
            yield f"{schema}: {role} may use it; revoke all on schema {schema} from {role};"
        for role in sorted(users - actual):
            yield f"{schema}: {role} may not use it; grant usage on schema {schema} to {role};"


def _table_cases(granted: Mapping[str, Mapping[str, list[str]]]) -> Iterator[str]:
    for name, readers in (TABLES | VIEWS).items():
        table, actual = _short(name), granted.get(name, {})
        for role in sorted(readers - {role for role, what in actual.items() if "SELECT" in what}):
            yield f"{table}: {role} may not read it; grant select on {table} to {role};"
        for role, privileges in actual.items():
            allowed = {"SELECT"} if role in readers else set()
            excess = ", ".join(sorted(set(privileges) - allowed)).lower()
            if excess:
                yield f"{table}: {role} may {excess}; revoke {excess} on {table} from {role};"


def _function_cases(granted: Mapping[str, list[str]]) -> Iterator[str]:
    for name, callers in FUNCTIONS.items():
        function = _short(name)
        if name not in granted:
            yield f"{function}(): is missing; make migrate"
            continue
        actual = set(granted[name])
        for role in sorted(actual - callers):
            yield (
                f"{function}(): {role} may call it; revoke execute on function {function} from"
                f" public, {role};"
            )
        for role in sorted(callers - actual):
            yield (
                f"{function}(): {role} may not call it; grant execute on function {function} to"
                f" {role};"
            )


def _trigger_cases(modes: Mapping[str, str]) -> Iterator[str]:
    for name, mode in TRIGGERS.items():
        table, _, trigger = name.rpartition(".")
        if name not in modes:
            yield f"{_short(table)}: the trigger {trigger} is missing; restore it from sql/"
        elif modes[name] != mode:
            yield (
                f"{_short(table)}: the trigger {trigger} does not fire always; alter table"
                f" {_short(table)} enable always trigger {trigger};"
            )


def _short(name: str) -> str:
    """Return a name as one writes it in the SQL editor, whose search path includes public."""
    return name.removeprefix("public.")
