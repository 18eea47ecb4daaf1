-- For support: what a balance consisted of at any moment.

create function public.explain_balance(
    p_user_id uuid,
    p_at      timestamptz default now()
)
    returns json
    language sql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
    select purse.require_server();
    -- The lots are joined to their movements once, by hashing, and grouped. So the time grows with lots and
    -- movements together. json and not jsonb, which would copy every movement each time it is nested.
    with moved as (
        select l.id,
            coalesce(sum(e.credits), 0)::bigint as posted,
            coalesce(-sum(e.credits) filter (where e.kind in ('expiry', 'expiry_reversal')), 0)::bigint as lapsed,
            coalesce(json_agg(json_build_object(
                'transaction_id', e.transaction_id::text,
                'kind', e.kind,
                'feature', e.feature,
                'quantity', e.quantity,
                'hold_id', e.hold_id,
                'credits', e.credits,
                'created_at', e.created_at
            ) order by e.transaction_id) filter (where e.lot_id is not null), '[]'::json) as movements
        from public.credit_lots l
        left join public.credit_entries e
            on e.user_id = p_user_id
            and e.created_at <= p_at
            and e.lot_id = l.id
        -- If the purse has moved, its lots are the new owner's. Later lots of theirs are not this user's.
        where l.user_id = purse.owner_of(p_user_id)
            and l.created_at <= p_at
            and l.created_at <= coalesce(
                (select m.created_at from public.purse_moves m where m.from_user_id = p_user_id), 'infinity'
            )
        group by l.id
    ),
    held as (
        select e.lot_id, sum(e.credits)::bigint as credits
        from public.credit_holds h
        join purse.hold_lots e on e.hold_id = h.id
        where h.user_id = p_user_id
            and h.created_at <= p_at
            and least(h.ended_at, h.expires_at) > p_at
        group by e.lot_id
    ),
    lots as (
        -- Credits that had expired by that moment count as expired even if it was written later.
        select l.*, coalesce(h.credits, 0) as held_then, w.credits as lapsing,
            m.movements, m.posted, m.lapsed as lapsed_then
        from moved m
        join public.credit_lots l on l.id = m.id
        left join held h on h.lot_id = m.id
        cross join lateral (
            select case when l.expires_at <= p_at then greatest(m.posted - coalesce(h.credits, 0), 0) else 0 end as credits
        ) w
    )
    select json_build_object(
        'at', p_at,
        'balance', coalesce(sum(l.posted - l.lapsing), 0)::bigint,
        'held', coalesce(sum(l.held_then), 0)::bigint,
        'available', coalesce(sum(l.posted - l.lapsing - l.held_then), 0)::bigint,
        'lots', coalesce(json_agg(json_build_object(
            'lot_id', l.id::text,
            'source', l.source,
            'name', l.name,
            'order_id', l.purchase_id,
            'granted', l.granted,
            'created_at', l.created_at,
            'expires_at', l.expires_at,
            'remaining', l.posted - l.lapsing,
            'held', l.held_then,
            'lapsed', l.lapsed_then + l.lapsing,
            'movements', l.movements
        ) order by l.expires_at, l.id), '[]'::json)
    )
    from lots l
$$;

comment on function public.explain_balance(uuid, timestamptz) is
'What a user''s balance consisted of at p_at: the lots in spending order, what was left of each, and
every movement that changed it, oldest first.
Returns {at, balance, held, available, lots: [{lot_id, source, name, order_id, granted, created_at, expires_at,
remaining, held, lapsed, movements: [{transaction_id, kind, feature, quantity, hold_id, credits, created_at}]}]}.
lapsed counts credits that had expired by then, whether or not it was written by then.
For support: select explain_balance(''<user>'', ''2026-11-01'').';
revoke all on function public.explain_balance(uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.explain_balance(uuid, timestamptz) to service_role;
