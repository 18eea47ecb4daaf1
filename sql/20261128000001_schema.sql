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

-- Grants alone are not enough. A dump that is restored into a new project brings Supabase's default
-- privileges back, which let `anon` and `authenticated` execute every function in `public`. So each
-- function for the server also looks at the caller. `role` is what the API has set, and a function
-- with its owner's rights does not change it. In the SQL editor it is not set, or it is the owner.
create function purse.require_server()
    returns void
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    if pg_catalog.current_setting('role') in ('anon', 'authenticated') then
        raise exception using
            errcode = 'insufficient_privilege',
            message = 'only the server may call this function';
    end if;
end
$$;

comment on function purse.require_server() is
'Raises insufficient_privilege if the API calls as anon or authenticated. Every function in public that is
granted to service_role alone checks this first, so that a wrong grant opens nothing.';
revoke all on function purse.require_server() from public, anon, authenticated, service_role;
