-- What the daily job adds to the outbox and removes from it.

create function public.announce_expiring(p_limit integer)
    returns integer
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '250ms'
as $$
declare
    v_settings  public.outbox_settings;
    v_days      integer;
    v_from      timestamptz;
    v_until     timestamptz;
    v_looked_at integer := 0;
    v_lot       record;
begin
    perform purse.require_server();
    -- One run at a time. The others wait here, and then find nothing left to do.
    select * into strict v_settings from public.outbox_settings s for update;
    foreach v_days in array array[30, 7] loop
        v_from := case v_days when 30 then v_settings.expiring_30_until else v_settings.expiring_7_until end;
        v_until := null;
        for v_lot in
            select l.id, l.user_id, l.remaining - l.held as credits, l.expires_at, u.balance
            from public.credit_lots l
            join public.user_credits u on u.user_id = l.user_id
            where l.expires_at > v_from
                and l.expires_at <= now() + make_interval(days => v_days)
            order by l.expires_at
            fetch first (p_limit) rows with ties
        loop
            v_until := v_lot.expires_at;
            v_looked_at := v_looked_at + 1;
            if v_lot.credits > 0 and v_lot.expires_at > now() then
                perform purse.announce(
                    'credits.expiring',
                    v_lot.id || ':' || v_days,
                    v_lot.user_id,
                    jsonb_build_object(
                        'user_id', v_lot.user_id,
                        'lot_id', v_lot.id::text,
                        'credits', v_lot.credits,
                        'expires_at', purse.utc_text(v_lot.expires_at),
                        'days', v_days,
                        'balance', v_lot.balance
                    )
                );
            end if;
        end loop;
        update public.outbox_settings s
        set expiring_30_until = case v_days when 30 then v_until else s.expiring_30_until end,
            expiring_7_until = case v_days when 7 then v_until else s.expiring_7_until end
        where v_until is not null;
    end loop;
    return v_looked_at;
end
$$;

comment on function public.announce_expiring(integer) is
'Announces lots whose credits expire in 30 or in 7 days, each once for each, about p_limit lots at a time. A lot that
begins with fewer days is not announced for them. Returns how many lots it looked at; call it until it returns 0.';
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
                    exists (
                        select from public.purchases p
                        where p.paid_at is not null
                            and p.credits_posted <> purse.purchase_target(p)
                            and purse.is_of_this_mode(p.livemode)
                    )
                ),
                (
                    'reconciliation_is_late',
                    exists (
                        select from public.purchases p
                        where p.status = 'open'
                            and p.checkout_session_id is not null
                            and p.created_at between now() - interval '60 days' and now() - interval '3 days'
                            and purse.is_of_this_mode(p.livemode)
                    )
                ),
                (
                    'events_parked',
                    exists (
                        select from public.outbox_deliveries d where d.parked_at > now() - interval '25 hours'
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
    set lock_timeout = '250ms'
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
    set lock_timeout = '250ms'
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
