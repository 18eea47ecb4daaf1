-- Which lots a movement takes from or fills: a negative correction (lots_to_take), a clawback
-- (lots_to_drain), credits that come in (lots_to_fill) and a capture (lots_to_capture). Spending and
-- holding take from purse.spendable_lots directly. The caller holds the user's row. The functions are
-- plpgsql because plpgsql caches plans; a SQL function is planned at every call.

create function purse.lots_to_take(
    p_user_id uuid,
    p_credits bigint
)
    returns jsonb
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    return (
        select pg_catalog.jsonb_object_agg(s.lot_id, -least(s.free, p_credits - s.before))
        from purse.spendable_lots s
        where s.user_id = p_user_id
            and s.before < p_credits
    );
end
$$;

comment on function purse.lots_to_take(uuid, bigint) is
'The lots to take p_credits from, as {"lot id": -credits}: soonest to expire first, then oldest.
Adds up to less if less is free.';
revoke all on function purse.lots_to_take(uuid, bigint) from public, anon, authenticated, service_role;

create function purse.lots_to_drain(
    p_user_id uuid,
    p_lot_id  bigint,
    p_credits bigint,
    p_newest  bigint default null
)
    returns jsonb
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    return (
        with free as (
            select l.id, l.remaining - l.held as credits,
                sum(l.remaining - l.held) over (order by l.id <> p_lot_id, l.expires_at, l.id) as so_far
            from public.credit_lots l
            where l.user_id = p_user_id
                and l.remaining > l.held
                and (p_newest is null or l.id <= p_newest)
        ),
        taken as (
            select f.id, least(f.credits, p_credits - (f.so_far - f.credits)) as credits
            from free f
            where f.so_far - f.credits < p_credits
        ),
        parts as (
            select t.id, t.credits from taken t
            union all
            select p_lot_id, p_credits - (select coalesce(sum(t.credits), 0) from taken t)
        )
        select pg_catalog.jsonb_object_agg(s.id, -s.credits)
        from (select p.id, sum(p.credits)::bigint as credits from parts p group by p.id having sum(p.credits) > 0) s
    );
end
$$;

comment on function purse.lots_to_drain(uuid, bigint, bigint, bigint) is
'The lots that a clawback of p_credits takes from, as {"lot id": -credits}: the purchase''s own lot
(p_lot_id) first, then the others in spending order. Credits that are already spent become a debt of
the own lot. Held credits are not taken, so that work in progress is paid for. Lots newer than p_newest
are left alone.';
revoke all on function purse.lots_to_drain(uuid, bigint, bigint, bigint) from public, anon, authenticated, service_role;

create function purse.lots_to_fill(
    p_user_id     uuid,
    p_lot_id      bigint,
    p_credits     bigint,
    p_purchase_id uuid default null
)
    returns jsonb
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    return (
        with claims as (
            select 1 as turn, l.id, -l.remaining as credits
            from public.credit_lots l
            where l.user_id = p_user_id
                and l.remaining < 0
            union all
            select 2, e.lot_id, -sum(e.credits)
            from public.credit_entries e
            where e.purchase_id = p_purchase_id
                and e.kind in ('clawback', 'giveback')
                and e.lot_id <> p_lot_id
            group by e.lot_id
            having sum(e.credits) < 0
        ),
        queue as (
            select c.id, c.credits, sum(c.credits) over (order by c.turn, c.id) as so_far
            from claims c
        ),
        given as (
            select q.id, least(q.credits, p_credits - (q.so_far - q.credits)) as credits
            from queue q
            where q.so_far - q.credits < p_credits
        ),
        parts as (
            select g.id, g.credits from given g
            union all
            select p_lot_id, p_credits - (select coalesce(sum(g.credits), 0) from given g)
        )
        select pg_catalog.jsonb_object_agg(s.id, s.credits)
        from (select p.id, sum(p.credits)::bigint as credits from parts p group by p.id having sum(p.credits) > 0) s
    );
end
$$;

comment on function purse.lots_to_fill(uuid, bigint, bigint, uuid) is
'The lots that p_credits go into, as {"lot id": credits}. First debts, oldest first. Then, if clawbacks
of p_purchase_id took from other lots, those lots get theirs back. The rest goes into p_lot_id.';
revoke all on function purse.lots_to_fill(uuid, bigint, bigint, uuid) from public, anon, authenticated, service_role;

create function purse.lots_to_capture(
    p_hold    public.credit_holds,
    p_credits bigint
)
    returns jsonb
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    return (
        with lots as (
            select l.id, l.expires_at, greatest(l.remaining - l.held, 0) as free, coalesce(e.credits, 0) as credits
            from public.credit_lots l
            left join purse.hold_lots e on e.hold_id = p_hold.id and e.lot_id = l.id
            where l.user_id = p_hold.user_id
                and (e.lot_id is not null or l.remaining > l.held)
        ),
        sources as (
            select 1 as turn, l.id, l.expires_at, least(l.free, l.credits) as credits from lots l
            union all
            select 2, l.id, l.expires_at, l.free - least(l.free, l.credits) from lots l
            union all
            select 3, l.id, l.expires_at, l.credits - least(l.free, l.credits) from lots l
        ),
        queue as (
            select s.id, s.credits, sum(s.credits) over (order by s.turn, s.expires_at, s.id) as so_far
            from sources s
            where s.credits > 0
        ),
        taken as (
            select q.id, sum(least(q.credits, p_credits - (q.so_far - q.credits)))::bigint as credits
            from queue q
            where q.so_far - q.credits < p_credits
            group by q.id
        )
        select pg_catalog.jsonb_object_agg(t.id, -t.credits)
        from taken t
    );
end
$$;

comment on function purse.lots_to_capture(public.credit_holds, bigint) is
'The lots that a capture takes from, as {"lot id": -credits}, after purse.end_hold. First the hold''s
own lots, in spending order. If a clawback took from them meanwhile, then other lots. Only what no lot
has becomes a debt, because a debt beside free credits would remain when those expire.';
revoke all on function purse.lots_to_capture(public.credit_holds, bigint) from public, anon, authenticated, service_role;
