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

create function public.begin_balance_reading(p_livemode boolean)
    returns jsonb
    language sql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '2s'
as $$
    select purse.require_server();
    insert into public.balance_readings as r (livemode, started_at, money_id)
    values (p_livemode, clock_timestamp(), purse.last_settled_money())
    on conflict (livemode) do update
        set started_at = coalesce(r.started_at, excluded.started_at)
    returning jsonb_build_object(
        'started_at', r.started_at,
        'since', floor(extract(epoch from r.reached_at))::bigint,
        'after_id', r.after_id
    )
$$;

comment on function public.begin_balance_reading(boolean) is
'Continues the present run that reads Stripe''s balance transactions, or begins one.
Returns {started_at, since: seconds since 1970 or null, after_id or null}.';
revoke all on function public.begin_balance_reading(boolean) from public, anon, authenticated, service_role;
grant execute on function public.begin_balance_reading(boolean) to service_role;

-- Locks the books (advisory, shared), so that no month is sealed between choosing booked_at and the commit.
create function public.record_balance_page(
    p_livemode     boolean,
    p_started_at   timestamptz,
    p_transactions jsonb,
    p_after_id     text
)
    returns bigint
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '2s'
as $$
declare
    v_open  timestamptz;
    v_added bigint;
    v_money bigint;
begin
    perform purse.require_server();
    perform pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('books', 0));
    v_open := purse.first_open_moment();
    with added (transaction) as (
        insert into public.stripe_balance_transactions as t (
            id, livemode, type, reporting_category, balance_type, amount, fee, net, currency, exchange_rate, source_id,
            payment_intent_id, source_amount, source_currency, created_at, available_on, booked_at
        )
        select x.id, p_livemode, x.type, x.reporting_category, x.balance_type, x.amount, x.fee, x.net, x.currency,
            x.exchange_rate, x.source_id, x.payment_intent_id, x.source_amount, x.source_currency,
            to_timestamp(x.created), to_timestamp(x.available_on), greatest(to_timestamp(x.created), v_open)
        from jsonb_to_recordset(p_transactions) x (
            id text, type text, reporting_category text, balance_type text, amount bigint, fee bigint, net bigint,
            currency text, exchange_rate numeric, source_id text, payment_intent_id text, source_amount bigint,
            source_currency text, created bigint, available_on bigint
        )
        -- Two runs at once insert the same rows in one order, so that they do not deadlock.
        order by x.id
        on conflict (id) do nothing
        returning t
    ),
    posted as (
        insert into public.book_stripe (transaction_id, kind, purchase_id, unit, test_mode, debit, credit, amount, booked_at)
        select (a.transaction).id, x.kind, x.purchase_id, x.unit, not p_livemode, x.debit, x.credit, x.amount,
            (a.transaction).booked_at
        from added a
        cross join lateral purse.balance_postings(a.transaction, 'stripe_balance') x
        where (a.transaction).balance_type = 'payments'
    )
    select count(*) into v_added from added;
    if p_after_id is null then
        select r.money_id into v_money from public.balance_readings r where r.livemode = p_livemode;
        perform purse.match_balance_transactions(v_money);
        v_money := purse.last_settled_money();
    end if;
    update public.balance_readings r
    set after_id = p_after_id,
        started_at = case when p_after_id is not null then r.started_at end,
        reached_at = case when p_after_id is null then p_started_at else r.reached_at end,
        finished_at = case when p_after_id is null then clock_timestamp() else r.finished_at end,
        money_id = greatest(r.money_id, v_money)
    where r.livemode = p_livemode
        and r.started_at = p_started_at;
    return v_added;
end
$$;

comment on function public.record_balance_page(boolean, timestamptz, jsonb, text) is
'Stores a page of Stripe''s balance transactions with their postings, and how far the run that began at p_started_at has
come, all in one transaction. p_after_id null: it was the last page, so the run is complete. What is known already
changes nothing. p_transactions: [{id, type, reporting_category, balance_type, amount, fee, net, currency, exchange_rate,
source_id, payment_intent_id, source_amount, source_currency, created, available_on}], amounts in minor units, times in
seconds since 1970. Only the balance of payments is posted. Returns how many were new.';
revoke all on function public.record_balance_page(boolean, timestamptz, jsonb, text)
    from public, anon, authenticated, service_role;
grant execute on function public.record_balance_page(boolean, timestamptz, jsonb, text) to service_role;

create function public.payouts_to_list(
    p_livemode boolean,
    p_limit    integer
)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select purse.require_server();
    select coalesce(jsonb_agg(jsonb_build_object(
        'payout_id', o.source_id,
        'after_id', o.after_id
    ) order by o.created_at, o.source_id), '[]'::jsonb)
    from (
        select t.source_id, t.created_at, l.after_id
        from public.stripe_balance_transactions t
        left join public.payout_listings l on l.payout_id = t.source_id
        where t.reporting_category = 'payout'
            and t.source_id is not null
            and t.livemode = p_livemode
            and l.finished_at is null
        order by t.created_at, t.source_id
        limit p_limit
    ) o
$$;

comment on function public.payouts_to_list(boolean, integer) is
'Payouts whose transactions are not all listed yet, oldest first. Returns [{payout_id, after_id or null}].';
revoke all on function public.payouts_to_list(boolean, integer) from public, anon, authenticated, service_role;
grant execute on function public.payouts_to_list(boolean, integer) to service_role;

create function public.record_payout_page(
    p_livemode        boolean,
    p_payout_id       text,
    p_transaction_ids jsonb,
    p_after_id        text
)
    returns void
    language sql
    security definer
    set search_path = ''
    set lock_timeout = '2s'
as $$
    select purse.require_server();
    insert into public.stripe_payout_transactions (transaction_id, payout_id)
    select x.id, p_payout_id
    from jsonb_array_elements_text(p_transaction_ids) x (id)
    order by x.id
    on conflict (transaction_id) do nothing;
    insert into public.payout_listings as l (payout_id, livemode, after_id, finished_at)
    values (p_payout_id, p_livemode, p_after_id, case when p_after_id is null then clock_timestamp() end)
    on conflict (payout_id) do update
        set after_id = excluded.after_id,
            finished_at = excluded.finished_at
        where l.finished_at is null
$$;

comment on function public.record_payout_page(boolean, text, jsonb, text) is
'Stores which transactions left with a payout, and how far its list has come. p_after_id null: it was the last page, or
Stripe does not list them. Safe to repeat.';
revoke all on function public.record_payout_page(boolean, text, jsonb, text) from public, anon, authenticated, service_role;
grant execute on function public.record_payout_page(boolean, text, jsonb, text) to service_role;

create function public.read_stripe_balance(p_livemode boolean)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set statement_timeout = '60s'
as $$
    select purse.require_server();
    select jsonb_build_object(
        'reached_at', (select r.reached_at from public.balance_readings r where r.livemode = p_livemode),
        'currencies', coalesce((
            select jsonb_object_agg(b.currency, b.net)
            from (
                select t.currency, sum(t.net)::bigint as net
                from public.stripe_balance_transactions t
                where t.livemode = p_livemode
                    and t.balance_type = 'payments'
                group by t.currency
            ) b
        ), '{}'::jsonb)
    )
$$;

comment on function public.read_stripe_balance(boolean) is
'What Stripe owes the account by the transactions that are read, payouts deducted, to compare with GET /v1/balance.
Returns {reached_at: of the last complete run or null, currencies: {currency: minor units}}.';
revoke all on function public.read_stripe_balance(boolean) from public, anon, authenticated, service_role;
grant execute on function public.read_stripe_balance(boolean) to service_role;

create function public.read_balance_transactions(
    p_month    date,
    p_timezone text,
    p_after_id text default null,
    p_limit    integer default 10000
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
    select coalesce(jsonb_agg(to_jsonb(m) order by m.id), '[]'::jsonb)
    from (
        select t.id, t.livemode, t.type, t.reporting_category, t.balance_type, t.amount, t.fee, t.net, t.currency,
            t.exchange_rate::text as exchange_rate, t.source_id, t.source_amount, t.source_currency, t.created_at,
            t.available_on, y.payout_id,
            (
                select b.purchase_id
                from public.book_stripe b
                where b.transaction_id = t.id
                    and b.purchase_id is not null
                limit 1
            ) as purchase_id
        from public.stripe_balance_transactions t
        left join public.stripe_payout_transactions y on y.transaction_id = t.id
        where t.booked_at >= p_month::timestamp at time zone p_timezone
            and t.booked_at < (p_month + interval '1 month')::timestamp at time zone p_timezone
            and (p_after_id is null or t.id > p_after_id)
        order by t.id
        limit p_limit
    ) m
$$;

comment on function public.read_balance_transactions(date, text, text, integer) is
'The balance transactions that count in a month, by id after p_after_id, p_limit a page. p_month is its first day. Returns
[{id, livemode, type, reporting_category, balance_type, amount, fee, net, currency, exchange_rate: text or null, source_id,
source_amount, source_currency, created_at, available_on, payout_id or null, purchase_id or null}], amounts in minor units.';
revoke all on function public.read_balance_transactions(date, text, text, integer)
    from public, anon, authenticated, service_role;
grant execute on function public.read_balance_transactions(date, text, text, integer) to service_role;
