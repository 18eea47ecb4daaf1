"""/auth/v1, as GoTrue answers it."""
