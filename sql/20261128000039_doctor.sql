-- make doctor: does everything add up? Read-only. The command says what to do about a finding.

create view purse.unsettled_purchases with (security_invoker = true) as
    select p.*, t.target
    from public.purchases p
    cross join lateral (select purse.purchase_target(p) as target) t
    where (p.paid_at is not null or p.credits_posted <> 0)
        and p.credits_posted <> t.target
        and purse.is_of_this_mode(p.livemode);

comment on view purse.unsettled_purchases is
'Orders of the ledger''s mode of which not the credits are posted that their facts call for. There should be none.';
revoke all on purse.unsettled_purchases from public, anon, authenticated, service_role;

create view purse.overdue_orders with (security_invoker = true) as
    select p.*
    from public.purchases p
    where p.status = 'open'
        and p.checkout_session_id is not null
        -- A checkout page is open for a day at most, and reconciliation had two more days.
        and p.created_at between now() - interval '60 days' and now() - interval '3 days'
        and purse.is_of_this_mode(p.livemode);

comment on view purse.overdue_orders is
'Orders of the ledger''s mode that are open although reconciliation should have ended them. There should be none.';
revoke all on purse.overdue_orders from public, anon, authenticated, service_role;

create function public.doctor()
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
    -- PostgREST applies this before the call: scanning a long ledger takes longer than requests may.
    set statement_timeout = '60s'
as $$
    select purse.require_server();
    with sums as (
        select t.user_id, sum(t.amount)::bigint as total
        from public.credit_transactions t
        group by t.user_id
    ),
    balances_off as (
        select coalesce(u.user_id, s.user_id) as user_id,
            coalesce(u.balance, 0) as balance,
            coalesce(s.total, 0) as ledger
        from public.user_credits u
        full join sums s on s.user_id = u.user_id
        where coalesce(u.balance, 0) <> coalesce(s.total, 0)
            or u.user_id is null
        order by 1
        limit 100
    ),
    lots as (
        select l.user_id, sum(l.remaining)::bigint as remaining, sum(l.held)::bigint as held
        from public.credit_lots l
        group by l.user_id
    ),
    holds as (
        select h.user_id, sum(h.credits)::bigint as held
        from public.credit_holds h
        where h.status = 'held'
        group by h.user_id
    ),
    lots_off as (
        select u.user_id, u.balance, coalesce(l.remaining, 0) as lots,
            u.held, coalesce(l.held, 0) as held_in_lots, coalesce(h.held, 0) as held_by_holds
        from public.user_credits u
        left join lots l on l.user_id = u.user_id
        left join holds h on h.user_id = u.user_id
        where u.balance <> coalesce(l.remaining, 0)
            or u.held <> coalesce(l.held, 0)
            or u.held <> coalesce(h.held, 0)
        order by 1
        limit 100
    ),
    next_lots_off as (
        select u.user_id, u.next_lot_id, u.next_lot_free, f.lot_id as first_lot_id
        from public.user_credits u
        left join public.credit_lot_rows n
            on n.id = u.next_lot_id
            and n.user_id = u.user_id
        left join (
            select distinct on (l.user_id) l.user_id, l.id as lot_id, l.expires_at
            from public.credit_lots l
            where l.remaining > l.held
            order by l.user_id, l.expires_at, l.id
        ) f on f.user_id = u.user_id
        -- The noted lot may be used up, but no lot before it may have free credits.
        where u.next_lot_free is not null
            and (
                n.id is null
                or u.next_lot_free not between 0 and n.remaining - n.held
                or (coalesce(f.expires_at, 'infinity'), f.lot_id) < (coalesce(n.expires_at, 'infinity'), n.id)
            )
        order by 1
        limit 100
    ),
    holds_off as (
        select h.user_id, coalesce(u.has_held, false) as has_held, u.lapses_at, h.first_deadline
        from (
            select h.user_id, min(h.expires_at) filter (where h.status = 'held') as first_deadline
            from public.credit_holds h
            group by h.user_id
        ) h
        left join public.user_credits u on u.user_id = h.user_id
        where u.has_held is not true
            or h.first_deadline < coalesce(u.lapses_at, 'infinity')
        order by 1
        limit 100
    ),
    reversals_off as (
        select r.id::text as transaction_id, r.user_id, r.amount
        from public.credit_transactions r
        where r.reverses_id is not null
            and not exists (
                select from public.credit_transactions s
                where s.id = r.reverses_id
                    and s.kind = 'spend'
            )
        order by r.id
        limit 100
    ),
    purchases_off as (
        select p.id as order_id, p.user_id, p.created_at, p.credits_posted as posted, p.target
        from purse.unsettled_purchases p
        order by p.created_at
        limit 100
    ),
    posted as (
        select t.purchase_id, sum(t.amount)::bigint as total
        from public.credit_transactions t
        where t.kind in ('purchase', 'clawback', 'giveback', 'write_off')
        group by t.purchase_id
    ),
    -- Materialized: with the limit in the same query, Postgres would join row by row and hope for a hundred cases soon.
    postings as materialized (
        select p.id as order_id, p.user_id, p.credits_posted + coalesce(l.forgiven, 0) as posted,
            coalesce(t.total, 0) as ledger, p.created_at
        from public.purchases p
        left join posted t on t.purchase_id = p.id
        left join public.credit_lots l on l.purchase_id = p.id
        where p.credits_posted + coalesce(l.forgiven, 0) <> coalesce(t.total, 0)
            -- Going live forgets what test refunds could not take.
            and purse.is_of_this_mode(p.livemode)
    ),
    postings_off as (
        select p.order_id, p.user_id, p.posted, p.ledger
        from postings p
        order by p.created_at
        limit 100
    ),
    mismatches as (
        select p.id as order_id, p.user_id, p.created_at, p.unit_amount, p.currency, p.amount_subtotal, p.currency_paid,
            p.sealed
        from public.purchases p
        where p.status = 'mismatch'
            and p.decision is null
            and purse.is_of_this_mode(p.livemode)
        order by p.created_at
        limit 100
    ),
    second_payments as (
        select p.id as order_id, p.user_id, p.amount_paid, p.currency_paid, t.payments
        from (
            select t.purchase_id, sum(t.amount) as amount,
                array_agg(t.payment_intent_id order by t.paid_at, t.payment_intent_id) as payments
            from public.purchase_payments t
            group by t.purchase_id
            having count(*) > 1
        ) t
        join public.purchases p on p.id = t.purchase_id
        where purse.is_of_this_mode(p.livemode)
            and t.amount - p.amount_paid > (
            select coalesce(sum(r.amount), 0)
            from public.purchase_reversals r
            where r.payment_intent_id = any (t.payments)
                and r.in_effect
        )
        order by p.created_at
        limit 100
    ),
    foreign_reversals as (
        select r.id, r.kind, p.id as order_id, r.amount, r.currency, p.currency_paid, r.settled_amount, r.settled_currency,
            r.settled_currency is not distinct from p.currency_paid as share_is_known
        from public.purchase_reversals r
        join public.purchases p on p.id = purse.purchase_of_payment(r.payment_intent_id)
        where r.in_effect
            and p.currency_paid is not null
            and r.currency <> p.currency_paid
        order by r.occurred_at
        limit 100
    ),
    disputes_to_answer as (
        select r.id, p.id as order_id, p.user_id, r.amount, r.currency, r.status, r.due_at
        from public.purchase_reversals r
        join public.purchases p on p.id = purse.purchase_of_payment(r.payment_intent_id)
        where r.kind = 'dispute'
            and r.status like '%needs_response'
            and coalesce(r.due_at > now(), true)
        order by r.due_at
        limit 100
    ),
    overdue as (
        select p.id as order_id, p.created_at
        from purse.overdue_orders p
        order by p.created_at
        limit 100
    ),
    repeated_events as (
        select e.id, e.type, e.deliveries
        from public.stripe_events e
        where e.deliveries >= 5
            and e.last_received_at > now() - interval '3 days'
        order by e.deliveries desc
        limit 100
    ),
    connected_events as (
        select count(*) as events, array_agg(distinct e.account) as accounts
        from public.stripe_events e
        where e.account is not null
            and e.last_received_at > now() - interval '7 days'
    ),
    webhook as (
        select count(*) as events,
            round(percentile_cont(0.5) within group (order by d.seconds)::numeric, 1) as p50_seconds,
            round(percentile_cont(0.95) within group (order by d.seconds)::numeric, 1) as p95_seconds
        from public.stripe_events e
        -- Stripe's times are whole seconds, so the difference may be negative.
        cross join lateral (select greatest(extract(epoch from e.received_at - e.created_at), 0) as seconds) d
        where e.received_at > now() - interval '7 days'
    )
    select jsonb_build_object(
        'users', (select count(*) from public.user_credits),
        'orders', (
            select jsonb_build_object(
                'live', count(*) filter (where p.livemode),
                'test', count(*) filter (where not p.livemode)
            )
            from public.purchases p
        ),
        'balances_off', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from balances_off x),
        'lots_off', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from lots_off x),
        'next_lots_off', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from next_lots_off x),
        'holds_off', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from holds_off x),
        'reversals_off', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from reversals_off x),
        'purchases_off', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from purchases_off x),
        'postings_off', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from postings_off x),
        'mismatches', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from mismatches x),
        'forgiven', (
            select jsonb_build_object('orders', count(*), 'credits', coalesce(sum(l.forgiven), 0))
            from public.credit_lots l
            where l.forgiven > 0
        ),
        'second_payments', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from second_payments x),
        'foreign_reversals', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from foreign_reversals x),
        'disputes_to_answer', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from disputes_to_answer x),
        'overdue', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from overdue x),
        'waiting_reversals', (
            select count(*)
            from public.purchase_reversals r
            where purse.purchase_of_payment(r.payment_intent_id) is null
        ),
        'repeated_events', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from repeated_events x),
        'connected_events', (select to_jsonb(x) from connected_events x),
        'webhook', (select to_jsonb(x) from webhook x),
        'reconciliations', (select coalesce(jsonb_agg(to_jsonb(r)), '[]'::jsonb) from public.reconciliations r)
    ) || purse.granted_access()
$$;

comment on function public.doctor() is
'Whether everything adds up: balances, lots, purchases, mismatches, events and privileges. Read-only.
Returns {users, orders: {live, test}, balances_off: [], lots_off: [], next_lots_off: [], holds_off: [], reversals_off: [], purchases_off: [], postings_off: [],
mismatches: [], forgiven: {orders, credits}, second_payments: [], foreign_reversals: [], disputes_to_answer: [], overdue: [], waiting_reversals, repeated_events: [],
connected_events: {events, accounts},
webhook: {events, p50_seconds, p95_seconds}, reconciliations: []} and what purse.granted_access returns.
A list holds at most the first hundred cases.';
revoke all on function public.doctor() from public, anon, authenticated, service_role;
grant execute on function public.doctor() to service_role;
