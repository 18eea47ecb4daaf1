"""A small, strict, stateful stand-in for Stripe, for the real SDK and for people.

Serves the part of the API that Checkout, refunds, disputes and reconciliation need under `/v1`,
a hosted payment page under `/c/pay/<session>`, signed webhooks with retries for the events that
the endpoint is registered for, and a control surface under `/_sim`. `GET /_sim` is a page from
which every case can be played by hand. The same orders, as JSON:

Deliveries
- `POST /_sim/webhooks` `{"hold": true}` keeps deliveries queued until `false`; checkout then
  redirects without waiting. `{"lose_next": 3}` loses the next three attempts, which are
  retried. `{"drop_next": 3}` drops the next three events: they are never sent, and are left to
  reconciliation. `{"duplicate": 2}` delivers every event from now on twice; 1 ends that.
  `{"delay_seconds": 5}` delivers every event from now on that late; 0 ends that.
  `{"shuffle": 6, "seed": 7}` gathers the next six deliveries and sends them one after another
  in the order that the seed draws (the answer names it if none is given); `{"shuffle": 0}`
  lets those go that are still waiting.
- `POST /_sim/webhooks/retry` `{}` makes everything undelivered due now, but what was dropped.
- `POST /_sim/webhooks/replay` `{"event": "evt_…"}` delivers an event once more, delivered,
  dropped or not; `{"since": 1795000000}` all events since a moment (0: all there are), in order
  or through a shuffle.
- `GET /_sim/deliveries` shows each delivery: event, type, attempts, last status, delivered.
- Which events are sent is up to `POST /v1/webhook_endpoints/<id>`, as at Stripe: `enabled_events`
  (`["*"]` for all) and `disabled`. At first they are those that the README lists.

API calls
- `POST /_sim/api` `{"fail_next": 2, "status": 500}` fails the next two API calls with 402, 409,
  429 or 500 before they do anything; with `"after_commit": true` the work is done and the
  answer lost: replaced by that status, or without a status the connection is cut.
  `"skip_next": 3` lets three calls go well first. `"path": "/v1/checkout/sessions"` limits all
  that to calls below that path. `{"delay_seconds": 3}` makes every call that slow until it is 0.
  As at Stripe, a 402 or 500 stays under its idempotency key: repeating the key repeats the
  failure.

Money
- `POST /_sim/sessions/<id>/settle` `{"outcome": "succeeded"}` (or `"failed"`) ends a bank debit.
- `POST /_sim/refunds` `{"charge": "ch_…"}` (or `"payment_intent"`; `"amount"`, `"reason"`) refunds
  as from the Dashboard. `POST /_sim/refunds/<id>/settle` `{"outcome": "succeeded"}` ends a pending
  refund; `"canceled"` calls it off; `"failed"` lets a pending or a succeeded one fail. Refunds
  to a bank account and to the card …7726 are pending at first and succeed an hour later by the
  stand-in's clock; one to …5126 succeeds at once and fails an hour later.
- `POST /_sim/disputes` `{"charge": "ch_…"}` (or `"payment_intent"`; `"amount"`, `"reason"`,
  `"inquiry": true`) disputes a payment; cards …0259 (chargeback) and …1976 (inquiry) do so by
  themselves, before their session completes. `POST /_sim/disputes/<id>/<action>` `{}` goes on:
  `respond`, `escalate` (an inquiry becomes a chargeback), `close_inquiry`, `withdraw` and
  `reinstate` (the money alone), `win`, `lose`, `appeal` (a decided case is open again).

Time
- `POST /_sim/clock` `{"advance_seconds": 3600}` moves the clock by which sessions expire and
  refunds settle.

Orders are kept in the state like everything else: they hold until taken back, restarts included.
"""

from local.stripe.app import create_app

__all__ = ["create_app"]
