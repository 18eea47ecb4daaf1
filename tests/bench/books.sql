-- Fills a ledger for books.py, in one session that has set bench.users: eleven rows a user over twelve months, the last of
-- which is the present one. A user buys 500 credits and spends 5 of them ten times. All spends are of bought
-- lots, which is the most that the books have to value. The triggers are off meanwhile.

alter table public.user_credits disable trigger all;
alter table public.credit_lot_rows disable trigger all;
alter table public.credit_transactions disable trigger all;
alter table public.purchase_payments disable trigger all;

create temporary view people as
    select n,
        ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid as user_id,
        md5('order ' || n)::uuid as order_id,
        began + (now() - began) * random() * 0.8 as bought_at
    from generate_series(1, current_setting('bench.users')::integer) n,
        (select date_trunc('month', now()) - interval '11 months' as began) b;

create temporary table bought as select * from people;

insert into public.user_credits (user_id, balance) select user_id, 450 from bought;

insert into public.credit_lot_rows (id, user_id, source, name, purchase_id, granted, remaining, created_at)
overriding system value
select n, user_id, 'purchase', 'Starter', order_id, 500, 450, bought_at from bought;

insert into public.purchases (
    id, user_id, package_id, package_name, credits, unit_amount, currency, livemode, created_at, checkout_session_id,
    payment_intent_id, amount_subtotal, amount_paid, amount_tax, amount_discount, currency_paid, paid_at, credits_posted
)
select order_id, user_id, 'starter', 'Starter', 500, 499, 'usd', false, bought_at, 'cs_' || n, 'pi_' || n, 499, 499, 0, 0, 'usd',
    bought_at, 500
from bought;

insert into public.purchase_payments (payment_intent_id, purchase_id, checkout_session_id, amount, currency, paid_at)
select payment_intent_id, id, checkout_session_id, amount_paid, currency_paid, paid_at from public.purchases;

insert into public.credit_transactions (
    user_id, kind, amount, balance_after, lots, purchase_id, feature, quantity, idempotency_key, created_at
)
select user_id,
    case when step = 0 then 'purchase' else 'spend' end,
    case when step = 0 then 500 else -5 end,
    500 - 5 * step,
    jsonb_build_object(n, case when step = 0 then 500 else -5 end),
    case when step = 0 then order_id end,
    case when step > 0 then 'docx_processing' end,
    case when step > 0 then 1 end,
    case when step > 0 then 'spend-' || step end,
    bought_at + (now() - bought_at) * step / 11 as at
from bought, generate_series(0, 10) step
order by at;

insert into public.book_money (purchase_id, unit, test_mode, received, returned, taxed, rounded, forgiven, created_at)
select order_id, 'usd', true, 499, 0, 0, 0, 0, bought_at from bought order by bought_at;

select setval(pg_get_serial_sequence('public.credit_lot_rows', 'id'), current_setting('bench.users')::bigint + 1);

vacuum analyze;
