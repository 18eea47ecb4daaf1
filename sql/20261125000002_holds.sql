-- Holds: credits set aside for work that can fail (hold_credits), then spent (capture_hold) or given back
-- (release_hold). One that is forgotten lapses by itself. What is said of keys and locks in spending holds
-- here too.

-- hold_credits(user, feature, quantity, idempotency key, seconds)
--   -> {hold_id, credits, expires_at, status, balance, available, replayed}
-- Sets credits aside for work that can fail. The credits stay in their lots, which do not lapse with them
-- in it; after so many seconds the hold lapses by itself. Of a replay the status tells what became of it.
-- Raises as spend_credits does; PT422 also for seconds that are not from 1 to 604800 (a week).
create function public.hold_credits(
    p_user_id         uuid,
    p_feature         text,
    p_quantity        integer,
    p_idempotency_key text,
    p_seconds         integer
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_credits bigint;
    v_account public.user_credits;
    v_hold    public.credit_holds;
    v_is_new  boolean := false;
begin
    if p_seconds is null or p_seconds not between 1 and 604800 then
        raise exception using errcode = 'PT422', message = 'seconds must be from 1 to 604800';
    end if;
    perform public.refuse_odd_key(p_idempotency_key);
    v_account := public.lock_account(p_user_id);

    select * into v_hold
    from public.credit_holds h
    where h.user_id = p_user_id
        and h.idempotency_key = p_idempotency_key;
    if found then
        perform public.refuse_reused_key(v_hold.feature = p_feature and v_hold.quantity = p_quantity);
    else
        perform public.refuse_reused_key(not exists (
            select from public.credit_transactions t
            where t.user_id = p_user_id
                and t.idempotency_key = p_idempotency_key
        ));
        v_credits := public.price_of(p_feature, p_quantity);
        perform public.refuse_overdraft(v_account, v_credits);
        v_is_new := true;

        with taken as (
            select s.lot_id, least(s.free, v_credits - s.before) as credits
            from public.spendable_lots s
            where s.user_id = p_user_id
                and s.before < v_credits
        ),
        lots as (
            update public.credit_lots l
            set held = l.held + t.credits
            from taken t
            where l.user_id = p_user_id
                and l.id = t.lot_id
        )
        insert into public.credit_holds (user_id, feature, quantity, credits, lots, idempotency_key, expires_at)
        select p_user_id, p_feature, p_quantity, v_credits, jsonb_object_agg(t.lot_id, t.credits), p_idempotency_key,
            now() + make_interval(secs => p_seconds)
        from taken t
        returning * into v_hold;

        update public.user_credits u
        set held = u.held + v_credits,
            lapses_at = least(u.lapses_at, v_hold.expires_at),
            updated_at = clock_timestamp()
        where u.user_id = p_user_id
        returning * into v_account;
    end if;

    return jsonb_build_object(
        'hold_id', v_hold.id,
        'credits', v_hold.credits,
        'expires_at', v_hold.expires_at,
        'status', v_hold.status,
        'balance', v_account.balance,
        'available', v_account.balance - v_account.held,
        'replayed', not v_is_new
    );
end
$$;

comment on function public.hold_credits(uuid, text, integer, text, integer) is
    'Sets aside what a feature costs while the work is under way. End it with capture_hold or release_hold; otherwise it lapses by itself.';
revoke all on function public.hold_credits(uuid, text, integer, text, integer) from public, anon, authenticated, service_role;
grant execute on function public.hold_credits(uuid, text, integer, text, integer) to service_role;

-- lock_hold(hold) -> the hold, its account locked and what has lapsed written. Raises PT404 for none.
create function public.lock_hold(p_hold_id uuid)
    returns public.credit_holds
    language plpgsql
    set search_path = ''
as $$
declare
    v_hold public.credit_holds;
begin
    -- The account first, as everywhere; whose it is never changes.
    perform public.lock_account(h.user_id) from public.credit_holds h where h.id = p_hold_id;
    select * into v_hold from public.credit_holds h where h.id = p_hold_id;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such hold', detail = 'unknown_hold';
    end if;
    return v_hold;
end
$$;

comment on function public.lock_hold(uuid) is 'A hold, its account locked. Granted to nobody.';
revoke all on function public.lock_hold(uuid) from public, anon, authenticated, service_role;

-- end_hold(hold) gives all that a hold has set aside back, to its lots and to the account.
create function public.end_hold(p_hold public.credit_holds)
    returns public.user_credits
    language plpgsql
    set search_path = ''
as $$
declare
    v_account public.user_credits;
begin
    with lots as (
        update public.credit_lots l
        set held = l.held - e.value::bigint
        from pg_catalog.jsonb_each_text(p_hold.lots) e
        where l.user_id = p_hold.user_id
            and l.id = e.key::bigint
        returning l.expires_at
    )
    update public.user_credits u
    set held = u.held - p_hold.credits,
        -- A lot that was to lapse meanwhile waited for this hold.
        lapses_at = least(u.lapses_at, (select min(l.expires_at) from lots l)),
        updated_at = clock_timestamp()
    where u.user_id = p_hold.user_id
    returning * into v_account;
    return v_account;
end
$$;

comment on function public.end_hold(public.credit_holds) is 'Frees what a hold has set aside. Granted to nobody.';
revoke all on function public.end_hold(public.credit_holds) from public, anon, authenticated, service_role;

-- capture_hold(hold, credits or null for all) -> {transaction_id, captured, released, balance, replayed}
-- Spends what was set aside, or a part of it and gives the rest back. Captured again with the same credits
-- it answers as the first time. Raises PT404 for no such hold; PT409 with the hold's state as its detail
-- if it was released, lapsed, or captured otherwise; PT422 for credits that are not from 1 to what is held.
create function public.capture_hold(
    p_hold_id uuid,
    p_credits bigint default null
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_hold    public.credit_holds := public.lock_hold(p_hold_id);
    v_credits bigint              := coalesce(p_credits, v_hold.credits);
    v_posted  public.credit_transactions;
    v_is_new  boolean             := false;
begin
    if v_credits not between 1 and v_hold.credits then
        raise exception using
            errcode = 'PT422',
            message = 'more credits than are held, or none: release the hold instead',
            detail = v_hold.credits::text;
    end if;
    if v_hold.status = 'captured' and v_hold.captured = v_credits then
        select * into strict v_posted from public.credit_transactions t where t.id = v_hold.transaction_id;
    elsif v_hold.status <> 'held' then
        raise exception using
            errcode = 'PT409',
            message = 'the hold has ended already',
            detail = 'hold_' || v_hold.status;
    else
        v_is_new := true;
        perform public.end_hold(v_hold);
        v_posted := public.post_transaction(
            v_hold.user_id,
            'spend',
            -v_credits,
            public.lots_of_capture(v_hold, v_credits),
            p_feature => v_hold.feature,
            p_quantity => v_hold.quantity,
            p_hold_id => v_hold.id
        );
        update public.credit_holds h
        set status = 'captured',
            captured = v_credits,
            transaction_id = v_posted.id,
            ended_at = clock_timestamp()
        where h.id = v_hold.id;
    end if;
    return jsonb_build_object(
        'transaction_id', v_posted.id::text,
        'captured', v_credits,
        'released', v_hold.credits - v_credits,
        'balance', v_posted.balance_after,
        'replayed', not v_is_new
    );
end
$$;

comment on function public.capture_hold(uuid, bigint) is
    'Spends what a hold has set aside, or a part of it; the rest goes back. PT409: the hold was released, has lapsed, or was captured otherwise.';
revoke all on function public.capture_hold(uuid, bigint) from public, anon, authenticated, service_role;
grant execute on function public.capture_hold(uuid, bigint) to service_role;

-- lots_of_capture(hold, credits) -> {lot: -credits}: from the hold's own lots, in the burn order. What a clawback
-- has taken from them meanwhile is taken from others instead, and only what is nowhere becomes a debt: a
-- debt beside free credits would stay when those lapse. The hold has been ended.
create function public.lots_of_capture(
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
            select l.id, l.expires_at, greatest(l.remaining - l.held, 0) as free, coalesce(e.value::bigint, 0) as credits
            from public.credit_lots l
            left join pg_catalog.jsonb_each_text(p_hold.lots) e on e.key::bigint = l.id
            where l.user_id = p_hold.user_id
                and (e.key is not null or l.remaining > l.held)
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

comment on function public.lots_of_capture(public.credit_holds, bigint) is 'From which lots a hold is captured: its own, then others, then as a debt. Granted to nobody.';
revoke all on function public.lots_of_capture(public.credit_holds, bigint) from public, anon, authenticated, service_role;

-- release_hold(hold) -> {released, status, balance, available}
-- Gives back what was set aside. Safe to repeat; of a hold that lapsed meanwhile the credits are free
-- already. Raises PT404 for no such hold; PT409 if it was captured.
create function public.release_hold(p_hold_id uuid)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_hold    public.credit_holds := public.lock_hold(p_hold_id);
    v_account public.user_credits;
begin
    if v_hold.status = 'captured' then
        raise exception using errcode = 'PT409', message = 'the hold was captured', detail = 'hold_captured';
    end if;
    if v_hold.status = 'held' then
        perform public.end_hold(v_hold);
        update public.credit_holds h
        set status = 'released',
            ended_at = clock_timestamp()
        where h.id = v_hold.id
        returning * into v_hold;
    end if;
    v_account := public.lock_account(v_hold.user_id);
    return jsonb_build_object(
        'released', v_hold.credits,
        'status', v_hold.status,
        'balance', v_account.balance,
        'available', v_account.balance - v_account.held
    );
end
$$;

comment on function public.release_hold(uuid) is 'Gives back what a hold has set aside. PT409: it was captured.';
revoke all on function public.release_hold(uuid) from public, anon, authenticated, service_role;
grant execute on function public.release_hold(uuid) to service_role;
