-- Credits that a person or the app gives (bonus) or corrects (correction).

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
    set lock_timeout = '150ms'
as $$
declare
    v_account public.user_credits;
    v_posted  public.credit_transactions;
    v_lot_id  bigint;
    v_is_new  boolean := false;
begin
    perform purse.require_server();
    if p_kind is null or p_kind not in ('bonus', 'correction')
        or p_credits is null or p_credits = 0 or abs(p_credits) > 1000000000
        or (p_credits < 0 and (p_kind = 'bonus' or p_valid_days is not null))
        or p_valid_days not between 1 and 3650
    then
        raise exception using
            errcode = 'PT422',
            message = 'a bonus is positive, a correction is not zero; days are from 1 to 3650';
    end if;
    perform purse.require_valid_key(p_idempotency_key);
    v_account := purse.open_account(p_user_id);
    -- A correction may still take what was paid after the deletion.
    if v_account.deleted_at is not null and p_credits > 0 then
        perform purse.raise_account_deleted();
    end if;

    select * into v_posted
    from public.credit_transactions t
    where t.user_id = p_user_id
        and t.idempotency_key = p_idempotency_key;
    if found then
        perform purse.require_same_request(
            v_posted.kind = p_kind and v_posted.amount = p_credits and v_posted.reason = p_reason
        );
    else
        if exists (
            select from public.credit_holds h
            where h.user_id = p_user_id
                and h.idempotency_key = p_idempotency_key
        ) then
            perform purse.raise_key_reused();
        end if;
        v_is_new := true;
        if p_credits < 0 then
            perform purse.require_available(v_account, -p_credits);
        else
            insert into public.credit_lot_rows (user_id, source, name, granted, expires_at)
            values (p_user_id, p_kind, p_reason, p_credits, clock_timestamp() + make_interval(days => p_valid_days))
            returning id into v_lot_id;
        end if;
        v_posted := purse.post_transaction(
            p_user_id,
            p_kind,
            p_credits,
            case
                when p_credits < 0 then purse.lots_to_take(p_user_id, -p_credits)
                else purse.lots_to_fill(p_user_id, v_lot_id, p_credits)
            end,
            p_actor => p_actor,
            p_reason => p_reason,
            p_idempotency_key => p_idempotency_key
        );
        -- If debts were paid, credits beside them can be spent again.
        perform purse.collect_forgiven(p_user_id);
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
'Gives credits (p_kind bonus) or corrects a balance (correction, positive or negative), once per
idempotency key. p_actor and p_reason are kept in the ledger. Debts are paid first. A negative correction
takes at most what is free. p_valid_days limits the lot; null: it never expires.
Returns {transaction_id, credits, balance, replayed}. Raises PT402 if a negative correction exceeds what is
free, PT409 if the key was used for another request, PT422 for invalid arguments. A deleted account is given nothing
(PT403); a negative correction can take what is left in it.';
revoke all on function public.grant_credits(uuid, bigint, text, text, text, text, integer)
    from public, anon, authenticated, service_role;
grant execute on function public.grant_credits(uuid, bigint, text, text, text, text, integer) to service_role;
