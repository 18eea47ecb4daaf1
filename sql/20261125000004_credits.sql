-- What a person asks of their purse: what is in it, what happened to it (read_credits), and what it was
-- made of at any moment (explain_balance).

-- read_usage(user, available) -> {spent_per_day, days_left, daily: [{date, spent}]}
-- The last thirty days in UTC, oldest first, what was undone taken off. The rate is over the days since
-- the account was opened, thirty at most; of a very busy account the newest 5,000 movements count.
create function public.read_usage(
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

comment on function public.read_usage(uuid, bigint) is 'What a user spent on each of the last thirty days, and how long the rest lasts at that rate. Granted to nobody.';
revoke all on function public.read_usage(uuid, bigint) from public, anon, authenticated, service_role;

-- read_history(user, page size, cursor or null) -> {transactions: [...], next_cursor}. See read_credits.
create function public.read_history(
    p_user_id uuid,
    p_limit   integer,
    p_cursor  bigint
)
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    with page as (
        select *
        from public.credit_transactions t
        where t.user_id = p_user_id
            and (p_cursor is null or t.id < p_cursor)
        order by t.id desc
        limit p_limit + 1
    ),
    shown as (
        select * from page order by id desc limit p_limit
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
                'quantity', s.quantity,
                'order_id', s.purchase_id,
                'reverses', s.reverses_id::text,
                'reason', s.reason,
                'receipt', case when s.kind = 'purchase' and p.amount_paid > 0 then '/api/receipt?order_id=' || p.id end,
                'lots', (
                    select jsonb_agg(jsonb_build_object(
                        'lot_id', l.id::text,
                        'source', l.source,
                        'name', l.name,
                        'credits', e.value::bigint,
                        'created_at', l.created_at,
                        'expires_at', l.expires_at
                    ) order by l.expires_at, l.id)
                    from jsonb_each_text(s.lots) e
                    join public.credit_lots l
                        on l.user_id = p_user_id
                        and l.id = e.key::bigint
                ),
                'created_at', s.created_at
            ) order by s.id desc), '[]'::jsonb)
            from shown s
            left join public.purchases p on p.id = s.purchase_id
            left join public.credit_features f on f.id = s.feature
        ),
        'next_cursor', (
            select min(s.id)::text from shown s where (select count(*) from page) > p_limit
        )
    )
$$;

comment on function public.read_history(uuid, integer, bigint) is 'A page of a user''s ledger, newest first. Granted to nobody.';
revoke all on function public.read_history(uuid, integer, bigint) from public, anon, authenticated, service_role;

-- read_credits(user, page size, cursor or null, checkout session or null, low threshold or null)
--   -> {balance, held, available, low, low_threshold, next_expiry: {credits, expires_at} or null,
--       usage: see read_usage; null with a cursor,
--       transactions: [{id, kind, amount, balance_after, description, feature, quantity, order_id, reverses, reason,
--                       receipt, lots: [{lot_id, source, name, credits, created_at, expires_at}], created_at}],
--       next_cursor: id or null,
--       purchase: {status, package_type, package_name, credits, credited, amount, refunded, currency, created_at} or null}
-- low: less than the user's own threshold, else the one given, else what the dearest feature costs. Newest
-- first; a page ends where the next one's cursor says. Ids are text: they may outgrow a double. With
-- refunded a paid purchase that is not credited in full explains itself.
-- What has lapsed is written first, so that the balance is the present one and its history says why.
create function public.read_credits(
    p_user_id             uuid,
    p_limit               integer,
    p_cursor              bigint default null,
    p_checkout_session_id text   default null,
    p_low_threshold       bigint default null
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
begin
    if exists (select from public.user_credits u where u.user_id = p_user_id and u.lapses_at <= now()) then
        perform public.lock_account(p_user_id);
    end if;

    -- One statement, so that balance and history are of one moment, whoever spends meanwhile.
    return (
        select jsonb_build_object(
            'balance', a.balance,
            'held', a.held,
            'available', a.balance - a.held,
            'low', a.balance - a.held < a.low_threshold,
            'low_threshold', a.low_threshold,
            'next_expiry', (
                select jsonb_build_object('credits', sum(l.remaining)::bigint, 'expires_at', l.expires_at)
                from public.credit_lots l
                where l.user_id = p_user_id
                    and l.remaining > 0
                    and l.expires_at > now()
                group by l.expires_at
                order by l.expires_at
                limit 1
            ),
            'usage', case when p_cursor is null then public.read_usage(p_user_id, a.balance - a.held) end,
            'purchase', (
                select jsonb_build_object(
                    'status', o.status,
                    'package_type', o.package_id,
                    'package_name', o.package_name,
                    'credits', o.credits,
                    'credited', o.credits_posted,
                    'amount', coalesce(o.amount_paid, o.unit_amount),
                    'refunded', public.purchase_withdrawn(o),
                    'currency', coalesce(o.currency_paid, o.currency),
                    'created_at', o.created_at
                )
                from public.purchases o
                where o.checkout_session_id = p_checkout_session_id
                    and o.user_id = p_user_id
            )
        ) || public.read_history(p_user_id, p_limit, p_cursor)
        from (
            select coalesce(max(u.balance), 0) as balance,
                coalesce(max(u.held), 0) as held,
                coalesce(
                    max(u.low_threshold),
                    p_low_threshold,
                    (select max(f.credits) from public.credit_features f where f.active),
                    0
                ) as low_threshold
            from public.user_credits u
            where u.user_id = p_user_id
        ) a
    );
end
$$;

comment on function public.read_credits(uuid, integer, bigint, text, bigint) is
    'A user''s balance, usage, a page of history and, if asked, what became of one checkout session of theirs.';
revoke all on function public.read_credits(uuid, integer, bigint, text, bigint) from public, anon, authenticated, service_role;
grant execute on function public.read_credits(uuid, integer, bigint, text, bigint) to service_role;

-- payment_of_order(user, order) -> the payment intent that paid an order of theirs, or null
create function public.payment_of_order(
    p_user_id  uuid,
    p_order_id uuid
)
    returns text
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select p.payment_intent_id
    from public.purchases p
    where p.id = p_order_id
        and p.user_id = p_user_id
        and p.paid_at is not null
$$;

comment on function public.payment_of_order(uuid, uuid) is 'Which payment paid an order of this user: for its receipt at Stripe.';
revoke all on function public.payment_of_order(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.payment_of_order(uuid, uuid) to service_role;

-- explain_balance(user, when, now by default)
--   -> {at, balance, held, available, lots: [{lot_id, source, name, order_id, granted, created_at, expires_at,
--       remaining, held, lapsed, movements: [{transaction_id, kind, feature, quantity, hold_id, credits, created_at}]}]}
-- What the balance was made of at that moment: which lots, bought when, what was left of each, when it lapses,
-- and every movement that touched it, oldest first. lapsed are credits that lapsed by then, written or not.
-- Lots in the order in which they are spent. For support: select explain_balance('…user…', '2026-11-01');
create function public.explain_balance(
    p_user_id uuid,
    p_at      timestamptz default now()
)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
as $$
    with movements as (
        select e.key::bigint as lot_id, e.value::bigint as credits,
            t.id, t.kind, t.feature, t.quantity, t.hold_id, t.created_at
        from public.credit_transactions t
        cross join lateral jsonb_each_text(t.lots) e
        where t.user_id = p_user_id
            and t.created_at <= p_at
    ),
    held as (
        select e.key::bigint as lot_id, sum(e.value::bigint)::bigint as credits
        from public.credit_holds h
        cross join lateral jsonb_each_text(h.lots) e
        where h.user_id = p_user_id
            and h.created_at <= p_at
            and least(h.ended_at, h.expires_at) > p_at
        group by e.key
    ),
    left_over as (
        select l.id, coalesce(h.credits, 0) as held,
            coalesce((select sum(m.credits) from movements m where m.lot_id = l.id), 0)::bigint as posted,
            coalesce((
                select -sum(m.credits) from movements m where m.lot_id = l.id and m.kind in ('expiry', 'expiry_reversal')
            ), 0)::bigint as lapsed
        from public.credit_lots l
        left join held h on h.lot_id = l.id
        where l.user_id = p_user_id
            and l.created_at <= p_at
    ),
    lots as (
        -- What lapsed before that moment and was written after it had lapsed all the same.
        select o.id, o.held, o.posted - w.credits as remaining, o.lapsed + w.credits as lapsed
        from left_over o
        join public.credit_lots l on l.id = o.id
        cross join lateral (
            select case when l.expires_at <= p_at then greatest(o.posted - o.held, 0) else 0 end as credits
        ) w
    )
    select jsonb_build_object(
        'at', p_at,
        'balance', coalesce(sum(x.remaining), 0)::bigint,
        'held', coalesce(sum(x.held), 0)::bigint,
        'available', coalesce(sum(x.remaining - x.held), 0)::bigint,
        'lots', coalesce(jsonb_agg(jsonb_build_object(
            'lot_id', l.id::text,
            'source', l.source,
            'name', l.name,
            'order_id', l.purchase_id,
            'granted', l.granted,
            'created_at', l.created_at,
            'expires_at', l.expires_at,
            'remaining', x.remaining,
            'held', x.held,
            'lapsed', x.lapsed,
            'movements', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'transaction_id', m.id::text,
                    'kind', m.kind,
                    'feature', m.feature,
                    'quantity', m.quantity,
                    'hold_id', m.hold_id,
                    'credits', m.credits,
                    'created_at', m.created_at
                ) order by m.id), '[]'::jsonb)
                from movements m
                where m.lot_id = l.id
            )
        ) order by l.expires_at, l.id), '[]'::jsonb)
    )
    from lots x
    join public.credit_lots l on l.id = x.id
$$;

comment on function public.explain_balance(uuid, timestamptz) is
    'What a balance was made of at a moment: which lots, bought when, what is left of each, when it lapses, and which movements took from which.';
revoke all on function public.explain_balance(uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.explain_balance(uuid, timestamptz) to service_role;
