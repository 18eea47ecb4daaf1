-- The work on a refund that was begun: a worker claims it, asks Stripe, and records what Stripe said.
-- Everything here locks the purchase's row, then the user's row, as settlement does.

create function purse.lock_refund(p_refund_id uuid)
    returns public.refund_requests
    language plpgsql
    set search_path = ''
as $$
declare
    v_user_id uuid;
    v_refund  public.refund_requests;
begin
    select p.user_id into v_user_id
    from public.refund_requests r
    join public.purchases p on p.id = r.purchase_id
    where r.id = p_refund_id
    for no key update of p;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such refund', detail = 'unknown_refund';
    end if;
    perform purse.lock_account(v_user_id);
    select * into strict v_refund from public.refund_requests r where r.id = p_refund_id;
    return v_refund;
end
$$;

comment on function purse.lock_refund(uuid) is
'Locks the purchase''s row and the user''s row of a refund request, and returns the request as it is then. Raises PT404
if there is none.';
revoke all on function purse.lock_refund(uuid) from public, anon, authenticated, service_role;

create function purse.keep_refund_pinned(
    p_refund  public.refund_requests,
    p_user_id uuid
)
    returns uuid
    language plpgsql
    set search_path = ''
as $$
declare
    v_hold_id uuid := p_refund.hold_id;
    v_lot_id  bigint;
begin
    update public.credit_holds h
    set expires_at = clock_timestamp() + interval '3 days'
    where h.id = p_refund.hold_id
        and h.status = 'held';
    if found then
        return v_hold_id;
    end if;
    select l.id into v_lot_id
    from public.credit_lots l
    join public.user_credits u on u.user_id = l.user_id
    where l.purchase_id = p_refund.purchase_id
        and l.remaining - l.held >= p_refund.credits
        and u.balance - u.held >= p_refund.credits;
    if not found then
        return null;
    end if;
    return purse.pin_refund(p_user_id, v_lot_id, p_refund);
end
$$;

comment on function purse.keep_refund_pinned(public.refund_requests, uuid) is
'Renews the hold of a refund, or holds its credits again if the hold has lapsed and they are still free in their lot.
Returns the hold''s id; null if they were spent. The caller holds the user''s row.';
revoke all on function purse.keep_refund_pinned(public.refund_requests, uuid) from public, anon, authenticated, service_role;

create function public.claim_refund(p_refund_id uuid)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '2s'
as $$
declare
    v_refund   public.refund_requests;
    v_purchase public.purchases;
    v_is_open  boolean;
begin
    perform purse.require_server();
    v_refund := purse.lock_refund(p_refund_id);
    if v_refund.status <> 'begun' or v_refund.next_attempt_at > clock_timestamp() then
        return null;
    end if;
    select * into strict v_purchase from public.purchases p where p.id = v_refund.purchase_id;
    v_is_open := not exists (select from public.deleted_accounts d where d.user_id = v_purchase.user_id);
    update public.refund_requests r
    set attempts = r.attempts + 1,
        next_attempt_at = clock_timestamp() + least(interval '2 minutes' * 2 ^ least(r.attempts, 8), interval '6 hours'),
        -- The credits of a deleted account are given up. Settlement takes those.
        hold_id = case when v_is_open then purse.keep_refund_pinned(r, v_purchase.user_id) end
    where r.id = p_refund_id
    returning * into v_refund;
    return purse.refund_json(v_refund) || jsonb_build_object(
        'payment_intent_id', v_purchase.payment_intent_id,
        'is_retry', v_refund.attempts > 1,
        'is_covered', v_refund.hold_id is not null or (
            not v_is_open
            and exists (
                select from public.credit_lots l
                where l.purchase_id = v_refund.purchase_id
                    and l.remaining - l.held + l.forfeited >= v_refund.credits
            )
        )
    );
end
$$;

comment on function public.claim_refund(uuid) is
'Gives a begun refund to one worker for at least two minutes, and renews its hold. Returns what begin_refund returns, and
{payment_intent_id, is_retry: another worker may have asked Stripe already, is_covered: the credits are still there,
or were given up with the account}.
Null if the refund has ended, or another worker has it, or its next attempt is not due. Raises PT404 if there is none.';
revoke all on function public.claim_refund(uuid) from public, anon, authenticated, service_role;
grant execute on function public.claim_refund(uuid) to service_role;

create function public.refuse_refund(
    p_refund_id uuid,
    p_refusal   text
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '2s'
as $$
declare
    v_refund public.refund_requests;
begin
    perform purse.require_server();
    v_refund := purse.lock_refund(p_refund_id);
    if v_refund.status = 'begun' then
        perform purse.unpin_refund(v_refund.hold_id);
        update public.refund_requests r
        set status = 'refused',
            refusal = p_refusal,
            ended_at = clock_timestamp()
        where r.id = p_refund_id
        returning * into v_refund;
        perform purse.announce_failed_refund(v_refund, p.user_id), purse.collect_forgiven(p.user_id)
        from public.purchases p
        where p.id = v_refund.purchase_id;
    end if;
    return purse.refund_json(v_refund);
end
$$;

comment on function public.refuse_refund(uuid, text) is
'Ends a begun refund that Stripe has not made and will not make, says why, and frees its credits. Does nothing to one
that has ended. Returns what begin_refund returns. Raises PT404 if there is no such refund.';
revoke all on function public.refuse_refund(uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.refuse_refund(uuid, text) to service_role;

create function public.read_refund(p_refund_id uuid)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
    select purse.require_server();
    select purse.refund_json(r) from public.refund_requests r where r.id = p_refund_id
$$;

comment on function public.read_refund(uuid) is 'A refund request as it is now: see begin_refund. Null if there is none.';
revoke all on function public.read_refund(uuid) from public, anon, authenticated, service_role;
grant execute on function public.read_refund(uuid) to service_role;

create function public.unfinished_refunds(
    p_livemode boolean,
    p_limit    integer
)
    returns uuid[]
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select purse.require_server();
    select coalesce(array_agg(d.id order by d.next_attempt_at), '{}')
    from (
        select r.id, r.next_attempt_at
        from public.refund_requests r
        join public.purchases p on p.id = r.purchase_id
        where r.status = 'begun'
            and r.next_attempt_at <= clock_timestamp()
            and p.livemode = p_livemode
        order by r.next_attempt_at
        limit p_limit
    ) d
$$;

comment on function public.unfinished_refunds(boolean, integer) is
'Begun refunds of a mode whose next attempt is due, longest due first.';
revoke all on function public.unfinished_refunds(boolean, integer) from public, anon, authenticated, service_role;
grant execute on function public.unfinished_refunds(boolean, integer) to service_role;

create function purse.settle_refund_request(
    p_refund_id   uuid,
    p_purchase_id uuid,
    p_reversal_id text
)
    returns void
    language plpgsql
    set search_path = ''
as $$
declare
    v_refund   public.refund_requests;
    v_reversal public.purchase_reversals;
begin
    if not exists (
        select from public.refund_requests r where r.id = p_refund_id and r.purchase_id = p_purchase_id
    ) then
        return;
    end if;
    perform purse.lock_mode();
    v_refund := purse.lock_refund(p_refund_id);
    if v_refund.stripe_refund_id <> p_reversal_id then
        return;
    end if;
    select * into strict v_reversal from public.purchase_reversals r where r.id = p_reversal_id;
    perform purse.unpin_refund(v_refund.hold_id);
    update public.refund_requests r
    set stripe_refund_id = p_reversal_id,
        status = case when v_reversal.in_effect then 'done' else 'failed' end,
        refusal = case when not v_reversal.in_effect then v_reversal.status end,
        ended_at = coalesce(r.ended_at, clock_timestamp())
    where r.id = p_refund_id
    returning * into v_refund;
    if v_refund.status = 'failed' then
        perform purse.announce_failed_refund(v_refund, p.user_id), purse.collect_forgiven(p.user_id)
        from public.purchases p
        where p.id = p_purchase_id;
    end if;
end
$$;

comment on function purse.settle_refund_request(uuid, uuid, text) is
'Ends a refund request with what Stripe says about its refund, and frees its credits. settle_purchase then takes them, in
the same transaction: no other movement of this user comes between. Does nothing if the request is unknown, of
another purchase, or has another refund.';
revoke all on function purse.settle_refund_request(uuid, uuid, text) from public, anon, authenticated, service_role;
