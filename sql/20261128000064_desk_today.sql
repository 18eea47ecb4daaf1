-- The desk's first page: what needs a person, and checks of the newest balances.

create function purse.recent_balances_off()
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    with newest as (
        select t.user_id, max(t.id) as id
        from (select t.id, t.user_id from public.credit_transactions t order by t.id desc limit 1000) t
        group by t.user_id
    ),
    compared as (
        select n.user_id, u.balance, t.balance_after, l.remaining, u.held, l.held as held_in_lots
        from newest n
        join public.credit_transactions t on t.id = n.id
        left join public.user_credits u on u.user_id = n.user_id
        cross join lateral (
            select coalesce(sum(l.remaining), 0)::bigint as remaining, coalesce(sum(l.held), 0)::bigint as held
            from public.credit_lots l
            where l.user_id = n.user_id
        ) l
    )
    select jsonb_build_object(
        'checked', (select count(*) from compared),
        'off', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'user_id', c.user_id,
                'balance', c.balance,
                'ledger', c.balance_after,
                'lots', c.remaining
            )), '[]'::jsonb)
            from compared c
            where (c.balance, c.balance, c.held) is distinct from (c.balance_after, c.remaining, c.held_in_lots)
        )
    )
$$;

comment on function purse.recent_balances_off() is
'Whether the accounts of the newest thousand ledger rows add up: {checked: how many accounts, off: [{user_id, balance,
ledger: balance after their newest row, lots: sum of their lots}]}. make doctor checks all of them.';
revoke all on function purse.recent_balances_off() from public, anon, authenticated, service_role;

create function public.desk_today(p_actor_id uuid)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
declare
    v_today constant timestamptz := date_trunc('day', now());
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id);
    return jsonb_build_object(
        'at', now(),
        'money', jsonb_build_object(
            'today', purse.money_since(v_today),
            'week', purse.money_since(v_today - interval '6 days'),
            'month', purse.money_since(v_today - interval '29 days')
        ),
        'disputes', (
            select coalesce(jsonb_agg(to_jsonb(d) order by d.due_at), '[]'::jsonb)
            from (
                select r.id, p.id as order_id, p.user_id, purse.who_is(p.user_id) as email, r.amount, r.currency,
                    coalesce((select c.decimals from public.stripe_currencies() c where c.currency = r.currency), 2) as decimals,
                    r.status, r.due_at
                from public.purchase_reversals r
                join public.purchases p on p.id = purse.purchase_of_payment(r.payment_intent_id)
                where r.kind = 'dispute'
                    and r.status like '%needs_response'
                    and (r.due_at > now() or r.due_at is null)
                    and purse.is_of_this_mode(r.livemode)
                order by r.due_at
                limit 20
            ) d
        ),
        'pending', (
            select coalesce(jsonb_agg(to_jsonb(o) order by o.since), '[]'::jsonb)
            from (
                select p.id as order_id, p.user_id, purse.who_is(p.user_id) as email, p.package_name,
                    p.unit_amount as amount, p.currency,
                    coalesce((select c.decimals from public.stripe_currencies() c where c.currency = p.currency), 2) as decimals,
                    p.processing_at as since
                from public.purchases p
                where p.status = 'processing'
                    and purse.is_of_this_mode(p.livemode)
                order by p.processing_at
                limit 20
            ) o
        ),
        'mismatches', (
            select coalesce(jsonb_agg(to_jsonb(o) order by o.created_at), '[]'::jsonb)
            from (
                select p.id as order_id, p.user_id, purse.who_is(p.user_id) as email, p.package_name, p.created_at,
                    p.unit_amount, p.currency, p.amount_subtotal, p.currency_paid, p.sealed,
                    coalesce((select c.decimals from public.stripe_currencies() c where c.currency = p.currency), 2) as decimals,
                    coalesce((select c.decimals from public.stripe_currencies() c where c.currency = p.currency_paid), 2)
                        as decimals_paid
                from public.purchases p
                where p.status = 'mismatch'
                    and p.decision is null
                    and purse.is_of_this_mode(p.livemode)
                order by p.created_at
                limit 20
            ) o
        ),
        'refunds', (
            select coalesce(jsonb_agg(to_jsonb(o) order by o.created_at), '[]'::jsonb)
            from (
                select s.refund_id, s.order_id, s.user_id, purse.who_is(s.user_id) as email, s.package_name, s.amount,
                    s.currency, purse.decimals_of(s.currency) as decimals, s.attempts, s.created_at, s.next_attempt_at
                from purse.stuck_refunds s
                order by s.created_at
                limit 20
            ) o
        ),
        'webhook', (
            select jsonb_build_object(
                'events', count(*),
                'p50_seconds', round(percentile_cont(0.5) within group (order by e.seconds)::numeric, 1),
                'p95_seconds', round(percentile_cont(0.95) within group (order by e.seconds)::numeric, 1),
                'last_event_at', max(e.received_at),
                'last_type', (array_agg(e.type order by e.received_at desc))[1]
            )
            from (
                -- Stripe's times are whole seconds, so the difference may be negative.
                select s.received_at, s.type, greatest(extract(epoch from s.received_at - s.created_at), 0) as seconds
                from public.stripe_events s
                order by s.received_at desc
                limit 500
            ) e
        ),
        'reconciliation', (
            select jsonb_build_object('reached_at', r.reached_at, 'finished_at', r.finished_at)
            from public.reconciliations r
            where purse.is_of_this_mode(r.livemode)
            order by r.finished_at desc nulls last
            limit 1
        ),
        'balances', purse.recent_balances_off()
    );
end
$$;

comment on function public.desk_today(uuid) is
'What staff look at first. Days are in UTC. Returns {at, money: {today, week, month: see purse.money_since; the last 1, 7
and 30 days}, disputes: to answer, soonest first, [{id, order_id, user_id, email, amount, currency, decimals, status,
due_at}], pending: payments that a bank has not confirmed, [{order_id, user_id, email, package_name, amount, currency,
decimals, since}], mismatches: [{order_id, user_id, email, package_name, created_at, unit_amount, currency,
amount_subtotal, currency_paid, sealed, decimals, decimals_paid}], refunds: that began more than an hour ago and have not
ended, [{refund_id, order_id, user_id, email, package_name, amount, currency, decimals, attempts, created_at,
next_attempt_at}], webhook: of the newest 500 events, {events, p50_seconds, p95_seconds, last_event_at, last_type}, reconciliation: {reached_at, finished_at} or null, balances: see purse.recent_balances_off}.
Lists hold twenty at most. Raises PT403 for who is not staff.';
revoke all on function public.desk_today(uuid) from public, anon, authenticated, service_role;
grant execute on function public.desk_today(uuid) to service_role;

create function public.desk_checks(p_actor_id uuid)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
    -- As doctor: scanning a long ledger takes longer than requests may.
    set statement_timeout = '60s'
as $$
declare
    v_found jsonb;
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id);
    v_found := public.doctor();
    return jsonb_build_object(
        'users', v_found -> 'users',
        'balances_off', v_found -> 'balances_off',
        'lots_off', v_found -> 'lots_off',
        'purchases_off', v_found -> 'purchases_off',
        'postings_off', v_found -> 'postings_off'
    );
end
$$;

comment on function public.desk_checks(uuid) is
'Whether every balance, lot and purchase adds up, as make doctor checks it. Reads the whole ledger. Returns {users: how
many, balances_off, lots_off, purchases_off, postings_off}: a list holds at most the first hundred cases. Raises PT403
for who is not staff.';
revoke all on function public.desk_checks(uuid) from public, anon, authenticated, service_role;
grant execute on function public.desk_checks(uuid) to service_role;
