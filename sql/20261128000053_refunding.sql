-- A refund from the request to its end: begin_refund pins the credits, a worker claims the request and asks Stripe,
-- and the refund's facts settle it (settle_refund_request, called by record_reversal).
-- Everything here locks the purchase's row, then the user's row, as settlement does.

create function purse.refund_json(
    p_refund      public.refund_requests,
    p_is_replayed boolean default false
)
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    select jsonb_build_object(
        'refund_id', p_refund.id,
        'purchase_id', p_refund.purchase_id,
        'status', p_refund.status,
        'amount', p_refund.amount,
        'currency', p_refund.currency,
        'decimals', purse.decimals_of(p_refund.currency),
        'credits', p_refund.credits,
        'refusal', p_refund.refusal,
        'stripe_refund_id', p_refund.stripe_refund_id,
        'created_at', p_refund.created_at,
        'ended_at', p_refund.ended_at,
        'replayed', p_is_replayed
    )
$$;

comment on function purse.refund_json(public.refund_requests, boolean) is 'A refund request as the functions answer it.';
revoke all on function purse.refund_json(public.refund_requests, boolean) from public, anon, authenticated, service_role;

create function purse.pin_refund(
    p_user_id uuid,
    p_lot_id  bigint,
    p_refund  public.refund_requests
)
    returns uuid
    language plpgsql
    set search_path = ''
as $$
declare
    v_hold public.credit_holds;
begin
    update public.credit_lots l
    set held = l.held + p_refund.credits
    where l.id = p_lot_id
        and l.user_id = p_user_id;
    insert into public.credit_holds (user_id, feature, quantity, credits, lots, idempotency_key, attempt, expires_at)
    select p_user_id, 'purse:refund', 1, p_refund.credits, jsonb_build_object(p_lot_id, p_refund.credits),
        'refund:' || p_refund.id, count(*) + 1, clock_timestamp() + interval '3 days'
    from public.credit_holds h
    where h.user_id = p_user_id
        and h.idempotency_key = 'refund:' || p_refund.id
    returning * into v_hold;
    update public.user_credits u
    set held = u.held + v_hold.credits,
        lapses_at = least(u.lapses_at, v_hold.expires_at),
        updated_at = clock_timestamp()
    where u.user_id = p_user_id;
    perform purse.note_next_lot(p_user_id);
    return v_hold.id;
end
$$;

comment on function purse.pin_refund(uuid, bigint, public.refund_requests) is
'Holds the credits of a refund in one lot, so that nobody spends them meanwhile. The hold lapses after three days,
longer than the daily job takes to come back; each attempt renews it. Returns the hold''s id. The caller holds the
user''s row and has checked that the credits are free.';
revoke all on function purse.pin_refund(uuid, bigint, public.refund_requests) from public, anon, authenticated, service_role;

create function purse.unpin_refund(p_hold_id uuid)
    returns void
    language plpgsql
    set search_path = ''
as $$
declare
    v_hold public.credit_holds;
begin
    select * into v_hold from public.credit_holds h where h.id = p_hold_id and h.status = 'held';
    if found then
        perform purse.end_hold(v_hold);
        update public.credit_holds h
        set status = 'released',
            ended_at = clock_timestamp()
        where h.id = v_hold.id;
    end if;
end
$$;

comment on function purse.unpin_refund(uuid) is
'Ends the hold of a refund, unless it has ended. The caller holds the user''s row, read after its lock.';
revoke all on function purse.unpin_refund(uuid) from public, anon, authenticated, service_role;

create function purse.announce_failed_refund(
    p_refund  public.refund_requests,
    p_user_id uuid
)
    returns void
    language sql
    set search_path = ''
as $$
    select purse.announce(
        'refund.failed',
        p_refund.id::text,
        p_user_id,
        jsonb_build_object(
            'user_id', p_user_id,
            'purchase_id', p_refund.purchase_id,
            'refund_id', coalesce(p_refund.stripe_refund_id, p_refund.id::text),
            'amount', p_refund.amount,
            'currency', p_refund.currency,
            'status', p_refund.status,
            'reason', p_refund.refusal
        )
    )
$$;

comment on function purse.announce_failed_refund(public.refund_requests, uuid) is
'Announces once that a refund we asked for was refused or failed: a person of the shop has to look at it.';
revoke all on function purse.announce_failed_refund(public.refund_requests, uuid) from public, anon, authenticated, service_role;

create function public.begin_refund(
    p_purchase_id     uuid,
    p_actor           text,
    p_reason          text,
    p_idempotency_key text,
    p_amount          bigint  default null,
    p_user_id         uuid    default null,
    p_days            integer default null
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '2s'
as $$
declare
    v_purchase public.purchases;
    v_account  public.user_credits;
    v_quote    jsonb;
    v_refund   public.refund_requests;
begin
    perform purse.require_server();
    perform purse.require_account(p_user_id);
    perform purse.require_valid_key(p_idempotency_key);
    if coalesce(btrim(p_actor), '') = '' or coalesce(btrim(p_reason), '') = '' then
        raise exception using errcode = 'PT422', message = 'say who refunds, and why';
    end if;
    select * into v_purchase
    from public.purchases p
    where p.id = p_purchase_id
        and (p_user_id is null or p.user_id = p_user_id)
    for no key update;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such purchase', detail = 'unknown_purchase';
    end if;

    select * into v_refund
    from public.refund_requests r
    where r.actor = p_actor
        and r.idempotency_key = p_idempotency_key;
    if found then
        perform purse.require_same_request(
            v_refund.purchase_id = p_purchase_id and v_refund.amount = coalesce(p_amount, v_refund.amount)
        );
        return purse.refund_json(v_refund, true);
    end if;

    v_account := purse.lock_account(v_purchase.user_id);
    v_quote := purse.quote_of(v_purchase, v_account, p_days);
    if not (v_quote ->> 'refundable')::boolean then
        raise exception using
            errcode = 'PT409',
            message = 'nothing of this purchase can be refunded',
            detail = v_quote ->> 'reason';
    end if;
    if p_amount <> (v_quote ->> 'amount')::bigint then
        raise exception using
            errcode = 'PT409',
            message = 'another amount can be refunded now',
            detail = 'quote_changed';
    end if;
    insert into public.refund_requests (purchase_id, actor, reason, idempotency_key, amount, currency, credits)
    values (
        p_purchase_id, p_actor, p_reason, p_idempotency_key, (v_quote ->> 'amount')::bigint, v_quote ->> 'currency',
        (v_quote ->> 'credits')::bigint
    )
    -- A parallel request under the same key for another purchase.
    on conflict (actor, idempotency_key) do nothing
    returning * into v_refund;
    if not found then
        perform purse.raise_key_reused();
    end if;
    update public.refund_requests r
    set hold_id = purse.pin_refund(v_purchase.user_id, (v_quote ->> 'lot_id')::bigint, v_refund)
    where r.id = v_refund.id
    returning * into v_refund;
    return purse.refund_json(v_refund);
end
$$;

comment on function public.begin_refund(uuid, text, text, text, bigint, uuid, integer) is
'Begins the refund that quote_refund quotes, once per actor and idempotency key, and pins its credits to their lot.
A worker then asks Stripe (claim_refund). p_amount: the quoted amount that the person was shown; null: whatever it is.
p_user_id and p_days: see quote_refund.
Returns {refund_id, purchase_id, status, amount, currency, decimals, credits, refusal, stripe_refund_id, created_at,
ended_at, replayed}. The same request again gets the same refund, as it is now.
Raises PT409 with the quote''s reason as detail if nothing can be refunded, in_progress among them: two at once make
one refund; with quote_changed if the amount is no longer p_amount; with idempotency_key_reused if the key was used for
another refund. PT404 if there is no such purchase; PT422 without an actor, a reason and a valid key; PT403 if
p_user_id''s account was deleted.';
revoke all on function public.begin_refund(uuid, text, text, text, bigint, uuid, integer)
    from public, anon, authenticated, service_role;
grant execute on function public.begin_refund(uuid, text, text, text, bigint, uuid, integer) to service_role;

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
