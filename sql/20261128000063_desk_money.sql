-- The desk's page about money, and the indexes by which the desk's figures read a bounded number of rows.

-- Holds all that revenue is made of, so that it is counted without reading the table.
create index purchases_paid_at_idx on public.purchases (paid_at)
    include (livemode, currency_paid, package_id, amount_paid) where paid_at is not null;
create index purchases_mismatch_idx on public.purchases (created_at) where status = 'mismatch';
create index purchases_processing_idx on public.purchases (processing_at) where status = 'processing';
create index purchase_reversals_occurred_at_idx on public.purchase_reversals (occurred_at);
create index purchase_reversals_dispute_idx on public.purchase_reversals (due_at) where kind = 'dispute';

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
        -- Few orders have such a row, so all of them are read.
        where t.purchase_id in (select o.purchase_id from public.purchase_payments o where o.again)
        group by t.purchase_id
        having max(t.paid_at) >= p_since
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

create function purse.our_reversals_since(p_since timestamptz)
    returns setof public.purchase_reversals
    language sql
    stable
    rows 1000
    set search_path = ''
as $$
    select r.*
    from public.purchase_reversals r
    -- Not those of the Stripe account's other products. As purse.purchase_of_payment, which would take longer.
    cross join lateral (
        select
        from (
            select from public.purchases p where p.payment_intent_id = r.payment_intent_id
            union all
            select from public.purchase_payments t where t.payment_intent_id = r.payment_intent_id
        ) o
        limit 1
    ) ours
    where r.occurred_at >= p_since
        and r.in_effect
$$;

comment on function purse.our_reversals_since(timestamptz) is
'Refunds and disputes of our orders'' payments that began at a moment or later and whose money is gone.';
revoke all on function purse.our_reversals_since(timestamptz) from public, anon, authenticated, service_role;

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
        from purse.our_reversals_since(p_since) r
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
            from purse.our_reversals_since(v_from) r
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
                    'name', coalesce(
                        (select n.name from public.credit_packages n where n.id = k.package_id), k.package_id, 'Offers'
                    ),
                    'currency', k.currency,
                    'purchases', k.purchases,
                    'paid', k.paid
                ) order by k.paid desc, k.package_id, k.currency), '[]'::jsonb)
                from (
                    -- Offers are one line: their ids have hyphens, those of packs have none.
                    select case when paid.package_id not like '%-%' then paid.package_id end as package_id, paid.currency,
                        sum(paid.purchases)::bigint as purchases, sum(paid.paid)::bigint as paid
                    from paid
                    group by 1, 2
                ) k
            ),
            'stripe', purse.stripe_since(v_from)
        )
    );
end
$$;

comment on function public.desk_money(uuid, integer) is
'Revenue of the last p_days days (1 to 366, today included, in UTC) for staff. Returns {from, to, daily: [{day, currency,
purchases, paid, refunded}], days without any are left out; currencies: [{currency, decimals, purchases, paid, refunded}],
packs: [{package_id, null for all offers together, name, currency, purchases, paid}], stripe: as purse.stripe_since}. Amounts are in minor units; refunded includes disputes and
counts on its own day. Second payments and refunds of others'' payments are as in purse.money_since. Raises PT403 for who
is not staff, PT422 for days out of bounds.';
revoke all on function public.desk_money(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.desk_money(uuid, integer) to service_role;
