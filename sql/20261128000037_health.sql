-- GET /api/health asks whether anything can be written.

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
