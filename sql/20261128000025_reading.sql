-- What a user sees of their credits: balance, usage and history (GET /api/credits).

create function purse.read_usage(
    p_user_id   uuid,
    p_available bigint
)
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    with newest as (
        select t.kind, t.amount, t.created_at
        from public.credit_transactions t
        where t.user_id = p_user_id
        order by t.id desc
        limit 5000
    ),
    days as (
        select d.day::date as date, coalesce(-sum(n.amount), 0)::bigint as spent
        from pg_catalog.generate_series(
            (now() at time zone 'utc')::date - 29, (now() at time zone 'utc')::date, interval '1 day'
        ) d (day)
        left join newest n
            on (n.created_at at time zone 'utc')::date = d.day::date
            and n.kind in ('spend', 'reversal')
        group by d.day
    ),
    rate as (
        select greatest(sum(days.spent), 0) / least(30, greatest(1, (
            select (now() at time zone 'utc')::date - (u.created_at at time zone 'utc')::date + 1
            from public.user_credits u
            where u.user_id = p_user_id
        ))) as per_day
        from days
    )
    select pg_catalog.jsonb_build_object(
        'spent_per_day', round(rate.per_day, 2),
        'days_left', case when rate.per_day > 0 then floor(greatest(p_available, 0) / rate.per_day)::bigint end,
        'daily', (select jsonb_agg(jsonb_build_object('date', days.date, 'spent', days.spent) order by days.date) from days)
    )
    from rate
$$;

comment on function purse.read_usage(uuid, bigint) is
'A user''s spending over the last thirty days in UTC, oldest day first, less what was undone.
Returns {spent_per_day, days_left, daily: [{date, spent}]}. The rate covers the days since the account was
opened, thirty at most. Of a very busy account only the newest 5,000 transactions count.';
revoke all on function purse.read_usage(uuid, bigint) from public, anon, authenticated, service_role;

create view purse.work_names with (security_invoker = true) as
    select null::uuid as hold_id, null::text as name
    where false;

comment on view purse.work_names is
'What the work was done on that a hold paid for, by the name that its owner knows: at most one row for each hold.
History shows it as file_name, and the search finds it. Empty here: whoever holds credits for something with a name
replaces this view, as the sample app does.';
comment on column purse.work_names.name is 'For example a file''s name.';
revoke all on purse.work_names from public, anon, authenticated, service_role;

create function purse.read_history(
    p_user_id         uuid,
    p_limit           integer,
    p_cursor          bigint,
    p_withdrawal_days integer,
    p_kinds           text[] default null,
    p_feature         text   default null,
    p_query           text   default null
)
    returns jsonb
    -- plpgsql, because it reads tables that later files create.
    language plpgsql
    stable
    set search_path = ''
as $$
declare
    v_found   bigint[];
    v_lowest  bigint := 0;
    v_further bigint;
begin
    if p_kinds is not null or p_feature is not null or p_query is not null then
        select f.ids, f.further into v_found, v_further
        from purse.find_entries(p_user_id, p_limit + 1, p_cursor, p_kinds, p_feature, p_query) f;
        -- Nothing found: no id is that high.
        v_lowest := coalesce(v_found[cardinality(v_found)], 9223372036854775807);
    end if;
    return (
        with page as (
            select *
            from public.credit_transactions t
            where t.user_id = p_user_id
                and t.id < coalesce(p_cursor, 9223372036854775807)
                and t.id >= v_lowest
                and (v_found is null or t.id = any (v_found))
            order by t.id desc
            limit p_limit + 1
        ),
        shown as (
            select * from page order by id desc limit p_limit
        ),
        -- Read once, and only if a row has a price.
        currencies as materialized (
            select c.currency, c.decimals from public.stripe_currencies() c
        )
        select jsonb_build_object(
            'transactions', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'id', s.id::text,
                    'kind', s.kind,
                    'amount', s.amount,
                    'balance_after', s.balance_after,
                    'description', coalesce(p.package_name, f.name, s.feature, case when s.kind in ('bonus', 'correction') then s.reason end),
                    'feature', s.feature,
                    'feature_name', f.name,
                    'file_name', case
                        when s.hold_id is not null
                            then (select w.name from purse.work_names w where w.hold_id = s.hold_id)
                    end,
                    'quantity', s.quantity,
                    'price', case
                        when s.kind in ('purchase', 'move_in') and p.paid_at is not null and p.user_id = p_user_id
                            then jsonb_build_object(
                                'amount', p.amount_paid,
                                'currency', p.currency_paid,
                                'decimals', coalesce(
                                    (select c.decimals from currencies c where c.currency = p.currency_paid), 2
                                )
                            )
                    end,
                    'order_id', s.purchase_id,
                    'reverses', s.reverses_id::text,
                    'reason', s.reason,
                    'receipt', case when s.kind in ('purchase', 'move_in') and p.amount_paid > 0 and p.user_id = p_user_id then '/api/receipt?order_id=' || p.id end,
                    'invoice', case when s.kind in ('purchase', 'move_in') and p.invoiced and p.paid_at is not null and p.user_id = p_user_id then '/api/invoice?order_id=' || p.id end,
                    'withdraw_until', case
                        when s.kind in ('purchase', 'move_in')
                            and p.user_id = p_user_id
                            and purse.why_no_withdrawal(p, p_withdrawal_days) is null
                            then purse.withdrawal_ends_at(p, p_withdrawal_days)
                    end,
                    'withdrawn_at', case
                        when s.kind in ('purchase', 'move_in') and p.user_id = p_user_id
                            then (select w.withdrawn_at from public.withdrawals w where w.purchase_id = p.id)
                    end,
                    'lots', (
                        select jsonb_agg(jsonb_build_object(
                            'lot_id', l.id::text,
                            'source', l.source,
                            'name', l.name,
                            'credits', e.value::bigint,
                            'created_at', l.created_at,
                            'expires_at', l.expires_at
                        ) order by l.expires_at, l.id)
                        from pg_catalog.jsonb_each_text(s.lots) e
                        -- By id alone: after a purse has moved, its lots are another user's. With the limit, the planner
                        -- looks up each lot by its id. In a join it expects a hundred lots in a row, and scans the table.
                        cross join lateral (
                            select * from public.credit_lots l where l.id = e.key::bigint limit 1
                        ) l
                    ),
                    'created_at', s.created_at
                ) order by s.id desc), '[]'::jsonb)
                from shown s
                left join public.purchases p on p.id = s.purchase_id
                left join public.credit_features f on f.id = s.feature
            ),
            'next_cursor', coalesce(
                (select min(s.id) from shown s where (select count(*) from page) > p_limit), v_further
            )::text
        )
    );
end
$$;

comment on function purse.read_history(uuid, integer, bigint, integer, text[], text, text) is
'A page of a user''s ledger, newest first: {transactions: [...], next_cursor}. See refresh_credits.';
revoke all on function purse.read_history(uuid, integer, bigint, integer, text[], text, text)
    from public, anon, authenticated, service_role;

create function purse.next_expiry(p_user_id uuid)
    returns jsonb
    language plpgsql
    stable
    set search_path = ''
    -- Otherwise Postgres may plan anew for each user: they have one lot or a thousand.
    set plan_cache_mode = 'force_generic_plan'
as $$
begin
    return (
        select jsonb_build_object('credits', sum(l.remaining)::bigint, 'expires_at', l.expires_at)
        from public.credit_lots l
        where l.user_id = p_user_id
            and l.remaining > 0
            and l.expires_at > now()
        group by l.expires_at
        order by l.expires_at
        limit 1
    );
end
$$;

comment on function purse.next_expiry(uuid) is
'The credits that expire next, held ones included: {credits, expires_at}; null if none will.';
revoke all on function purse.next_expiry(uuid) from public, anon, authenticated, service_role;

create function public.refresh_credits(
    p_user_id             uuid,
    p_limit               integer,
    p_cursor              bigint default null,
    p_checkout_session_id text   default null,
    p_low_threshold       bigint default null,
    p_usage               boolean default false,
    p_withdrawal_days     integer default 0,
    p_kinds               text[] default null,
    p_feature             text   default null,
    p_query               text   default null,
    p_payments            boolean default false,
    p_balances            integer default null
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '150ms'
as $$
begin
    perform purse.require_server();
    perform purse.require_account(p_user_id);
    if exists (select from public.user_credits u where u.user_id = p_user_id and u.lapses_at <= now()) then
        perform purse.lock_account(p_user_id);
    end if;

    -- One statement reads everything, so that balance and history agree during parallel spends.
    return (
        select jsonb_build_object(
            'balance', a.balance,
            'held', a.held,
            'available', a.balance - a.held,
            'low', a.balance - a.held < a.low_threshold,
            'low_threshold', a.low_threshold,
            'next_expiry', purse.next_expiry(p_user_id),
            'usage', case when p_usage then purse.read_usage(p_user_id, a.balance - a.held) end,
            'payments', case when p_payments then purse.read_payments(p_user_id) end,
            'balances', case when p_balances is not null then purse.read_balances(p_user_id, p_balances) end,
            'purchase', (
                select jsonb_build_object(
                    'order_id', o.id,
                    'status', o.status,
                    'package_type', o.package_id,
                    'package_name', o.package_name,
                    'credits', o.credits,
                    'credited', o.credits_posted,
                    'amount', coalesce(o.amount_paid, o.unit_amount),
                    'refunded', purse.amount_reversed(o),
                    'currency', coalesce(o.currency_paid, o.currency),
                    'decimals', coalesce((
                        select c.decimals
                        from public.stripe_currencies() c
                        where c.currency = coalesce(o.currency_paid, o.currency)
                    ), 2),
                    'decline_code', o.decline_code,
                    'receipt', case when o.amount_paid > 0 then '/api/receipt?order_id=' || o.id end,
                    'invoice', case when o.invoiced and o.paid_at is not null then '/api/invoice?order_id=' || o.id end,
                    'created_at', o.created_at
                )
                from public.purchases o
                where o.checkout_session_id = p_checkout_session_id
                    and o.user_id = p_user_id
            )
        ) || purse.read_history(
            p_user_id, p_limit, p_cursor, p_withdrawal_days, p_kinds, p_feature, p_query
        )
        from (
            select coalesce(max(u.balance), 0) as balance,
                coalesce(max(u.held), 0) as held,
                purse.low_threshold(p_user_id, p_low_threshold) as low_threshold
            from public.user_credits u
            where u.user_id = p_user_id
        ) a
    );
end
$$;

comment on function public.refresh_credits(
    uuid, integer, bigint, text, bigint, boolean, integer, text[], text, text, boolean, integer
) is
'Writes what has expired in a user''s account, then returns what they see of it:
{balance, held, available, low, low_threshold, next_expiry: {credits, expires_at} or null,
usage: see purse.read_usage, null unless p_usage,
payments: see purse.read_payments, null unless p_payments,
balances: see purse.read_balances, null without p_balances,
transactions: [{id, kind, amount, balance_after, description, feature, feature_name, file_name, quantity,
price: {amount, currency, decimals} or null, order_id, reverses, reason, receipt, invoice, withdraw_until, withdrawn_at, lots: [{lot_id, source, name, credits, created_at, expires_at}], created_at}],
next_cursor: id or null,
purchase: {order_id, status, package_type, package_name, credits, credited, amount, refunded, currency, decimals, decline_code,
receipt, invoice, created_at} or null}.
Transactions come newest first, p_limit a page; next_cursor is p_cursor of the next page. Ids are text,
because a JSON number may be too small for them. price is what was paid for a purchase, in minor units. p_kinds,
p_feature and p_query choose among the transactions (purse.find_entries): a page may then be shorter than p_limit, and
next_cursor leads on all the same. low: less is available than the user''s own threshold,
otherwise p_low_threshold, otherwise the price of the dearest feature. purchase is the order of
p_checkout_session_id, if it is this user''s; withdraw_until of a purchase: until when it can be withdrawn from, within
p_withdrawal_days; null if it cannot. refunded explains why a paid order is not credited in full.
Raises PT403 if the account was deleted.';
revoke all on function public.refresh_credits(
    uuid, integer, bigint, text, bigint, boolean, integer, text[], text, text, boolean, integer
) from public, anon, authenticated, service_role;
grant execute on function public.refresh_credits(
    uuid, integer, bigint, text, bigint, boolean, integer, text[], text, text, boolean, integer
) to service_role;
