-- The books: what happened to all credits in a month, in credits and in money. First, which column of the
-- roll-forward each kind of ledger row belongs to.

create view purse.book_columns (kind, book_column) with (security_invoker = true) as
    values ('purchase', 'sold'),
        ('bonus', 'granted'),
        ('spend', 'used'),
        ('reversal', 'used'),
        ('expiry', 'expired'),
        ('expiry_reversal', 'expired'),
        ('forfeit', 'expired'),
        ('forfeit_reversal', 'expired'),
        ('clawback', 'refunded'),
        ('giveback', 'refunded'),
        ('correction', 'corrected'),
        ('move_out', 'moved'),
        ('move_in', 'moved'),
        ('write_off', 'written_off');

comment on view purse.book_columns is
    'The column of the monthly roll-forward for each kind of ledger row. Every kind has exactly one.';
revoke all on purse.book_columns from public, anon, authenticated, service_role;

-- Postgres takes a jsonb object for a hundred pairs and would read all lots and purchases to join them by hashing. By
-- index, the time follows the rows of the range.
create function purse.book_entries(
    p_after bigint,
    p_to    bigint
)
    returns table (
        transaction_id bigint,
        at             timestamptz,
        kind           text,
        purchase_id    uuid,
        lot_id         bigint,
        unit           text,
        test_mode      boolean,
        deferred       bigint,
        receivable     bigint
    )
    language sql
    stable
    rows 100000
    set search_path = ''
    set work_mem = '64MB'
    set enable_hashjoin = off
    set enable_mergejoin = off
as $$
    with entries as (
        -- Later rows, too: from what is left of a lot now, we count back.
        select t.id, t.created_at, t.kind::text as kind, t.purchase_id, e.key::bigint as lot_id, e.value::bigint as credits
        from public.credit_transactions t
        cross join lateral pg_catalog.jsonb_each_text(t.lots) e
        where t.id > p_after
    ),
    states as (
        select e.*, p.amount_excluding_tax as amount, p.credits as bought, p.currency_paid, p.livemode,
            l.remaining + e.credits - sum(e.credits) over (partition by e.lot_id order by e.id desc) as after
        from entries e
        join public.credit_lots l on l.id = e.lot_id
        join public.purchases p on p.id = l.purchase_id
        where p.paid_at is not null
    )
    select s.id, s.created_at, s.kind, s.purchase_id, s.lot_id, s.currency_paid, not s.livemode,
        (div(s.amount * greatest(s.after, 0), s.bought)
            - div(s.amount * greatest(s.after - s.credits, 0), s.bought))::bigint,
        (div(s.amount * greatest(-s.after, 0), s.bought)
            - div(s.amount * greatest(s.credits - s.after, 0), s.bought))::bigint
    from states s
    where s.id <= p_to
$$;

comment on function purse.book_entries(bigint, bigint) is
'What each ledger row with an id in (p_after, p_to] did to each lot that has a cost basis, in minor units of
unit, the currency of that basis: deferred is the change of what the lot''s credits are worth, receivable the
change of what its debt is worth. n credits of a lot, left or owed, are worth floor(amount * n / credits) of its
cost basis. An entry is the difference of two such values, so all entries of a lot add up to what the lot is worth,
and those of a lot that is used up to what was paid, without a remainder.';
revoke all on function purse.book_entries(bigint, bigint) from public, anon, authenticated, service_role;
