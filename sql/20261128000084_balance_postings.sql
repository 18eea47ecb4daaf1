-- The postings of Stripe's balance transactions, and the orders they belong to.

create function purse.first_open_moment()
    returns timestamptz
    language sql
    stable
    set search_path = ''
as $$
    select coalesce((
        select (b.month + interval '1 month')::timestamp at time zone b.timezone
        from public.book_months b
        order by b.month desc
        limit 1
    ), '-infinity')
$$;

comment on function purse.first_open_moment() is
'When the first month begins that is not sealed. Without a seal: before all time.';
revoke all on function purse.first_open_moment() from public, anon, authenticated, service_role;

create function purse.order_side(p_transaction public.stripe_balance_transactions)
    returns table (
        purchase_id uuid,
        unit        text,
        amount      bigint
    )
    language sql
    stable
    rows 1
    set search_path = ''
as $$
    select p.id, p.currency_paid,
        sign(p_transaction.amount)::bigint * case p.currency_paid
            when p_transaction.currency then abs(p_transaction.amount)
            when p_transaction.source_currency then abs(p_transaction.source_amount)
            else p.amount_paid
        end
    from public.purchases p
    where p_transaction.reporting_category in ('charge', 'refund', 'refund_failure', 'dispute', 'dispute_reversal')
        and p.id = purse.purchase_of_payment(p_transaction.payment_intent_id)
        and p.paid_at is not null
        -- A second payment in another currency is not in book_money.
        and (p_transaction.reporting_category <> 'charge' or exists (
            select
            from public.purchase_payments y
            where y.payment_intent_id = p_transaction.payment_intent_id
                and y.currency = p.currency_paid
        ))
$$;

comment on function purse.order_side(public.stripe_balance_transactions) is
'What a balance transaction is in the currency that its order was paid in, signed, as book_money counts it. No row if it
is not about an order of ours, or the order is not known yet.';
revoke all on function purse.order_side(public.stripe_balance_transactions) from public, anon, authenticated, service_role;

create function purse.balance_postings(
    p_transaction public.stripe_balance_transactions,
    p_against     text
)
    returns table (
        kind        text,
        purchase_id uuid,
        unit        text,
        debit       text,
        credit      text,
        amount      bigint
    )
    language sql
    stable
    rows 3
    set search_path = ''
as $$
    with signed as (
        select x.kind, o.purchase_id, x.unit, x.debit, x.credit, x.amount
        from purse.order_side(p_transaction) o
        cross join lateral (
            select o.unit = p_transaction.currency as is_same
        ) s
        cross join lateral (
            values
                (p_transaction.reporting_category, p_transaction.currency, p_against,
                    case when s.is_same then 'cash' else 'conversion' end, p_transaction.amount),
                ('conversion', o.unit, 'conversion', 'cash', case when s.is_same then 0 else o.amount end),
                ('fee', p_transaction.currency, 'fees', p_against, p_transaction.fee)
        ) x (kind, unit, debit, credit, amount)
        union all
        select x.kind, null, p_transaction.currency, x.debit, x.credit, x.amount
        from (
            values
                ('payout', 'cash', p_transaction.amount, p_transaction.fee),
                ('payout_reversal', 'cash', p_transaction.amount, p_transaction.fee),
                ('topup', 'cash', p_transaction.amount, p_transaction.fee),
                ('topup_reversal', 'cash', p_transaction.amount, p_transaction.fee),
                ('fee', 'fees', 0, -p_transaction.net),
                ('network_cost', 'fees', 0, -p_transaction.net)
        ) c (category, account, amount, fee)
        cross join lateral (
            values (c.category, p_against, c.account, c.amount), ('fee', 'fees', p_against, c.fee)
        ) x (kind, debit, credit, amount)
        where c.category = p_transaction.reporting_category
    ),
    known as (
        select * from signed
        union all
        select 'other', null, p_transaction.currency, p_against, 'stripe_other', p_transaction.net
        where not exists (select from signed)
    )
    select k.kind, k.purchase_id, k.unit,
        case when k.amount > 0 then k.debit else k.credit end,
        case when k.amount > 0 then k.credit else k.debit end,
        abs(k.amount)
    from known k
    where k.amount <> 0
$$;

comment on function purse.balance_postings(public.stripe_balance_transactions, text) is
'The postings of a balance transaction against p_against: stripe_balance, or stripe_other if it was posted there first,
before its order was known. In each currency, all postings against stripe_balance add up to the transaction''s net.';
revoke all on function purse.balance_postings(public.stripe_balance_transactions, text)
    from public, anon, authenticated, service_role;

create function purse.last_settled_money()
    returns bigint
    language sql
    stable
    set search_path = ''
as $$
    -- A row gets its id before it is committed. After an hour, none with a lower id can still come.
    select coalesce((
        select m.id
        from public.book_money m
        where m.created_at < clock_timestamp() - interval '1 hour'
        order by m.id desc
        limit 1
    ), 0)
$$;

comment on function purse.last_settled_money() is
'The last row of book_money that is older than an hour.';
revoke all on function purse.last_settled_money() from public, anon, authenticated, service_role;

create function purse.match_balance_transactions(p_after_money bigint)
    returns void
    language sql
    set search_path = ''
as $$
    insert into public.book_stripe (transaction_id, kind, purchase_id, unit, test_mode, debit, credit, amount, booked_at)
    select t.id, x.kind, x.purchase_id, x.unit, not t.livemode, x.debit, x.credit, x.amount,
        greatest(t.booked_at, purse.first_open_moment())
    from (
        select distinct m.purchase_id
        from public.book_money m
        where m.id > p_after_money
            and m.received <> 0
    ) o
    join public.purchase_payments y on y.purchase_id = o.purchase_id
    join public.stripe_balance_transactions t on t.payment_intent_id = y.payment_intent_id
    join public.book_stripe b on b.transaction_id = t.id and b.kind = 'other'
    cross join lateral purse.balance_postings(t, 'stripe_other') x
    where x.kind <> 'other'
    on conflict on constraint book_stripe_kind_is_once do nothing
$$;

comment on function purse.match_balance_transactions(bigint) is
'Posts from stripe_other what turned out to be about an order of ours, among the orders whose money has come since a row of
book_money. Their transactions were read before.';
revoke all on function purse.match_balance_transactions(bigint) from public, anon, authenticated, service_role;
