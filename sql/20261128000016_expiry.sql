-- Expiry of lots and holds. Expiry takes effect without any job: every movement and every read
-- through the API first writes what has expired (purse.lock_account).

create function purse.expire_account(p_user_id uuid)
    returns void
    language plpgsql
    set search_path = ''
as $$
declare
    v_entry public.credit_transactions;
begin
    -- Holds past their deadline end first, because their credits may belong to expired lots.
    with ended as (
        update public.credit_holds h
        set status = 'lapsed',
            ended_at = h.expires_at
        where h.id in (
            select o.id from purse.open_holds(p_user_id) o where o.expires_at <= now()
        )
        returning h.id, h.credits
    ),
    freed as (
        select e.lot_id, sum(e.credits)::bigint as credits
        from ended
        join purse.hold_lots e on e.hold_id = ended.id
        group by e.lot_id
    ),
    lots as (
        update public.credit_lot_rows l
        set held = l.held - f.credits
        from freed f
        where l.user_id = p_user_id
            and l.id = f.lot_id
    )
    update public.user_credits u
    set held = u.held - (select coalesce(sum(ended.credits), 0) from ended)
    where u.user_id = p_user_id;

    -- Each row's lot and amount come from the same lot, so they add up without a check.
    for v_entry in
        with gone as (
            select l.id, l.expires_at, l.remaining - l.held as credits,
                sum(l.remaining - l.held) over (order by l.expires_at, l.id) as so_far
            from public.credit_lots l
            where l.user_id = p_user_id
                and l.expires_at <= now()
                and l.remaining > l.held
        ),
        lots as (
            update public.credit_lot_rows l
            set remaining = l.remaining - g.credits,
                lapsed = l.lapsed + g.credits
            from gone g
            where l.user_id = p_user_id
                and l.id = g.id
        ),
        account as (
            update public.user_credits u
            set balance = u.balance - (select sum(g.credits) from gone g),
                updated_at = clock_timestamp()
            where u.user_id = p_user_id
                and exists (select from gone)
            returning u.balance + (select sum(g.credits) from gone g) as balance_before
        )
        insert into public.credit_transactions (user_id, kind, amount, balance_after, lots)
        select p_user_id, 'expiry', -g.credits, a.balance_before - g.so_far, pg_catalog.jsonb_build_object(g.id, -g.credits)
        from gone g
        cross join account a
        order by g.expires_at, g.id
        returning *
    loop
        perform purse.announce_entry(v_entry);
    end loop;

    update public.user_credits u
    set lapses_at = least(
        (select min(h.expires_at) from purse.open_holds(p_user_id) h),
        (select min(l.expires_at) from public.credit_lots l where l.user_id = p_user_id and l.remaining > l.held)
    )
    where u.user_id = p_user_id;
    -- The credits of a hold that has expired are free again.
    perform purse.collect_forgiven(p_user_id);
end
$$;

comment on function purse.expire_account(uuid) is
'Writes what has expired in one account: ends holds past their deadline, then takes what is free in
lots past theirs, one ledger row per lot. Held credits stay until their hold ends. Also updates when
to look next (lapses_at), and collects forgiven credits from what came back. The caller holds the user''s row.';
revoke all on function purse.expire_account(uuid) from public, anon, authenticated, service_role;

-- Locks several users' rows, but skips those that are locked. It waits for nobody, so it cannot deadlock.
create function public.expire_credits(p_limit integer)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_accounts integer;
begin
    perform purse.require_server();
    with due as (
        select u.user_id
        from public.user_credits u
        where u.lapses_at <= now()
        order by u.lapses_at
        limit p_limit
        for update skip locked
    )
    select count(purse.lock_account(d.user_id)) into v_accounts from due d;
    return jsonb_build_object('accounts', v_accounts);
end
$$;

comment on function public.expire_credits(integer) is
'Writes what has expired in up to p_limit accounts. Housekeeping only: expiry takes effect without it,
but the history of a user who does not come back would not show it. The daily clean-up calls it until
no account is left. Waits for no lock: it skips accounts in use. Returns {accounts}.';
revoke all on function public.expire_credits(integer) from public, anon, authenticated, service_role;
grant execute on function public.expire_credits(integer) to service_role;
