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
    p_skip   bigint  default 0,
    p_limit  integer default 10000
)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set statement_timeout = '60s'
as $$
    select purse.require_server();
    select coalesce(jsonb_agg(to_jsonb(p)), '[]'::jsonb)
    from (
        select p.*
        from jsonb_to_record(p_range) r (
            after_id bigint, last_id bigint, after_money_id bigint, last_money_id bigint
        )
        cross join lateral purse.book_postings(r.after_id, r.last_id, r.after_money_id, r.last_money_id) p
        order by p.at, p.source, p.source_id, p.unit, p.test_mode, p.debit, p.credit
        offset p_skip
        limit p_limit
    ) p
$$;

comment on function public.read_postings(jsonb, bigint, integer) is
'A page of the postings of a month, oldest first. p_range is the answer of read_books, or its four ids: so all pages are of the
same rows, although more are written meanwhile. Returns [{source: ledger or money, source_id, at, kind, purchase_id, unit,
test_mode, debit, credit, amount}]; amount in minor units, always positive.';
revoke all on function public.read_postings(jsonb, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.read_postings(jsonb, bigint, integer) to service_role;
