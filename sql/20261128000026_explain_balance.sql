-- For support: what a balance consisted of at any moment.

create function purse.foresee_collecting(
    p_user_id uuid,
    p_at      timestamptz
)
    returns table (lot_id bigint, taken bigint, revived bigint)
    language plpgsql
    stable
    set search_path = ''
as $$
declare
    v_free      jsonb;
    v_lapsed    jsonb;
    v_taken     jsonb;
    v_lot       public.credit_lots;
    v_revived   bigint;
    v_available bigint;
begin
    if not exists (select from public.credit_lots l where l.user_id = p_user_id and l.forgiven > 0)
        or p_at < (
            select t.created_at from public.credit_transactions t where t.user_id = p_user_id order by t.id desc limit 1
        )
    then
        return;
    end if;
    select jsonb_object_agg(l.id, l.remaining - h.credits - x.lapsing), jsonb_object_agg(l.id, l.lapsed + x.lapsing)
    into v_free, v_lapsed
    from public.credit_lots l
    cross join lateral (
        select coalesce(sum(e.credits), 0)::bigint as credits
        from purse.hold_lots e
        join public.credit_holds h on h.id = e.hold_id
        where e.lot_id = l.id
            and h.user_id = p_user_id
            and h.created_at <= p_at
            and least(h.ended_at, h.expires_at) > p_at
    ) h
    cross join lateral (
        select case when l.expires_at <= p_at then greatest(l.remaining - h.credits, 0) else 0 end as lapsing
    ) x
    where l.user_id = p_user_id;

    -- The same steps as in purse.collect_forgiven, which writes them.
    for v_lot in
        select * from public.credit_lots l where l.user_id = p_user_id and l.forgiven > 0 order by l.id
    loop
        v_revived := least((v_lapsed ->> v_lot.id::text)::bigint + v_lot.forfeited, v_lot.forgiven);
        v_available := (select sum(f.value::bigint) from jsonb_each_text(v_free) f);
        v_taken := (
            with free as (
                select l.id, f.value::bigint as credits,
                    sum(f.value::bigint) over (order by l.id <> v_lot.id, l.expires_at, l.id) as so_far
                from jsonb_each_text(v_free) f
                join public.credit_lots l on l.id = f.key::bigint
                where f.value::bigint > 0
                    and l.id <= v_lot.forgiven_to
            ),
            due as (
                select least(v_lot.forgiven - v_revived, greatest(v_available, 0)) as credits
            )
            select coalesce(jsonb_object_agg(f.id, least(f.credits, d.credits - (f.so_far - f.credits))), '{}'::jsonb)
            from free f
            join due d on f.so_far - f.credits < d.credits
        );
        v_free := (
            select jsonb_object_agg(f.key, f.value::bigint - coalesce((v_taken ->> f.key)::bigint, 0))
            from jsonb_each_text(v_free) f
        );
        return query select v_lot.id, 0::bigint, least((v_lapsed ->> v_lot.id::text)::bigint, v_revived);
        return query select t.key::bigint, t.value::bigint, 0::bigint from jsonb_each_text(v_taken) t;
    end loop;
end
$$;

comment on function purse.foresee_collecting(uuid, timestamptz) is
'What purse.collect_forgiven would take if a movement at p_at wrote what has expired by then: taken from each lot,
and revived, which are credits that count as expired no more. Empty if a movement after p_at was written.';
revoke all on function purse.foresee_collecting(uuid, timestamptz) from public, anon, authenticated, service_role;

create function purse.explain_balance(
    p_user_id   uuid,
    p_at        timestamptz,
    p_movements boolean
)
    returns json
    language sql
    stable
    set search_path = ''
    set timezone = 'UTC'
as $$
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
            ) order by e.transaction_id) filter (where p_movements and e.lot_id is not null), '[]'::json) as movements
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
    collected as (
        select c.lot_id, sum(c.taken)::bigint as taken, sum(c.revived)::bigint as revived
        from purse.foresee_collecting(p_user_id, p_at) c
        group by c.lot_id
    ),
    lots as (
        -- Credits that had expired by that moment count as expired even if it was written later. A forgiven
        -- refund takes what an expired hold gave back.
        select l.*, coalesce(h.credits, 0) as held_then,
            m.movements, m.posted - w.credits - coalesce(c.taken, 0) as left_then,
            m.lapsed + w.credits - coalesce(c.revived, 0) as lapsed_then
        from moved m
        join public.credit_lots l on l.id = m.id
        left join held h on h.lot_id = m.id
        left join collected c on c.lot_id = m.id
        cross join lateral (
            select case when l.expires_at <= p_at then greatest(m.posted - coalesce(h.credits, 0), 0) else 0 end as credits
        ) w
    )
    select json_build_object(
        'at', p_at,
        'balance', coalesce(sum(l.left_then), 0)::bigint,
        'held', coalesce(sum(l.held_then), 0)::bigint,
        'available', coalesce(sum(l.left_then - l.held_then), 0)::bigint,
        'lots', coalesce(json_agg(json_build_object(
            'lot_id', l.id::text,
            'source', l.source,
            'name', l.name,
            'order_id', l.purchase_id,
            'granted', l.granted,
            'created_at', l.created_at,
            'expires_at', l.expires_at,
            'remaining', l.left_then,
            'held', l.held_then,
            'lapsed', l.lapsed_then,
            'movements', l.movements
        ) order by l.expires_at, l.id), '[]'::json)
    )
    from lots l
$$;

comment on function purse.explain_balance(uuid, timestamptz, boolean) is
'As public.explain_balance. Without p_movements each lot''s movements are an empty list: a long ledger has many.';
revoke all on function purse.explain_balance(uuid, timestamptz, boolean) from public, anon, authenticated, service_role;

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
    select purse.explain_balance(p_user_id, p_at, true)
$$;

comment on function public.explain_balance(uuid, timestamptz) is
'What a user''s balance consisted of at p_at: the lots in spending order, what was left of each, and
every movement that changed it, oldest first.
Returns {at, balance, held, available, lots: [{lot_id, source, name, order_id, granted, created_at, expires_at,
remaining, held, lapsed, movements: [{transaction_id, kind, feature, quantity, hold_id, credits, created_at}]}]}.
lapsed counts credits that had expired by then, whether or not it was written by then. If no movement followed,
remaining is what it will be once a forgiven refund has taken what an expired hold gave back.
For support: select explain_balance(''<user>'', ''2026-11-01'').';
revoke all on function public.explain_balance(uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.explain_balance(uuid, timestamptz) to service_role;
