-- Spending at once (spend_credits) and undoing it (reverse_spend). The caller names a feature, never
-- an amount of credits. Each call is one transaction and locks one user's row.

create function purse.replay_spend(
    p_posted   public.credit_transactions,
    p_feature  text,
    p_quantity integer
)
    returns jsonb
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    perform purse.require_same_request(
        p_posted.kind = 'spend' and p_posted.feature = p_feature and p_posted.quantity = p_quantity
    );
    perform purse.require_not_reversed(p_posted.id);
    return pg_catalog.jsonb_build_object(
        'transaction_id', p_posted.id::text,
        'spent', -p_posted.amount,
        'balance', p_posted.balance_after,
        'replayed', true
    );
end
$$;

comment on function purse.replay_spend(public.credit_transactions, text, integer) is
'The answer to a spend whose key is known: the first answer, replayed. Raises PT409 if the key was
used for another request, or if the spend was reversed.';
revoke all on function purse.replay_spend(public.credit_transactions, text, integer)
    from public, anon, authenticated, service_role;

create function purse.spend_by_steps(
    p_user_id         uuid,
    p_feature         text,
    p_quantity        integer,
    p_idempotency_key text
)
    returns jsonb
    language plpgsql
    set search_path = ''
as $$
declare
    v_credits bigint;
    v_account public.user_credits;
    v_posted  public.credit_transactions;
begin
    perform purse.require_account(p_user_id);
    -- No lock: a row that is posted under a key never changes.
    select * into v_posted
    from public.credit_transactions t
    where t.user_id = p_user_id
        and t.idempotency_key = p_idempotency_key;
    if found then
        return purse.replay_spend(v_posted, p_feature, p_quantity);
    end if;
    perform purse.require_valid_key(p_idempotency_key);
    v_credits := purse.price_of(p_feature, p_quantity);

    v_account := purse.lock_open_account(p_user_id);
    -- The same request may have spent while this one waited for the lock.
    select * into v_posted
    from public.credit_transactions t
    where t.user_id = p_user_id
        and t.idempotency_key = p_idempotency_key;
    if found then
        return purse.replay_spend(v_posted, p_feature, p_quantity);
    end if;
    if exists (
        select from public.credit_holds h
        where h.user_id = p_user_id
            and h.idempotency_key = p_idempotency_key
    ) then
        perform purse.raise_key_reused();
    end if;
    perform purse.require_available(v_account, v_credits);
    v_posted := purse.post_transaction(
        p_user_id,
        'spend',
        -v_credits,
        purse.lots_to_take(p_user_id, v_credits),
        p_feature => p_feature,
        p_quantity => p_quantity,
        p_idempotency_key => p_idempotency_key
    );
    perform purse.note_next_lot(p_user_id);
    return pg_catalog.jsonb_build_object(
        'transaction_id', v_posted.id::text,
        'spent', v_credits,
        'balance', v_posted.balance_after,
        'replayed', false
    );
end
$$;

comment on function purse.spend_by_steps(uuid, text, integer, text) is
'Spends, or says why not, in every case. spend_credits calls it when its fast path does not apply.';
revoke all on function purse.spend_by_steps(uuid, text, integer, text) from public, anon, authenticated, service_role;

-- The most frequent call, so the usual spend is written out: short statements with few expressions, because
-- preparing a statement for execution costs more than executing it. The update of the balance takes the lock.
-- As soon as a case is not the usual one, spend_by_steps decides it.
create function public.spend_credits(
    p_user_id         uuid,
    p_feature         text,
    p_quantity        integer,
    p_idempotency_key text
)
    -- json and not jsonb, because the usual answer is formatted as text. That takes half the time.
    returns json
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_id      bigint;
    v_credits bigint;
    v_balance bigint;
    v_warning bigint;
    v_lot_id  bigint;
    v_held    boolean;
begin
    -- Written out: a call of require_server would be a measurable part of a spend.
    if pg_catalog.current_setting('role') in ('anon', 'authenticated') then
        perform purse.require_server();
    end if;
    -- Without a lock: a row that is posted under a key never changes.
    perform from public.credit_transactions t
    where t.user_id = p_user_id
        and t.idempotency_key = p_idempotency_key;
    if found
        or (
            p_quantity between 1 and 1000000
            and octet_length(p_idempotency_key) <= 255
            and p_idempotency_key ~ '^[\x20-\x7e]+$'
        ) is not true
    then
        return purse.spend_by_steps(p_user_id, p_feature, p_quantity, p_idempotency_key);
    end if;
    select f.credits * p_quantity into v_credits
    from public.credit_features f
    where f.id = p_feature
        and f.active;

    -- Finds nothing without a price or an account. The lot's row stays as it is: see next_lot_free.
    update public.user_credits u
    set balance = u.balance - v_credits,
        next_lot_free = u.next_lot_free - v_credits,
        updated_at = clock_timestamp()
    where u.user_id = p_user_id
        and u.next_lot_free >= v_credits
        and u.balance - u.held >= v_credits
        and (u.lapses_at <= now()) is not true
        and u.deleted_at is null
    returning u.balance, u.warn_below, u.next_lot_id, u.has_held into v_balance, v_warning, v_lot_id, v_held;
    if found then
        if v_held then
            perform from public.credit_holds h
            where h.user_id = p_user_id
                and h.idempotency_key = p_idempotency_key;
        end if;
        if not (v_held and found) then
            insert into public.credit_transactions (
                user_id, kind, amount, balance_after, lots, feature, quantity, idempotency_key
            )
            values (
                p_user_id, 'spend', -v_credits, v_balance, pg_catalog.jsonb_build_object(v_lot_id, -v_credits),
                p_feature, p_quantity, p_idempotency_key
            )
            -- A parallel request with the same key may have committed while we waited for the lock.
            on conflict (user_id, idempotency_key) where idempotency_key is not null do nothing
            returning id into v_id;
            if found then
                if v_balance < v_warning then
                    perform purse.announce_low(p_user_id, v_id, v_balance);
                end if;
                return pg_catalog.format(
                    '{"transaction_id": "%s", "spent": %s, "balance": %s, "replayed": false}', v_id, v_credits, v_balance
                );
            end if;
        end if;
        update public.user_credits u
        set balance = u.balance + v_credits,
            next_lot_free = u.next_lot_free + v_credits
        where u.user_id = p_user_id;
    end if;
    return purse.spend_by_steps(p_user_id, p_feature, p_quantity, p_idempotency_key);
end
$$;

comment on function public.spend_credits(uuid, text, integer, text) is
'Spends the price of a feature, once per idempotency key. The same request again gets the same answer.
Returns {transaction_id, spent, balance, replayed}.
Raises PT402 if too few credits are free, with {"available", "required"} as detail; PT404 if the feature
is not offered; PT409 if the key was used for another request, or for a spend that was reversed since,
with spend_reversed as detail; PT422 for an invalid quantity or key; PT403 if the account was deleted.';
revoke all on function public.spend_credits(uuid, text, integer, text) from public, anon, authenticated, service_role;
grant execute on function public.spend_credits(uuid, text, integer, text) to service_role;

create function purse.lock_owner_of_lots(p_transaction_id bigint)
    returns uuid
    language plpgsql
    set search_path = ''
as $$
declare
    v_locked uuid;
    v_owner  uuid;
begin
    -- The purse, and the lots with it, may move while we wait for its lock.
    loop
        select l.user_id into v_owner
        from public.credit_entries e
        join public.credit_lot_rows l on l.id = e.lot_id
        where e.transaction_id = p_transaction_id
        limit 1;
        exit when v_owner is not distinct from v_locked;
        v_locked := v_owner;
        perform purse.lock_account(v_locked);
    end loop;
    return v_owner;
end
$$;

comment on function purse.lock_owner_of_lots(bigint) is
'As purse.lock_account, for the account that has the lots of a transaction now: the transaction''s own, unless its purse has
moved since. Returns that account''s user.';
revoke all on function purse.lock_owner_of_lots(bigint) from public, anon, authenticated, service_role;

create function public.reverse_spend(
    p_transaction_id bigint,
    p_actor          text,
    p_reason         text
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_spend   public.credit_transactions;
    v_posted  public.credit_transactions;
    v_account public.user_credits;
    v_user_id uuid;
    v_is_new  boolean := false;
begin
    perform purse.require_server();
    select * into v_spend
    from public.credit_transactions t
    where t.id = p_transaction_id
        and t.kind = 'spend';
    if not found then
        raise exception using errcode = 'PT404', message = 'no such spend', detail = 'unknown_transaction';
    end if;
    v_user_id := purse.lock_owner_of_lots(v_spend.id);
    perform purse.require_account(v_user_id);

    select * into v_posted from public.credit_transactions t where t.reverses_id = v_spend.id;
    if not found then
        v_is_new := true;
        v_posted := purse.post_transaction(
            v_user_id,
            'reversal',
            -v_spend.amount,
            (
                select jsonb_object_agg(e.lot_id, -e.credits)
                from public.credit_entries e
                where e.transaction_id = v_spend.id
            ),
            p_feature => v_spend.feature,
            p_quantity => v_spend.quantity,
            p_reverses_id => v_spend.id,
            p_actor => p_actor,
            p_reason => p_reason
        );
        perform purse.collect_forgiven(v_user_id);
    end if;
    -- Writes the expiry of credits that went back into a lot that has expired.
    v_account := purse.lock_account(v_user_id);
    return jsonb_build_object(
        'transaction_id', v_posted.id::text,
        'returned', v_posted.amount,
        'lapsed', (
            select coalesce(sum(least(e.credits, greatest(b.credits, 0))), 0)::bigint
            from public.credit_entries e
            join public.credit_lots l
                on l.user_id = v_user_id
                and l.id = e.lot_id
            -- The lot's credits right after the reversal. In a lot with a debt, the returned credits first
            -- pay the debt; only the excess expires.
            cross join lateral (
                select sum(earlier.credits) as credits
                from public.credit_entries earlier
                where earlier.user_id = v_posted.user_id
                    and earlier.transaction_id <= v_posted.id
                    and earlier.lot_id = e.lot_id
            ) b
            where e.transaction_id = v_posted.id
                and l.expires_at <= v_posted.created_at
        ),
        'balance', v_account.balance,
        'replayed', not v_is_new
    );
end
$$;

comment on function public.reverse_spend(bigint, text, text) is
'Undoes a spend, once: its credits go back into the lots they came from. Credits that go back into an
expired lot expire at once; "lapsed" says how many. If the purse has moved, its new owner gets them. Called again, it answers as the first time.
Returns {transaction_id, returned, lapsed, balance, replayed}. Raises PT404 if there is no such spend, PT403 if the
account was deleted.
For support: select reverse_spend(42, ''who'', ''why'').';
revoke all on function public.reverse_spend(bigint, text, text) from public, anon, authenticated, service_role;
grant execute on function public.reverse_spend(bigint, text, text) to service_role;
