-- Fills the tables for large.py, in one session that has set bench.users. Each user has a lot, eleven ledger
-- rows, and sometimes a purchase. One in 10,000 has 1,000 lots; user 1 has a long ledger and many files.
-- The triggers are off meanwhile; make doctor's checks then prove the rows. Ledger rows are written in
-- rounds, so that a user's rows lie apart, as they do when time has passed between them.

create schema bench;

create function bench.users()
    returns integer
    language sql
    stable
as $$
    select current_setting('bench.users')::integer
$$;

create function bench.user_id(p_number integer)
    returns uuid
    language sql
    immutable
as $$
    select ('00000000-0000-4000-8000-' || lpad(to_hex(p_number), 12, '0'))::uuid
$$;

create function bench.order_id(p_number integer)
    returns uuid
    language sql
    immutable
as $$
    select md5('order ' || p_number)::uuid
$$;

alter table public.user_credits disable trigger all;
alter table public.credit_lot_rows disable trigger all;
alter table public.credit_transactions disable trigger all;
alter table public.credit_holds disable trigger all;
alter table public.purchase_payments disable trigger all;

-- Everyone spends ten times 5 credits. User 1 also spends single credits, a tenth as many as there are users.
insert into public.user_credits (
    user_id, balance, held, has_held, lapses_at, next_lot_id, next_lot_free, created_at
)
select bench.user_id(n),
    1000000
        + case when n % 10 = 1 then 500 else 0 end
        + case when n % 10000 = 0 then 999000 else 0 end
        - 50 - case when n = 1 then bench.users() / 10 else 0 end,
    case when n % 1000 = 4 then 5 else 0 end,
    n % 2 = 0,
    case when n % 500 = 3 then now() - interval '1 day' when n % 1000 = 4 then now() + interval '1 day' end,
    n,
    1000000 - 50 - case when n = 1 then bench.users() / 10 else 0 end - case when n % 1000 = 4 then 5 else 0 end,
    now() - interval '2 years'
from generate_series(1, bench.users()) n;

insert into public.credit_lot_rows (id, user_id, source, name, granted, remaining, held, expires_at, created_at)
overriding system value
select n, bench.user_id(n), 'bonus', 'welcome', 1000000,
    1000000 - 50 - case when n = 1 then bench.users() / 10 else 0 end,
    case when n % 1000 = 4 then 5 else 0 end,
    case when n % 500 = 3 then now() - interval '1 day' end,
    now() - interval '2 years'
from generate_series(1, bench.users()) n;

insert into public.credit_lot_rows (id, user_id, source, name, purchase_id, granted, remaining, created_at)
overriding system value
select bench.users() + n, bench.user_id(n), 'purchase', 'Starter', bench.order_id(n), 500, 500, now() - interval '1 year'
from generate_series(1, bench.users(), 10) n;

-- Half of them expire, one after the other.
insert into public.credit_lot_rows (id, user_id, source, name, granted, remaining, expires_at, created_at)
overriding system value
select 3 * bench.users() + n * 100 + lot, bench.user_id(n), 'bonus', 'gift', 1000, 1000,
    case when lot % 2 = 0 then now() + lot * interval '1 day' end,
    now() - interval '1 year'
from generate_series(10000, bench.users(), 10000) n, generate_series(1, 999) lot;

insert into public.purchases (
    id, user_id, package_id, package_name, credits, unit_amount, currency, livemode, created_at, checkout_session_id,
    payment_intent_id, amount_subtotal, amount_paid, amount_tax, amount_discount, currency_paid, paid_at, credits_posted
)
select bench.order_id(n), bench.user_id(n), 'starter', 'Starter', 500, 499, 'usd', false,
    now() - interval '1 year' * n / bench.users(), 'cs_' || n, 'pi_' || n, 499, 499, 0, 0, 'usd',
    now() - interval '1 year' * n / bench.users(), 500
from generate_series(1, bench.users(), 10) n;

insert into public.purchase_payments (payment_intent_id, purchase_id, checkout_session_id, amount, currency, paid_at)
select p.payment_intent_id, p.id, p.checkout_session_id, p.amount_paid, p.currency_paid, p.paid_at
from public.purchases p;

-- Checkouts that were left: most are over, one in a hundred users has one that may still be paid.
insert into public.purchases (
    id, user_id, package_id, package_name, credits, unit_amount, currency, livemode, created_at, checkout_session_id, expired_at
)
select bench.order_id(-n), bench.user_id(n), 'starter', 'Starter', 500, 499, 'usd', false,
    now() - interval '2 days' * n / bench.users(), 'cs_left_' || n, case when n % 100 <> 2 then now() end
from generate_series(2, bench.users(), 10) n;

insert into public.stripe_customers (user_id, livemode, customer_id)
select p.user_id, false, 'cus_' || p.user_id from public.purchases p;

insert into public.stripe_events (id, type, livemode, created_at, received_at, outcome, purchase_id)
select 'evt_' || p.id, 'checkout.session.completed', false, p.created_at, p.created_at, 'applied', p.id
from public.purchases p;

insert into public.credit_transactions (user_id, kind, amount, balance_after, lots, actor, reason, idempotency_key, created_at)
select bench.user_id(n), 'bonus', 1000000, 1000000, jsonb_build_object(n, 1000000), 'bench', 'welcome', 'welcome',
    now() - interval '2 years'
from generate_series(1, bench.users()) n;

insert into public.credit_transactions (user_id, kind, amount, balance_after, lots, purchase_id, created_at)
select bench.user_id(n), 'purchase', 500, 1000500, jsonb_build_object(bench.users() + n, 500), bench.order_id(n),
    now() - interval '1 year'
from generate_series(1, bench.users(), 10) n;

insert into public.credit_transactions (user_id, kind, amount, balance_after, lots, actor, reason, idempotency_key, created_at)
select bench.user_id(n), 'bonus', 1000, 1000000 + 1000 * lot, jsonb_build_object(3 * bench.users() + n * 100 + lot, 1000),
    'bench', 'gift', 'gift-' || lot, now() - interval '1 year'
from generate_series(10000, bench.users(), 10000) n, generate_series(1, 999) lot
order by n, lot;

insert into public.credit_transactions (
    user_id, kind, amount, balance_after, lots, feature, quantity, idempotency_key, created_at
)
select bench.user_id(n), 'spend', -5,
    1000000
        + case when n % 10 = 1 then 500 else 0 end
        + case when n % 10000 = 0 then 999000 else 0 end
        - 5 * round,
    jsonb_build_object(n, -5), 'docx_processing', 1, 'spend-' || round, now() - (11 - round) * interval '20 days'
from generate_series(1, 10) round, generate_series(1, bench.users()) n
order by round, n;

insert into public.credit_transactions (
    user_id, kind, amount, balance_after, lots, feature, quantity, idempotency_key, created_at
)
select bench.user_id(1), 'spend', -1, 1000500 - 50 - n, '{"1": -1}', 'docx_processing', 1, 'many-' || n, now() - interval '1 day'
from generate_series(1, bench.users() / 10) n
order by n;

insert into public.credit_holds (
    user_id, feature, quantity, credits, lots, status, idempotency_key, expires_at, ended_at, created_at
)
select bench.user_id(n), 'docx_processing', 1, 5, jsonb_build_object(n, 5),
    case when n % 1000 = 4 then 'held' else 'released' end, 'hold-1',
    now() + interval '1 day', case when n % 1000 <> 4 then now() end, now() - interval '1 hour'
from generate_series(2, bench.users(), 2) n;

-- Every second user has a file, user 1 has many. A hundredth waits for its clean-up.
insert into public.files (
    user_id, feature, filename, size, content_type, status, summary, results, created_at, completed_at, expires_at, sweeps
)
select case when n % 20 = 1 then bench.user_id(1) else bench.user_id(n) end, 'txt_upload', n || '.txt', 1000, 'text/plain',
    'done', '{"words": 200}', '[{"name": "text.txt", "size": 900}]', now() - interval '1 year' * n / bench.users(), now(),
    now() - interval '1 year' * n / bench.users(), case when n % 200 = 1 then 0 else 2 end
from generate_series(1, bench.users(), 2) n;

select setval(pg_get_serial_sequence('public.credit_lot_rows', 'id'), 200 * bench.users() + 1);

-- Those whose soonest lot to expire is not their first.
update public.user_credits u
set lapses_at = l.expires_at,
    next_lot_id = l.id,
    next_lot_free = 1000
from (
    select distinct on (l.user_id) l.user_id, l.expires_at, l.id
    from public.credit_lots l
    where l.name = 'gift'
        and l.expires_at is not null
    order by l.user_id, l.expires_at, l.id
) l
where u.user_id = l.user_id;

vacuum analyze;
