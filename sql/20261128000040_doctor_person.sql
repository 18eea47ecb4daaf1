-- make doctor EMAIL=…: one person's money. For support: "I paid and got nothing."

create function purse.orders_of_person(p_user_id uuid)
    returns jsonb
    language sql
    stable
    set search_path = ''
    set timezone = 'UTC'
as $$
    select coalesce(jsonb_agg(
        to_jsonb(o) - 'id' - 'user_id' || jsonb_build_object(
            'order_id', o.id,
            'decimals', coalesce((
                select c.decimals from public.stripe_currencies() c where c.currency = coalesce(o.currency_paid, o.currency)
            ), 2),
            'decimals_ordered', coalesce((
                select c.decimals from public.stripe_currencies() c where c.currency = o.currency
            ), 2),
            'target', purse.purchase_target(o),
            'forgiven', coalesce((select l.forgiven from public.credit_lots l where l.purchase_id = o.id), 0),
            'withdrawn', purse.amount_reversed(o),
            'reversals', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'id', r.id,
                    'kind', r.kind,
                    'amount', r.amount,
                    'currency', r.currency,
                    'decimals', coalesce((
                        select c.decimals from public.stripe_currencies() c where c.currency = r.currency
                    ), 2),
                    'status', r.status,
                    'in_effect', r.in_effect,
                    'occurred_at', r.occurred_at
                ) order by r.occurred_at), '[]'::jsonb)
                from purse.reversals_of(o) r
            ),
            'events', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'id', e.id,
                    'type', e.type,
                    'outcome', e.outcome,
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
        where p.user_id = p_user_id
        order by p.created_at desc
        limit 20
    ) o
$$;

comment on function purse.orders_of_person(uuid) is
'A user''s twenty newest orders with everything that happened to them: see doctor_user.';
revoke all on function purse.orders_of_person(uuid) from public, anon, authenticated, service_role;

create function purse.examine_person(p_user_id uuid)
    returns jsonb
    language sql
    stable
    set search_path = ''
    set timezone = 'UTC'
as $$
    select jsonb_build_object(
        'user_id', p_user_id,
        'signed_up_at', (select a.created_at from auth.users a where a.id = p_user_id),
        'balance', coalesce((select u.balance from public.user_credits u where u.user_id = p_user_id), 0),
        'ledger', (
            select coalesce(sum(t.amount), 0)
            from public.credit_transactions t
            where t.user_id = p_user_id
        ),
        'lots', (
            select coalesce(jsonb_agg(l.lot - 'movements' order by l.position), '[]'::jsonb)
            from jsonb_array_elements(
                purse.explain_balance(p_user_id, now(), false)::jsonb -> 'lots'
            ) with ordinality l (lot, position)
        ),
        'customers', (
            select coalesce(jsonb_agg(jsonb_build_object('livemode', c.livemode, 'customer_id', c.customer_id)), '[]'::jsonb)
            from (
                select s.livemode, s.customer_id
                from public.stripe_customers s
                where s.user_id = p_user_id
                    and s.customer_id is not null
                union
                select p.livemode, p.customer_id
                from public.purchases p
                where p.user_id = p_user_id
                    and p.customer_id is not null
            ) c
        ),
        'orders', purse.orders_of_person(p_user_id)
    )
$$;

comment on function purse.examine_person(uuid) is
'A person''s balance and twenty newest orders with everything that happened to them; see doctor_user.';
revoke all on function purse.examine_person(uuid) from public, anon, authenticated, service_role;

create function public.doctor_user(p_email text)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
    select purse.require_server();
    select purse.examine_person(a.id)
    from auth.users a
    -- Supabase Auth stores addresses in lower case.
    where a.email = lower(p_email)
$$;

comment on function public.doctor_user(text) is
'A person''s balance and twenty newest orders with everything that happened to them, by e-mail address.
Null if nobody has this address. Returns {user_id, signed_up_at, balance, ledger, lots: as in explain_balance, without movements;
customers: [{livemode, customer_id}], orders: [{order_id, the columns of purchases,
decimals of the currency paid in, decimals_ordered of the orders, target, forgiven, withdrawn,
reversals: [{id, kind, amount, currency, decimals, status, in_effect, occurred_at}], events: [{id, type, outcome,
created_at, received_at, deliveries}]}]}.';
revoke all on function public.doctor_user(text) from public, anon, authenticated, service_role;
grant execute on function public.doctor_user(text) to service_role;
