"""Stripe: checkout, webhooks, the facts that Stripe's objects state, reconciliation."""
