"""A stateful stand-in for Stripe, for the real SDK and for people.

It serves the part of Stripe's API that Checkout, refunds, disputes and reconciliation need:

- `/v1`: the API. Unknown parameters are refused, as at Stripe.
- `/c/pay/<session>`: the hosted payment page.
- Signed webhooks, with retries, for the events that the endpoint is registered for.
- `/_sim`: the control room, a page on which every case can be played by hand. The same commands
  are available as JSON. They are stored in the state, so they stay in force until revoked, also
  after a restart.

Commands for webhooks
- `POST /_sim/webhooks` changes how webhooks are delivered:
  `{"hold": true}` keeps them in the queue until `false`. The payment page then redirects without
  waiting for the webhook.
  `{"lose_next": 3}` loses the next three attempts; they are retried.
  `{"drop_next": 3}` drops the next three events. They are never sent, as if Stripe had given up;
  reconciliation has to find them.
  `{"duplicate": 2}` delivers every later event twice; 1 ends that.
  `{"delay_seconds": 5}` delivers every later event with this delay; 0 ends that.
  `{"shuffle": 6, "seed": 7}` collects the next six deliveries and then sends them one after
  another in a random order that depends on the seed. Without a seed, one is drawn and returned.
  `{"shuffle": 0}` sends the deliveries that are still waiting.
- `POST /_sim/webhooks/retry` `{}` makes all undelivered webhooks due now, except dropped ones.
- `POST /_sim/webhooks/replay` `{"event": "evt_…"}` delivers an event again, whether it was
  delivered, dropped or neither. `{"since": 1795000000}` does so for all events since a Unix time
  (0 for all), in order or shuffled.
- `GET /_sim/deliveries` lists the deliveries: event, type, attempts, last status, delivered.
- `POST /v1/webhook_endpoints/<id>` chooses the events that are sent, as at Stripe, by
  `enabled_events` (`["*"]` for all) and `disabled`. At first they are the events that Purse's
  documentation tells people to enable.

Commands for API calls
- `POST /_sim/api` makes calls fail or slow:
  `{"fail_next": 2, "status": 500}` fails the next two calls with 402, 409, 429 or 500 before they
  do anything. As at Stripe, a 402 or 500 is stored under the idempotency key, so a repetition
  with the same key fails in the same way.
  With `"after_commit": true` the work is done and only the answer is lost: it is replaced by that
  status, or the connection is cut if there is no status.
  With `"skip_next": 3` three calls succeed first.
  `"path": "/v1/checkout/sessions"` limits all that to paths that begin with it.
  `{"delay_seconds": 3}` delays every call; 0 ends that.

Commands for money
- `POST /_sim/sessions/<id>/settle` `{"outcome": "succeeded"}` or `"failed"` settles a bank debit.
- `POST /_sim/sessions/<id>/present` `{"currency": "eur", "amount": 460}` shows the payer another
  currency, as Adaptive Pricing does: the session keeps its currency and has `presentment_details`.
- `POST /_sim/refunds` `{"charge": "ch_…"}` creates a refund as from Stripe's Dashboard. Instead of
  `charge` it accepts `payment_intent`; optional fields are `amount` and `reason`.
- `POST /_sim/refunds/<id>/settle` `{"outcome": "succeeded"}` or `"canceled"` ends a pending refund;
  `"failed"` ends a pending or a succeeded one.
  Refunds to a bank account and to the card …7726 are pending, and succeed after an hour by the
  stand-in's clock. A refund to …5126 succeeds at once and fails after an hour.
- `POST /_sim/disputes` `{"charge": "ch_…"}` disputes a payment. Instead of `charge` it accepts
  `payment_intent`; optional fields are `amount`, `reason` and `"inquiry": true`. Payments with the
  cards …0259 (chargeback) and …1976 (inquiry) are disputed by themselves, before their session
  completes.
- `POST /_sim/disputes/<id>/<action>` `{}` takes the next step: `respond`, `escalate` (an inquiry
  becomes a chargeback), `close_inquiry`, `withdraw` and `reinstate` (only the money moves), `win`,
  `lose`, `appeal` (reopens a decided case).

- `POST /_sim/payouts` `{"currency": "usd"}` makes an automatic payout of all that is available.
  Money is available two days after it came in, by the stand-in's clock.
- `POST /_sim/payouts/<id>/settle` `{"outcome": "paid"}` lets a payout arrive at once instead of
  after two days; `"failed"` lets it come back, also after it arrived.

Command for customers
- `POST /_sim/customers/<id>/subscribe` `{"currency": "gbp"}` bills a customer in a currency, as a
  subscription made in the Dashboard does. Checkout Sessions in another currency are then refused.

Command for the account
- `POST /_sim/account` `{"terms_of_service_url": "https://…"}` sets what Stripe's Dashboard has
  among the public details; `""` removes it. Without it, no session may ask for consent to terms.
  `{"settlement_currency": "eur", "exchange_rate": 0.9}` lets every later movement in another
  currency reach the balance in euros, at that rate; `""` keeps each currency as it was charged.

Command for time
- `POST /_sim/clock` `{"advance_seconds": 3600}` moves the clock by which sessions expire and
  refunds settle. Times that the application names, such as `expires_at`, move with it.
- `POST /_sim/clock` `{"reset": true}` sets the clock back to the machine's. What has happened
  stays.
- `POST /_sim/age` `{"seconds": 86400}` moves all objects and events into the past and leaves the
  clock alone. Refused with 409 while a webhook is under way. The demo user's history is made so.
"""

from __future__ import annotations

from local.stripe.app import create_app

__all__ = ["create_app"]
