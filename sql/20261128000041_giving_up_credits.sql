-- What becomes of the credits of an account that is deleted.

create function purse.give_up_credits(
    p_user_id uuid,
    p_actor   text,
    p_reason  text
)
    returns public.deleted_accounts
    language plpgsql
    set search_path = ''
as $$
declare
    v_deleted public.deleted_accounts;
    v_left    jsonb;
begin
    v_deleted.holds_released := purse.release_holds_of(p_user_id);
    perform purse.collect_forgiven(p_user_id);
    -- Writes the expiry of what a hold had kept.
    perform purse.lock_account(p_user_id);

    select coalesce(sum(l.remaining), 0), jsonb_object_agg(l.id, -l.remaining)
    into v_deleted.credits_given_up, v_left
    from public.credit_lots l
    where l.user_id = p_user_id
        and l.remaining > 0;
    if v_deleted.credits_given_up > 0 then
        update public.credit_lot_rows l
        set forfeited = l.forfeited + l.remaining
        where l.user_id = p_user_id
            and l.remaining > 0;
        perform purse.post_transaction(
            p_user_id, 'forfeit', -v_deleted.credits_given_up, v_left, p_actor => p_actor, p_reason => p_reason
        );
    end if;

    select coalesce(-sum(l.remaining), 0) into v_deleted.debt_written_off
    from public.credit_lots l
    where l.user_id = p_user_id
        and l.remaining < 0;
    if v_deleted.debt_written_off > 0 then
        -- A debt is credits of a refunded purchase that were spent. From here on they count as forgiven: if the
        -- money comes back after all, they are not given twice.
        with debts as (
            select l.id, -l.remaining as credits, l.purchase_id, max(l.id) over () as newest
            from public.credit_lots l
            where l.user_id = p_user_id
        ),
        forgiven as (
            update public.credit_lot_rows l
            set forgiven = l.forgiven + d.credits,
                forgiven_to = d.newest
            from debts d
            where l.id = d.id
                and d.credits > 0
            returning l.id, d.credits, d.purchase_id
        )
        select jsonb_agg(jsonb_build_object('id', f.id, 'credits', f.credits, 'purchase_id', f.purchase_id) order by f.id)
        into v_left
        from forgiven f;
        -- One row for each purchase, because each settles by itself.
        perform purse.post_transaction(
            p_user_id, 'write_off', d.credits, jsonb_build_object(d.id, d.credits), d.purchase_id,
            p_actor => p_actor, p_reason => p_reason
        )
        from jsonb_to_recordset(v_left) d (id bigint, credits bigint, purchase_id uuid);
    end if;
    -- A debt may have kept what was forgiven from being taken of credits beside it.
    perform purse.collect_forgiven(p_user_id);
    return v_deleted;
end
$$;

comment on function purse.give_up_credits(uuid, text, text) is
'Brings a balance to 0: releases open holds, gives up what is left (kind forfeit), writes off what is owed
(write_off). Returns holds_released, credits_given_up and debt_written_off. The caller holds the user''s row.';
revoke all on function purse.give_up_credits(uuid, text, text) from public, anon, authenticated, service_role;
