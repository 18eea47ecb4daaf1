"""A small, strict, stateful stand-in for Stripe, for the real SDK and for people.

Serves the part of the API that Checkout needs under `/v1`, a hosted payment page under
`/c/pay/<session>`, signed webhooks with retries, and a control surface under `/_sim`:

- `POST /_sim/webhooks` `{"hold": true}` keeps deliveries queued until `false`; checkout then
  redirects without waiting. `{"lose_next": 3}` loses the next three attempts, which are
  retried. `{"duplicate": 2}` delivers every event from now on twice; 1 ends that.
- `POST /_sim/webhooks/retry` `{}` makes everything undelivered due now.
- `POST /_sim/api` `{"fail_next": 2, "status": 500}` fails the next two API calls with 402, 409,
  429 or 500 before they do anything; with `"after_commit": true` the work is done and the
  answer lost: replaced by that status, or without a status the connection is cut.
  `"path": "/v1/checkout/sessions"` limits it to calls below that path. `{"delay_seconds": 3}`
  makes every call that slow until it is 0. As at Stripe, a 402 or 500 stays under its
  idempotency key: repeating the key repeats the failure.
- `POST /_sim/sessions/<id>/settle` `{"outcome": "succeeded"}` (or `"failed"`) ends a bank debit.
- `POST /_sim/clock` `{"advance_seconds": 3600}` moves the clock by which sessions expire.
- `GET /_sim/deliveries` shows each delivery: event, type, attempts, last status, delivered.

Orders are kept in the state like everything else: they hold until taken back, restarts included.
"""

from local.stripe.app import create_app

__all__ = ["create_app"]
