-- Going live on a database that was used for testing. Nothing is deleted: the ledger only grows.

-- Locks, in this order: the mode (advisory, exclusive), then all users' rows by id. Settlement takes
-- the mode's lock before a user's row and no lock here is a purchase's, so the two cannot deadlock.
create function public.go_live(
    p_actor  text,
    p_reason text,
    p_apply  boolean default false
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '2s'
    -- It goes through all users in one transaction.
    set statement_timeout = '300s'
as $$
declare
    v_is_live   boolean;
    v_holds     bigint := 0;
    v_corrected bigint := 0;
    v_taken     bigint := 0;
    v_given     bigint := 0;
    v_user_id   uuid;
    v_hold      public.credit_holds;
    v_account   public.user_credits;
begin
    perform purse.require_server();
    if p_apply and (coalesce(p_actor, '') = '' or coalesce(p_reason, '') = '') then
        raise exception using errcode = 'PT422', message = 'going live needs who does it and why';
    end if;
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('ledger mode', 0));
    select coalesce(l.livemode, false) into strict v_is_live from purse.ledger l;

    if not v_is_live then
        begin
            perform purse.keep_quiet(true);
            for v_user_id in select u.user_id from public.user_credits u order by u.user_id loop
                perform purse.lock_account(v_user_id);
                -- What test refunds could not take is not taken from paid credits later.
                update public.credit_lots l set forgiven = 0 where l.user_id = v_user_id and l.forgiven > 0;
                for v_hold in
                    select * from public.credit_holds h where h.user_id = v_user_id and h.status = 'held' order by h.id
                loop
                    perform purse.end_hold(v_hold);
                    update public.credit_holds h
                    set status = 'released',
                        ended_at = clock_timestamp()
                    where h.id = v_hold.id;
                    v_holds := v_holds + 1;
                end loop;
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
                        p_actor => coalesce(p_actor, 'nobody yet'),
                        p_reason => coalesce(p_reason, 'a rehearsal')
                    );
                    v_corrected := v_corrected + 1;
                    v_taken := v_taken + greatest(v_account.balance, 0);
                    v_given := v_given + greatest(-v_account.balance, 0);
                end if;
            end loop;
            if not p_apply then
                raise exception using errcode = 'PRHRS', message = 'the rehearsal is over';
            end if;
            update purse.ledger l
            set livemode = true,
                began_at = coalesce(l.began_at, clock_timestamp()),
                live_since = clock_timestamp(),
                live_by = p_actor,
                live_because = p_reason;
        exception
            when sqlstate 'PRHRS' then
                null;
        end;
    end if;
    return jsonb_build_object(
        'was_live', v_is_live,
        'applied', p_apply and not v_is_live,
        'users', v_corrected,
        'credits_taken', v_taken,
        'debts_cancelled', v_given,
        'holds_released', v_holds,
        'test_orders', (select count(*) from public.purchases p where not p.livemode)
    );
end
$$;

comment on function public.go_live(text, text, boolean) is
'Turns a test ledger into a live one: releases all holds, and posts for each person one correction that
brings the balance to 0, signed with p_actor and p_reason. Rows stay; test orders are ignored from then on.
With p_apply false it only says what would happen. On a live ledger it does nothing.
Returns {was_live, applied, users, credits_taken, debts_cancelled, holds_released, test_orders}.
Raises PT422 without who and why.';
revoke all on function public.go_live(text, text, boolean) from public, anon, authenticated, service_role;
grant execute on function public.go_live(text, text, boolean) to service_role;
