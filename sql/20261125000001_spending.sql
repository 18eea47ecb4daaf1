-- Spending: at once (spend_credits), or in two steps for work that can fail (hold_credits, then
-- capture_hold or release_hold); undoing a spend, and giving credits. Who calls names a feature, never
-- an amount of credits. Each is one transaction under one lock, the user's row.
--
-- An idempotency key belongs to a user and is kept for good. The same request under it is answered as the
-- first time, by a read without a lock; another request is refused (PT409). A request that was refused,
-- for lack of credits say, leaves nothing under its key.

-- price_of(feature, quantity) -> credits.
-- Raises PT404 for a feature that is not offered; PT422 for a quantity that cannot be meant.
create function public.price_of(
    p_feature  text,
    p_quantity integer
)
    returns bigint
    language plpgsql
    stable
    set search_path = ''
as $$
declare
    v_credits bigint;
begin
    if p_quantity is null or p_quantity not between 1 and 1000000 then
        raise exception using errcode = 'PT422', message = 'quantity must be from 1 to 1000000';
    end if;
    select f.credits into v_credits
    from public.credit_features f
    where f.id = p_feature
        and f.active;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such feature', detail = 'unknown_feature';
    end if;
    return v_credits * p_quantity;
end
$$;

comment on function public.price_of(text, integer) is 'What so many uses of a feature cost, in credits. Granted to nobody.';
revoke all on function public.price_of(text, integer) from public, anon, authenticated, service_role;

-- refuse_overdraft(account, credits) raises PT402 if fewer credits are free; its detail says how many are.
create function public.refuse_overdraft(
    p_account  public.user_credits,
    p_required bigint
)
    returns void
    language plpgsql
    immutable
    set search_path = ''
as $$
declare
    v_available bigint := coalesce(p_account.balance - p_account.held, 0);
begin
    if v_available < p_required then
        raise exception using
            errcode = 'PT402',
            message = 'not enough credits',
            detail = pg_catalog.jsonb_build_object('available', v_available, 'required', p_required)::text;
    end if;
end
$$;

comment on function public.refuse_overdraft(public.user_credits, bigint) is 'Raises PT402 where an account has fewer credits free. Granted to nobody.';
revoke all on function public.refuse_overdraft(public.user_credits, bigint) from public, anon, authenticated, service_role;

-- refuse_reused_key(same request?) raises PT409 unless a key comes back with the request it came with first.
create function public.refuse_reused_key(p_is_same boolean)
    returns void
    language plpgsql
    immutable
    set search_path = ''
as $$
begin
    if not coalesce(p_is_same, false) then
        raise exception using
            errcode = 'PT409',
            message = 'the idempotency key was used for another request',
            detail = 'idempotency_key_reused';
    end if;
end
$$;

comment on function public.refuse_reused_key(boolean) is 'Raises PT409 where an idempotency key comes back with another request. Granted to nobody.';
revoke all on function public.refuse_reused_key(boolean) from public, anon, authenticated, service_role;

-- refuse_odd_key(key) raises PT422 for what cannot be a key: none, more than 255 characters, or others than
-- printable ASCII.
create function public.refuse_odd_key(p_idempotency_key text)
    returns void
    language plpgsql
    immutable
    set search_path = ''
as $$
begin
    if p_idempotency_key is null
        or length(p_idempotency_key) not between 1 and 255
        or p_idempotency_key ~ '[^\x20-\x7e]'
    then
        raise exception using
            errcode = 'PT422',
            message = 'an idempotency key is 1 to 255 characters of printable ASCII';
    end if;
end
$$;

comment on function public.refuse_odd_key(text) is 'Raises PT422 for what cannot be an idempotency key. Granted to nobody.';
revoke all on function public.refuse_odd_key(text) from public, anon, authenticated, service_role;

-- replay_spend(what is posted under a key, feature, quantity) -> as spend_credits. Raises PT409 if that was
-- another request.
create function public.replay_spend(
    p_posted   public.credit_transactions,
    p_feature  text,
    p_quantity integer
)
    returns jsonb
    language plpgsql
    immutable
    set search_path = ''
as $$
begin
    perform public.refuse_reused_key(
        p_posted.kind = 'spend' and p_posted.feature = p_feature and p_posted.quantity = p_quantity
    );
    return pg_catalog.jsonb_build_object(
        'transaction_id', p_posted.id::text,
        'spent', -p_posted.amount,
        'balance', p_posted.balance_after,
        'replayed', true
    );
end
$$;

comment on function public.replay_spend(public.credit_transactions, text, integer) is 'The answer to a spend that was asked for before. Granted to nobody.';
revoke all on function public.replay_spend(public.credit_transactions, text, integer) from public, anon, authenticated, service_role;

-- spend_credits(user, feature, quantity, idempotency key) -> {transaction_id, spent, balance, replayed}
-- Raises PT402 with {"available", "required"} as its detail; PT404 no such feature; PT409 key used for
-- another request; PT422 quantity or key.
-- What an app does most, so it is written out, in five short statements. The one that lowers the balance takes
-- the lock; the last three post as post_transaction does.
create function public.spend_credits(
    p_user_id         uuid,
    p_feature         text,
    p_quantity        integer,
    p_idempotency_key text
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_credits bigint;
    v_balance bigint;
    v_lots    jsonb;
    v_id      bigint;
    v_account public.user_credits;
    v_posted  public.credit_transactions;
begin
    -- Without a lock: what is posted under a key never changes.
    select * into v_posted
    from public.credit_transactions t
    where t.user_id = p_user_id
        and t.idempotency_key = p_idempotency_key;
    if found then
        return public.replay_spend(v_posted, p_feature, p_quantity);
    end if;

    select f.credits * p_quantity into v_credits
    from public.credit_features f
    where f.id = p_feature
        and f.active
        and p_quantity between 1 and 1000000
        and length(p_idempotency_key) between 1 and 255
        and p_idempotency_key !~ '[^\x20-\x7e]';
    if not found then
        perform public.refuse_odd_key(p_idempotency_key);
        v_credits := public.price_of(p_feature, p_quantity);
    end if;

    update public.user_credits u
    set balance = u.balance - v_credits,
        updated_at = clock_timestamp()
    where u.user_id = p_user_id
        and u.balance - u.held >= v_credits
        and coalesce(u.lapses_at > now(), true)
    returning u.balance into v_balance;
    if not found then
        -- Something lapsed, or there is too little: perhaps since the same request has just spent it.
        v_account := public.lock_account(p_user_id);
        select * into v_posted
        from public.credit_transactions t
        where t.user_id = p_user_id
            and t.idempotency_key = p_idempotency_key;
        if found then
            return public.replay_spend(v_posted, p_feature, p_quantity);
        end if;
        perform public.refuse_reused_key(not exists (
            select from public.credit_holds h
            where h.user_id = p_user_id
                and h.idempotency_key = p_idempotency_key
        ));
        perform public.refuse_overdraft(v_account, v_credits);
        update public.user_credits u
        set balance = u.balance - v_credits,
            updated_at = clock_timestamp()
        where u.user_id = p_user_id
        returning u.balance into strict v_balance;
    end if;

    -- From here on no other movement of this user comes between. Nearly always the first lot has enough.
    update public.credit_lots l
    set remaining = l.remaining - v_credits
    where l.id = (
            select f.id
            from public.credit_lots f
            where f.user_id = p_user_id
                and f.remaining > f.held
            order by f.expires_at, f.id
            limit 1
        )
        and l.remaining - l.held >= v_credits
    returning pg_catalog.jsonb_build_object(l.id, -v_credits) into v_lots;
    if not found then
        v_lots := public.lots_to_take(p_user_id, v_credits);
        update public.credit_lots l
        set remaining = l.remaining + e.value::bigint
        from pg_catalog.jsonb_each_text(v_lots) e
        where l.user_id = p_user_id
            and l.id = e.key::bigint;
    end if;

    insert into public.credit_transactions (
        user_id, kind, amount, balance_after, lots, feature, quantity, idempotency_key
    )
    select p_user_id, 'spend', -v_credits, v_balance, v_lots, p_feature, p_quantity, p_idempotency_key
    where not exists (
        select from public.credit_holds h
        where h.user_id = p_user_id
            and h.idempotency_key = p_idempotency_key
    )
    returning id into v_id;
    if v_id is null then
        perform public.refuse_reused_key(false);
    end if;

    return pg_catalog.jsonb_build_object(
        'transaction_id', v_id::text,
        'spent', v_credits,
        'balance', v_balance,
        'replayed', false
    );
exception
    when unique_violation then
        -- The same key at the same moment was posted first; what we did is undone.
        select * into strict v_posted
        from public.credit_transactions t
        where t.user_id = p_user_id
            and t.idempotency_key = p_idempotency_key;
        return public.replay_spend(v_posted, p_feature, p_quantity);
end
$$;

comment on function public.spend_credits(uuid, text, integer, text) is
    'Spends what a feature costs, once for a key. PT402: not enough, the detail says what is there. PT404: no such feature. PT409: the key was used for another request.';
revoke all on function public.spend_credits(uuid, text, integer, text) from public, anon, authenticated, service_role;
grant execute on function public.spend_credits(uuid, text, integer, text) to service_role;

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

-- reverse_spend(transaction, who, why) -> {transaction_id, returned, lapsed, balance, replayed}
-- Puts the credits of a spend back into the very lots they came from. A lot that lapsed meanwhile stays
-- lapsed: what goes back into it lapses at once, and lapsed says how much. A spend is reversed once; again,
-- it answers as the first time. Raises PT404 for no such spend.
create function public.reverse_spend(
    p_transaction_id bigint,
    p_actor          text,
    p_reason         text
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_spend   public.credit_transactions;
    v_posted  public.credit_transactions;
    v_account public.user_credits;
    v_is_new  boolean := false;
begin
    select * into v_spend
    from public.credit_transactions t
    where t.id = p_transaction_id
        and t.kind = 'spend';
    if not found then
        raise exception using errcode = 'PT404', message = 'no such spend', detail = 'unknown_transaction';
    end if;
    perform public.lock_account(v_spend.user_id);

    select * into v_posted from public.credit_transactions t where t.reverses_id = v_spend.id;
    if not found then
        v_is_new := true;
        v_posted := public.post_transaction(
            v_spend.user_id,
            'reversal',
            -v_spend.amount,
            (select jsonb_object_agg(e.key, -e.value::bigint) from jsonb_each_text(v_spend.lots) e),
            p_feature => v_spend.feature,
            p_quantity => v_spend.quantity,
            p_reverses_id => v_spend.id,
            p_actor => p_actor,
            p_reason => p_reason
        );
    end if;
    v_account := public.lock_account(v_spend.user_id);
    return jsonb_build_object(
        'transaction_id', v_posted.id::text,
        'returned', v_posted.amount,
        'lapsed', (
            select coalesce(sum(least(e.value::bigint, greatest(b.credits, 0))), 0)::bigint
            from jsonb_each_text(v_posted.lots) e
            join public.credit_lots l
                on l.user_id = v_spend.user_id
                and l.id = e.key::bigint
            -- What was in the lot then: of a lot that owed, only what exceeds the debt lapsed.
            cross join lateral (
                select sum((t.lots ->> e.key)::bigint) as credits
                from public.credit_transactions t
                where t.user_id = v_posted.user_id
                    and t.id <= v_posted.id
                    and t.lots ? e.key
            ) b
            where l.expires_at <= v_posted.created_at
        ),
        'balance', v_account.balance,
        'replayed', not v_is_new
    );
end
$$;

comment on function public.reverse_spend(bigint, text, text) is
    'Undoes a spend, once: its credits go back into the lots they came from; what goes back into a lapsed lot lapses. For support: select reverse_spend(42, ''who'', ''why'').';
revoke all on function public.reverse_spend(bigint, text, text) from public, anon, authenticated, service_role;
grant execute on function public.reverse_spend(bigint, text, text) to service_role;

-- grant_credits(user, credits, bonus | correction, who, why, idempotency key, days valid or null)
--   -> {transaction_id, credits, balance, replayed}
-- A gift, or a person's correction of a mistake; a correction may be negative, but takes no more than is
-- free. Debts are paid first. Raises PT402 for a negative correction beyond what is free; PT409 key used
-- for another request; PT422 for what cannot be meant.
create function public.grant_credits(
    p_user_id         uuid,
    p_credits         bigint,
    p_kind            text,
    p_actor           text,
    p_reason          text,
    p_idempotency_key text,
    p_valid_days      integer default null
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_account public.user_credits;
    v_posted  public.credit_transactions;
    v_lot_id  bigint;
    v_is_new  boolean := false;
begin
    if p_kind is null or p_kind not in ('bonus', 'correction')
        or p_credits is null or p_credits = 0 or abs(p_credits) > 1000000000
        or (p_credits < 0 and (p_kind = 'bonus' or p_valid_days is not null))
        or p_valid_days not between 1 and 3650
    then
        raise exception using
            errcode = 'PT422',
            message = 'a bonus is positive, a correction is not zero; days are from 1 to 3650';
    end if;
    perform public.refuse_odd_key(p_idempotency_key);
    v_account := public.open_account(p_user_id);

    select * into v_posted
    from public.credit_transactions t
    where t.user_id = p_user_id
        and t.idempotency_key = p_idempotency_key;
    if found then
        perform public.refuse_reused_key(
            v_posted.kind = p_kind and v_posted.amount = p_credits and v_posted.reason = p_reason
        );
    else
        perform public.refuse_reused_key(not exists (
            select from public.credit_holds h
            where h.user_id = p_user_id
                and h.idempotency_key = p_idempotency_key
        ));
        v_is_new := true;
        if p_credits < 0 then
            perform public.refuse_overdraft(v_account, -p_credits);
        else
            insert into public.credit_lots (user_id, source, name, granted, expires_at)
            values (p_user_id, p_kind, p_reason, p_credits, clock_timestamp() + make_interval(days => p_valid_days))
            returning id into v_lot_id;
        end if;
        v_posted := public.post_transaction(
            p_user_id,
            p_kind,
            p_credits,
            case
                when p_credits < 0 then public.lots_to_take(p_user_id, -p_credits)
                else public.lots_to_fill(p_user_id, v_lot_id, p_credits)
            end,
            p_actor => p_actor,
            p_reason => p_reason,
            p_idempotency_key => p_idempotency_key
        );
    end if;
    return jsonb_build_object(
        'transaction_id', v_posted.id::text,
        'credits', v_posted.amount,
        'balance', v_posted.balance_after,
        'replayed', not v_is_new
    );
end
$$;

comment on function public.grant_credits(uuid, bigint, text, text, text, text, integer) is
    'Gives credits (bonus), or corrects a balance (correction, of either sign), once for a key, with who and why.';
revoke all on function public.grant_credits(uuid, bigint, text, text, text, text, integer) from public, anon, authenticated, service_role;
grant execute on function public.grant_credits(uuid, bigint, text, text, text, text, integer) to service_role;

-- set_low_threshold(user, credits or null for the deployment's default)
create function public.set_low_threshold(
    p_user_id uuid,
    p_credits bigint
)
    returns void
    language sql
    security definer
    set search_path = ''
as $$
    insert into public.user_credits as u (user_id, low_threshold)
    values (p_user_id, p_credits)
    on conflict (user_id) do update
        set low_threshold = excluded.low_threshold
$$;

comment on function public.set_low_threshold(uuid, bigint) is 'Below how many credits this user''s balance is called low.';
revoke all on function public.set_low_threshold(uuid, bigint) from public, anon, authenticated, service_role;
grant execute on function public.set_low_threshold(uuid, bigint) to service_role;

-- lapse_credits(how many accounts) -> {accounts}
-- The daily clean-up: writes what has lapsed, so that history shows it also for those who do not come.
-- Correctness does not rest on it. Takes one account's lock at a time and waits for none.
create function public.lapse_credits(p_limit integer)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_accounts integer;
begin
    with due as (
        select u.user_id
        from public.user_credits u
        where u.lapses_at <= now()
        order by u.lapses_at
        limit p_limit
        for update skip locked
    )
    select count(public.lapse_account(d.user_id)::text) into v_accounts from due d;
    return jsonb_build_object('accounts', v_accounts);
end
$$;

comment on function public.lapse_credits(integer) is 'Writes what has lapsed in so many accounts; the daily clean-up calls it until none is left.';
revoke all on function public.lapse_credits(integer) from public, anon, authenticated, service_role;
grant execute on function public.lapse_credits(integer) to service_role;

create index user_credits_lapses_at_idx on public.user_credits (lapses_at) where lapses_at is not null;
