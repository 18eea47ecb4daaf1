-- For support: what a balance consisted of at any moment.

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
        select e.lot_id, e.credits, e.transaction_id, e.kind, e.feature, e.quantity, e.hold_id, e.created_at
        from public.credit_entries e
        where e.user_id = p_user_id
            and e.created_at <= p_at
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
    left_over as (
        select l.id, coalesce(h.credits, 0) as held,
            coalesce((select sum(m.credits) from movements m where m.lot_id = l.id), 0)::bigint as posted,
            coalesce((
                select -sum(m.credits) from movements m where m.lot_id = l.id and m.kind in ('expiry', 'expiry_reversal')
            ), 0)::bigint as lapsed
        from public.credit_lots l
        left join held h on h.lot_id = l.id
        -- If the purse has moved, its lots are the new owner's. Later lots of theirs are not this user's.
        where l.user_id = purse.owner_of(p_user_id)
            and l.created_at <= p_at
            and l.created_at <= coalesce(
                (select m.created_at from public.purse_moves m where m.from_user_id = p_user_id), 'infinity'
            )
    ),
    lots as (
        -- Credits that had expired by that moment count as expired even if it was written later.
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
                    'transaction_id', m.transaction_id::text,
                    'kind', m.kind,
                    'feature', m.feature,
                    'quantity', m.quantity,
                    'hold_id', m.hold_id,
                    'credits', m.credits,
                    'created_at', m.created_at
                ) order by m.transaction_id), '[]'::jsonb)
                from movements m
                where m.lot_id = l.id
            )
        ) order by l.expires_at, l.id), '[]'::jsonb)
    )
    from lots x
    join public.credit_lots l on l.id = x.id
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
