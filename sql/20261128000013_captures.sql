-- How a hold ends: captured when the work is done, or released. Otherwise it expires (purse.expire_account).

create function purse.end_hold(p_hold public.credit_holds)
    returns public.user_credits
    language plpgsql
    set search_path = ''
as $$
declare
    v_account public.user_credits;
begin
    with lots as (
        update public.credit_lot_rows l
        set held = l.held - e.credits
        from purse.hold_lots e
        where e.hold_id = p_hold.id
            and l.user_id = p_hold.user_id
            and l.id = e.lot_id
        returning l.expires_at
    )
    update public.user_credits u
    set held = u.held - p_hold.credits,
        -- The hold may have kept a lot from expiring.
        lapses_at = least(u.lapses_at, (select min(l.expires_at) from lots l)),
        updated_at = clock_timestamp()
    where u.user_id = p_hold.user_id
    returning * into v_account;
    return v_account;
end
$$;

comment on function purse.end_hold(public.credit_holds) is
'Gives the held credits back to their lots and to the account. The caller holds the user''s row and
writes the hold''s new status.';
revoke all on function purse.end_hold(public.credit_holds) from public, anon, authenticated, service_role;

create function purse.release_holds_of(p_user_id uuid)
    returns integer
    language plpgsql
    set search_path = ''
as $$
declare
    v_hold     public.credit_holds;
    v_released integer := 0;
begin
    for v_hold in
        select * from purse.open_holds(p_user_id) h order by h.id
    loop
        perform purse.end_hold(v_hold);
        update public.credit_holds h
        set status = 'released',
            ended_at = clock_timestamp()
        where h.id = v_hold.id;
        v_released := v_released + 1;
    end loop;
    return v_released;
end
$$;

comment on function purse.release_holds_of(uuid) is
'Releases all holds of a user; returns how many. The caller holds the user''s row.';
revoke all on function purse.release_holds_of(uuid) from public, anon, authenticated, service_role;

create function purse.capture_by_steps(
    p_hold_id uuid,
    p_credits bigint,
    p_at_most bigint
)
    returns jsonb
    language plpgsql
    set search_path = ''
as $$
declare
    v_hold    public.credit_holds := purse.lock_hold(p_hold_id);
    v_credits bigint              := coalesce(p_credits, v_hold.credits);
    v_most    bigint              := greatest(v_hold.credits, p_at_most);
    v_account public.user_credits;
    v_posted  public.credit_transactions;
    v_is_new  boolean             := false;
begin
    perform purse.require_account(v_hold.user_id);
    if v_credits not between 1 and v_most then
        raise exception using
            errcode = 'PT422',
            message = 'credits to capture must be from 1 to ' || v_most || '; to capture none, release the hold',
            detail = v_most::text;
    end if;
    if v_hold.status = 'captured' and v_hold.captured = v_credits then
        perform purse.require_not_reversed(v_hold.transaction_id);
        select * into strict v_posted from public.credit_transactions t where t.id = v_hold.transaction_id;
    elsif v_hold.status <> 'held' then
        raise exception using
            errcode = 'PT409',
            message = 'the hold has ended already',
            detail = 'hold_' || v_hold.status;
    else
        v_is_new := true;
        v_account := purse.end_hold(v_hold);
        if v_credits > v_hold.credits then
            perform purse.require_available(v_account, v_credits);
        end if;
        v_posted := purse.post_transaction(
            v_hold.user_id,
            'spend',
            -v_credits,
            purse.lots_to_capture(v_hold, v_credits),
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
        if v_credits < v_hold.credits then
            perform purse.collect_forgiven(v_hold.user_id);
        end if;
    end if;
    return jsonb_build_object(
        'transaction_id', v_posted.id::text,
        'captured', v_credits,
        'released', greatest(v_hold.credits - v_credits, 0),
        'balance', v_posted.balance_after,
        'replayed', not v_is_new
    );
end
$$;

comment on function purse.capture_by_steps(uuid, bigint, bigint) is
'Captures, or says why not, in every case. capture_hold calls it when its fast path does not apply.';
revoke all on function purse.capture_by_steps(uuid, bigint, bigint) from public, anon, authenticated, service_role;

-- Like spend_credits: the usual capture (all of a hold, which is on the lot that the next spend takes from) in
-- short statements, every other by steps.
create function public.capture_hold(
    p_hold_id uuid,
    p_credits bigint default null,
    p_at_most bigint default null
)
    -- json, as in spend_credits.
    returns json
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_user_id uuid;
    v_credits bigint;
    v_balance bigint;
    v_warning bigint;
    v_lots    jsonb;
    v_lot_id  bigint;
    v_id      bigint;
begin
    -- Written out, as in spend_credits.
    if pg_catalog.current_setting('role') in ('anon', 'authenticated') then
        perform purse.require_server();
    end if;
    -- A hold never changes these. Finds nothing if only a part is captured.
    select h.user_id, h.credits, h.lots into v_user_id, v_credits, v_lots
    from public.credit_holds h
    where h.id = p_hold_id
        and h.ended_at is null
        and h.feature <> 'purse:refund'
        and coalesce(p_credits, h.credits) = h.credits;

    update public.user_credits u
    set balance = u.balance - v_credits,
        held = u.held - v_credits,
        updated_at = clock_timestamp()
    where u.user_id = v_user_id
        and u.held >= v_credits
        and (u.lapses_at <= now()) is not true
    returning u.balance, u.warn_below, u.next_lot_id into v_balance, v_warning, v_lot_id;

    -- Finds nothing if a clawback took from what is held. What is free in the lot stays the same.
    update public.credit_lot_rows l
    set remaining = l.remaining - v_credits,
        held = l.held - v_credits
    where l.id = v_lot_id
        and v_lots -> v_lot_id::text = to_jsonb(v_credits)
        and l.held >= v_credits
        and l.remaining >= l.held;
    if found then
        insert into public.credit_transactions (
            user_id, kind, amount, balance_after, lots, feature, quantity, hold_id
        )
        select v_user_id, 'spend', -v_credits, v_balance, pg_catalog.jsonb_build_object(v_lot_id, -v_credits),
            h.feature, h.quantity, h.id
        from public.credit_holds h
        where h.id = p_hold_id
            -- It may have ended while we waited for the lock.
            and h.ended_at is null
        returning id into v_id;
        if found then
            update public.credit_holds h
            set status = 'captured',
                captured = v_credits,
                transaction_id = v_id,
                ended_at = clock_timestamp()
            where h.id = p_hold_id;
            if v_balance < v_warning then
                perform purse.announce_low(v_user_id, v_id, v_balance);
            end if;
            return pg_catalog.format(
                '{"transaction_id": "%s", "captured": %s, "released": 0, "balance": %s, "replayed": false}',
                v_id, v_credits, v_balance
            );
        end if;
        update public.credit_lot_rows l
        set remaining = l.remaining + v_credits,
            held = l.held + v_credits
        where l.id = v_lot_id;
    end if;
    if v_balance is not null then
        update public.user_credits u
        set balance = u.balance + v_credits,
            held = u.held + v_credits
        where u.user_id = v_user_id;
    end if;
    return purse.capture_by_steps(p_hold_id, p_credits, p_at_most);
end
$$;

comment on function public.capture_hold(uuid, bigint, bigint) is
'Spends what a hold has set aside, or p_credits of it; the rest goes back. p_credits may exceed the
hold up to p_at_most, if the excess is free.
Returns {transaction_id, captured, released, balance, replayed}. The same capture again gets the same answer.
Raises PT402 if the excess is not free, with {"available", "required"} as detail, the held credits
included in both; PT404 if there is no such hold; PT409 if it was released, has expired or was captured
with other credits, with hold_<status> as detail, if its spend was reversed, with spend_reversed, or if it pins
the credits of a refund, with hold_of_refund;
PT422 if p_credits is not from 1 to the greater of what is held and p_at_most, which is the detail; PT403 if
the account was deleted, which released the hold.';
revoke all on function public.capture_hold(uuid, bigint, bigint) from public, anon, authenticated, service_role;
grant execute on function public.capture_hold(uuid, bigint, bigint) to service_role;

create function public.release_hold(p_hold_id uuid)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_hold    public.credit_holds := purse.lock_hold(p_hold_id);
    v_account public.user_credits;
begin
    if v_hold.status = 'captured' then
        raise exception using errcode = 'PT409', message = 'the hold was captured', detail = 'hold_captured';
    end if;
    if v_hold.status = 'held' then
        perform purse.end_hold(v_hold);
        update public.credit_holds h
        set status = 'released',
            ended_at = clock_timestamp()
        where h.id = v_hold.id
        returning * into v_hold;
        perform purse.collect_forgiven(v_hold.user_id);
    end if;
    v_account := purse.lock_account(v_hold.user_id);
    return jsonb_build_object(
        'released', v_hold.credits,
        'status', v_hold.status,
        'balance', v_account.balance,
        'available', v_account.balance - v_account.held
    );
end
$$;

comment on function public.release_hold(uuid) is
'Gives back what a hold has set aside. Safe to repeat; the credits of an expired hold are free already.
Returns {released, status, balance, available}. Raises PT404 if there is no such hold, PT409 if it was captured, or if
it pins the credits of a refund, with hold_of_refund as detail.';
revoke all on function public.release_hold(uuid) from public, anon, authenticated, service_role;
grant execute on function public.release_hold(uuid) to service_role;
