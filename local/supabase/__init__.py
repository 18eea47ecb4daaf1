"""A Supabase gateway for one machine: `/rest/v1/rpc/*` and `/auth/v1` over a plain Postgres."""

from local.supabase.app import create_app

__all__ = ["create_app"]
