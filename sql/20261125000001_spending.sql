-- Spending at once (spend_credits), and undoing it. Who calls names a feature, never an amount of credits.
-- Each call is one transaction under one lock, the user's row.
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
