"""`make doctor [EMAIL=…] [SINCE=…]`: find problems and say what to do.

Changes nothing, except that it makes the storage's bucket if it is missing and writes and deletes a
test object there.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from api._lib import database
from api._lib.desk.findings import Finding
from api._lib.desk.verdict import check_person
from api._lib.errors import StripeFailedError
from api._lib.settings import settings
from ops.checks.balance import check_balance_reading
from ops.checks.deleted import check_deleted
from ops.checks.events import check_events
from ops.checks.grants import check_access
from ops.checks.ledger import check_ledger
from ops.checks.outbox import check_outbox
from ops.checks.refunds import check_refunds
from ops.checks.reversals import check_reversals
from ops.checks.setup import check_endpoint, check_keys, check_site, check_supabase
from ops.checks.shop import check_shop
from ops.checks.stripe_records import check_deliveries, check_payments, check_reconciliation
from ops.command import command, moment, subject
from ops.findings import count, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api._lib.settings import Settings

DEFAULT_DAYS = 30


def main() -> int:
    """Check everything, or one person's orders; return 1 if something is wrong."""
    parser = argparse.ArgumentParser(prog="make doctor", description=__doc__)
    parser.add_argument("email", nargs="?", help="show one person's balance and orders instead")
    parser.add_argument("--since", type=moment, help="compare with Stripe from this day on")
    asked = parser.parse_args()
    print(f"Checking {subject()}\n")
    findings = _person(asked.email) if asked.email else _everything(asked.since)
    wrong = 0
    for finding in findings:
        print(show(finding), flush=True)
        wrong += finding.level == "WRONG"
    print(f"\nFound {count(wrong, 'problem')}." if wrong else "\nNothing is wrong.")
    return 1 if wrong else 0


def _everything(since: int | None) -> Iterator[Finding]:
    config = settings()
    limit = database.SCAN_TIMEOUT_SECONDS
    data = {
        **database.call("doctor", timeout_seconds=limit),
        "ledger": database.call("read_ledger"),
    }
    yield from check_ledger(data)
    yield from check_reversals(data)
    yield from check_refunds(database.call("doctor_refunds"))
    yield from check_deleted(database.call("doctor_deleted", timeout_seconds=limit))
    yield from check_access(data)
    yield from check_events(data)
    yield from check_outbox(database.call("outbox_status"))
    yield from check_supabase(config)
    yield from check_site(config)
    yield from check_keys(config, data)
    yield from check_shop(config)
    yield from check_files(config)
    yield from check_balance_reading(config, data["ledger"])
    if config.stripe_secret_key is None:
        yield Finding("note", "STRIPE_SECRET_KEY is not set, so nothing was compared with Stripe.")
        return
    yield from check_reconciliation(config, data)
    if since is None:
        since = int(time.time()) - DEFAULT_DAYS * 24 * 60 * 60
    try:
        yield from check_endpoint(config)
        yield from check_deliveries()
        yield from check_payments(config, since)
    except StripeFailedError:
        yield Finding(
            "WRONG",
            "Stripe does not answer or refuses the key. The log line above says which.",
            "Compare STRIPE_SECRET_KEY with Stripe > Developers > API keys.",
        )


def check_files(config: Settings) -> Iterator[Finding]:
    """Check what files need, if this deployment keeps files."""
    if config.files is None:
        yield Finding("note", "Files cannot be uploaded: there are no STORAGE_S3_… variables.")
        return
    # Imported here: it belongs to the sample app, which a fork may delete.
    from ops.checks.storage import check_storage  # noqa: PLC0415

    yield from check_storage(config)


def _person(email: str) -> Iterator[Finding]:
    person = database.call("doctor_user", p_email=email)
    if person is None:
        yield Finding(
            "note",
            f"Nobody has signed up as {email}.",
            "Ask for the address they sign in with. The one on the receipt may be different.",
        )
        return
    yield from check_person(settings(), person)


if __name__ == "__main__":
    command(main)
