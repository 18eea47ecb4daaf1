-- What history shows beside the ledger: payments that are under way or failed, and the balance day by day.

create function purse.read_payments(p_user_id uuid)
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'order_id', o.id,
        'status', case when o.status = 'processing' then 'pending' else 'failed' end,
        'name', o.package_name,
        'credits', o.credits,
        'price', jsonb_build_object(
            'amount', o.unit_amount,
            'currency', o.currency,
            'decimals', coalesce(
                (select c.decimals from public.stripe_currencies() c where c.currency = o.currency), 2
            )
        ),
        'created_at', o.created_at
    ) order by o.created_at desc, o.id), '[]'::jsonb)
    from (
        select *
        from public.purchases p
        where p.user_id = p_user_id
            and p.created_at > now() - interval '30 days'
            -- A checkout that expired without an attempt to pay was only left.
            and (p.status in ('processing', 'failed') or p.status = 'expired' and p.declined_at is not null)
            and purse.is_of_this_mode(p.livemode)
        order by p.created_at desc, p.id
        limit 20
    ) o
$$;

comment on function purse.read_payments(uuid) is
'A user''s orders of the last 30 days that are not in the ledger because their payment is under way at a bank (pending),
or was refused and has ended (failed): [{order_id, status, name, credits, price: {amount, currency, decimals},
created_at}], newest first, 20 at most. price is the price of the order, in minor units: nothing was paid yet. A checkout
that nobody tried to pay is none of them.';
revoke all on function purse.read_payments(uuid) from public, anon, authenticated, service_role;

create function purse.read_balances(
    p_user_id uuid,
    p_days    integer
)
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    with recursive span as (
        select (now() at time zone 'utc')::date - p_days + 1 as first, (now() at time zone 'utc')::date as last
    ),
    -- One walk through the index: from the newest row to the last one of each earlier day, until one
    -- is from before the first day.
    closings as (
        (
            select t.id, t.balance_after, (t.created_at at time zone 'utc')::date as day
            from public.credit_transactions t
            where t.user_id = p_user_id
            order by t.id desc
            limit 1
        )
        union all
        select e.id, e.balance_after, (e.created_at at time zone 'utc')::date
        from closings c
        cross join span
        cross join lateral (
            select t.id, t.balance_after, t.created_at
            from public.credit_transactions t
            where t.user_id = p_user_id
                and t.id < c.id
                and t.created_at < (c.day::timestamp at time zone 'utc')
            order by t.id desc
            limit 1
        ) e
        where c.day > span.first
    ),
    -- A balance lasts until the day before the next one.
    lasting as (
        select greatest(c.day, span.first) as first,
            lead(greatest(c.day, span.first) - 1, 1, span.last) over (order by c.id) as last,
            c.balance_after as balance
        from (
            select 0::bigint as id, 0::bigint as balance_after, '-infinity'::date as day
            union all
            select * from closings
        ) c
        cross join span
    )
    select jsonb_agg(jsonb_build_object('date', d.day::date, 'balance', l.balance) order by d.day)
    from lasting l
    cross join span
    cross join lateral pg_catalog.generate_series(
        l.first::timestamp, least(l.last, span.last)::timestamp, interval '1 day'
    ) d (day)
$$;

comment on function purse.read_balances(uuid, integer) is
'A user''s balance at the end of each of the last p_days days in UTC, today''s as it is now: [{date, balance}], oldest
first. Reads their ledger rows since then, and one before.';
revoke all on function purse.read_balances(uuid, integer) from public, anon, authenticated, service_role;
