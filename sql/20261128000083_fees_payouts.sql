-- Fees and payouts: Stripe's balance transactions as facts, and their double entry, so that cash agrees with the bank.

create table public.stripe_balance_transactions (
    id                 text        not null,
    livemode           boolean     not null,
    type               text        not null,
    reporting_category text        not null,
    balance_type       text        not null,
    amount             bigint      not null,
    fee                bigint      not null,
    net                bigint      not null,
    currency           text        not null,
    exchange_rate      numeric,
    source_id          text,
    payment_intent_id  text,
    source_amount      bigint,
    source_currency    text,
    created_at         timestamptz not null,
    available_on       timestamptz not null,
    booked_at          timestamptz not null,
    read_at            timestamptz not null default clock_timestamp(),
    constraint stripe_balance_transactions_pkey primary key (id),
    constraint stripe_balance_transactions_add_up check (net = amount - fee)
);

create index stripe_balance_transactions_booked_at_idx on public.stripe_balance_transactions (booked_at, id);
create index stripe_balance_transactions_payment_intent_id_idx on public.stripe_balance_transactions (payment_intent_id)
    where payment_intent_id is not null;
create index stripe_balance_transactions_payouts_idx on public.stripe_balance_transactions (source_id)
    where reporting_category = 'payout';

comment on table public.stripe_balance_transactions is
    'What moved the balance at Stripe, one row per balance transaction, as Stripe says it. Append only. Filled by reconciliation and make books.';
comment on column public.stripe_balance_transactions.amount is 'Signed, in minor units of currency, before the fee.';
comment on column public.stripe_balance_transactions.currency is 'The currency in which the Stripe account settles, which may differ from that of the payment.';
comment on column public.stripe_balance_transactions.exchange_rate is 'From the source''s currency to this one, as Stripe says it. Null: nothing was converted.';
comment on column public.stripe_balance_transactions.source_id is 'The charge, refund, dispute or payout that moved it.';
comment on column public.stripe_balance_transactions.payment_intent_id is 'The payment that a charge, refund or dispute is about. It may be of another product of the account.';
comment on column public.stripe_balance_transactions.source_amount is 'The amount of that charge, refund or dispute, in minor units of source_currency.';
comment on column public.stripe_balance_transactions.created_at is 'When Stripe created it.';
comment on column public.stripe_balance_transactions.booked_at is 'When it counts in the books: created_at, or the end of the last sealed month if that is later.';

alter table public.stripe_balance_transactions enable row level security;
revoke all on public.stripe_balance_transactions from public, anon, authenticated, service_role;
grant select on public.stripe_balance_transactions to service_role;

create trigger stripe_balance_transactions_only_grow
    before update or delete or truncate on public.stripe_balance_transactions
    for each statement execute function purse.forbid_book_change();
alter table public.stripe_balance_transactions enable always trigger stripe_balance_transactions_only_grow;

create table public.stripe_payout_transactions (
    transaction_id text not null,
    payout_id      text not null,
    constraint stripe_payout_transactions_pkey primary key (transaction_id)
);

create index stripe_payout_transactions_payout_id_idx on public.stripe_payout_transactions (payout_id);

comment on table public.stripe_payout_transactions is
    'The payout with which a balance transaction left Stripe. Append only. Stripe tells it of automatic payouts only.';
-- A payout can be listed before the transactions of a long history are all read.
comment on column public.stripe_payout_transactions.transaction_id is 'No foreign key, because the transaction may be read later.';

alter table public.stripe_payout_transactions enable row level security;
revoke all on public.stripe_payout_transactions from public, anon, authenticated, service_role;
grant select on public.stripe_payout_transactions to service_role;

create trigger stripe_payout_transactions_only_grow
    before update or delete or truncate on public.stripe_payout_transactions
    for each statement execute function purse.forbid_book_change();
alter table public.stripe_payout_transactions enable always trigger stripe_payout_transactions_only_grow;

create table public.book_stripe (
    id             bigint      generated always as identity,
    transaction_id text        not null,
    kind           text        not null,
    purchase_id    uuid,
    unit           text        not null,
    test_mode      boolean     not null,
    debit          text        not null,
    credit         text        not null,
    amount         bigint      not null,
    booked_at      timestamptz not null,
    constraint book_stripe_pkey primary key (id),
    constraint book_stripe_kind_is_once unique (transaction_id, kind),
    constraint book_stripe_transaction_id_fkey foreign key (transaction_id) references public.stripe_balance_transactions (id),
    constraint book_stripe_amount_is_positive check (amount > 0)
);

create index book_stripe_booked_at_idx on public.book_stripe (booked_at, id);

comment on table public.book_stripe is
    'The postings of Stripe''s balance transactions: amount, in minor units of unit, moves from the account credit to the account debit. Append only.';
comment on column public.book_stripe.purchase_id is 'The order that it is about; null for payouts, Stripe''s own fees and other products. No foreign key, as in book_money.';
comment on column public.book_stripe.booked_at is 'When it counts in the books. Never in a month that was sealed when the row was written.';

alter table public.book_stripe enable row level security;
revoke all on public.book_stripe from public, anon, authenticated, service_role;
grant select on public.book_stripe to service_role;

create trigger book_stripe_only_grows
    before update or delete or truncate on public.book_stripe
    for each statement execute function purse.forbid_book_change();
alter table public.book_stripe enable always trigger book_stripe_only_grows;

-- Sums by day for the desk, so that a year is a few hundred rows.
create table purse.balance_days (
    day       date    not null,
    unit      text    not null,
    test_mode boolean not null,
    gross     bigint  not null,
    fees      bigint  not null,
    constraint balance_days_pkey primary key (day, unit, test_mode)
);

comment on table purse.balance_days is
    'What book_stripe adds up to by the UTC day of booked_at: gross is what orders brought into Stripe''s balance less what went back, fees what Stripe kept. In minor units of unit.';

alter table purse.balance_days enable row level security;
revoke all on purse.balance_days from public, anon, authenticated, service_role;

create function purse.sum_balance_days()
    returns trigger
    language plpgsql
    set search_path = ''
as $$
begin
    insert into purse.balance_days as d (day, unit, test_mode, gross, fees)
    select (a.booked_at at time zone 'UTC')::date, a.unit, a.test_mode,
        sum(case
            when a.kind in ('fee', 'conversion') or a.purchase_id is null then 0
            when a.debit in ('stripe_balance', 'stripe_other') then a.amount
            else -a.amount
        end),
        sum(case when a.kind <> 'fee' then 0 when a.debit = 'fees' then a.amount else -a.amount end)
    from added a
    where a.kind <> 'conversion'
        and (a.purchase_id is not null or a.kind = 'fee')
    group by 1, 2, 3
    -- Two runs at once lock the days in one order.
    order by 1, 2, 3
    on conflict (day, unit, test_mode) do update
        set gross = d.gross + excluded.gross,
            fees = d.fees + excluded.fees;
    return null;
end
$$;

comment on function purse.sum_balance_days() is
'Trigger: adds new rows of book_stripe to the sums of their days.';
revoke all on function purse.sum_balance_days() from public, anon, authenticated, service_role;

create trigger book_stripe_sum_days
    after insert on public.book_stripe
    referencing new table as added
    for each statement execute function purse.sum_balance_days();
alter table public.book_stripe enable always trigger book_stripe_sum_days;

create function purse.stripe_since(p_since timestamptz)
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'currency', m.unit,
        'decimals', coalesce((select c.decimals from public.stripe_currencies() c where c.currency = m.unit), 2),
        'gross', m.gross,
        'fees', m.fees
    ) order by m.gross desc, m.unit), '[]'::jsonb)
    from (
        select d.unit, sum(d.gross)::bigint as gross, sum(d.fees)::bigint as fees
        from purse.balance_days d
        where d.day >= (p_since at time zone 'UTC')::date
            and purse.is_of_this_mode(not d.test_mode)
        group by d.unit
    ) m
$$;

comment on function purse.stripe_since(timestamptz) is
'What orders brought into Stripe''s balance less what went back, and what Stripe kept, from the day of a moment on (UTC), by
the currency that the account settles in: [{currency, decimals, gross, fees}] in minor units. Empty if nothing was read.';
revoke all on function purse.stripe_since(timestamptz) from public, anon, authenticated, service_role;

create table public.balance_readings (
    livemode    boolean     not null,
    reached_at  timestamptz,
    finished_at timestamptz,
    started_at  timestamptz,
    after_id    text,
    money_id    bigint      not null,
    constraint balance_readings_pkey primary key (livemode)
);

comment on table public.balance_readings is
    'How far Stripe''s balance transactions are read, for test and live mode each: the last complete run, and where the present run continues.';
comment on column public.balance_readings.reached_at is 'When the last complete run began: everything that Stripe had created by then is read. Null: there was none, so the run reads everything.';
comment on column public.balance_readings.started_at is 'When the present run began. Null between runs.';
comment on column public.balance_readings.after_id is 'The last transaction of the present run''s list that is stored.';
comment on column public.balance_readings.money_id is 'The row of book_money up to which orders were looked for among the transactions that were nobody''s.';

alter table public.balance_readings enable row level security;
revoke all on public.balance_readings from public, anon, authenticated, service_role;
grant select on public.balance_readings to service_role;

create table public.payout_listings (
    payout_id   text        not null,
    livemode    boolean     not null,
    after_id    text,
    finished_at timestamptz,
    constraint payout_listings_pkey primary key (payout_id)
);

comment on table public.payout_listings is
    'How far the transactions of a payout are listed (stripe_payout_transactions).';
comment on column public.payout_listings.finished_at is 'When all were listed, or it was known that Stripe does not list them. Null: not yet.';

alter table public.payout_listings enable row level security;
revoke all on public.payout_listings from public, anon, authenticated, service_role;
grant select on public.payout_listings to service_role;
