-- Moving a purse: everything one account has goes to another that has no ledger rows yet. For a guest
-- (an anonymous account) who signs in to an account of their own.

create function purse.raise_not_movable(
    p_message text,
    p_detail  text
)
    returns void
    language plpgsql
    set search_path = ''
as $$
begin
    raise exception using errcode = 'PT409', message = p_message, detail = p_detail;
end
$$;

comment on function purse.raise_not_movable(text, text) is 'Raises PT409: a purse cannot be moved.';
revoke all on function purse.raise_not_movable(text, text) from public, anon, authenticated, service_role;

-- Locks, in this order: rehearsals, the source's new orders and the source's orders (advisory), the source's
-- purchases by id, both users' rows by id. Of these, record_facts takes the user's orders (shared), one purchase
-- and then one user, and only a rehearsal takes several.
create function public.move_purse(
    p_from_user_id uuid,
    p_to_user_id   uuid,
    p_actor        text,
    p_reason       text
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '2s'
as $$
declare
    v_move    public.purse_moves;
    v_from    public.user_credits;
    v_lot_ids bigint[];
    v_is_new  boolean := false;
begin
    perform purse.require_server();
    if p_from_user_id is null or p_to_user_id is null or p_from_user_id = p_to_user_id
        or coalesce(btrim(p_actor), '') = '' or coalesce(btrim(p_reason), '') = ''
    then
        raise exception using errcode = 'PT422', message = 'name two accounts, who moves the purse, and why';
    end if;
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('rehearsal', 0));
    perform purse.require_account(p_from_user_id);
    perform purse.require_account(p_to_user_id);
    -- Moves wait for each other here, so a replay needs none of the locks below.
    select * into v_move from public.purse_moves m where m.from_user_id = p_from_user_id;
    if found then
        if v_move.to_user_id <> p_to_user_id then
            perform purse.raise_not_movable('the purse has moved to another account', 'purse_moved');
        end if;
    else
        perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('begin_purchase:' || p_from_user_id, 0));
        -- Waits for orders that Stripe's facts are just creating (purse.lock_orders_of).
        perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('orders of:' || p_from_user_id, 0));
        perform from public.purchases p where p.user_id = p_from_user_id order by p.id for update;
        perform purse.open_account(least(p_from_user_id, p_to_user_id));
        perform purse.open_account(greatest(p_from_user_id, p_to_user_id));
        select * into v_from from public.user_credits u where u.user_id = p_from_user_id;
        if v_from.held > 0 then
            perform purse.raise_not_movable('work is in progress: end its holds first', 'purse_in_use');
        end if;
        if exists (select from public.purse_moves m where m.from_user_id = p_to_user_id) then
            perform purse.raise_not_movable('the purse of the other account has moved away', 'purse_moved');
        end if;
        if exists (select from public.credit_transactions t where t.user_id = p_to_user_id) then
            perform purse.raise_not_movable('the other account has a history of its own', 'purse_not_empty');
        end if;
        v_is_new := true;
        -- Nothing was bought, used or lost.
        perform purse.keep_quiet(true);
        v_lot_ids := array(
            select l.id from public.credit_lots l where l.user_id = p_from_user_id order by l.expires_at, l.id
        );

        -- Each ledger explains its own lots, so credits that expired unspent leave the first ledger whole
        -- and expire in the second one. A later refund of their purchase takes them from there.
        perform purse.post_transaction(
            p_from_user_id, 'expiry_reversal', l.lapsed, jsonb_build_object(l.id, l.lapsed), l.purchase_id
        )
        from public.credit_lots l
        where l.id = any (v_lot_ids)
            and l.lapsed > 0;
        perform purse.post_transaction(
            p_from_user_id, 'move_out', -l.remaining, jsonb_build_object(l.id, -l.remaining), l.purchase_id,
            p_actor => p_actor, p_reason => p_reason
        )
        from (
            select * from public.credit_lots l where l.id = any (v_lot_ids) order by l.expires_at, l.id
        ) l
        where l.remaining <> 0;

        -- The ledger of the second account starts with the credits that each lot lost in the first.
        update public.credit_lot_rows l set user_id = p_to_user_id where l.id = any (v_lot_ids);
        perform purse.post_transaction(
            p_to_user_id, 'move_in', -e.credits, jsonb_build_object(e.lot_id, -e.credits), e.purchase_id,
            p_actor => p_actor, p_reason => p_reason
        )
        from (
            select e.lot_id, e.credits, e.purchase_id
            from public.credit_entries e
            where e.user_id = p_from_user_id
                and e.kind = 'move_out'
            order by e.transaction_id
        ) e;
        perform purse.post_transaction(
            p_to_user_id, 'expiry', -l.lapsed, jsonb_build_object(l.id, -l.lapsed), l.purchase_id
        )
        from public.credit_lots l
        where l.id = any (v_lot_ids)
            and l.lapsed > 0;

        -- Keys belong to one user. The other account may have used the same one.
        update public.purchases p
        set user_id = p_to_user_id,
            idempotency_key = null
        where p.user_id = p_from_user_id;
        update public.offers o set user_id = p_to_user_id where o.user_id = p_from_user_id;
        update public.user_credits u
        set lapses_at = least(u.lapses_at, v_from.lapses_at),
            low_threshold = coalesce(u.low_threshold, v_from.low_threshold)
        where u.user_id = p_to_user_id;
        update public.user_credits u
        set warn_below = purse.warn_below(p_to_user_id, u.balance)
        where u.user_id = p_to_user_id;
        update public.user_credits u set lapses_at = null where u.user_id = p_from_user_id;
        insert into public.purse_moves (from_user_id, to_user_id, credits, actor, reason)
        values (p_from_user_id, p_to_user_id, v_from.balance, p_actor, p_reason)
        returning * into v_move;
    end if;
    return jsonb_build_object(
        'from_user_id', v_move.from_user_id,
        'to_user_id', v_move.to_user_id,
        'credits', v_move.credits,
        'moved_at', v_move.created_at,
        'replayed', not v_is_new
    );
end
$$;

comment on function public.move_purse(uuid, uuid, text, text) is
'Moves a guest''s purse to another account that has no ledger rows yet: lots with their expiry, orders, offers, and
debts. Both ledgers say so (move_out, move_in). A later refund, payment or reversal meets the new owner.
Files, idempotency keys and the first account''s history stay. Called again, it answers as the first time.
Returns {from_user_id, to_user_id, credits: the balance that moved, moved_at, replayed}.
Raises PT409 with purse_not_empty as detail if the other account has ledger rows, purse_in_use while the
first one has holds, purse_moved if either purse has moved elsewhere; PT422 without two accounts, who and why.';
revoke all on function public.move_purse(uuid, uuid, text, text) from public, anon, authenticated, service_role;
grant execute on function public.move_purse(uuid, uuid, text, text) to service_role;

create function public.owner_of_purse(p_user_id uuid)
    returns uuid
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select purse.require_server();
    select purse.owner_of(p_user_id)
$$;

comment on function public.owner_of_purse(uuid) is
'The account that has a user''s purse now: the user, unless move_purse has moved it.';
revoke all on function public.owner_of_purse(uuid) from public, anon, authenticated, service_role;
grant execute on function public.owner_of_purse(uuid) to service_role;
