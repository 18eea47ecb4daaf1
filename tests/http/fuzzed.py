"""A stack under fuzzing: checks each answer, and sums up the ledger before and after."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from local.keys import load_keys
from local.stack import ROOT
from tests.http.raw import Sent
from tests.openapi import Description
from tests.stripe_events import Order, event, sign

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from tests.openapi import Answer
    from tests.support import RunningStack

DESCRIPTION = Description()
SHOWN_TO_ANYBODY = ("publishable_key", "demo_password", "admin_password")

# No exception's text or place may show, from whichever part it came.
_TELLTALE = re.compile(
    r"traceback|\.py\b|/api/_lib|site-packages|exception|psycopg|postgres|sqlstate|pgrst|"
    r"unicode|codec|recursion|keyerror|typeerror|valueerror|" + re.escape(str(ROOT)),
    re.IGNORECASE,
)


class Fuzzed:
    """A stack of its own, in which only the test moves credits, and a user with credits."""

    def __init__(
        self, stack: RunningStack, state: Path, database: psycopg.Connection[dict[str, Any]]
    ) -> None:
        self.stack = stack
        self.user = stack.sign_up()
        self.bought = Order(user_id=self.user.id)
        self._log = state / "site.log"
        self._logged = 0
        self._database = database
        keys = load_keys(state)
        self._secrets = [value for name, value in keys.items() if name not in SHOWN_TO_ANYBODY]
        self._secrets.append(self.user.access_token)

    def buy(self) -> None:
        """Buy credits and begin another order, so that a fault could show in both."""
        paid = event("checkout.session.completed", self.bought.session())
        assert self.stack.deliver(paid).status_code == HTTPStatus.OK
        order = {"package_type": "starter"}
        self.stack.post("/api/create-checkout-session", json=order, headers=self.user.auth)

    def answer(self, sent: Sent) -> Answer | None:
        """Send, and check that the answer is as described and leaks nothing.

        Return None where gunicorn refused the request before it reached us.
        """
        answer = sent.at(self.stack.site_url)
        headers = "\n".join(map(": ".join, answer.headers.items()))
        said = headers + answer.body.decode(errors="replace")
        assert not self.secrets_in(said)
        assert not _TELLTALE.search(said), said
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert answer.status in {400, 431}
            return None
        DESCRIPTION.check(sent.path, sent.method, answer)
        return answer

    def signed(self, body: bytes) -> Answer:
        """Deliver a body to the webhook with Stripe's signature."""
        signature = sign(body, self.stack.stripe_webhook_secret).encode()
        headers = [("Content-Type", b"application/json"), ("Stripe-Signature", signature)]
        answer = self.answer(Sent("POST", "/api/webhook", headers=headers, body=body))
        assert answer is not None
        return answer

    def ledger(self) -> dict[str, Any]:
        """Sum up everything that a request could have changed.

        Each balance must be its sum, and what is posted what is called for.
        """
        row = self._database.execute(
            """
            select
                (select count(*) from purchases) as purchases,
                (select coalesce(sum(credits_posted), 0) from purchases) as posted,
                (select count(*) from purchases p
                    where credits_posted <> purse.purchase_target(p)) as astray,
                (select count(*) from purchase_reversals) as reversals,
                (select count(*) from stripe_customers) as customers,
                (select coalesce(sum(deliveries), 0) from stripe_events) as deliveries,
                (select count(*) from credit_transactions) as transactions,
                (select coalesce(sum(amount), 0) from credit_transactions) as total,
                (select coalesce(sum(balance), 0) from user_credits) as balances,
                (select count(*) from user_credits u where balance <> (
                    select coalesce(sum(t.amount), 0) from credit_transactions t
                    where t.user_id = u.user_id)) as drifted
            """
        ).fetchone()
        assert row is not None
        assert row["total"] == row["balances"] == row["posted"]
        assert (row["drifted"], row["astray"]) == (0, 0)
        return row

    def row(self, table: str, id_: str) -> dict[str, Any] | None:
        """Return a row by its id, or None."""
        return self._database.execute(
            f"select * from {table} where id = %s",
            [id_],
        ).fetchone()

    def logged(self) -> str:
        """Return what the site has logged."""
        return self._log.read_text("utf-8", errors="replace")

    def logged_meanwhile(self) -> str:
        """Return what the site has logged since this was last asked."""
        with self._log.open("rb") as log:
            log.seek(self._logged)
            news = log.read()
        self._logged += len(news)
        return news.decode(errors="replace")

    def secrets_in(self, text: str) -> list[str]:
        """Return the secrets that a text contains."""
        return [secret for secret in self._secrets if secret in text]


def parsed(body: bytes) -> Any:
    """Return the JSON value of a body, or a value no schema accepts if it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
