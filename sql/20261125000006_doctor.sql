-- What an operator asks: does everything add up (doctor), and what became of this person's money
-- (doctor_user). Read-only; the sentences about what to do are the command's (make doctor).

-- doctor() -> findings as data:
--   {users, orders: {live, test}, balances_off: [], lots_off: [], purchases_off: [], postings_off: [], mismatches: [],
--    forgiven: {orders, credits}, overdue: [], waiting_reversals, repeated_events: [],
--    webhook: {events, p50_seconds, p95_seconds}, reconciliations: [],
--    tables: {name: {role: [privilege]}}, functions: {name: [role]}, unprotected_tables: []}
-- Lists are the first hundred: more of the same teaches nothing.
create function public.doctor()
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
    -- PostgREST applies it before it calls; the scan of a long ledger takes more than a request may.
    set statement_timeout = '60s'
as $$
    with roles (role) as (
        values ('anon'), ('authenticated'), ('service_role')
    ),
    sums as (
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
    purchases_off as (
        select p.id as order_id, p.user_id, p.created_at, p.credits_posted as posted,
            p.credits_forgiven as forgiven, public.purchase_target(p) as target
        from public.purchases p
        where (p.paid_at is not null or p.credits_posted <> 0)
            and p.credits_posted - p.credits_forgiven <> public.purchase_target(p)
        order by p.created_at
        limit 100
    ),
    posted as (
        select t.purchase_id, sum(t.amount)::bigint as total
        from public.credit_transactions t
        where t.kind in ('purchase', 'clawback', 'giveback')
        group by t.purchase_id
    ),
    postings_off as (
        select p.id as order_id, p.user_id, p.credits_posted as posted, coalesce(t.total, 0) as ledger
        from public.purchases p
        left join posted t on t.purchase_id = p.id
        where p.credits_posted <> coalesce(t.total, 0)
        order by p.created_at
        limit 100
    ),
    mismatches as (
        select p.id as order_id, p.user_id, p.created_at, p.unit_amount, p.currency, p.amount_subtotal, p.currency_paid
        from public.purchases p
        where p.status = 'mismatch'
            and p.decision is null
        order by p.created_at
        limit 100
    ),
    overdue as (
        -- No checkout page is open for longer than a day; reconciliation had two more to find out.
        select p.id as order_id, p.created_at
        from public.purchases p
        where p.status = 'open'
            and p.checkout_session_id is not null
            and p.created_at between now() - interval '60 days' and now() - interval '3 days'
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
    webhook as (
        select count(*) as events,
            round(percentile_cont(0.5) within group (order by d.seconds)::numeric, 1) as p50_seconds,
            round(percentile_cont(0.95) within group (order by d.seconds)::numeric, 1) as p95_seconds
        from public.stripe_events e
        -- Stripe's clock counts whole seconds.
        cross join lateral (select greatest(extract(epoch from e.received_at - e.created_at), 0) as seconds) d
        where e.received_at > now() - interval '7 days'
    ),
    tables as (
        select c.relname as name, c.relrowsecurity, c.relkind, r.role,
            array_agg(g.privilege order by g.privilege) as privileges
        from pg_catalog.pg_class c
        cross join roles r
        cross join unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) g (privilege)
        where c.relnamespace = 'public'::regnamespace
            and c.relkind in ('r', 'p', 'v', 'm', 'f')
            and has_table_privilege(r.role, c.oid, g.privilege)
        group by c.relname, c.relrowsecurity, c.relkind, r.role
    ),
    functions as (
        select p.proname as name,
            coalesce(jsonb_agg(distinct r.role) filter (where has_function_privilege(r.role, p.oid, 'EXECUTE')), '[]'::jsonb) as granted
        from pg_catalog.pg_proc p
        cross join roles r
        where p.pronamespace = 'public'::regnamespace
        group by p.proname
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
        'purchases_off', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from purchases_off x),
        'postings_off', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from postings_off x),
        'mismatches', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from mismatches x),
        'forgiven', (
            select jsonb_build_object('orders', count(*), 'credits', coalesce(sum(p.credits_forgiven), 0))
            from public.purchases p
            where p.credits_forgiven > 0
        ),
        'overdue', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from overdue x),
        'waiting_reversals', (
            select count(*)
            from public.purchase_reversals r
            where not exists (select from public.purchases p where p.payment_intent_id = r.payment_intent_id)
        ),
        'repeated_events', (select coalesce(jsonb_agg(to_jsonb(x)), '[]'::jsonb) from repeated_events x),
        'webhook', (select to_jsonb(x) from webhook x),
        'reconciliations', (select coalesce(jsonb_agg(to_jsonb(r)), '[]'::jsonb) from public.reconciliations r),
        'tables', (
            select coalesce(jsonb_object_agg(t.name, t.granted), '{}'::jsonb)
            from (select name, jsonb_object_agg(role, privileges) as granted from tables group by name) t
        ),
        'functions', (select coalesce(jsonb_object_agg(f.name, f.granted), '{}'::jsonb) from functions f),
        'unprotected_tables', (
            select coalesce(jsonb_agg(c.relname order by c.relname), '[]'::jsonb)
            from pg_catalog.pg_class c
            where c.relnamespace = 'public'::regnamespace
                and c.relkind in ('r', 'p')
                and not c.relrowsecurity
        )
    )
$$;

comment on function public.doctor() is
    'Whether everything adds up: balances, purchases, mismatches, events, delays, grants. Read-only. make doctor says what to do.';
revoke all on function public.doctor() from public, anon, authenticated, service_role;
grant execute on function public.doctor() to service_role;

-- doctor_user(e-mail address) -> null for nobody, else
--   {user_id, signed_up_at, balance, ledger, lots: as in explain_balance, customers: [{livemode, customer_id}], orders: [{order_id, created_at, …, target, withdrawn,
--    reversals: [{id, kind, amount, status, stands, occurred_at}], events: [{type, created_at, received_at, deliveries}]}]}
-- The twenty newest orders. For support: "I paid and got nothing."
create function public.doctor_user(p_email text)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select jsonb_build_object(
        'user_id', a.id,
        'signed_up_at', a.created_at,
        'balance', coalesce((select u.balance from public.user_credits u where u.user_id = a.id), 0),
        'ledger', (
            select coalesce(sum(t.amount), 0)
            from public.credit_transactions t
            where t.user_id = a.id
        ),
        'lots', public.explain_balance(a.id) -> 'lots',
        'customers', (
            select coalesce(jsonb_agg(jsonb_build_object('livemode', c.livemode, 'customer_id', c.customer_id)), '[]'::jsonb)
            from (
                select s.livemode, s.customer_id
                from public.stripe_customers s
                where s.user_id = a.id
                    and s.customer_id is not null
                union
                select p.livemode, p.customer_id
                from public.purchases p
                where p.user_id = a.id
                    and p.customer_id is not null
            ) c
        ),
        'orders', (
            select coalesce(jsonb_agg(
                to_jsonb(o) - 'id' - 'user_id' || jsonb_build_object(
                    'order_id', o.id,
                    'target', public.purchase_target(o),
                    'withdrawn', public.purchase_withdrawn(o),
                    'reversals', (
                        select coalesce(jsonb_agg(jsonb_build_object(
                            'id', r.id,
                            'kind', r.kind,
                            'amount', r.amount,
                            'status', r.status,
                            'stands', r.stands,
                            'occurred_at', r.occurred_at
                        ) order by r.occurred_at), '[]'::jsonb)
                        from public.purchase_reversals r
                        where r.payment_intent_id = o.payment_intent_id
                    ),
                    'events', (
                        select coalesce(jsonb_agg(jsonb_build_object(
                            'type', e.type,
                            'created_at', e.created_at,
                            'received_at', e.received_at,
                            'deliveries', e.deliveries
                        ) order by e.created_at, e.received_at), '[]'::jsonb)
                        from public.stripe_events e
                        where e.purchase_id = o.id
                    )
                )
                order by o.created_at desc
            ), '[]'::jsonb)
            from (
                select p.*
                from public.purchases p
                where p.user_id = a.id
                order by p.created_at desc
                limit 20
            ) o
        )
    )
    from auth.users a
    -- Supabase Auth keeps addresses in lower case.
    where a.email = lower(p_email)
$$;

comment on function public.doctor_user(text) is
    'A person''s balance and newest orders with everything that happened to them, by e-mail address. Null for nobody.';
revoke all on function public.doctor_user(text) from public, anon, authenticated, service_role;
grant execute on function public.doctor_user(text) to service_role;

-- known_events(event ids) -> those of them that we have received
create function public.known_events(p_ids text[])
    returns text[]
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select coalesce(array_agg(e.id), '{}')
    from public.stripe_events e
    where e.id = any (p_ids)
$$;

comment on function public.known_events(text[]) is 'Which of these events of Stripe''s were received here.';
revoke all on function public.known_events(text[]) from public, anon, authenticated, service_role;
grant execute on function public.known_events(text[]) to service_role;

-- paid_orders(live or test, begun since, in seconds since 1970) -> [{order_id, checkout_session_id}], at most 10,000
create function public.paid_orders(
    p_livemode boolean,
    p_since    bigint
)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'order_id', o.id,
        'checkout_session_id', o.checkout_session_id
    )), '[]'::jsonb)
    from (
        select p.id, p.checkout_session_id
        from public.purchases p
        where p.paid_at is not null
            and p.livemode = p_livemode
            and p.created_at >= to_timestamp(p_since)
        order by p.created_at desc
        limit 10000
    ) o
$$;

comment on function public.paid_orders(boolean, bigint) is 'Orders that are paid as far as we know, for comparing with Stripe.';
revoke all on function public.paid_orders(boolean, bigint) from public, anon, authenticated, service_role;
grant execute on function public.paid_orders(boolean, bigint) to service_role;
