-- Goes on from large.sql for desk.py, in a session of its own that has set bench.users: accounts with names, a year of
-- orders, declined and abandoned checkouts, refunds, a month of spends, and visits of the store. Everyone has an account.
-- Half have bought a pack in the last year, and one in ten a second one; three in ten have left a checkout.

alter table public.user_credits disable trigger all;
alter table public.credit_lot_rows disable trigger all;
alter table public.credit_transactions disable trigger all;
alter table public.purchases disable trigger all;
alter table public.purchase_payments disable trigger all;
alter table public.purchase_reversals disable trigger all;

create function bench.day_of_order(p_number integer)
    returns timestamptz
    language sql
    stable
as $$
    select now() - interval '365 days' * (p_number::bigint * 7919 % bench.users()) / bench.users()
$$;

update purse.ledger
set livemode = false,
    began_at = now() - interval '1 year';

insert into auth.users (id, email, email_confirmed_at, raw_app_meta_data, raw_user_meta_data, created_at, last_sign_in_at)
select bench.user_id(n), 'person' || n || '@example.com', now(),
    case when n = 1 then '{"role": "admin"}' else '{"provider": "email"}' end::jsonb,
    jsonb_build_object('full_name', 'Person ' || md5(n::text)), now() - interval '2 years', now()
from generate_series(1, bench.users()) n;

insert into public.purchases (
    id, user_id, package_id, package_name, credits, unit_amount, currency, livemode, created_at, checkout_session_id,
    payment_intent_id, amount_subtotal, amount_paid, amount_tax, amount_discount, currency_paid, paid_at, credits_posted,
    declined_at, decline_code
)
select md5('again ' || n)::uuid, bench.user_id(n), case when n % 3 = 0 then 'creator' else 'starter' end, 'Pack', 500, 499,
    case when n % 4 = 0 then 'eur' else 'usd' end, false, bench.day_of_order(n), 'cs_again_' || n, 'pi_again_' || n, 499, 499, 0, 0,
    case when n % 4 = 0 then 'eur' else 'usd' end, bench.day_of_order(n) + interval '5 minutes', 500,
    case when n % 20 = 3 then bench.day_of_order(n) + interval '2 minutes' end,
    case when n % 20 = 3 then 'insufficient_funds' end
from generate_series(1, bench.users()) n
where n % 10 between 3 and 7
order by bench.day_of_order(n);

insert into public.purchase_payments (payment_intent_id, purchase_id, checkout_session_id, amount, currency, paid_at)
select p.payment_intent_id, p.id, p.checkout_session_id, p.amount_paid, p.currency_paid, p.paid_at
from public.purchases p
where p.payment_intent_id like 'pi_again_%';

insert into public.purchases (
    id, user_id, package_id, package_name, credits, unit_amount, currency, livemode, created_at, checkout_session_id,
    expired_at, declined_at, decline_code
)
select md5('left ' || n)::uuid, bench.user_id(n), 'starter', 'Starter', 500, 499, 'usd', false, bench.day_of_order(n),
    'cs_gone_' || n, bench.day_of_order(n) + interval '1 day',
    case when n % 30 < 10 then bench.day_of_order(n) + interval '1 minute' end,
    case when n % 30 < 10 then
        (array['insufficient_funds', 'generic_decline', 'do_not_honor', 'expired_card', 'incorrect_cvc'])[1 + n / 10 % 5]
    end
from generate_series(1, bench.users()) n
where n % 10 in (0, 8, 9)
order by bench.day_of_order(n);

-- large.sql has all checkouts that were left in the last two days. Here they are spread over the year; one in ten of them
-- stays, and is open.
update public.purchases p
set created_at = bench.day_of_order(n),
    expired_at = bench.day_of_order(n) + interval '1 day'
from generate_series(2, bench.users(), 10) n
where p.id = bench.order_id(-n)
    and n % 100 <> 2;

insert into public.card_declines (purchase_id, declined_at)
select p.id, p.declined_at from public.purchases p where p.declined_at is not null;

insert into public.stripe_events (id, type, livemode, created_at, received_at, outcome, purchase_id)
select 'evt_again_' || p.id, 'checkout.session.completed', false, p.created_at, p.created_at + interval '3 seconds', 'applied', p.id
from public.purchases p
where p.payment_intent_id like 'pi_again_%'
    or p.checkout_session_id like 'cs_gone_%'
order by p.created_at;

insert into public.credit_lot_rows (id, user_id, source, name, purchase_id, granted, remaining, created_at)
overriding system value
select 300::bigint * bench.users() + n, bench.user_id(n), 'purchase', 'Pack', md5('again ' || n)::uuid, 500, 500,
    bench.day_of_order(n)
from generate_series(1, bench.users()) n
where n % 10 between 3 and 7;

update public.user_credits u
set balance = u.balance + 500
from generate_series(1, bench.users()) n
where n % 10 between 3 and 7
    and u.user_id = bench.user_id(n);

insert into public.credit_transactions (user_id, kind, amount, balance_after, lots, purchase_id, created_at)
select bench.user_id(n), 'purchase', 500, u.balance, jsonb_build_object(300::bigint * bench.users() + n, 500),
    md5('again ' || n)::uuid, bench.day_of_order(n)
from generate_series(1, bench.users()) n
join public.user_credits u on u.user_id = bench.user_id(n)
where n % 10 between 3 and 7;

insert into public.purchase_reversals (id, kind, payment_intent_id, amount, currency, status, rank, in_effect, livemode, occurred_at)
select 're_again_' || n, case when n % 500 = 3 then 'dispute' else 'refund' end, 'pi_again_' || n, 100,
    case when n % 4 = 0 then 'eur' else 'usd' end, 'succeeded', 2, true, false, bench.day_of_order(n) + interval '1 hour'
from generate_series(1, bench.users()) n
where n % 50 = 3;

-- A month of spends of everybody's fifth.
update public.credit_lot_rows l
set remaining = l.remaining - 5
from generate_series(5, bench.users(), 5) n
where l.id = n;

update public.user_credits u
set balance = u.balance - 5
from generate_series(5, bench.users(), 5) n
where u.user_id = bench.user_id(n);

insert into public.credit_transactions (
    user_id, kind, amount, balance_after, lots, feature, quantity, idempotency_key, created_at
)
select bench.user_id(n), 'spend', -5, u.balance, jsonb_build_object(n, -5),
    case when n % 2 = 0 then 'docx_processing' else 'audio_upload' end, 1, 'month-' || n,
    now() - interval '30 days' * (bench.users() - n) / bench.users()
from generate_series(5, bench.users(), 5) n
join public.user_credits u on u.user_id = bench.user_id(n)
order by n;

insert into public.store_days (day, people)
select current_date - d, bench.users() / 25 from generate_series(1, 365) d;

insert into public.store_visits (user_id, opened_at)
select bench.user_id(n * 25), date_trunc('day', now()) + (now() - date_trunc('day', now())) * n * 25 / bench.users()
from generate_series(1, bench.users() / 25) n;

insert into public.person_notes (user_id, author_id, text)
select bench.user_id(1), bench.user_id(1), 'Note ' || n from generate_series(1, 100) n;

vacuum analyze;
