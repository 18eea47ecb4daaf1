"""/rest/v1, as PostgREST 12 answers it."""
