-- What people and apps give and correct, when a balance is low, and the daily clean-up of what lapsed.

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
-- Correctness does not rest on it. It waits for no lock: an account in use is passed by.
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
