-- explain_balance for a moment that a person writes. A time without a zone is read as UTC here, whatever
-- zone the database or the session has; a timestamptz argument would be read in the session's zone.

create function public.explain_balance(
    p_user_id uuid,
    p_moment  text
)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
    select purse.require_server();
    select public.explain_balance(p_user_id, p_moment::timestamptz)
$$;

comment on function public.explain_balance(uuid, text) is
'As explain_balance with a timestamptz. p_moment is a date or time as a person writes it, in UTC unless it names
another zone. Postgres takes this function for a quoted literal:
select explain_balance(''<user>'', ''2026-11-01'').';
revoke all on function public.explain_balance(uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.explain_balance(uuid, text) to service_role;
