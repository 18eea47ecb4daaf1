-- What the daily job adds to the outbox and removes from it.

create function purse.announce_expiring_in(
    p_days  integer,
    p_from  timestamptz,
    p_lot   bigint,
    p_limit integer
)
    returns public.credit_lots
    language plpgsql
    set search_path = ''
as $$
declare
    v_lot  public.credit_lots;
    v_last public.credit_lots;
    v_seen integer := 0;
begin
    for v_lot in
        select l.*
        from public.credit_lots l
        where (l.expires_at, l.id) > (p_from, p_lot)
            and l.expires_at <= now() + make_interval(days => p_days)
        order by l.expires_at, l.id
        limit p_limit
    loop
        v_seen := v_seen + 1;
        v_last := v_lot;
        -- Credits that were valid for fewer days from the start need no warning.
        if v_lot.remaining > v_lot.held
            and v_lot.expires_at > now()
            and v_lot.created_at < v_lot.expires_at - make_interval(days => p_days)
        then
            perform purse.announce(
                'credits.expiring',
                v_lot.id || ':' || p_days,
                v_lot.user_id,
                jsonb_build_object(
                    'user_id', v_lot.user_id,
                    'lot_id', v_lot.id::text,
                    'credits', v_lot.remaining - v_lot.held,
                    'expires_at', purse.utc_text(v_lot.expires_at),
                    'days', ceil(extract(epoch from v_lot.expires_at - now()) / 86400)::integer,
                    'balance', (select u.balance from public.user_credits u where u.user_id = v_lot.user_id)
                )
            );
        end if;
    end loop;
    return case when v_seen = p_limit then v_last end;
end
$$;

comment on function purse.announce_expiring_in(integer, timestamptz, bigint, integer) is
'Announces lots that come after p_from and p_lot and expire within p_days. Returns the last that it looked at, or
null if no more than that many are left.';
revoke all on function purse.announce_expiring_in(integer, timestamptz, bigint, integer)
    from public, anon, authenticated, service_role;

create function public.announce_expiring(p_limit integer)
    returns boolean
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_settings public.outbox_settings;
    v_month    public.credit_lots;
    v_week     public.credit_lots;
begin
    perform purse.require_server();
    -- One run at a time.
    select * into strict v_settings from public.outbox_settings s for update;
    v_month := purse.announce_expiring_in(30, v_settings.expiring_30_until, v_settings.expiring_30_lot, p_limit);
    v_week := purse.announce_expiring_in(7, v_settings.expiring_7_until, v_settings.expiring_7_lot, p_limit);
    update public.outbox_settings s
    set expiring_30_until = coalesce(v_month.expires_at, now() + interval '30 days'),
        expiring_30_lot = coalesce(v_month.id, 0),
        expiring_7_until = coalesce(v_week.expires_at, now() + interval '7 days'),
        expiring_7_lot = coalesce(v_week.id, 0);
    return v_month.id is not null or v_week.id is not null;
end
$$;

comment on function public.announce_expiring(integer) is
'Announces lots whose credits expire within 30 and within 7 days, each once for each, up to p_limit lots at a time.
Returns whether more are left.';
revoke all on function public.announce_expiring(integer) from public, anon, authenticated, service_role;
grant execute on function public.announce_expiring(integer) to service_role;

create function purse.failing_checks()
    returns text[]
    language sql
    stable
    set search_path = ''
as $$
    select array(
        select c.name
        from (
            values
                (
                    'balances_differ_from_lots',
                    (select coalesce(sum(u.balance), 0) from public.user_credits u)
                        <> (select coalesce(sum(l.remaining), 0) from public.credit_lots l)
                ),
                (
                    'payments_not_settled',
                    exists (select from purse.unsettled_purchases p where p.paid_at > now() - interval '7 days')
                ),
                ('reconciliation_is_late', exists (select from purse.overdue_orders)),
                (
                    'events_parked',
                    exists (
                        select from public.outbox_deliveries d
                        where d.parked_at > now() - interval '25 hours'
                            -- An address that bounces is no fault of the shop.
                            and d.endpoint <> 'mail'
                    )
                )
        ) c (name, fails)
        where c.fails
        order by c.name
    )
$$;

comment on function purse.failing_checks() is
'The names of those checks of make doctor that fail and cost little: balances_differ_from_lots,
payments_not_settled, reconciliation_is_late, events_parked.';
revoke all on function purse.failing_checks() from public, anon, authenticated, service_role;

create function public.announce_doctor()
    returns text[]
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
    set statement_timeout = '60s'
as $$
declare
    v_checks text[];
begin
    perform purse.require_server();
    v_checks := purse.failing_checks();
    if cardinality(v_checks) > 0 then
        perform purse.announce(
            'doctor.failed',
            to_char(now() at time zone 'UTC', 'YYYY-MM-DD'),
            null,
            jsonb_build_object('checks', v_checks)
        );
    end if;
    return v_checks;
end
$$;

comment on function public.announce_doctor() is
'Runs the cheap checks of make doctor and announces those that fail, at most once a day (UTC). Returns their
names.';
revoke all on function public.announce_doctor() from public, anon, authenticated, service_role;
grant execute on function public.announce_doctor() to service_role;

create function public.prune_outbox(p_limit integer)
    returns integer
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_pruned integer;
begin
    perform purse.require_server();
    delete from public.outbox_events e
    where e.id in (
        select o.id
        from public.outbox_events o
        where o.occurred_at < now() - interval '90 days'
            and not exists (
                select from public.outbox_deliveries d
                where d.event_id = o.id
                    and d.delivered_at is null
                    and d.parked_at is null
            )
        order by o.occurred_at
        limit p_limit
        for update skip locked
    );
    get diagnostics v_pruned = row_count;
    return v_pruned;
end
$$;

comment on function public.prune_outbox(integer) is
'Removes up to p_limit events that occurred more than 90 days ago and wait for no delivery. Returns how many.';
revoke all on function public.prune_outbox(integer) from public, anon, authenticated, service_role;
grant execute on function public.prune_outbox(integer) to service_role;
