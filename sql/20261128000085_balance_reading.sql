-- Reading Stripe's balance in pages: where a run is, and what it found.

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
