-- The desk's pages about money and use, and its first page: what needs a person. Each part reads a bounded number of
-- rows by an index.

-- Holds all that revenue is made of, so that it is counted without reading the table.
create index purchases_paid_at_idx on public.purchases (paid_at)
    include (livemode, currency_paid, package_id, amount_paid) where paid_at is not null;
create index purchases_mismatch_idx on public.purchases (created_at) where status = 'mismatch';
create index purchases_processing_idx on public.purchases (processing_at) where status = 'processing';
create index purchase_reversals_occurred_at_idx on public.purchase_reversals (occurred_at);
create index purchase_reversals_dispute_idx on public.purchase_reversals (due_at) where kind = 'dispute';
create index purchase_payments_paid_at_idx on public.purchase_payments (paid_at) include (purchase_id);

create function purse.paid_too_much(p_since timestamptz)
    returns table (
        livemode   boolean,
        package_id text,
        paid_at    timestamptz,
        currency   text,
        amount     bigint
    )
    language sql
    stable
    rows 10
    set search_path = ''
as $$
    with again as (
        select t.purchase_id, max(t.paid_at) as paid_at
        from public.purchase_payments t
        where t.paid_at >= p_since
            and exists (
                select
                from public.purchase_payments o
                where o.purchase_id = t.purchase_id
                    and o.payment_intent_id <> t.payment_intent_id
            )
        group by t.purchase_id
    )
    select p.livemode, p.package_id, a.paid_at, t.currency,
        (sum(t.amount) - case when t.currency = p.currency_paid then p.amount_paid else 0 end)::bigint
    from again a
    join public.purchases p on p.id = a.purchase_id
    join public.purchase_payments t on t.purchase_id = p.id
    group by p.id, a.paid_at, t.currency
$$;

comment on function purse.paid_too_much(timestamptz) is
'Orders that were paid more than once, and at least once since then: {livemode, package_id, paid_at: of the last payment,
currency, amount: what was paid beyond purchases.amount_paid, in minor units}.';
revoke all on function purse.paid_too_much(timestamptz) from public, anon, authenticated, service_role;

create function purse.money_since(p_since timestamptz)
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    -- Grouped first, and asked for the mode after: asking for each row would take longer than all the rest.
    with paid_in_modes as materialized (
        select p.livemode, p.currency_paid as currency, count(*) as purchases, sum(p.amount_paid)::bigint as paid
        from public.purchases p
        where p.paid_at >= p_since
        group by p.livemode, p.currency_paid
        union all
        select t.livemode, t.currency, 0, t.amount from purse.paid_too_much(p_since) t
    ),
    paid as (
        select m.currency, sum(m.purchases)::bigint as purchases, sum(m.paid)::bigint as paid
        from paid_in_modes m
        where purse.is_of_this_mode(m.livemode)
        group by m.currency
    ),
    reversed_in_modes as materialized (
        select r.livemode, r.currency, count(*) filter (where r.kind = 'refund') as refunds,
            coalesce(sum(r.amount) filter (where r.kind = 'refund'), 0)::bigint as refunded,
            count(*) filter (where r.kind = 'dispute') as disputes,
            coalesce(sum(r.amount) filter (where r.kind = 'dispute'), 0)::bigint as disputed
        from public.purchase_reversals r
        where r.occurred_at >= p_since
            and r.in_effect
            -- Not those of the Stripe account's other products.
            and purse.purchase_of_payment(r.payment_intent_id) is not null
        group by r.livemode, r.currency
    ),
    reversed as (
        select m.currency, m.refunds, m.refunded, m.disputes, m.disputed
        from reversed_in_modes m
        where purse.is_of_this_mode(m.livemode)
    )
    select coalesce(jsonb_agg(jsonb_build_object(
        'currency', m.currency,
        'decimals', coalesce((select c.decimals from public.stripe_currencies() c where c.currency = m.currency), 2),
        'purchases', coalesce(m.purchases, 0),
        'paid', coalesce(m.paid, 0),
        'refunds', coalesce(m.refunds, 0),
        'refunded', coalesce(m.refunded, 0),
        'disputes', coalesce(m.disputes, 0),
        'disputed', coalesce(m.disputed, 0)
    ) order by m.paid desc nulls last, m.currency), '[]'::jsonb)
    from (select * from paid full join reversed using (currency)) m
$$;

comment on function purse.money_since(timestamptz) is
'What was paid, refunded and disputed from a moment on, by currency: [{currency, decimals, purchases, paid, refunds,
refunded, disputes, disputed}], amounts in minor units. Refunds count when they were made, whenever their purchase was.
An order that was paid twice is one purchase and two amounts. Refunds of payments that are not ours do not count.';
revoke all on function purse.money_since(timestamptz) from public, anon, authenticated, service_role;

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

create function public.desk_money(
    p_actor_id uuid,
    p_days     integer default 30
)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
declare
    v_from timestamptz;
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id);
    if p_days is null or p_days not between 1 and 366 then
        raise exception using errcode = 'PT422', message = 'days are from 1 to 366';
    end if;
    v_from := date_trunc('day', now()) - make_interval(days => p_days - 1);
    return (
        -- The mode is asked for after grouping, as in purse.money_since.
        with paid_in_modes as materialized (
            select p.livemode, p.paid_at::date as day, p.currency_paid as currency, p.package_id,
                count(*) as purchases, sum(p.amount_paid)::bigint as paid
            from public.purchases p
            where p.paid_at >= v_from
            group by 1, 2, 3, 4
            union all
            select t.livemode, t.paid_at::date, t.currency, t.package_id, 0, t.amount
            from purse.paid_too_much(v_from) t
        ),
        paid as (
            select m.* from paid_in_modes m where purse.is_of_this_mode(m.livemode)
        ),
        refunded_in_modes as materialized (
            select r.livemode, r.occurred_at::date as day, r.currency, sum(r.amount)::bigint as refunded
            from public.purchase_reversals r
            where r.occurred_at >= v_from
                and r.in_effect
                -- Not those of the Stripe account's other products.
                and purse.purchase_of_payment(r.payment_intent_id) is not null
            group by 1, 2, 3
        ),
        refunded as (
            select m.day, m.currency, m.refunded from refunded_in_modes m where purse.is_of_this_mode(m.livemode)
        ),
        daily as (
            select day, currency, coalesce(p.purchases, 0)::bigint as purchases, coalesce(p.paid, 0)::bigint as paid,
                coalesce(r.refunded, 0) as refunded
            from (
                select paid.day, paid.currency, sum(paid.purchases) as purchases, sum(paid.paid) as paid
                from paid
                group by paid.day, paid.currency
            ) p
            full join refunded r using (day, currency)
        )
        select jsonb_build_object(
            'from', v_from::date,
            'to', now()::date,
            'daily', (select coalesce(jsonb_agg(to_jsonb(d) order by d.day, d.currency), '[]'::jsonb) from daily d),
            'currencies', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'currency', c.currency,
                    'decimals', coalesce((select s.decimals from public.stripe_currencies() s where s.currency = c.currency), 2),
                    'purchases', c.purchases,
                    'paid', c.paid,
                    'refunded', c.refunded
                ) order by c.paid desc, c.currency), '[]'::jsonb)
                from (
                    select d.currency, sum(d.purchases)::bigint as purchases, sum(d.paid)::bigint as paid,
                        sum(d.refunded)::bigint as refunded
                    from daily d
                    group by d.currency
                ) c
            ),
            'packs', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'package_id', k.package_id,
                    'name', coalesce((select n.name from public.credit_packages n where n.id = k.package_id), k.package_id),
                    'currency', k.currency,
                    'purchases', k.purchases,
                    'paid', k.paid
                ) order by k.paid desc, k.package_id, k.currency), '[]'::jsonb)
                from (
                    select paid.package_id, paid.currency, sum(paid.purchases)::bigint as purchases, sum(paid.paid)::bigint as paid
                    from paid
                    group by paid.package_id, paid.currency
                ) k
            )
        )
    );
end
$$;

comment on function public.desk_money(uuid, integer) is
'Revenue of the last p_days days (1 to 366, today included, in UTC) for staff. Returns {from, to, daily: [{day, currency,
purchases, paid, refunded}], days without any are left out; currencies: [{currency, decimals, purchases, paid, refunded}],
packs: [{package_id, name, currency, purchases, paid}]}. Amounts are in minor units; refunded includes disputes and
counts on its own day. Second payments and refunds of others'' payments are as in purse.money_since. Raises PT403 for who
is not staff, PT422 for days out of bounds.';
revoke all on function public.desk_money(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.desk_money(uuid, integer) to service_role;

create function public.desk_use(p_actor_id uuid)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
declare
    v_from constant timestamptz := date_trunc('day', now()) - interval '29 days';
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id);
    return (
        with newest as materialized (
            -- Ids and times have the same order but for moments, so this is the newest part of the ledger.
            select t.user_id, t.kind, t.feature, t.amount, t.quantity, t.created_at
            from public.credit_transactions t
            order by t.id desc
            limit 100000
        ),
        used as (
            select n.user_id, n.feature, n.created_at::date as day, -n.amount as credits,
                case n.kind when 'spend' then n.quantity else -n.quantity end as uses
            from newest n
            where n.kind in ('spend', 'reversal')
                and n.created_at >= v_from
        ),
        daily as (
            select u.day, u.feature, sum(u.uses)::bigint as uses, sum(u.credits)::bigint as credits
            from used u
            group by u.day, u.feature
        ),
        people as (
            select u.user_id, sum(u.uses)::bigint as uses, sum(u.credits)::bigint as credits
            from used u
            group by u.user_id
            order by credits desc, u.user_id
            limit 10
        ),
        scanned as (
            select count(*) as ledger_rows, min(n.created_at) as oldest from newest n
        )
        select jsonb_build_object(
            'from', v_from::date,
            'to', now()::date,
            'rows', s.ledger_rows,
            'cut_at', case when s.ledger_rows = 100000 and s.oldest > v_from then s.oldest end,
            'daily', (select coalesce(jsonb_agg(to_jsonb(d) order by d.day, d.feature), '[]'::jsonb) from daily d),
            'features', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'feature', f.feature,
                    'name', coalesce((select n.name from public.credit_features n where n.id = f.feature), f.feature),
                    'uses', f.uses,
                    'credits', f.credits
                ) order by f.credits desc, f.feature), '[]'::jsonb)
                from (
                    select d.feature, sum(d.uses)::bigint as uses, sum(d.credits)::bigint as credits
                    from daily d
                    group by d.feature
                ) f
            ),
            'people', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'user_id', p.user_id,
                    'email', purse.who_is(p.user_id),
                    'uses', p.uses,
                    'credits', p.credits
                ) order by p.credits desc, p.user_id), '[]'::jsonb)
                from people p
            )
        )
        from scanned s
    );
end
$$;

comment on function public.desk_use(uuid) is
'What features were used in the last 30 days, in UTC, less what was undone, for staff. Returns {from, to, rows: how many
ledger rows were read, cut_at: the moment that they reach back to, where the newest 100,000 are younger than 30 days, else
null; daily: [{day, feature, uses, credits}], features: [{feature, name, uses, credits}], people: the ten who used most,
[{user_id, email, uses, credits}]}. Raises PT403 for who is not staff.';
revoke all on function public.desk_use(uuid) from public, anon, authenticated, service_role;
grant execute on function public.desk_use(uuid) to service_role;
