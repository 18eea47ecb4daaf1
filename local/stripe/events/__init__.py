"""Events and webhooks: record an event, queue its delivery, sign and send it."""
