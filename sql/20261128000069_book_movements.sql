-- What the ledger rows of a range add up to, column by column.

create function purse.book_orders(
    p_after bigint,
    p_to    bigint
)
    returns table (
        transaction_id bigint,
        at             timestamptz,
        kind           text,
        purchase_id    uuid,
        unit           text,
        test_mode      boolean,
        value          bigint,
        gifts          bigint
    )
    language sql
    stable
    rows 10000
    set search_path = ''
    set work_mem = '64MB'
    set enable_hashjoin = off
    set enable_mergejoin = off
as $$
    with touched as (
        select distinct t.purchase_id
        from public.credit_transactions t
        where t.id > p_after
            and t.id <= p_to
            and t.kind in ('purchase', 'clawback', 'giveback')
    ),
    rows as (
        select t.id, t.created_at, t.kind::text as kind, t.purchase_id, t.amount, t.lots,
            sum(t.amount) over (partition by t.purchase_id order by t.id) as posted
        from touched o
        join public.credit_transactions t on t.purchase_id = o.purchase_id
        where t.kind in ('purchase', 'clawback', 'giveback')
            and t.id <= p_to
    )
    select r.id, r.created_at, r.kind, r.purchase_id, p.currency_paid, not p.livemode,
        (div(p.amount_excluding_tax * r.posted, p.credits) - div(p.amount_excluding_tax * (r.posted - r.amount), p.credits))::bigint,
        (
            select coalesce(div(p.amount_excluding_tax * sum(e.value::bigint), p.credits), 0)::bigint
            from pg_catalog.jsonb_each_text(r.lots) e
            join public.credit_lots l on l.id = e.key::bigint
            where l.purchase_id is null
        )
    from rows r
    join public.purchases p on p.id = r.purchase_id
    where r.id > p_after
$$;

comment on function purse.book_orders(bigint, bigint) is
'Each ledger row with an id in (p_after, p_to] that posts credits of a purchase or takes them back: value is what
these credits cost, signed, in minor units of unit. n credits posted for a purchase are worth
floor(paid * n / credits), where paid is without tax, and a row is the difference of two such values. So the rows of a purchase add up to what
was paid for the credits it has left. gifts is the part of the credits that went into lots without a cost basis, or came
out of them, at the purchase''s price.';
revoke all on function purse.book_orders(bigint, bigint) from public, anon, authenticated, service_role;

create function purse.book_movements(
    p_after bigint,
    p_to    bigint
)
    returns table (
        book_column text,
        unit        text,
        test_mode   boolean,
        value       bigint
    )
    language sql
    stable
    rows 50
    set search_path = ''
    set work_mem = '64MB'
as $$
    with credits as (
        select t.kind::text as kind, sum(t.amount)::bigint as value
        from public.credit_transactions t
        where t.id > p_after
            and t.id <= p_to
        group by t.kind::text
    ),
    entries as (
        select e.kind, e.unit, e.test_mode, sum(e.deferred)::bigint as deferred, sum(e.receivable)::bigint as receivable
        from purse.book_entries(p_after, p_to) e
        group by e.kind, e.unit, e.test_mode
    ),
    orders as (
        select o.kind, o.unit, o.test_mode, sum(o.value)::bigint as value
        from purse.book_orders(p_after, p_to) o
        group by o.kind, o.unit, o.test_mode
    ),
    movements as (
        select c.book_column, 'credits' as unit, false as test_mode, m.value
        from credits m
        left join purse.book_columns c on c.kind = m.kind
        union all
        select c.book_column, o.unit, o.test_mode, o.value
        from orders o
        join purse.book_columns c on c.kind = o.kind
        union all
        select case when c.book_column in ('sold', 'refunded') then 'repriced' else c.book_column end,
            e.unit, e.test_mode, e.deferred - e.receivable
        from entries e
        join purse.book_columns c on c.kind = e.kind
        union all
        select 'repriced', o.unit, o.test_mode, -o.value from orders o
        union all
        select 'deferred', e.unit, e.test_mode, e.deferred from entries e
        union all
        select 'receivable', e.unit, e.test_mode, e.receivable from entries e
    )
    select m.book_column, m.unit, m.test_mode, sum(m.value)::bigint
    from movements m
    group by m.book_column, m.unit, m.test_mode
$$;

comment on function purse.book_movements(bigint, bigint) is
'What the ledger rows with ids in (p_after, p_to] add up to, column by column: in credits, and in money by currency.
What a purchase posts or a refund takes back counts at the price of that purchase (sold, refunded). If the credits go into
another lot, or come out of one, that lot changes by its own price; the difference is in repriced. deferred and
receivable are the changes of what customers are owed and owe.';
revoke all on function purse.book_movements(bigint, bigint) from public, anon, authenticated, service_role;
