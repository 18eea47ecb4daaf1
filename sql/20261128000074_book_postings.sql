-- The books as double entry. The ledger counts credits; the accounts are implied by what a row means.

create view purse.book_accounts (kind, account) with (security_invoker = true) as
    values ('spend', 'revenue'),
        ('reversal', 'revenue'),
        ('expiry', 'breakage'),
        ('expiry_reversal', 'breakage'),
        ('forfeit', 'breakage'),
        ('forfeit_reversal', 'breakage'),
        ('bonus', 'promotions'),
        ('correction', 'corrections'),
        ('move_out', 'transfers'),
        ('move_in', 'transfers'),
        ('write_off', 'bad_debt'),
        ('purchase', 'refunds_payable'),
        ('clawback', 'refunds_payable'),
        ('giveback', 'refunds_payable');

comment on view purse.book_accounts is
    'The account that a kind of ledger row is posted against, with deferred_revenue or receivable on the other side. Every kind has exactly one.';
revoke all on purse.book_accounts from public, anon, authenticated, service_role;

create function purse.book_postings(
    p_after       bigint,
    p_to          bigint,
    p_after_money bigint,
    p_to_money    bigint
)
    returns table (
        source      text,
        source_id   bigint,
        at          timestamptz,
        kind        text,
        purchase_id uuid,
        unit        text,
        test_mode   boolean,
        debit       text,
        credit      text,
        amount      bigint
    )
    language sql
    stable
    rows 100000
    set search_path = ''
    set work_mem = '64MB'
as $$
    with entries as (
        select e.transaction_id, e.at, e.kind, e.purchase_id, e.unit, e.test_mode,
            sum(e.deferred)::bigint as deferred, sum(e.receivable)::bigint as receivable
        from purse.book_entries(p_after, p_to) e
        group by e.transaction_id, e.at, e.kind, e.purchase_id, e.unit, e.test_mode
    ),
    -- What an order's row is worth, less what it did to the lots of the same currency: gifts that it took or
    -- filled are promotions, the rest is a difference of prices.
    differences as (
        select transaction_id, at, kind, purchase_id, unit, test_mode,
            coalesce(o.value, 0) - coalesce(e.deferred - e.receivable, 0) as value,
            coalesce(o.gifts, 0) as gifts
        from purse.book_orders(p_after, p_to) o
        full join (
            select * from entries e where e.kind in ('purchase', 'clawback', 'giveback')
        ) e using (transaction_id, at, kind, purchase_id, unit, test_mode)
    ),
    signed as (
        select 'ledger' as source, e.transaction_id as source_id, e.at, e.kind, e.purchase_id, e.unit, e.test_mode,
            a.account as debit, 'deferred_revenue' as credit, e.deferred as amount
        from entries e
        join purse.book_accounts a on a.kind = e.kind
        union all
        select 'ledger', e.transaction_id, e.at, e.kind, e.purchase_id, e.unit, e.test_mode,
            'receivable', a.account, e.receivable
        from entries e
        join purse.book_accounts a on a.kind = e.kind
        union all
        select 'ledger', d.transaction_id, d.at, d.kind, d.purchase_id, d.unit, d.test_mode,
            'refunds_payable', 'promotions', d.gifts
        from differences d
        union all
        select 'ledger', d.transaction_id, d.at, d.kind, d.purchase_id, d.unit, d.test_mode,
            'refunds_payable', 'revenue', d.value - d.gifts
        from differences d
        union all
        select 'money', m.id, m.created_at, x.kind, m.purchase_id, m.unit, m.test_mode, x.debit, x.credit, x.amount
        from public.book_money m
        cross join lateral (
            values ('payment', 'cash', 'refunds_payable', m.received),
                ('refund', 'refunds_payable', 'cash', m.returned),
                ('tax', 'refunds_payable', 'tax_payable', m.taxed),
                ('rounding', 'refunds_payable', 'breakage', m.rounded),
                ('forgiven', 'bad_debt', 'refunds_payable', m.forgiven)
        ) x (kind, debit, credit, amount)
        where m.id > p_after_money
            and m.id <= p_to_money
    )
    select s.source, s.source_id, s.at, s.kind, s.purchase_id, s.unit, s.test_mode,
        case when s.amount > 0 then s.debit else s.credit end,
        case when s.amount > 0 then s.credit else s.debit end,
        abs(s.amount)
    from signed s
    where s.amount <> 0
$$;

comment on function purse.book_postings(bigint, bigint, bigint, bigint) is
'The postings of a range of ledger rows and of a range of book_money: each moves amount, in minor units of unit,
from the account credit to the account debit, so every posting balances by itself.';
revoke all on function purse.book_postings(bigint, bigint, bigint, bigint) from public, anon, authenticated, service_role;

create function public.read_postings(
    p_range  jsonb,
    p_limit  integer default 10000
)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set statement_timeout = '60s'
as $$
declare
    v_after        constant bigint := (p_range ->> 'after_id')::bigint;
    v_last         constant bigint := (p_range ->> 'last_id')::bigint;
    v_after_money  constant bigint := (p_range ->> 'after_money_id')::bigint;
    v_last_money   constant bigint := (p_range ->> 'last_money_id')::bigint;
    v_after_stripe constant bigint := coalesce((p_range ->> 'after_stripe_id')::bigint, 0);
    v_last_stripe  constant bigint := coalesce((p_range ->> 'last_stripe_id')::bigint, 0);
    v_from         constant timestamptz := (p_range ->> 'month')::timestamp at time zone (p_range ->> 'timezone');
    v_until        constant timestamptz := ((p_range ->> 'month')::timestamp + interval '1 month')
        at time zone (p_range ->> 'timezone');
    v_to           bigint;
    v_to_money     bigint;
    v_to_stripe    bigint;
begin
    perform purse.require_server();
    -- Null: fewer rows than p_limit are left.
    v_to := coalesce((
        select t.id
        from public.credit_transactions t
        where t.id > v_after
            and t.id <= v_last
        order by t.id
        offset p_limit - 1
        limit 1
    ), v_last);
    v_to_money := coalesce((
        select m.id
        from public.book_money m
        where m.id > v_after_money
            and m.id <= v_last_money
        order by m.id
        offset p_limit - 1
        limit 1
    ), v_last_money);
    v_to_stripe := coalesce((
        select b.id
        from public.book_stripe b
        where b.id > v_after_stripe
            and b.id <= v_last_stripe
            and b.booked_at >= v_from
            and b.booked_at < v_until
        order by b.id
        offset p_limit - 1
        limit 1
    ), v_last_stripe);
    return jsonb_build_object(
        'postings', (
            select coalesce(jsonb_agg(to_jsonb(p)), '[]'::jsonb)
            from (
                select * from purse.book_postings(v_after, v_to, v_after_money, v_to_money)
                union all
                select 'stripe', b.id, b.booked_at, b.kind, b.purchase_id, b.unit, b.test_mode, b.debit, b.credit, b.amount
                from public.book_stripe b
                where b.id > v_after_stripe
                    and b.id <= v_to_stripe
                    and b.booked_at >= v_from
                    and b.booked_at < v_until
            ) p
        ),
        'rest', case when v_to < v_last or v_to_money < v_last_money or v_to_stripe < v_last_stripe then jsonb_build_object(
            'after_id', v_to, 'last_id', v_last, 'after_money_id', v_to_money, 'last_money_id', v_last_money,
            'after_stripe_id', v_to_stripe, 'last_stripe_id', v_last_stripe,
            'month', p_range -> 'month', 'timezone', p_range -> 'timezone'
        ) end
    );
end
$$;

comment on function public.read_postings(jsonb, integer) is
'A page of the postings of a month: those of the first p_limit ledger rows and of the first p_limit rows of book_money
and of book_stripe each, in no order. p_range is the answer of read_books: so all pages are of the same rows, although more
are written meanwhile. Returns {postings: [{source: ledger, money or stripe, source_id, at, kind, purchase_id, unit, test_mode,
debit, credit, amount}], rest: p_range of the next page, null after the last}; amount in minor units, always positive.';
revoke all on function public.read_postings(jsonb, integer) from public, anon, authenticated, service_role;
grant execute on function public.read_postings(jsonb, integer) to service_role;
