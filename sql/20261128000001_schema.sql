-- Two schemas. `public` holds the tables, the views people may read, and the functions that the
-- server calls through Supabase's API. `purse` holds everything internal: helper functions, trigger
-- functions and views that only our own functions use. The API does not expose it, and nobody but the
-- owner may use it.
--
-- Revoking default privileges would not be enough: Postgres grants EXECUTE on a new function to
-- PUBLIC, and Supabase grants it by name to three roles in `public`. So every function here and in
-- the files that follow is revoked by name, right below its definition.
create schema purse;

comment on schema purse is 'Internals of the credit ledger. Nobody but the owner may use it.';
revoke all on schema purse from public, anon, authenticated, service_role;
