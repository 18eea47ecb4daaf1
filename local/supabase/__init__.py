"""A Supabase gateway for local use: `/rest/v1/rpc/*` and `/auth/v1` on a plain Postgres."""

from local.supabase.app import create_app

__all__ = ["create_app"]
