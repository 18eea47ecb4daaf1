-- GET /api/health asks whether anything can be written, and which files of sql/ are applied.

-- Volatile, although it changes nothing: the API would call a stable function in a read-only transaction.
create function public.is_writable()
    returns boolean
    language plpgsql
    security definer
    set search_path = ''
as $$
begin
    perform purse.require_server();
    return pg_catalog.current_setting('transaction_read_only') = 'off';
end
$$;

comment on function public.is_writable() is
'Whether this transaction could change anything. False while the database is read-only, as with a full disk.';
revoke all on function public.is_writable() from public, anon, authenticated, service_role;
grant execute on function public.is_writable() to service_role;

-- Dynamic SQL: where sql/ was applied by hand, this table does not exist.
create function public.read_schema(p_version text)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
as $$
declare
    v_newest text;
    v_is_applied boolean := false;
begin
    perform purse.require_server();
    if pg_catalog.to_regclass('supabase_migrations.schema_migrations') is not null then
        execute 'select max(m.version), coalesce(pg_catalog.bool_or(m.version = $1), false)
                 from supabase_migrations.schema_migrations m'
            into v_newest, v_is_applied
            using p_version;
    end if;
    return jsonb_build_object('newest', v_newest, 'applied', v_is_applied);
end
$$;

comment on function public.read_schema(text) is
'Which migrations this database records: the newest version, and whether p_version is among them. An app''s
own migrations stand in the same table, so the newest one need not be of this software.
Returns {newest, applied}; null and false if there is no record.';
revoke all on function public.read_schema(text) from public, anon, authenticated, service_role;
grant execute on function public.read_schema(text) to service_role;
