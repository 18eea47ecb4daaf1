"""New Stripe objects as JSON, in the shape of the pinned API version."""
