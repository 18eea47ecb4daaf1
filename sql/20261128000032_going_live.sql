-- Going live on a database that was used for testing. Nothing is deleted: the ledger only grows.
-- First clear_test_credits brings balances to 0, a batch of users in a transaction, so that a spend meanwhile waits
-- for one batch at most. Then go_live clears what came since and sets the mode.

-- Locks the users' rows in the order of their ids.
create function purse.clear_accounts(
    p_user_ids uuid[],
    p_actor    text,
    p_reason   text
)
    returns jsonb
    language plpgsql
    set search_path = ''
as $$
declare
    v_holds     bigint := 0;
    v_corrected bigint := 0;
    v_taken     bigint := 0;
    v_given     bigint := 0;
    v_user_id   uuid;
    v_account   public.user_credits;
begin
    -- Nobody is told that their test credits are gone.
    perform purse.keep_quiet(true);
    perform purse.lock_accounts(p_user_ids);
    foreach v_user_id in array p_user_ids loop
        perform purse.lock_account(v_user_id);
        -- What test refunds could not take is not taken from paid credits later.
        update public.credit_lot_rows l set forgiven = 0 where l.user_id = v_user_id and l.forgiven > 0;
        v_holds := v_holds + purse.release_holds_of(v_user_id);
        -- Writes the expiry of what a hold had kept.
        v_account := purse.lock_account(v_user_id);
        if v_account.balance <> 0 then
            perform purse.post_transaction(
                v_user_id,
                'correction',
                -v_account.balance,
                (
                    select jsonb_object_agg(l.id, -l.remaining)
                    from public.credit_lots l
                    where l.user_id = v_user_id
                        and l.remaining <> 0
                ),
                p_actor => p_actor,
                p_reason => p_reason
            );
            v_corrected := v_corrected + 1;
            v_taken := v_taken + greatest(v_account.balance, 0);
            v_given := v_given + greatest(-v_account.balance, 0);
        end if;
    end loop;
    return jsonb_build_object(
        'users', v_corrected,
        'credits_taken', v_taken,
        'debts_cancelled', v_given,
        'holds_released', v_holds
    );
end
$$;

comment on function purse.clear_accounts(uuid[], text, text) is
'Releases the holds of these users, in the order given, and posts for each one correction that brings the
balance to 0. Returns {users, credits_taken, debts_cancelled, holds_released}. p_user_ids is sorted.';
revoke all on function purse.clear_accounts(uuid[], text, text) from public, anon, authenticated, service_role;

-- Locks a batch of users' rows, but skips those that are locked: go_live waits for them.
create function public.clear_test_credits(
    p_actor  text,
    p_reason text,
    p_apply  boolean default false,
    p_after  uuid    default null,
    p_limit  integer default 200
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_batch   uuid[];
    v_free    uuid[];
    v_cleared jsonb;
begin
    perform purse.require_server();
    if p_apply and (coalesce(p_actor, '') = '' or coalesce(p_reason, '') = '') then
        raise exception using errcode = 'PT422', message = 'going live needs who does it and why';
    end if;
    perform purse.lock_mode();
    if exists (select from purse.ledger l where l.livemode) then
        return jsonb_build_object('was_live', true, 'next', null);
    end if;
    v_batch := array(
        select u.user_id
        from public.user_credits u
        where u.user_id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
        order by u.user_id
        limit p_limit
    );
    begin
        v_free := array(
            select u.user_id
            from public.user_credits u
            where u.user_id = any (v_batch)
            order by u.user_id
            for update skip locked
        );
        v_cleared := purse.clear_accounts(v_free, coalesce(p_actor, 'nobody yet'), coalesce(p_reason, 'a rehearsal'));
        if not p_apply then
            raise exception using errcode = 'PRHRS', message = 'the rehearsal is over';
        end if;
    exception
        when sqlstate 'PRHRS' then
            null;
    end;
    return v_cleared || jsonb_build_object(
        'was_live', false,
        'skipped', cardinality(v_batch) - cardinality(v_free),
        'test_orders', (select count(*) from public.purchases p where not p.livemode),
        'next', case when cardinality(v_batch) = p_limit then v_batch[cardinality(v_batch)] end
    );
end
$$;

comment on function public.clear_test_credits(text, text, boolean, uuid, integer) is
'Brings up to p_limit balances of a test ledger to 0, before go_live: the users after p_after, in the order of
their ids. Releases their holds and posts one correction for each, signed with p_actor and p_reason. Skips users
in use. With p_apply false it only says what would happen. Safe to repeat, and to begin anew after an
interruption: a balance of 0 gets no correction. On a live ledger it does nothing.
Returns {was_live, users, credits_taken, debts_cancelled, holds_released, skipped, test_orders, next: p_after of
the next batch, or null after the last}; on a live ledger only was_live and next. Raises PT422 without who and why.';
revoke all on function public.clear_test_credits(text, text, boolean, uuid, integer)
    from public, anon, authenticated, service_role;
grant execute on function public.clear_test_credits(text, text, boolean, uuid, integer) to service_role;

-- Locks, in this order: the mode (advisory, exclusive), then users' rows by id. Settlement takes the
-- mode's lock before a user's row and no lock here is a purchase's, so the two cannot deadlock.
create function public.go_live(
    p_actor  text,
    p_reason text,
    p_limit  integer default 200
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '2s'
as $$
declare
    v_left    uuid[];
    v_cleared jsonb;
begin
    perform purse.require_server();
    if coalesce(p_actor, '') = '' or coalesce(p_reason, '') = '' then
        raise exception using errcode = 'PT422', message = 'going live needs who does it and why';
    end if;
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('ledger mode', 0));
    if exists (select from purse.ledger l where l.livemode) then
        return jsonb_build_object('was_live', true, 'applied', false);
    end if;
    v_left := array(
        select u.user_id
        from public.user_credits u
        where u.balance <> 0
            or u.held <> 0
            or u.user_id in (select l.user_id from public.credit_lots l where l.forgiven > 0)
        order by u.user_id
        limit p_limit + 1
    );
    if cardinality(v_left) > p_limit then
        return jsonb_build_object('was_live', false, 'applied', false);
    end if;
    v_cleared := purse.clear_accounts(v_left, p_actor, p_reason);
    update purse.ledger l
    set livemode = true,
        began_at = coalesce(l.began_at, clock_timestamp()),
        live_since = clock_timestamp(),
        live_by = p_actor,
        live_because = p_reason;
    -- Nobody buys for real money what was offered in a test.
    update public.offers o set withdrawn_at = clock_timestamp() where o.withdrawn_at is null;
    return v_cleared || jsonb_build_object(
        'was_live', false,
        'applied', true
    );
end
$$;

comment on function public.go_live(text, text, integer) is
'Turns a test ledger into a live one, after clear_test_credits: clears up to p_limit balances that are not 0 (yet, or
again) as that does, and sets the mode, in one transaction. If more than p_limit are not 0, it changes nothing, and applied
is false: clear_test_credits comes first. Rows stay; test orders are ignored from then on, and offers to
customers are withdrawn. On a live ledger it does nothing.
Returns {was_live, applied} and, if applied, {users, credits_taken, debts_cancelled, holds_released}.
Raises PT422 without who and why.';
revoke all on function public.go_live(text, text, integer) from public, anon, authenticated, service_role;
grant execute on function public.go_live(text, text, integer) to service_role;
