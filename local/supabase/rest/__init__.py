"""/rest/v1: answers as PostgREST 12 does."""
